int forms(int p, int q) {
    int entry_kept = p;
    int entry_lost = q;
    int implicit_value = 0;
    long long pieces = 0;
    int implicit_pointer = 0;
    int called = 0;
    int thread = 0;
    return entry_kept + entry_lost + implicit_value + (int)pieces + implicit_pointer + called + thread;
}
