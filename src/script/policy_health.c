/* What a policy expects of its inputs, as an option of input.csv (json, lines) or as a method of
 * the roster they give: input.csv "leavers":expect { rows = { 1, 500 } }. Held against what was
 * read while planning, and again whenever an input is read again; a replay is not asked about the
 * bytes that its plan was made from. The rules themselves are engine/health.h's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "script/input.h"
#include "script/policy_parts.h"
#include "script/table_parts.h"

#define INPUT_MAX    ((size_t)256 * 1024 * 1024)
#define SECONDS_MAX  (36600.0 * 86400)
#define COLUMNS_MOST 1000

/* ---- what is expected ---- */

static int64_t row_count(lua_State *L, int index)
{
    int exact;
    lua_Integer n = lua_tointegerx(L, index, &exact);
    if (!exact || lua_type(L, index) != LUA_TNUMBER || n < 0)
        luaL_error(L, "expect: rows is a number of rows, or { least, most }");
    return n;
}

/* [-0, +0, e] A list of so many at most, and nothing else in the table: a demand that is passed
 * over would be taken for one that is met. */
static lua_Unsigned plain_list(lua_State *L, int index, lua_Unsigned most, const char *wrong)
{
    lua_Unsigned all = 0, n = lua_rawlen(L, index);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        all++;
    if (all != n || !n || n > most)
        luaL_error(L, "expect: %s", wrong);
    return n;
}

/* [-0, +0, e] 5 is at least five; { 5, 500 } has an end. */
static void take_rows(lua_State *L, int index, struct ob_demands *d)
{
    if (!lua_istable(L, index)) {
        d->rows_min = row_count(L, index);
        return;
    }
    plain_list(L, index, 2, "rows is a number of rows, or { least, most }");
    lua_rawgeti(L, index, 1);
    lua_rawgeti(L, index, 2);
    d->rows_min = row_count(L, -2);
    d->rows_max = lua_isnil(L, -1) ? -1 : row_count(L, -1);
    if (d->rows_max >= 0 && d->rows_max < d->rows_min)
        luaL_error(L, "expect: rows = { least, most }: the most is less than the least");
    lua_pop(L, 2);
}

static void take_age(lua_State *L, int index, struct ob_demands *d)
{
    double seconds = lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : -1;
    if (!(seconds >= 0 && seconds <= SECONDS_MAX))
        luaL_error(L, "expect: newer_than is a time such as days(2)");
    d->newer_than_ms = (int64_t)(seconds * 1000);
}

static void take_shrink(lua_State *L, int index, struct ob_demands *d)
{
    double share = lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : -1;
    if (!(share >= 0 && share <= 1))
        luaL_error(L, "expect: shrink is a part of 1: with 0.1 one row in ten may be gone");
    d->shrink = share;
}

static void take_columns(lua_State *L, int index, struct ob_value *out)
{
    luaL_argexpected(L, lua_istable(L, index), index, "list of columns");
    lua_Unsigned n = plain_list(L, index, COLUMNS_MOST, "columns is a list of names");
    struct ob_value *names = ob_policy_push_owned(L);
    ob_value_set_list(names);
    for (lua_Unsigned i = 1; i <= n; i++) {
        if (lua_rawgeti(L, index, (lua_Integer)i) != LUA_TSTRING)
            luaL_error(L, "expect: columns is a list of names");
        ob_list_push_str(names, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    ob_value_fini(out);
    ob_value_copy(out, names);
    lua_pop(L, 1);
}

void ob_health_expect(lua_State *L, int index, struct ob_input_use *use)
{
    static const char *const names[] = {"rows", "columns", "newer_than", "shrink", NULL};
    if (lua_isnil(L, index))
        return;
    if (!lua_istable(L, index))
        luaL_error(L, "expect is a table such as { rows = { 1, 500 }, shrink = 0.1 }");
    ob_policy_known(L, index, names);
    use->expects = true;
    for (const char *const *name = names; *name; name++) {
        lua_pushstring(L, *name);
        int type = lua_rawget(L, index), at = lua_gettop(L);
        if (type != LUA_TNIL && **name == 'r')
            take_rows(L, at, &use->demands);
        else if (type != LUA_TNIL && **name == 'c')
            take_columns(L, at, &use->columns);
        else if (type != LUA_TNIL && **name == 'n')
            take_age(L, at, &use->demands);
        else if (type != LUA_TNIL)
            take_shrink(L, at, &use->demands);
        lua_pop(L, 1);
    }
}

/* ---- what was read ---- */

static struct ob_input_use *use_of(struct ob_policy *p, const struct ob_bound_input *in)
{
    return &p->uses[in - p->opt.inputs];
}

static enum ob_status check_columns(const struct ob_input_use *use, const struct ob_table *t,
                                    struct ob_err *err)
{
    char has[OB_NAMES];
    for (size_t i = 0; i < ob_list_count(&use->columns); i++) {
        const char *name = ob_value_str(ob_list_at(&use->columns, i));
        if (ob_table_column(t, name) < 0)
            return ob_fail(err, OB_ERR_INPUT,
                           "%s: no column \"%s\", which expect { columns } wants; it has: %s",
                           t->source, name, t->column_count ? ob_table_names(t, has) : "none");
    }
    return OB_OK;
}

/* Where every line has an end and the last has none, something is missing: perhaps the end only,
 * perhaps half of a name that is somebody else's then. A list of objects has its own end. */
static enum ob_status check_end(const struct ob_input_use *use, const struct ob_buf *bytes,
                                const struct ob_table *t, struct ob_err *err)
{
    struct ob_text text;
    if (use->format == OB_FORMAT_JSON || !use->expects)
        return OB_OK;
    /* decoded: a byte 0x0A may be half of a character of UTF-16 */
    enum ob_status st =
        ob_text_decode(&text, t->source, ob_buf_str(bytes), bytes->len, use->encoding, err);
    char last = st == OB_OK && text.len ? text.p[text.len - 1] : '\n';
    ob_text_fini(&text);
    if (st != OB_OK || last == '\n' || last == '\r')
        return st;
    return ob_fail(err, OB_ERR_INPUT,
                   "%s: its last line has no end, so it may be cut off; get the whole file, or end "
                   "the line",
                   t->source);
}

static struct ob_source source_of(const struct ob_policy *p, const struct ob_bound_input *in,
                                  const struct ob_buf *bytes, const struct ob_table *t,
                                  int64_t mtime_ms, char digest[OB_SHA256_HEX])
{
    ob_sha256_hex(ob_buf_str(bytes), bytes->len, digest);
    return (struct ob_source){.policy = p->opt.name,
                              .input = in->name,
                              .file = in->source,
                              .rows = (int64_t)t->row_count,
                              .bytes = (int64_t)bytes->len,
                              .mtime_ms = mtime_ms,
                              .digest = digest};
}

enum ob_status ob_health_input(struct ob_policy *p, const struct ob_bound_input *in,
                               const struct ob_buf *bytes, const struct ob_table *t,
                               int64_t mtime_ms, struct ob_err *err)
{
    const struct ob_input_use *use = use_of(p, in);
    struct ob_demands d = use->demands;
    struct ob_good_read last;
    char digest[OB_SHA256_HEX];
    int64_t now = ob_wall_ms(p->opt.clock);
    if (in->invented)
        return OB_OK;
    if (use->told_apart && d.shrink < 0)
        d.shrink = OB_SHRINK_ABSENCE;
    /* In a rehearsal the file is as old as on the day when it is wanted. */
    struct ob_source s = source_of(p, in, bytes, t, p->opt.rehearsing ? now : mtime_ms, digest);
    enum ob_status st = check_end(use, bytes, t, err);
    if (st == OB_OK)
        st = check_columns(use, t, err);
    if (st == OB_OK)
        st = ob_health_recall(p->opt.ledger, &s, &last, err);
    return st == OB_OK ? ob_health_check(&s, &d, &last, now, err) : st;
}

static enum ob_status read_now(struct ob_policy *p, const struct ob_bound_input *in,
                               struct ob_buf *bytes, int64_t *mtime_ms, struct ob_err *err)
{
    *mtime_ms = 0;
    if (p->opt.reread)
        return p->opt.reread(p->opt.reread_ctx, in, bytes, mtime_ms, err);
    return ob_file_read_whole(in->path, INPUT_MAX, bytes, mtime_ms, OB_ERR_INPUT, err);
}

enum ob_status ob_health_again(struct ob_policy *p, const struct ob_bound_input *in,
                               const char *key, struct ob_buf *bytes, struct ob_table **out,
                               struct ob_err *err)
{
    struct ob_input_options o = ob_policy_input_options(p, in);
    int64_t mtime_ms;
    if (key)
        o.key = key;
    *out = NULL;
    ob_buf_init(bytes, INPUT_MAX);
    enum ob_status st = read_now(p, in, bytes, &mtime_ms, err);
    if (st == OB_OK)
        st = ob_table_parse(out, in->source, ob_buf_str(bytes), bytes->len, &o, err);
    if (st == OB_OK)
        st = ob_health_input(p, in, bytes, *out, mtime_ms, err);
    if (st == OB_OK)
        return OB_OK;
    if (*out)
        ob_table_unref(*out);
    *out = NULL;
    ob_buf_fini(bytes);
    return st;
}

/* ---- the end of a plan ---- */

/* Only now it is known which inputs people were told apart by. */
enum ob_status ob_health_absence(struct ob_policy *p, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    for (size_t i = 0; i < p->opt.input_count && st == OB_OK; i++) {
        const struct ob_bound_input *in = &p->opt.inputs[i];
        if (p->uses[i].table && p->uses[i].told_apart)
            st = ob_health_input(p, in, &in->bytes, p->uses[i].table, in->mtime_ms, err);
    }
    return st;
}

enum ob_status ob_health_keep(struct ob_policy *p, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    for (size_t i = 0; i < p->opt.input_count && st == OB_OK; i++) {
        const struct ob_bound_input *in = &p->opt.inputs[i];
        char digest[OB_SHA256_HEX];
        if (!p->uses[i].table || in->invented)
            continue;
        struct ob_source s = source_of(p, in, &in->bytes, p->uses[i].table, in->mtime_ms, digest);
        st = ob_health_remember(p->opt.ledger, &s, ob_wall_ms(p->opt.clock), err);
    }
    return st;
}

/* ---- roster:expect{} ---- */

/* The input whose rows the roster is: all of them, and no others. */
static const struct ob_bound_input *whole_input(lua_State *L, const struct ob_roster *r)
{
    struct ob_policy *p = ob_policy_of(L);
    const struct ob_table *t = r->tables->count == 1 ? r->tables->v[0] : NULL;
    if (!r->tables->count)
        ob_policy_raise(L, OB_ERR_INPUT,
                        "an input without rows and columns is not what is expected of one");
    if (!t || !t->input || r->count != t->row_count)
        luaL_error(L, "expect is said of an input as it was read: input.csv \"leavers\":expect "
                      "{ rows = { 1, 500 } }");
    return &p->opt.inputs[t->input - 1];
}

int ob_health_method(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    const struct ob_roster *r = ob_check_roster(L, 1);
    struct ob_err err;
    lua_settop(L, 2);
    luaL_checktype(L, 2, LUA_TTABLE);
    const struct ob_bound_input *in = whole_input(L, r);
    ob_health_expect(L, 2, use_of(p, in));
    if (p->opt.mode == OB_MODE_PLAN &&
        ob_health_input(p, in, &in->bytes, r->tables->v[0], in->mtime_ms, &err) != OB_OK)
        return ob_raise_host(L, &err);
    lua_settop(L, 1);
    return 1;
}
