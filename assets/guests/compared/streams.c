// Arguments, environment, standard input to its end, standard output and error, and the exit code of the first
// argument.
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) printf("argument [%s], %zu bytes\n", argv[i], strlen(argv[i]));
    for (char **e = environ; *e; e++) printf("variable %s\n", *e);
    const char *home = getenv("HOME");
    printf("HOME is %s\n", home ? home : "not set");
    setenv("OWN", "set here", 1);
    printf("OWN is %s\n", getenv("OWN"));

    int first;
    if (scanf("%d", &first) == 1) printf("a number first: %d\n", first);
    char line[64];
    int lines = 0, letters = 0;
    size_t bytes = 0;
    while (fgets(line, sizeof line, stdin)) {
        lines++;
        bytes += strlen(line);
        for (char *c = line; *c; c++) letters += isalpha((unsigned char)*c) != 0;
        if (lines <= 3) printf("<%s>\n", line);
    }
    printf("%d lines, %zu bytes, %d letters, end %d, error %d\n", lines, bytes, letters, feof(stdin) != 0,
           ferror(stdin) != 0);

    setvbuf(stdout, NULL, _IOFBF, 100);
    for (int i = 0; i < 50; i++) printf("row %02d %s\n", i, &"abcdefghijklmnopqrstuvwxyz"[i % 26]);
    fflush(stdout);
    write(1, "raw\n", 4);
    long written = write(99, "x", 1);
    printf("no such file: %ld %s\n", written, strerror(errno));
    fprintf(stderr, "told on standard error\n");
    printf("not flushed by the program");
    return argc > 1 ? atoi(argv[1]) : 0;
}
