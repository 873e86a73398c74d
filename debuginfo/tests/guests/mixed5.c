// The unit in DWARF 5 of the module that `mixed4.c` says how to build.
struct pair {
    int left, right;
};

int newer(struct pair *pair) {
    int total = pair->left;
    for (int round = 0; round < 3; round++) {
        total += pair->right;
    }
    return total;
}
