// A small warehouse: orders are read from text, kept in a table of chains and a tree of categories, priced, sorted,
// and counted. Its stops lie where a person would set them: in loops, in callees, after something was changed.
// Before each the program prints what its variables hold: `STOP: EXPRESSION = VALUE`, for those of the caller
// `STOP^: EXPRESSION = VALUE`, written as a debugger would write it.
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

/* Prints one value. */
static NOINLINE void say(const char *stop, const char *name, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("%s: %s = ", stop, name);
    vprintf(format, list);
    putchar('\n');
    va_end(list);
}

enum unit { PIECES, GRAMS = 10, LITRES };
enum state { BETWEEN, WORD, NUMBER };

struct token {
    enum state kind;
    const char *from;
    int length;
};

struct tier {
    int from;
    int cents;
};

struct price {
    enum { FIXED, TIERED, COMPUTED } kind;
    union {
        int cents;
        struct tier tiers[3];
        int (*compute)(int amount);
    };
};

struct category {
    const char *name;
    int items;
    struct category *first;
    struct category *next;
};

struct item {
    struct item *next;
    char name[12];
    int amount;
    struct {
        unsigned unit : 4;
        bool fragile : 1;
        int shelf : 5;
        unsigned : 3;
        unsigned moves : 9;
        uint64_t touched : 37;
    } marks;
    struct price price;
    struct category *category;
};

struct table {
    struct item *chains[4];
    unsigned count;
};

struct move {
    int by;
    double share;
};

struct batch {
    uint16_t used;
    uint16_t room;
    struct move moves[];
};

static struct table stock;
static struct category *root;
static int noted;
static _Thread_local int64_t clock_now = 1000;

/* What a person would count or log here. */
static NOINLINE void note(int by)
{
    noted += by;
}

static const char *const orders = "bolt 40 nut 7 glue 3 bolt -5 lamp 12 pipe 9";

/* Reads words and numbers. */
static NOINLINE int scan(const char *text, struct token *tokens, int room)
{
    enum state state = BETWEEN;
    const char *from = text;
    int count = 0;
    for (const char *at = text; count < room; at++) {
        char c = *at;
        enum state next = c == ' ' || c == '\0' ? BETWEEN : c == '-' || (c >= '0' && c <= '9') ? NUMBER : WORD;
        if (next != state && state != BETWEEN) {
            int length = (int)(at - from);
            say("scan", "count", "%d", count);
            say("scan", "length", "%d", length);
            say("scan", "state", state == WORD ? "WORD" : "NUMBER");
            say("scan", "next", "BETWEEN");
            say("scan", "from", "%p \"%s\"", (const void *)from, from);
            say("scan", "at - from", "%d", (int)(at - from));
            if (count)
                say("scan", "tokens[0].length", "%d", tokens[0].length);
            say("scan", "room", "%d", room);
            if (c)
                say("scan", "c", "'%c' (%d)", c, c);
            tokens[count].length = length; // stop: scan
            tokens[count].kind = state;
            tokens[count].from = from;
            count++;
        }
        if (next != state)
            from = at;
        state = next;
        if (c == '\0')
            break;
    }
    return count;
}

/* Finds the chain of a name. */
static inline uint32_t hash(const char *name, int length)
{
    uint32_t h = 2166136261u;
    for (int i = 0; i < length; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    return h;
}

static NOINLINE struct item *find_or_add(struct table *table, const char *name, int length)
{
    uint32_t h = hash(name, length);
    struct item **chain = &table->chains[h % 4];
    int steps = 0;
    for (struct item *item = *chain; item; item = item->next, steps++) {
        if (strncmp(item->name, name, (size_t)length) == 0 && item->name[length] == '\0') {
            say("found", "h", "%u", h);
            say("found", "steps", "%d", steps);
            say("found", "item->name", "\"%s\"", item->name);
            say("found", "item->amount", "%d", item->amount);
            say("found", "item->marks.moves", "%d", item->marks.moves);
            say("found", "length", "%d", length);
            say("found", "item", "%p", (void *)item);
            say("found", "*chain == item", "%d", *chain == item);
            item->marks.touched = (uint64_t)clock_now; // stop: found
            return item;
        }
    }
    struct item *item = calloc(1, sizeof *item);
    memcpy(item->name, name, (size_t)length);
    item->next = *chain;
    *chain = item;
    table->count++;
    return item;
}

static NOINLINE void book(struct item *item, int by)
{
    static int booked;
    int before = item->amount;
    booked++;
    clock_now += 7;
    item->amount += by;
    item->marks.moves++;
    item->marks.unit = item->name[0] == 'g' ? GRAMS : PIECES;
    item->marks.shelf = -booked;
    item->marks.fragile = item->name[0] == 'l';
    say("book", "booked", "%d", booked);
    say("book", "before", "%d", before);
    say("book", "by", "%d", by);
    say("book", "item->amount", "%d", item->amount);
    say("book", "item->marks.shelf", "%d", item->marks.shelf);
    say("book", "item->marks.fragile", "%s", item->marks.fragile ? "true" : "false");
    say("book", "item->marks.moves", "%d", item->marks.moves);
    say("book", "item->marks.unit", "%d", item->marks.unit);
    say("book", "clock_now", "%lld", (long long)clock_now);
    item->marks.touched = (uint64_t)clock_now << 20; // stop: book
    if (item->amount < before && by > 0)
        note(before);
}

static struct category *category(const char *name, struct category *first, struct category *next)
{
    struct category *made = malloc(sizeof *made);
    *made = (struct category){ name, 0, first, next };
    return made;
}

/* Counts the categories below one, and how deep they lie. */
static NOINLINE int descend(struct category *under, int depth, int *deepest)
{
    int count = 1;
    say("enter", "depth", "%d", depth);
    say("enter", "count", "%d", count);
    say("enter", "*deepest", "%d", *deepest);
    say("enter", "under->name", "%p \"%s\"", under->name, under->name);
    under->items = -depth; // stop: enter
    if (depth > *deepest)
        *deepest = depth;
    for (struct category *child = under->first; child; child = child->next) {
        say("enter^", "count", "%d", count);
        say("enter^", "depth", "%d", depth);
        say("enter^", "under->name", "%p \"%s\"", under->name, under->name);
        say("enter^", "child->name", "%p \"%s\"", child->name, child->name);
        count += descend(child, depth + 1, deepest);
    }
    say("descend", "count", "%d", count);
    say("descend", "depth", "%d", depth);
    say("descend", "*deepest", "%d", *deepest);
    say("descend", "under->name", "%p \"%s\"", under->name, under->name);
    under->items = count; // stop: descend
    return count;
}

static int by_volume(int amount)
{
    return amount * 30 - amount * amount / 2;
}

/* What some of an item costs. */
static inline __attribute__((always_inline)) int cost(const struct price *price, int amount)
{
    int cents = 0;
    switch (price->kind) {
    case FIXED:
        cents = price->cents * amount;
        break;
    case TIERED:
        for (int i = 0; i < 3 && price->tiers[i].from <= amount; i++) {
            const struct tier *tier = &price->tiers[i];
            int cents = tier->cents;
            say("tier", "i", "%d", i);
            say("tier", "amount", "%d", amount);
            say("tier", "cents", "%d", cents);
            say("tier", "tier->from", "%d", tier->from);
            say("tier", "*tier", "{from = %d, cents = %d}", tier->from, tier->cents);
            note(cents < 0); // stop: tier
        }
        cents = price->tiers[0].cents * amount;
        break;
    case COMPUTED:
        cents = price->compute(amount);
        say("computed", "cents", "%d", cents);
        say("computed", "amount", "%d", amount);
        say("computed", "price->compute", "by_volume");
        say("computed", "price->kind", "COMPUTED");
        note(1); // stop: computed
        break;
    }
    return cents;
}

static NOINLINE long worth(struct table *table)
{
    long total = 0;
    for (unsigned chain = 0; chain < 4; chain++) {
        long sum = 0;
        for (struct item *item = table->chains[chain]; item; item = item->next) {
            int each = cost(&item->price, item->amount);
            sum += each;
        }
        if (sum) {
            long before = total;
            total += sum;
            say("worth", "chain", "%u", chain);
            say("worth", "sum", "%ld", sum);
            say("worth", "before", "%ld", before);
            say("worth", "total", "%ld", total);
            say("worth", "table->count", "%u", table->count);
            note((int)chain); // stop: worth
        }
    }
    return total;
}

typedef int (*ordering)(const struct item *, const struct item *);

static NOINLINE int by_amount(const struct item *a, const struct item *b)
{
    int difference = a->amount - b->amount;
    say("compare", "a->name", "\"%s\"", a->name);
    say("compare", "b->name", "\"%s\"", b->name);
    say("compare", "difference", "%d", difference);
    clock_now += difference & 3; // stop: compare
    return difference;
}

static NOINLINE int by_name(const struct item *a, const struct item *b)
{
    return strcmp(a->name, b->name);
}

static NOINLINE void sort(struct item **items, int count, ordering order)
{
    for (int i = 1; i < count; i++) {
        struct item *moved = items[i];
        int j = i;
        while (j > 0 && order(items[j - 1], moved) > 0) {
            items[j] = items[j - 1];
            j--;
        }
        say("sort", "i", "%d", i);
        say("sort", "j", "%d", j);
        say("sort", "moved->name", "\"%s\"", moved->name);
        say("sort", "order", order == by_name ? "by_name" : "by_amount");
        say("sort", "count", "%d", count);
        items[j] = moved; // stop: sort
    }
}

/* How often an item of one chain stands before one of another: in a table as large as there are chains. */
static NOINLINE int spread(int chains, struct item **items, int count)
{
    int pairs[chains][chains];
    int seen = 0;
    memset(pairs, 0, sizeof pairs);
    for (int i = 0; i + 1 < count; i++) {
        int row = (int)(hash(items[i]->name, (int)strlen(items[i]->name)) % (unsigned)chains);
        int column = (int)(hash(items[i + 1]->name, (int)strlen(items[i + 1]->name)) % (unsigned)chains);
        pairs[row][column]++;
        seen += row == column;
    }
    for (int row = 0; row < chains; row++) {
        int sum = 0;
        for (int column = 0; column < chains; column++)
            sum += pairs[row][column] << column;
        say("spread", "row", "%d", row);
        say("spread", "sum", "%d", sum);
        say("spread", "seen", "%d", seen);
        say("spread", "pairs[row]", "{%d, %d, %d}", pairs[row][0], pairs[row][1], pairs[row][2]);
        say("spread", "pairs[0]", "{%d, %d, %d}", pairs[0][0], pairs[0][1], pairs[0][2]);
        say("spread", "chains", "%d", chains);
        pairs[row][0] += sum; // stop: spread
    }
    return pairs[0][0] + pairs[chains - 1][0];
}

/* Moves are kept behind a head that grows. */
static NOINLINE struct batch *append(struct batch *batch, struct move move)
{
    if (!batch || batch->used == batch->room) {
        int room = batch ? batch->room * 2 : 2;
        struct batch *grown = realloc(batch, sizeof *grown + (size_t)room * sizeof grown->moves[0]);
        if (!batch)
            grown->used = 0;
        grown->room = (uint16_t)room;
        batch = grown;
    }
    uint16_t at = batch->used;
    say("append", "at", "%d", at);
    say("append", "move", "{by = %d, share = %.3f}", move.by, move.share);
    say("append", "move.by", "%d", move.by);
    say("append", "batch->room", "%d", batch->room);
    if (at)
        say("append", "batch->moves[0].by", "%d", batch->moves[0].by);
    batch->moves[at] = move; // stop: append
    batch->used++;
    return batch;
}

/* One order after the other, from the text to the table. */
static NOINLINE void take(const char *text)
{
    struct token tokens[16];
    int count = scan(text, tokens, 16);
    for (int i = 0; i + 1 < count; i += 2) {
        const struct token *name = &tokens[i];
        int amount = atoi(tokens[i + 1].from);
        say("book^", "i", "%d", i);
        say("book^", "count", "%d", count);
        say("book^", "amount", "%d", amount);
        say("book^", "name->length", "%d", name->length);
        say("found^", "i", "%d", i);
        say("found^", "amount", "%d", amount);
        struct item *item = find_or_add(&stock, name->from, name->length);
        book(item, amount);
    }
}

int main(int argc, char **argv)
{
    (void)argv;
    root = category("all", category("metal", category("screws", NULL, NULL), category("fluids", NULL, NULL)), NULL);
    take(orders);
    struct item *items[8] = { 0 };
    int count = 0;
    for (int chain = 0; chain < 4; chain++)
        for (struct item *item = stock.chains[chain]; item; item = item->next) {
            items[count++] = item;
            item->category = item->marks.unit == GRAMS ? root->first->next : root->first->first;
        }
    sort(items, count, by_name);
    for (int i = 0; i < count; i++) {
        struct price *price = &items[i]->price;
        if (i == argc)
            *price = (struct price){ TIERED, .tiers = { { 0, 90 }, { 5, 80 }, { 100, 70 } } };
        else if (i == argc + 1)
            *price = (struct price){ COMPUTED, .compute = by_volume };
        else
            *price = (struct price){ FIXED, .cents = 10 * i + argc };
    }
    int deepest = 0;
    int categories = descend(root, 0, &deepest);
    long total = worth(&stock);
    sort(items, count, by_amount);
    int spreading = spread(argc + 2, items, count);
    struct batch *batch = NULL;
    for (int i = 0; i < count; i++)
        batch = append(batch, (struct move){ items[i]->amount, items[i]->amount / 4.0 + 0.125 });
    say("sum", "total", "%ld", total);
    say("sum", "categories", "%d", categories);
    say("sum", "deepest", "%d", deepest);
    say("sum", "count", "%d", count);
    say("sum", "batch->used", "%d", batch->used);
    say("sum", "batch->moves[4].share", "%.3f", batch->moves[4].share);
    say("sum", "items[0]->name", "\"%s\"", items[0]->name);
    say("sum", "items[0]->category->name", "%p \"%s\"", items[0]->category->name, items[0]->category->name);
    say("sum", "stock.count", "%d", stock.count);
    say("sum", "spreading", "%d", spreading);
    note(batch->used); // stop: sum
    printf("%d noted, clock %lld\n", noted, (long long)clock_now);
    free(batch);
    return 0;
}
