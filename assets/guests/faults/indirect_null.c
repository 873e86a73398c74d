// Trap: an indirect call through a null function pointer (table element 0 holds no function).
#include <stdio.h>

struct command {
    const char *name;
    int (*action)(int);
};

static int twice(int n) { return 2 * n; }

static const struct command commands[] = { { "twice", twice }, { "nothing", NULL } };

static int run(const struct command *command, int n) {
    return command->action(n);
}

int main(void) {
    for (int i = 0; i < 2; i++) {
        printf("%s: ", commands[i].name);
        fflush(stdout);
        printf("%d\n", run(&commands[i], 21));
        fflush(stdout);
    }
    return 0;
}
