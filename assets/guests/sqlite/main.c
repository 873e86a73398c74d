// A small shop in an in-memory SQLite database: the bundled program of real size.
//
//   sqlite          make tables, fill them in one transaction, ask a few questions with joins, print the answers
//   sqlite fault    the same, then a query whose user-defined SQL function writes through a wild pointer, so that
//                   the guest stops deep inside SQLite: main -> sqlite3_exec -> sqlite3_step -> the bytecode
//                   engine (sqlite3VdbeExec) -> discount -> note_discount
//   sqlite QUERY    any other argument is run as SQL against the same tables

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sqlite3.h"

struct counter {
    const char *title;
    int rows;
};

static int *discounts_given;   // where note_discount counts; damaged by `fault`

static void check(sqlite3 *db, int code, const char *what) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
    fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static void run(sqlite3 *db, const char *sql) {
    check(db, sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

// Called by SQLite for every row of an answer.
static int print_row(void *data, int columns, char **values, char **names) {
    struct counter *counter = data;
    if (counter->rows++ == 0) {
        printf("%s\n ", counter->title);
        for (int i = 0; i < columns; i++) printf(" %-14s", names[i]);
        printf("\n");
    }
    printf(" ");
    for (int i = 0; i < columns; i++) printf(" %-14s", values[i] ? values[i] : "NULL");
    printf("\n");
    return 0;
}

static void ask(sqlite3 *db, const char *title, const char *sql) {
    struct counter counter = { title, 0 };
    check(db, sqlite3_exec(db, sql, print_row, &counter, NULL), sql);
    printf("  (%d rows)\n", counter.rows);
}

static void note_discount(int percent) {
    *discounts_given += percent;
}

// The SQL function discount(price, percent): reached from inside SQLite's bytecode engine.
static void discount(sqlite3_context *context, int argc, sqlite3_value **argv) {
    (void)argc;
    int price = sqlite3_value_int(argv[0]);
    int percent = sqlite3_value_int(argv[1]);
    note_discount(percent);
    sqlite3_result_int(context, price - price * percent / 100);
}

static void fill(sqlite3 *db) {
    static const char *const people[] = { "Ada", "Bo", "Cy", "Dee", "Eli" };
    static const struct { const char *name; int price; } goods[] = {
        { "apple", 45 }, { "rye bread", 320 }, { "cider", 275 }, { "sponge", 99 }, { "lamp", 2450 },
    };
    sqlite3_stmt *statement;
    run(db, "CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
            "CREATE TABLE good(id INTEGER PRIMARY KEY, name TEXT NOT NULL, price INT);"
            "CREATE TABLE sale(person INT REFERENCES person, good INT REFERENCES good, count INT);"
            "CREATE INDEX sale_person ON sale(person);"
            "BEGIN");
    check(db, sqlite3_prepare_v2(db, "INSERT INTO person(name) VALUES(?)", -1, &statement, NULL), "prepare");
    for (int i = 0; i < 5; i++) {
        sqlite3_bind_text(statement, 1, people[i], -1, SQLITE_STATIC);
        check(db, sqlite3_step(statement), "insert a person");
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    check(db, sqlite3_prepare_v2(db, "INSERT INTO good(name, price) VALUES(?, ?)", -1, &statement, NULL), "prepare");
    for (int i = 0; i < 5; i++) {
        sqlite3_bind_text(statement, 1, goods[i].name, -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 2, goods[i].price);
        check(db, sqlite3_step(statement), "insert a good");
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    check(db, sqlite3_prepare_v2(db, "INSERT INTO sale VALUES(?, ?, ?)", -1, &statement, NULL), "prepare");
    unsigned seed = 7;
    for (int i = 0; i < 200; i++) {
        seed = seed * 1103515245u + 12345u;
        sqlite3_bind_int(statement, 1, (int)(seed >> 16) % 5 + 1);
        sqlite3_bind_int(statement, 2, (int)(seed >> 20) % 5 + 1);
        sqlite3_bind_int(statement, 3, (int)(seed >> 24) % 4 + 1);
        check(db, sqlite3_step(statement), "insert a sale");
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    run(db, "COMMIT");
}

int main(int argc, char **argv) {
    sqlite3 *db;
    int given = 0;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    discounts_given = &given;
    check(NULL, sqlite3_open(":memory:", &db), "open");
    check(db, sqlite3_create_function(db, "discount", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, discount, NULL, NULL),
          "create function");
    fill(db);
    if (argc > 1 && strcmp(argv[1], "fault") != 0) {
        ask(db, "answer", argv[1]);
        sqlite3_close(db);
        return 0;
    }
    printf("SQLite %s\n", sqlite3_libversion());
    ask(db, "who spent most",
        "SELECT person.name, count(*) AS sales, sum(count * price) AS cents FROM sale "
        "JOIN person ON person.id = sale.person JOIN good ON good.id = sale.good "
        "GROUP BY person.name ORDER BY cents DESC");
    ask(db, "goods",
        "SELECT good.name, printf('%.2f', price / 100.0) AS price, sum(count) AS sold, avg(count) AS average "
        "FROM good LEFT JOIN sale ON sale.good = good.id GROUP BY good.id ORDER BY good.name");
    ask(db, "first ten squares",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) "
        "SELECT i, i * i AS square, substr('abcdefghij', 1, i) AS text FROM n");
    ask(db, "names like %e%", "SELECT upper(name) AS upper, length(name) AS length FROM person WHERE name LIKE '%e%'");
    if (argc > 1) discounts_given = (int *)0xdeadbeefu;     // the damage
    ask(db, "with discount", "SELECT name, discount(price, 10 * id) AS now FROM good WHERE price > 90 ORDER BY now");
    printf("%d percent given in all\n", given);
    sqlite3_close(db);
    return 0;
}
