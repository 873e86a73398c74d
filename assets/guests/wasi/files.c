// Files under the preopened directory /work: make, write, seek, read, append, truncate, stat, list, rename, remove;
// then some things that must be refused. Prints the same every time, and leaves the directory as it found it.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Only the kind of refusal is printed by name, since the numbers are the host's business.
static const char *reason(int code) {
    switch (code) {
    case 0: return "ok";
    case ENOENT: return "ENOENT";
    case EEXIST: return "EEXIST";
    case ENOTDIR: return "ENOTDIR";
    case EISDIR: return "EISDIR";
    case ENOTEMPTY: return "ENOTEMPTY";
    case EBADF: return "EBADF";
    case EINVAL: return "EINVAL";
    default: return "another error";
    }
}

static void expect(const char *what, int result) {
    printf("%-28s %s\n", what, result < 0 ? reason(errno) : "ok");
}

static void show(const char *path) {
    char text[128];
    int file = open(path, O_RDONLY);
    if (file < 0) {
        printf("%s: %s\n", path, reason(errno));
        return;
    }
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length < 0) length = 0;
    text[length] = '\0';
    for (ssize_t i = 0; i < length; i++)
        if (text[i] == '\0') text[i] = '.';
    printf("%s: %d bytes [%s]\n", path, (int)length, text);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path) {
    char *names[100];
    int count = 0;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        printf("%s/: %s\n", path, reason(errno));
        return;
    }
    for (struct dirent *entry; count < 100 && (entry = readdir(directory)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            names[count++] = strdup(entry->d_name);
    closedir(directory);
    qsort(names, (size_t)count, sizeof *names, by_name);
    printf("%s/: %d entries", path, count);
    for (int i = 0; i < count; i++) {
        if (i < 4 || i == count - 1) printf(" %s", names[i]);
        free(names[i]);
    }
    printf("\n");
}

int main(void) {
    char text[16] = "";
    struct stat about;

    expect("mkdir", mkdir("/work/box", 0777));
    expect("mkdir again", mkdir("/work/box", 0777));
    int file = open("/work/box/a.txt", O_RDWR | O_CREAT | O_EXCL, 0666);
    expect("create a.txt", file);
    printf("write %d\n", (int)write(file, "hello, files", 12));
    printf("seek to %d\n", (int)lseek(file, 7, SEEK_SET));
    printf("read %d", (int)read(file, text, 5));
    printf(" [%s]\n", text);
    printf("end at %d\n", (int)lseek(file, 0, SEEK_END));
    printf("seek before the start: %s\n", lseek(file, -100, SEEK_CUR) < 0 ? reason(errno) : "ok");
    printf("pwrite %d\n", (int)pwrite(file, "HELLO", 5, 0));
    printf("pread %d", (int)pread(file, text, 5, 0));
    printf(" [%s]\n", text);
    expect("close", close(file));
    expect("close again", close(file));
    expect("create a.txt again", open("/work/box/a.txt", O_RDWR | O_CREAT | O_EXCL, 0666));
    show("/work/box/a.txt");

    file = open("/work/box/a.txt", O_WRONLY | O_APPEND);
    expect("open to append", file);
    printf("append %d\n", (int)write(file, "!!", 2));
    printf("read from it: %s\n", read(file, text, 1) < 0 ? reason(errno) : "ok");
    close(file);
    show("/work/box/a.txt");

    file = open("/work/box/a.txt", O_RDWR);
    expect("truncate to 5", ftruncate(file, 5));
    expect("stat", fstat(file, &about));
    printf("size %d, a file %d\n", (int)about.st_size, S_ISREG(about.st_mode));
    expect("truncate to 8", ftruncate(file, 8));
    close(file);
    show("/work/box/a.txt");
    close(open("/work/box/a.txt", O_WRONLY | O_TRUNC));
    show("/work/box/a.txt");

    for (int i = 0; i < 40; i++) {          // more than fit in one answer of the host
        char path[64];
        snprintf(path, sizeof path, "/work/box/a-file-with-a-rather-long-name-%02d", i);
        close(open(path, O_WRONLY | O_CREAT, 0666));
    }
    list("/work/box");
    for (int i = 0; i < 40; i++) {
        char path[64];
        snprintf(path, sizeof path, "/work/box/a-file-with-a-rather-long-name-%02d", i);
        if (unlink(path) != 0) printf("%s: %s\n", path, reason(errno));
    }

    FILE *stream = fopen("/work/box/b.txt", "w");
    fprintf(stream, "line one\nline two\n");
    fclose(stream);
    stream = fopen("/work/box/b.txt", "r");
    char line[32];
    while (fgets(line, sizeof line, stream) != NULL) printf("line: %s", line);
    fclose(stream);
    expect("rename", rename("/work/box/b.txt", "/work/box/c.txt"));
    expect("rename what is gone", rename("/work/box/b.txt", "/work/box/d.txt"));
    expect("stat the directory", stat("/work/box", &about));
    printf("a directory %d\n", S_ISDIR(about.st_mode));
    list("/work/box");

    expect("open what is not there", open("/work/box/none", O_RDONLY));
    expect("a file as a directory", open("/work/box/c.txt/x", O_RDONLY));
    expect("rmdir while not empty", rmdir("/work/box"));
    expect("unlink a.txt", unlink("/work/box/a.txt"));
    expect("unlink c.txt", unlink("/work/box/c.txt"));
    expect("rmdir", rmdir("/work/box"));
    expect("rmdir again", rmdir("/work/box"));

    // Escapes. How each is refused is the host's choice, that it is refused is not.
    static const char *const escapes[] = { "/work/../secret", "/work/box/../../secret", "/etc/passwd", "../secret" };
    for (int i = 0; i < 4; i++)
        printf("%s is %s\n", escapes[i], open(escapes[i], O_RDWR | O_CREAT, 0666) < 0 ? "refused" : "OPEN");
    return 0;
}
