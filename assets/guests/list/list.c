// A shopping list: the sample that Stepwell opens when it is given no file.
//
// It is small enough to read in a minute and has one of everything worth looking at: a linked list, a struct
// that holds an array, an enum, a bit-field and a pointer, a global, recursion, and calls that nest.
//
//   list          fill the list, print it, add it up, turn it round, print it again
//   list fault    the same, then damage the last link and follow it: a memory fault, three calls deep
//
// Places to start: set a breakpoint on the marked line in `push`, press Continue, and watch `list` grow.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { FRUIT, BREAD, DRINK, OTHER };

struct node {
    char name[12];          // an array inside the struct
    enum kind kind;
    unsigned bought : 1;    // bit-fields: both share one word
    unsigned count : 7;
    int prices[3];          // the last three prices, in cents, newest first
    struct node *next;      // the rest of the list, or NULL
};

static const char *const kind_names[] = { "fruit", "bread", "drink", "other" };

// How many nodes were ever made. A global, so that it shows among the globals and in memory.
static int nodes_made = 0;

// Put a new node in front of `list` and return it: the new head of the list.
static struct node *push(struct node *list, const char *name, enum kind kind, unsigned count, int price) {
    struct node *node = malloc(sizeof *node);
    if (node == NULL) abort();
    strncpy(node->name, name, sizeof node->name - 1);
    node->name[sizeof node->name - 1] = '\0';
    node->kind = kind;
    node->bought = count > 2;
    node->count = count;
    for (int i = 0; i < 3; i++)
        node->prices[i] = price - 5 * i;
    node->next = list;      // <- a good place for a breakpoint
    nodes_made++;
    return node;
}

// What everything in the list costs. Recursive on purpose: step into it and see the call stack grow.
static int sum(const struct node *list) {
    if (list == NULL) return 0;
    int here = (int)list->count * list->prices[0];
    int rest = sum(list->next);
    return here + rest;
}

// Turn the list round in place and return its new head.
static struct node *reverse(struct node *list) {
    struct node *done = NULL;
    while (list != NULL) {
        struct node *rest = list->next;
        list->next = done;
        done = list;
        list = rest;
    }
    return done;
}

static void print(const char *title, const struct node *list) {
    printf("%s\n", title);
    for (const struct node *n = list; n != NULL; n = n->next)
        printf("  %3u x %-8s %s %4d.%02d %s\n", n->count, n->name, kind_names[n->kind],
               n->prices[0] / 100, n->prices[0] % 100, n->bought ? "(in the bag)" : "");
}

// The three functions below find the longest name. They trust every link of the list.
static int name_length(const struct node *node) {
    int length = 0;
    while (node->name[length] != '\0')   // faults here when `node` points nowhere
        length++;
    return length;
}

static int longest_name(const struct node *list) {
    int longest = 0;
    for (const struct node *n = list; n != NULL; n = n->next) {
        int length = name_length(n);
        if (length > longest) longest = length;
    }
    return longest;
}

static void report(const struct node *list) {
    printf("longest name: %d letters\n", longest_name(list));
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);      // each line shows as soon as it is printed
    struct node *list = NULL;
    list = push(list, "apple", FRUIT, 3, 45);
    list = push(list, "rye", BREAD, 1, 320);
    list = push(list, "cider", DRINK, 2, 275);
    list = push(list, "sponge", OTHER, 4, 99);

    print("as pushed:", list);
    int total = sum(list);
    printf("total: %d.%02d\n", total / 100, total % 100);

    list = reverse(list);
    print("reversed:", list);
    report(list);

    if (argc > 1 && strcmp(argv[1], "fault") == 0) {
        struct node *last = list;
        while (last->next != NULL)
            last = last->next;
        last->next = (struct node *)0xfffffff0u;    // the damage: a link to far outside memory
        report(list);
    }
    printf("%d nodes made\n", nodes_made);
    return 0;
}
