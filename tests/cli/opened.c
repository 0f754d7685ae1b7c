/* All that a ledger holds, opened: what `strings` would show if nothing were sealed. Written apart
 * from src/ledger, from the description in seal.h.
 *
 *   opened LEDGER            every value of every table, one a line; what is sealed with its key
 *   opened --any-key LEDGER  what is sealed with every key in the file, tried in turn
 *   opened --raw LEDGER      the bytes of the file and its log as they are
 *   opened --make LEDGER     a database from the SQL on standard input */
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 28

struct keys {
    unsigned char key[32];
    long long id;
} * keys;
static size_t key_count;

static void fail(const char *what)
{
    fprintf(stderr, "opened: %s\n", what);
    exit(2);
}

static void put(const void *p, size_t len)
{
    fwrite(p, 1, len, stdout);
    putchar('\n');
}

static void decrypt(const unsigned char *key, const unsigned char *p, int len)
{
    unsigned char *out = malloc((size_t)len + 1);
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    if (!out || !EVP_DecryptInit_ex(c, EVP_aes_256_ctr(), NULL, key, p + 12) ||
        !EVP_DecryptUpdate(c, out, &n, p + HEAD, len - HEAD))
        fail("cipher");
    put(out, (size_t)n);
    EVP_CIPHER_CTX_free(c);
    free(out);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
        fail(sqlite3_errmsg(db));
    return st;
}

static void read_keys(sqlite3 *db)
{
    sqlite3_stmt *st = prepare(db, "SELECT id, key FROM subject WHERE length(key) = 32");
    while (sqlite3_step(st) == SQLITE_ROW) {
        keys = realloc(keys, (key_count + 1) * sizeof *keys);
        keys[key_count].id = sqlite3_column_int64(st, 0);
        memcpy(keys[key_count++].key, sqlite3_column_blob(st, 1), 32);
    }
    sqlite3_finalize(st);
}

static void show(sqlite3_stmt *st, int column, bool any)
{
    const unsigned char *p = sqlite3_column_blob(st, column);
    int len = sqlite3_column_bytes(st, column);
    long long id = 0;
    if (sqlite3_column_type(st, column) != SQLITE_BLOB || len < HEAD || memcmp(p, "obs", 3) != 0) {
        put(p ? (const char *)p : "", (size_t)len);
        return;
    }
    for (int i = 0; i < 8; i++)
        id = id << 8 | p[4 + i];
    for (size_t i = 0; i < key_count; i++)
        if (any || keys[i].id == id)
            decrypt(keys[i].key, p, len);
}

static void show_table(sqlite3 *db, const char *name, bool any)
{
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", name);
    sqlite3_stmt *st = prepare(db, sql);
    while (sqlite3_step(st) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(st); i++)
            show(st, i, any);
    sqlite3_finalize(st);
    sqlite3_free(sql);
}

static void show_raw(const char *path, const char *suffix)
{
    char name[4096], block[65536];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *f = fopen(name, "rb");
    for (size_t n; f && (n = fread(block, 1, sizeof block, f)) > 0;)
        fwrite(block, 1, n, stdout);
    if (f)
        fclose(f);
}

static int make(const char *path)
{
    static char sql[1024 * 1024];
    sqlite3 *db;
    size_t n = fread(sql, 1, sizeof sql - 1, stdin);
    sql[n] = '\0';
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail(sqlite3_errmsg(db));
    return sqlite3_close(db) != SQLITE_OK;
}

int main(int argc, char **argv)
{
    sqlite3 *db;
    bool any = argc == 3 && strcmp(argv[1], "--any-key") == 0;
    if (argc == 3 && strcmp(argv[1], "--raw") == 0) {
        show_raw(argv[2], "");
        show_raw(argv[2], "-wal");
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "--make") == 0)
        return make(argv[2]);
    if (argc < 2 || argc > 3 ||
        sqlite3_open_v2(argv[argc - 1], &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        fail("usage: opened [--any-key|--raw] LEDGER");
    read_keys(db);
    sqlite3_stmt *st = prepare(db, "SELECT name FROM sqlite_schema WHERE type = 'table'");
    while (sqlite3_step(st) == SQLITE_ROW)
        show_table(db, (const char *)sqlite3_column_text(st, 0), any);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return 0;
}
