// Reads lines from standard input, counts them, and writes to both outputs.
#include <stdio.h>
#include <string.h>

int main(void) {
    char line[80];
    unsigned lines = 0, bytes = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        lines++;
        bytes += (unsigned)strlen(line);
        line[strcspn(line, "\n")] = '\0';
        printf("%u [%s]\n", lines, line);
    }
    printf("%u lines, %u bytes, end of file %d\n", lines, bytes, feof(stdin) != 0);
    fprintf(stderr, "this goes to standard error\n");
    return ferror(stdin);
}
