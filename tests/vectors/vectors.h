/* Reads the line-based vector files beside it. A file that is missing, malformed or holds fewer
 * records than the test expects fails the test: vectors that do not run prove nothing. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

struct vec_line {
    struct ob_buf col[3];
};

struct vec {
    struct vec_line *v;
    size_t count;
};

static inline int vec_hex(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static inline void vec_unescape(struct ob_buf *out, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != '\\') {
            ob_buf_addc(out, p[i]);
            continue;
        }
        char c = p[++i];
        if (c == 'x') {
            ob_buf_addc(out, (char)(vec_hex(p[i + 1]) * 16 + vec_hex(p[i + 2])));
            i += 2;
        } else {
            ob_buf_addc(out, c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c);
        }
    }
}

static inline void vec_add(struct vec *v, const char *line, size_t len)
{
    v->v = ob_xrealloc(v->v, v->count + 1, sizeof *v->v);
    struct vec_line *l = &v->v[v->count++];
    for (int i = 0; i < 3; i++) {
        const char *tab = len ? memchr(line, '\t', len) : NULL;
        size_t n = tab ? (size_t)(tab - line) : len;
        ob_buf_init(&l->col[i], OB_BUF_LARGE);
        vec_unescape(&l->col[i], line, n);
        line += n + (tab != NULL);
        len -= n + (tab != NULL);
    }
}

static inline void vec_clear(struct vec *v)
{
    for (size_t i = 0; i < v->count; i++)
        for (int k = 0; k < 3; k++)
            ob_buf_fini(&v->v[i].col[k]);
    free(v->v);
    *v = (struct vec){0};
}

static inline bool vec_is(const struct vec_line *l, const char *name)
{
    return strcmp(ob_buf_str(&l->col[0]), name) == 0;
}

/* The value of a two-column line, NULL when there is none. */
static inline const char *vec_get(const struct vec *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++)
        if (vec_is(&v->v[i], name))
            return ob_buf_str(&v->v[i].col[1]);
    return NULL;
}

static inline const char *vec_need(const struct vec *v, const char *name)
{
    const char *s = vec_get(v, name);
    if (!s)
        fail_msg("vector %s has no %s", vec_get(v, "id"), name);
    return s;
}

static inline const struct ob_buf *vec_buf(const struct vec *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++)
        if (vec_is(&v->v[i], name))
            return &v->v[i].col[1];
    fail_msg("a vector has no %s", name);
    return NULL;
}

/* assert_string_equal that says which vector it was. */
static inline void vec_same(const struct vec *v, const char *what, const char *got,
                            const char *want)
{
    if (strcmp(got, want) != 0)
        fail_msg("vector %s: %s\n got: %s\nwant: %s", vec_get(v, "id"), what, got, want);
}

static inline void vec_run(const char *file, size_t expected, void (*each)(const struct vec *v))
{
    struct ob_buf text;
    struct vec v = {0};
    size_t ran = 0;
    char *path = ob_xasprintf("%s/vectors/%s", OB_TEST_DIR, file);
    ob_buf_init(&text, OB_BUF_LARGE);
    assert_int_equal(ob_file_read(path, OB_BUF_LARGE, &text, OB_ERR, NULL), OB_OK);
    free(path);
    for (const char *p = ob_buf_str(&text); *p;) {
        size_t n = strcspn(p, "\n");
        if (n && *p != '#') {
            vec_add(&v, p, n);
        } else if (!n && v.count) {
            each(&v);
            vec_clear(&v);
            ran++;
        }
        p += n + (p[n] == '\n');
    }
    if (v.count)
        fail_msg("%s does not end with an empty line", file);
    ob_buf_fini(&text);
    print_message("%s: %zu of %zu vectors ran\n", file, ran, expected);
    if (ran < expected)
        fail_msg("%s: %zu vectors, %zu expected", file, ran, expected);
}
