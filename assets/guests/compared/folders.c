// What a program does to files and folders, and the error of each call that must fail.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

// Tells what a call returned, and the error if it failed.
#define CALL(call)                                                                                                     \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        long result = (long)(call);                                                                                    \
        printf("%s = %ld%s%s\n", #call, result < 0 ? -1 : result, result < 0 ? " " : "",                               \
               result < 0 ? strerror(errno) : "");                                                                     \
    } while (0)

static int fd;
static char text[64];

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path) {
    DIR *dir = opendir(path);
    if (!dir) {
        printf("opendir %s: %s\n", path, strerror(errno));
        return;
    }
    char *names[600];
    int count = 0;
    struct dirent *entry;
    while (count < 600 && (entry = readdir(dir))) {
        char name[300];
        snprintf(name, sizeof name, "%s:%d", entry->d_name, entry->d_type);
        names[count++] = strdup(name);
    }
    qsort(names, count, sizeof *names, by_name);
    printf("%s has %d:", path, count);
    for (int i = 0; i < count && i < 20; i++) printf(" %s", names[i]);
    rewinddir(dir);
    int again = 0;
    while (readdir(dir)) again++;
    printf("; again %d\n", again);
    closedir(dir);
}

static void look(const char *path) {
    struct stat s;
    if (lstat(path, &s))
        printf("%s: %s\n", path, strerror(errno));
    else
        printf("%s: type %o, %ld bytes, %d names\n", path, (unsigned)s.st_mode & S_IFMT, (long)s.st_size,
               S_ISDIR(s.st_mode) ? 0 : (int)s.st_nlink);
}

static void read_and_write(void) {
    CALL(mkdir("d", 0777));
    CALL(mkdir("d", 0777));
    CALL(mkdir("d/e", 0777));
    CALL(mkdir("no/such", 0777));
    CALL(fd = open("d/a", O_RDWR | O_CREAT | O_EXCL, 0666));
    CALL(write(fd, "hello world", 11));
    CALL(lseek(fd, -5, SEEK_END));
    CALL(read(fd, text, 63));
    puts(text);
    CALL(read(fd, text, 63));
    CALL(lseek(fd, 100, SEEK_SET));
    CALL(write(fd, "X", 1));
    look("d/a");
    CALL(ftruncate(fd, 4));
    look("d/a");
    CALL(lseek(fd, -1, SEEK_SET));
    CALL(pwrite(fd, "pw", 2, 2));
    CALL(pread(fd, text, 10, 0));
    puts(text);
    CALL(fsync(fd));
    CALL(close(fd));
    CALL(close(fd));
    CALL(write(fd, "x", 1));
    CALL(fd = open("d/a", O_RDWR | O_CREAT | O_EXCL, 0666));
    CALL(fd = open("d/a", O_WRONLY | O_APPEND));
    CALL(write(fd, "APP", 3));
    CALL(lseek(fd, 0, SEEK_SET));
    CALL(write(fd, "END", 3));
    CALL(read(fd, text, 1));
    CALL(close(fd));
    CALL(fd = open("d/a", O_RDONLY));
    CALL(write(fd, "x", 1));
    CALL(ftruncate(fd, 1));
    memset(text, 0, sizeof text);
    CALL(read(fd, text, 63));
    puts(text);
    CALL(close(fd));
}

static void open_badly(void) {
    CALL(open("nosuch", O_RDONLY));
    CALL(open("d/a", O_RDONLY | O_DIRECTORY));
    CALL(open("d", O_WRONLY));
    CALL(open("d", O_RDWR | O_CREAT, 0666));
    CALL(open("d/a/x", O_RDONLY));
    CALL(open("d/a/", O_RDONLY));
    CALL(open("d/new/", O_RDWR | O_CREAT, 0666));
    CALL(open("", O_RDONLY));
    CALL(open("../x", O_RDONLY));
    CALL(open("d/../../x", O_RDONLY));
    CALL(open("d/../d/a", O_RDONLY) > 0);
    CALL(open("./././d//a", O_RDONLY) > 0);
}

static void links(void) {
    CALL(symlink("a", "d/link"));
    CALL(symlink("a", "d/link"));
    CALL(symlink("../outside", "d/up"));
    CALL(symlink("nowhere", "d/dangling"));
    CALL(symlink("/d/a", "d/absolute"));
    memset(text, 0, sizeof text);
    CALL(readlink("d/up", text, 4));
    puts(text);
    CALL(readlink("d/a", text, 63));
    look("d/link");
    CALL(open("d/link", O_RDONLY) > 0);
    CALL(open("d/link", O_RDONLY | O_NOFOLLOW));
    CALL(open("d/dangling", O_RDONLY));
    CALL(open("d/up", O_RDONLY));
    CALL(open("d/absolute", O_RDONLY));
    CALL(symlink("loop2", "loop1"));
    CALL(symlink("loop1", "loop2"));
    CALL(open("loop1", O_RDONLY));
    CALL(link("d/a", "d/hard"));
    look("d/hard");
    CALL(link("d/a", "d/hard"));
    CALL(link("nosuch", "x"));
    CALL(link("d", "dd"));
}

static void move_and_remove(void) {
    CALL(rename("d/a", "d/b"));
    CALL(rename("nosuch", "d/z"));
    CALL(rename("d/b", "d/e"));
    CALL(rename("d/e", "d/b"));
    CALL(rename("d/e", "d/f"));
    CALL(rename("d", "d/f/in"));
    list("d");
    list(".");
    list("nosuch");
    CALL(unlink("d/hard"));
    CALL(unlink("d/hard"));
    CALL(unlink("d/f"));
    CALL(rmdir("d/b"));
    CALL(rmdir("d"));
    CALL(rmdir("d/f"));
    CALL(unlink("d/b/"));
}

static void times(void) {
    struct stat s;
    struct timespec both[2] = {{1000000000, 123456789}, {1234567890, 987654321}};
    CALL(utimensat(AT_FDCWD, "d/b", both, 0));
    CALL(stat("d/b", &s));
    printf("%lld.%09ld %lld.%09ld\n", (long long)s.st_atim.tv_sec, s.st_atim.tv_nsec, (long long)s.st_mtim.tv_sec,
           s.st_mtim.tv_nsec);
    both[0].tv_nsec = UTIME_OMIT;
    both[1] = (struct timespec){5, 7};
    CALL(fd = open("d/b", O_RDWR));
    CALL(futimens(fd, both));
    CALL(fstat(fd, &s));
    printf("%lld.%09ld\n", (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    CALL(close(fd));
    CALL(utimensat(AT_FDCWD, "nosuch", both, 0));
}

static void many(void) {
    CALL(mkdir("many", 0777));
    for (int i = 0; i < 300; i++) {
        snprintf(text, sizeof text, "many/file-with-a-long-name-%03d", i);
        close(open(text, O_CREAT | O_WRONLY, 0666));
    }
    list("many");
}

static void standard_library(void) {
    FILE *file = fopen("lines.txt", "w+");
    fprintf(file, "line %d\nline %d\n", 1, 2);
    printf("at %ld\n", ftell(file));
    rewind(file);
    while (fgets(text, sizeof text, file)) printf("read %s", text);
    fseek(file, -3, SEEK_END);
    printf("%c\n", fgetc(file));
    fclose(file);
    file = fopen("lines.txt", "a");
    fputs("appended\n", file);
    fclose(file);
    look("lines.txt");
    CALL(remove("lines.txt"));
    CALL(fopen("lines.txt", "r") != NULL);
}

int main(void) {
    read_and_write();
    open_badly();
    links();
    move_and_remove();
    times();
    many();
    standard_library();
    return 0;
}
