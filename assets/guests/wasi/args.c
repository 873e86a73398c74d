// Prints its arguments and its environment.
#include <stdio.h>

extern char **environ;

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) printf("argument %d: [%s]\n", i, argv[i]);
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) printf("environment: [%s]\n", *entry);
    return argc - 1;
}
