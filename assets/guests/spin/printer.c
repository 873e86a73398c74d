// Prints for ever.
#include <stdio.h>

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    for (unsigned line = 1;; line++)
        printf("line %u of a very long story\n", line);
}
