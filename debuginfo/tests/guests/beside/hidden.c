struct hidden {
    int secret;
    const char *name;
};
static struct hidden one = {42, "one"};
struct hidden *shared = &one;
