/* What `require` and `straight` of a deleting action ask for: checked, brought into the engine's
 * form, and, while planning, told for each person as far as it is known. An input that must not
 * have somebody is read anew by every process that takes the step up, and has to be whole. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/idmap.h"
#include "script/policy_parts.h"
#include "script/table_parts.h"

#define SECONDS_MAX (36600.0 * 86400)

/* ---- the options ---- */

static double number_of(const struct ob_value *v)
{
    return v && v->type == OB_INT ? (double)v->i : v && v->type == OB_NUM ? v->n : -1;
}

static void check_names(lua_State *L, const struct ob_value *require)
{
    static const char *const names[] = {"disabled_for", "seen", "absent_from", NULL};
    if (require->type != OB_MAP && (require->type != OB_LIST || ob_list_count(require)))
        luaL_error(L, "option require has names, such as { disabled_for = days(30) }");
    for (size_t i = 0; require->type == OB_MAP && i < require->map.count; i++) {
        const char *const *n = names;
        while (*n && strcmp(*n, require->map.pairs[i].key.p) != 0)
            n++;
        if (!*n)
            luaL_error(L, "require knows disabled_for, seen and absent_from, not \"%s\"",
                       require->map.pairs[i].key.p);
    }
}

static void take_disabled_for(lua_State *L, const struct ob_value *require,
                              const struct ob_target *t, struct ob_require *r)
{
    const struct ob_value *v = ob_map_get(require, "disabled_for");
    double seconds = number_of(v);
    if (!v)
        return;
    if (!(seconds > 0 && seconds <= SECONDS_MAX))
        luaL_error(L, "require: disabled_for is a time such as days(30)");
    if (!ob_evidence_can_disable(t))
        luaL_error(L, "require: %s (%s) disables nobody, so disabled_for can never be proven there",
                   t->name, t->provider.info->name);
    r->disabled_for_ms = (int64_t)(seconds * 1000);
}

static void take_seen(lua_State *L, const struct ob_value *require, struct ob_require *r)
{
    const struct ob_value *v = ob_map_get(require, "seen");
    double n = number_of(v);
    if (!v)
        return;
    if (!(n >= 1 && n <= 1000) || n != (double)(int)n)
        luaL_error(L, "require: seen is a whole number of 1 or more");
    r->seen = (int64_t)n;
}

/* absent_from = "roster", or { input = "roster", column = "account" } */
static const char *take_absent_from(lua_State *L, const struct ob_value *require,
                                    struct ob_require *r)
{
    const struct ob_value *v = ob_map_get(require, "absent_from");
    const char *name = v && v->type == OB_MAP ? ob_map_str(v, "input") : ob_value_str(v);
    const char *column = v && v->type == OB_MAP ? ob_map_str(v, "column") : NULL;
    bool odd = v && v->type == OB_MAP && (!column || v->map.count != 2);
    if (v && (!name || odd))
        luaL_error(L, "require: absent_from names an input: \"roster\", or { input = \"roster\", "
                      "column = \"account\" }");
    r->absent_from = name;
    return column;
}

/* ---- whom an input has ---- */

struct looking {
    const struct ob_table *in;
    const struct ob_roster *roster;
    const char *const *ids;
    const char *id_column; /* of the people's own rows; NULL: their key */
    const char *column;    /* of the input, by id; NULL: the one of the same name */
    const char **present;
    struct ob_value *places; /* keeps the texts */
};

/* As protections are compared: whoever is there in other letters is there. */
static char *fold(const char *text)
{
    char *out = ob_xstrdup(text);
    for (char *c = out; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
    return out;
}

struct present {          /* a column of the input */
    struct ob_idmap rows; /* folded text -> row */
    char **texts;
    size_t count;
};

static void gather(struct present *there, const struct ob_table *in, int column)
{
    there->texts = ob_xcalloc(in->row_count + 1, sizeof *there->texts);
    ob_idmap_init(&there->rows);
    for (size_t row = 0; row < in->row_count; row++) {
        const char *cell = ob_table_cell(in, row, (size_t)column, NULL);
        if (!*cell)
            continue;
        there->texts[there->count] = fold(cell);
        ob_idmap_add(&there->rows, there->texts[there->count++], row);
    }
}

static size_t present_row(const struct present *there, const char *text)
{
    char *folded = fold(text);
    size_t row = ob_idmap_get(&there->rows, folded);
    free(folded);
    return row;
}

static void present_fini(struct present *there)
{
    for (size_t i = 0; i < there->count; i++)
        free(there->texts[i]);
    free(there->texts);
    ob_idmap_fini(&there->rows);
}

/* By id or by key: everybody of one table whose text stands in that column. False: nothing stands
 * there at all, and proves nobody's absence. */
static bool look_in(struct looking *l, const struct ob_table *from, int column, bool by_id)
{
    struct present there = {0};
    gather(&there, l->in, column);
    for (size_t i = 0; i < l->roster->count; i++) {
        struct ob_member m = ob_roster_at(l->roster, i);
        char place[OB_PLACE];
        size_t row = m.table != from ? OB_IDMAP_NONE
                                     : present_row(&there, by_id ? l->ids[i] : ob_member_key(&m));
        if (row == OB_IDMAP_NONE || l->present[i])
            continue;
        struct ob_value *text = ob_list_push(l->places);
        ob_value_set_str(text, ob_table_place(l->in, row, place));
        l->present[i] = ob_value_str(text);
    }
    bool any = there.count > 0;
    present_fini(&there);
    return any;
}

/* False: nothing in the input can be compared with the people of this table. */
static bool look_for(struct looking *l, const struct ob_table *from)
{
    const char *key = from->columns[from->key];
    const char *id = l->column ? l->column : l->id_column ? l->id_column : key;
    int by_key = ob_table_column(l->in, key), by_id = ob_table_column(l->in, id);
    if (l->column && by_id < 0)
        return false;
    bool ids = by_id >= 0 && look_in(l, from, by_id, true);
    bool keys = by_key >= 0 && look_in(l, from, by_key, false);
    return l->column ? ids : ids || keys;
}

/* Texts stay where they are when the list of them grows: only its items move. */
static bool look(struct looking *l)
{
    for (size_t t = 0; t < l->roster->tables->count; t++)
        if (!look_for(l, l->roster->tables->v[t]))
            return false;
    return true;
}

static int cannot_compare(lua_State *L, const struct ob_table *in, const char *name,
                          const char *column)
{
    char has[OB_NAMES];
    ob_table_names(in, has);
    if (column && ob_table_column(in, column) < 0)
        return luaL_error(L, "require: absent_from: %s has no column \"%s\"; it has: %s",
                          in->source, column, has);
    if (column)
        return luaL_error(L,
                          "require: absent_from: column \"%s\" of %s is empty in every row, and "
                          "proves nobody's absence",
                          column, in->source);
    return luaL_error(
        L,
        "require: absent_from = \"%s\": no column of it can be compared with these "
        "people, or it is empty; it has: %s; say absent_from = { input = \"%s\", column = ... }",
        name, has, name);
}

/* ---- reading it ---- */

static bool note_open(void *ctx, const struct ob_person_row *row)
{
    bool *open = ctx;
    *open = row->state == OB_P_PENDING || row->state == OB_P_READY;
    return !*open;
}

/* May somebody of this step still be acted upon? Then the input is read; else there is no need. */
static enum ob_status is_open(struct ob_policy *p, const char *path, bool *open, struct ob_err *err)
{
    struct ob_step_row row;
    *open = true;
    if (p->opt.mode == OB_MODE_PLAN)
        return OB_OK;
    enum ob_status st = ob_ledger_step_get(p->opt.ledger, p->opt.run, path, &row, err);
    if (st != OB_OK || !row.path)
        return st;
    ob_step_row_fini(&row);
    *open = false;
    return ob_ledger_person_each(p->opt.ledger, p->opt.run, path, note_open, open, err);
}

/* [-0, +1, e] The table, in a slot. A plan compares with what it was made from. */
static struct ob_table *push_input(lua_State *L, const char *name)
{
    struct ob_policy *p = ob_policy_of(L);
    const struct ob_bound_input *in = ob_policy_input(p, name);
    struct ob_input_use *use = in ? &p->uses[in - p->opt.inputs] : NULL;
    struct ob_table **slot = ob_policy_push_slot(L);
    struct ob_err err;
    struct ob_buf bytes;
    char why[400];
    if (!use || !use->table)
        luaL_error(L, "require: absent_from = \"%s\": this policy has read no input of that name",
                   name);
    use->told_apart = true; /* it is held to more from now on */
    snprintf(why, sizeof why,
             "require: input \"%s\" came from standard input and cannot be read again when people "
             "are to be deleted: give a file, --input %s=FILE",
             name, name);
    if (!in->path && !p->opt.reread && !in->invented)
        ob_policy_raise(L, OB_ERR_INPUT, why);
    if (p->opt.mode == OB_MODE_PLAN) {
        *slot = ob_table_ref(use->table);
    } else {
        if (ob_health_again(p, in, use->key, &bytes, slot, &err) != OB_OK)
            ob_raise_host(L, &err);
        ob_buf_fini(&bytes);
    }
    ob_charge(L, (*slot)->row_count);
    snprintf(why, sizeof why,
             "%s: no rows; an empty input cannot prove that anybody is absent from it", in->source);
    if (!(*slot)->row_count)
        ob_policy_raise(L, OB_ERR_INPUT, why);
    return *slot;
}

/* [-0, +n, e] Who of the roster the input has; the stack keeps it. */
static void find_present(lua_State *L, struct ob_step_spec *spec, const struct ob_roster *roster,
                         const char *column, struct ob_require *r)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_err err;
    bool open;
    if (is_open(p, spec->path, &open, &err) != OB_OK)
        ob_raise_host(L, &err);
    if (!open)
        return;
    struct ob_table *in = push_input(L, r->absent_from);
    struct looking l = {.in = in,
                        .roster = roster,
                        .ids = spec->ids,
                        .id_column = ob_map_str(spec->options, "id"),
                        .column = column};
    l.present = lua_newuserdatauv(L, (spec->count + 1) * sizeof *l.present, 0);
    memset(l.present, 0, (spec->count + 1) * sizeof *l.present);
    l.places = ob_policy_push_owned(L);
    ob_value_set_list(l.places);
    ob_charge(L, spec->count + in->row_count);
    if (!look(&l))
        cannot_compare(L, in, r->absent_from, column);
    r->present = l.present;
    r->absent_rows = (int64_t)in->row_count;
}

void ob_require_push(lua_State *L, struct ob_step_spec *spec, const struct ob_roster *roster)
{
    const struct ob_value *require = ob_map_get(spec->options, "require");
    const struct ob_value *straight = ob_map_get(spec->options, "straight");
    struct ob_require *r = lua_newuserdatauv(L, sizeof *r, 0);
    memset(r, 0, sizeof *r);
    if (spec->action->kind != OB_KIND_DELETE) {
        if (require || straight)
            luaL_error(L, "option %s is for actions that delete, and %s does not",
                       require ? "require" : "straight", spec->action->name);
        return;
    }
    if (straight && straight->type != OB_BOOL)
        luaL_error(L, "option straight is true or false");
    r->straight = ob_map_bool(spec->options, "straight", false);
    if (require) {
        check_names(L, require);
        take_disabled_for(L, require, spec->target, r);
        take_seen(L, require, r);
        const char *column = take_absent_from(L, require, r);
        if (r->absent_from)
            find_present(L, spec, roster, column, r);
    }
    spec->require = r;
}

/* ---- what a plan tells of it ---- */

/* Kept until the plan is complete: only then it is known what earlier steps make of everybody,
 * because branches of together{} come in as their readings do. */
struct ob_told_later {
    struct ob_told_later *next;
    char *path;
    struct ob_evidence *evidence;
    int64_t at_ms; /* when the step would come */
};

void ob_evidence_forget(struct ob_policy *p)
{
    while (p->told_later) {
        struct ob_told_later *one = p->told_later;
        p->told_later = one->next;
        ob_evidence_free(one->evidence);
        free(one->path);
        free(one);
    }
}

enum ob_status ob_record_evidence(struct ob_policy *p, const struct ob_step_spec *spec,
                                  struct ob_err *err)
{
    int64_t wall = ob_wall_ms(p->opt.clock), then = ob_policy_now(p); /* behind waits: later */
    struct ob_evidence_ask ask = {.ledger = p->opt.ledger,
                                  .target = spec->target,
                                  .require = spec->require,
                                  .keys = spec->keys,
                                  .ids = spec->ids,
                                  .count = spec->count,
                                  .planning_ms = wall};
    struct ob_evidence *v;
    if (!spec->require)
        return OB_OK;
    enum ob_status st = ob_evidence_new(&v, &ask, err);
    if (st != OB_OK)
        return st;
    struct ob_told_later *one = ob_xcalloc(1, sizeof *one);
    *one = (struct ob_told_later){.next = p->told_later,
                                  .path = ob_xstrdup(spec->path),
                                  .evidence = v,
                                  .at_ms = then > wall ? then : wall};
    p->told_later = one;
    return OB_OK;
}

static const char *id_at(const struct ob_value *people, size_t i)
{
    const char *id = ob_value_str(ob_list_at(ob_list_at(people, i), 1));
    return id ? id : "";
}

/* For each person of step `last` the step before it that changes them last; NULL: none does. */
static const struct ob_value **changed_by(const struct ob_value *steps, size_t last)
{
    const struct ob_value *mine = ob_list_at(steps, last), *people = ob_map_get(mine, "people");
    size_t count = ob_list_count(people);
    const struct ob_value **by = ob_xcalloc(count + 1, sizeof *by);
    struct ob_idmap at;
    ob_idmap_init(&at);
    for (size_t i = 0; i < count; i++)
        ob_idmap_add(&at, id_at(people, i), i);
    for (size_t s = 0; s < last; s++) {
        const struct ob_value *step = ob_list_at(steps, s), *others = ob_map_get(step, "people");
        const char *target = ob_map_str(step, "target");
        bool here =
            ob_map_str(step, "kind") && target && strcmp(target, ob_map_str(mine, "target")) == 0;
        for (size_t k = 0; here && k < ob_list_count(others); k++) {
            size_t i = ob_idmap_get(&at, id_at(others, k));
            if (i != OB_IDMAP_NONE)
                by[i] = step;
        }
    }
    ob_idmap_fini(&at);
    return by;
}

/* What this one will be when the step comes: as they were seen, or, where that is empty, as an
 * earlier step leaves them. */
static struct ob_evidence_now foresee(const struct ob_value *person, const struct ob_value *by,
                                      int64_t at_ms)
{
    struct ob_evidence_now now = {.at_ms = at_ms};
    const char *state = ob_value_str(ob_list_at(person, 2));
    const char *kind = by ? ob_map_str(by, "kind") : NULL;
    if (state && *state)
        now.state = state;
    else if (kind && strcmp(kind, ob_kind_word(OB_KIND_DISABLE)) == 0)
        now.off_by = ob_map_str(by, "path");
    else if (kind)
        now.state = strcmp(kind, ob_kind_word(OB_KIND_DELETE)) == 0 ? "absent" : "active";
    return now;
}

static void tell(const struct ob_value *steps, size_t s, const struct ob_told_later *one,
                 struct ob_value *out)
{
    const struct ob_value *step = ob_list_at(steps, s), *people = ob_map_get(step, "people");
    const struct ob_value **by = changed_by(steps, s);
    bool required = ob_map_get(ob_map_get(step, "options"), "require") != NULL;
    ob_value_set_map(out);
    for (size_t i = 0; i < ob_list_count(people); i++) {
        struct ob_evidence_now now = foresee(ob_list_at(people, i), by[i], one->at_ms);
        struct ob_buf text, line;
        if (now.state && strcmp(now.state, "absent") == 0)
            continue; /* nothing will be done */
        ob_buf_init(&text, OB_BUF_SMALL);
        ob_buf_init(&line, OB_BUF_SMALL);
        bool holds = ob_evidence_holds(one->evidence, i, &now, &text);
        ob_buf_addf(&line, "%s%s", holds ? "" : "skipped: ", ob_buf_str(&text));
        if (!holds || (required && text.len))
            ob_map_put_str(out, id_at(people, i), ob_buf_str(&line));
        ob_buf_fini(&text);
        ob_buf_fini(&line);
    }
    free(by);
}

void ob_evidence_tell(struct ob_policy *p)
{
    struct ob_value *steps = ob_map_put(&p->doc, "steps");
    for (size_t s = 0; s < ob_list_count(steps); s++) {
        struct ob_value *step = &steps->list.items[s], told;
        const struct ob_told_later *one = p->told_later;
        while (one && strcmp(one->path, ob_map_str(step, "path")) != 0)
            one = one->next;
        if (!one)
            continue;
        ob_value_init(&told);
        tell(steps, s, one, &told);
        if (told.map.count)
            ob_value_copy(ob_map_put(step, "evidence"), &told);
        ob_value_fini(&told);
    }
}
