/* See policy_recheck.h. */
#include "script/policy_recheck.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/idmap.h"

#define INPUT_MAX ((size_t)256 * 1024 * 1024)

/* ---- who is spared ---- */

void ob_recheck_spare(struct ob_policy *p, const struct ob_value *spared)
{
    size_t n = spared && spared->type == OB_MAP ? spared->map.count : 0;
    for (size_t i = 0; i < n; i++) {
        const struct ob_pair *one = &spared->map.pairs[i];
        const char *why = ob_value_str(&one->value);
        if (why && !ob_map_get(&p->spared, one->key.p))
            ob_map_put_str(&p->spared, one->key.p, why);
    }
}

const char *ob_recheck_spared(const struct ob_policy *p, const char *key, const char *id)
{
    const char *why = ob_map_str(&p->spared, key);
    return why ? why : ob_map_str(&p->spared, id);
}

/* ---- whom this run has switched off ---- */

struct off { /* one person of one target */
    char *id, *key, *path;
    bool expected; /* switched off, and not on again by a later step of this run */
};

struct watch { /* the people of one target */
    struct watch *next;
    struct ob_target *t;
    struct ob_idmap map;
    struct off *people;
    size_t count, cap;
};

struct ob_recheck {
    struct ob_value options, spared;
    bool begun;
    struct watch *all, *at;
};

static void watch_add(struct watch *w, const struct ob_person_row *row, const char *path, bool off)
{
    size_t i = ob_idmap_get(&w->map, row->id);
    if (i != OB_IDMAP_NONE) {
        w->people[i].expected = off;
        return;
    }
    if (!off)
        return;
    if (w->count == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 64;
        w->people = ob_xrealloc(w->people, w->cap, sizeof *w->people);
    }
    w->people[w->count] =
        (struct off){ob_xstrdup(row->id), ob_xstrdup(row->person), ob_xstrdup(path), true};
    ob_idmap_add(&w->map, w->people[w->count].id, w->count);
    w->count++;
}

static int l_free(lua_State *L)
{
    struct ob_recheck *r = lua_touserdata(L, 1);
    while (r->all) {
        struct watch *w = r->all;
        r->all = w->next;
        for (size_t i = 0; i < w->count; i++) {
            free(w->people[i].id);
            free(w->people[i].key);
            free(w->people[i].path);
        }
        ob_idmap_fini(&w->map);
        free(w->people);
        free(w);
    }
    ob_value_fini(&r->options);
    ob_value_fini(&r->spared);
    return 0;
}

struct ob_recheck *ob_recheck_push(lua_State *L, struct ob_policy *p,
                                   const struct ob_value *options)
{
    struct ob_recheck *r = lua_newuserdatauv(L, sizeof *r, 0);
    memset(r, 0, sizeof *r);
    ob_value_set_map(&r->spared);
    if (luaL_newmetatable(L, "ob.recheck")) {
        lua_pushcfunction(L, l_free);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    ob_value_copy(&r->options, options);
    return r;
}

struct ob_recheck *ob_recheck_at(lua_State *L, int index)
{
    return lua_touserdata(L, index);
}

const struct ob_value *ob_recheck_options(const struct ob_recheck *r)
{
    return &r->options;
}

/* ---- from the ledger ---- */

struct collecting {
    struct ob_policy *p;
    struct ob_recheck *r;
    struct watch *w; /* of the step that is read */
    const char *path;
    bool off;
    enum ob_status st;
    struct ob_err *err;
};

static struct watch *watch_of(struct ob_recheck *r, struct ob_target *t)
{
    for (struct watch *w = r->all; w; w = w->next)
        if (w->t == t)
            return w;
    struct watch *w = ob_xcalloc(1, sizeof *w);
    w->t = t;
    ob_idmap_init(&w->map);
    w->next = r->all;
    r->all = w;
    return w;
}

static bool collect_person(void *ctx, const struct ob_person_row *row)
{
    static const char already[] = "already ";
    struct collecting *c = ctx;
    bool was_so = row->state == OB_P_SKIPPED && row->detail &&
                  strncmp(row->detail, already, sizeof already - 1) == 0;
    if (row->state == OB_P_SUCCEEDED || was_so)
        watch_add(c->w, row, c->path, c->off);
    return true;
}

static bool collect_step(void *ctx, const struct ob_step_row *row)
{
    struct collecting *c = ctx;
    struct ob_target *t = NULL;
    if (!*row->target)
        return true;
    c->st = ob_policy_open_target(c->p, row->target, &t, c->err); /* another branch may know it */
    if (c->st != OB_OK)
        return false;
    const struct ob_action *a = ob_provider_action(t->provider.info, row->action);
    if (!a)
        return true;
    c->w = watch_of(c->r, t);
    c->path = row->path;
    c->off = a->kind == OB_KIND_DISABLE;
    c->st = ob_ledger_person_each(c->p->opt.ledger, c->p->opt.run, row->path, collect_person, c,
                                  c->err);
    return c->st == OB_OK;
}

static enum ob_status collect(struct ob_policy *p, struct ob_recheck *r, struct ob_err *err)
{
    struct collecting c = {.p = p, .r = r, .err = err};
    const char *how = ob_map_str(&r->options, "on_change");
    if (how && strcmp(how, "act") == 0)
        return OB_OK;
    enum ob_status st = ob_ledger_step_each(p->opt.ledger, p->opt.run, collect_step, &c, err);
    return st == OB_OK ? c.st : st;
}

enum ob_status ob_recheck_next(struct ob_policy *p, struct ob_recheck *r, struct ob_op **op,
                               struct ob_err *err)
{
    struct ob_value args = {0};
    enum ob_status st = OB_OK;
    size_t n = 0;
    if (!r->begun) {
        r->begun = true;
        st = collect(p, r, err);
        r->at = r->all;
    } else if (r->at) {
        r->at = r->at->next;
    }
    for (; st == OB_OK && r->at && !n; r->at = n ? r->at : r->at->next) {
        ob_value_set_map(&args);
        struct ob_value *ids = ob_map_put(&args, "ids");
        ob_value_set_list(ids);
        for (size_t i = 0; i < r->at->count; i++)
            if (r->at->people[i].expected)
                ob_list_push_str(ids, r->at->people[i].id);
        n = ob_list_count(ids);
        if (n)
            st = ob_engine_read(p->engine, r->at->t, "lookup", &args, op, err);
        ob_value_fini(&args);
    }
    return st;
}

void ob_recheck_take(struct ob_recheck *r, const struct ob_value *rows)
{
    for (size_t i = 0; i < ob_list_count(rows); i++) {
        const struct ob_value *row = ob_list_at(rows, i);
        const char *id = ob_map_str(row, "id"), *state = ob_map_str(row, "state");
        size_t at = id ? ob_idmap_get(&r->at->map, id) : OB_IDMAP_NONE;
        if (at == OB_IDMAP_NONE || !state || strcmp(state, "active") != 0)
            continue;
        const struct off *o = &r->at->people[at];
        char *why =
            ob_xasprintf("%s: active again since step %s switched it off", r->at->t->name, o->path);
        ob_map_put_str(&r->spared, o->key, why);
        ob_map_put_str(&r->spared, o->id, why); /* a later step may have another name of them */
        free(why);
    }
}

/* ---- the input ---- */

static enum ob_status parse(struct ob_policy *p, const struct ob_bound_input *in,
                            const struct ob_buf *bytes, struct ob_table **out, struct ob_err *err)
{
    struct ob_input_options o = ob_policy_input_options(p, in);
    return ob_table_parse(out, in->source, ob_buf_str(bytes), bytes->len, &o, err);
}

/* A column that names people: no two rows share a text of it. */
static bool names_people(const struct ob_table *t, size_t column)
{
    struct ob_idmap seen;
    bool unique = true;
    ob_idmap_init(&seen);
    for (size_t i = 0; i < t->row_count && unique; i++) {
        const char *cell = ob_table_cell(t, i, column, NULL);
        unique = !*cell || ob_idmap_add(&seen, cell, i) == OB_IDMAP_NONE;
    }
    ob_idmap_fini(&seen);
    return unique;
}

static void spare_by(const struct ob_table *was, size_t column, const struct ob_table *is,
                     const char *why, struct ob_value *spared)
{
    struct ob_idmap there;
    int same = ob_table_column(is, was->columns[column]);
    ob_idmap_init(&there);
    for (size_t i = 0; same >= 0 && i < is->row_count; i++)
        ob_idmap_add(&there, ob_table_cell(is, i, (size_t)same, NULL), i);
    for (size_t i = 0; i < was->row_count; i++) {
        const char *cell = ob_table_cell(was, i, column, NULL);
        if (*cell && ob_idmap_get(&there, cell) == OB_IDMAP_NONE)
            ob_map_put_str(spared, cell, why);
    }
    ob_idmap_fini(&there);
}

/* Everybody of `was` who is not in `is`, by each column that names people: another roster of the
 * policy may have been made by another column, or by a cloud's own ids. */
static void spare_missing(struct ob_policy *p, const char *name, const struct ob_table *was,
                          const struct ob_table *is, struct ob_value *spared)
{
    char day[OB_TIME_TEXT], why[200];
    ob_date_local(ob_wall_ms(p->opt.clock), day);
    snprintf(why, sizeof why, "no longer on \"%s\" when it was read again on %s", name, day);
    for (size_t c = 0; c < was->column_count; c++)
        if (c == was->key || (ob_table_column(is, was->columns[c]) >= 0 && names_people(was, c)))
            spare_by(was, c, is, why, spared);
}

/* Who stands in a file that was read anew was seen once more: by this run, on this day. */
static enum ob_status see_again(struct ob_policy *p, const struct ob_table *is, struct ob_err *err)
{
    struct ob_run_row run;
    struct ob_idmap there;
    enum ob_status st = ob_engine_flush(p->engine, err);
    if (st == OB_OK)
        st = ob_ledger_run_get(p->opt.ledger, p->opt.run, &run, err);
    if (st != OB_OK)
        return st;
    ob_idmap_init(&there);
    for (size_t i = 0; i < is->row_count; i++)
        ob_idmap_add(&there, ob_table_cell(is, i, is->key, NULL), i);
    struct ob_sight s = {
        .plan = run.plan, .doc = p->opt.plan, .only = &there, .at_ms = ob_wall_ms(p->opt.clock)};
    st = ob_evidence_sight(p->opt.ledger, &s, err);
    ob_idmap_fini(&there);
    ob_run_row_fini(&run);
    return st;
}

static enum ob_status compare(struct ob_policy *p, const struct ob_bound_input *in,
                              struct ob_buf *fresh, struct ob_value *spared, struct ob_err *err)
{
    struct ob_table *was = NULL, *is = NULL;
    enum ob_status st = parse(p, in, &in->bytes, &was, err);
    if (st == OB_OK)
        st = ob_health_again(p, in, was->columns[was->key], fresh, &is, err);
    if (st == OB_OK)
        spare_missing(p, in->name, was, is, spared);
    if (st == OB_OK)
        st = see_again(p, is, err);
    if (st != OB_OK && is)
        ob_buf_fini(fresh);
    if (was)
        ob_table_unref(was);
    if (is)
        ob_table_unref(is);
    return st;
}

/* One that is not whole spares nobody and lets nobody be acted upon: the run stays open. */
static enum ob_status check_input(struct ob_policy *p, struct ob_recheck *r,
                                  struct ob_value *result, struct ob_err *err)
{
    const char *name = ob_map_str(&r->options, "recheck");
    const struct ob_bound_input *in = name ? ob_policy_input(p, name) : NULL;
    char digest[65];
    struct ob_buf fresh;
    if (!in)
        return OB_OK;
    enum ob_status st = compare(p, in, &fresh, &r->spared, err);
    if (st != OB_OK)
        return st;
    st = ob_ledger_blob_put(p->opt.ledger, ob_buf_str(&fresh), fresh.len, digest, err);
    if (st == OB_OK)
        ob_map_put_str(result, "input", digest);
    ob_buf_fini(&fresh);
    return st;
}

enum ob_status ob_recheck_result(struct ob_policy *p, struct ob_recheck *r, struct ob_value *result,
                                 struct ob_err *err)
{
    const char *how = ob_map_str(&r->options, "on_change");
    if (how && strcmp(how, "stop") == 0 && r->spared.map.count)
        return ob_fail(err, OB_ERR_STALE, "%s: %s; on_change = \"stop\"",
                       r->spared.map.pairs[0].key.p, ob_value_str(&r->spared.map.pairs[0].value));
    ob_value_set_map(result);
    enum ob_status st = check_input(p, r, result, err);
    ob_value_copy(ob_map_put(result, "spared"), &r->spared);
    return st;
}

int ob_recheck_push_input(lua_State *L, struct ob_policy *p, const char *name, const char *digest)
{
    const struct ob_bound_input *in = name ? ob_policy_input(p, name) : NULL;
    struct ob_err err;
    struct ob_buf bytes;
    if (!in)
        return 0;
    struct ob_table **slot = ob_policy_push_slot(L);
    ob_buf_init(&bytes, INPUT_MAX);
    enum ob_status st = digest ? ob_ledger_blob_get(p->opt.ledger, digest, &bytes, &err) : OB_OK;
    if (st == OB_OK)
        st = parse(p, in, digest ? &bytes : &in->bytes, slot, &err);
    ob_buf_fini(&bytes);
    if (st != OB_OK)
        return ob_raise_host(L, &err);
    ob_charge(L, in->bytes.len / 8);
    ob_policy_push_table(L, slot);
    return 1;
}
