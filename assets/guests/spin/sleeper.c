// Sleeps for ever: every pause falls inside a host call.
#include <stdio.h>
#include <unistd.h>

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    for (int turn = 1;; turn++) {
        printf("turn %d\n", turn);
        sleep(5);
    }
}
