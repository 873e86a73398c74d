// Never ends: the shortest loop there is, with no call in it.
int main(void) {
    volatile int turns = 0;
    for (;;) turns++;
}
