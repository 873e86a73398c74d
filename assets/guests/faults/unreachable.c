// Trap: unreachable. What abort() and failed assertions end in.
#include <stdio.h>

enum light { RED, AMBER, GREEN };

static const char *say(enum light light) {
    switch (light) {
    case RED: return "stop";
    case AMBER: return "wait";
    case GREEN: return "go";
    }
    __builtin_trap();
}

int main(void) {
    for (int light = RED; light <= 3; light++) {
        printf("%d: ", light);
        fflush(stdout);
        printf("%s\n", say((enum light)light));
        fflush(stdout);
    }
    return 0;
}
