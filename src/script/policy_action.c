/* One action of a target, proposed: its people and options are checked, guards and ceiling are
 * asked, and then a plan records it, or the engine carries it out. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/approval.h"
#include "engine/chunk.h"
#include "engine/id_shape.h"
#include "engine/plan.h"
#include "script/policy_gate.h"
#include "script/policy_parts.h"
#include "script/policy_rank.h"
#include "script/policy_recheck.h"
#include "script/policy_survey.h"
#include "script/policy_undo.h"
#include "script/provider.h"

/* ---- the people of a proposal, as C arrays that Lua owns ---- */

struct people {
    size_t count;
    const struct ob_roster *roster;
    const char **keys, **ids; /* lent by the roster's tables */
};

static int input_error(lua_State *L, const struct ob_member *m, const char *what)
{
    struct ob_err err;
    int64_t line = ob_table_line(m->table, m->row);
    if (line > 0)
        ob_fail(&err, OB_ERR_INPUT, "%s:%lld: %s", m->table->source, (long long)line, what);
    else
        ob_fail(&err, OB_ERR_INPUT, "%s: %s", m->table->source, what);
    return ob_raise_host(L, &err);
}

/* The column is of another cloud, or of none. */
static void check_shape(lua_State *L, const struct ob_target *t, const struct ob_member *m,
                        const char *column, const char *id)
{
    char what[600];
    if (ob_id_fits(&t->id_shape, id))
        return;
    snprintf(what, sizeof what,
             "%s%.60s%s is \"%.100s\", and %s wants %.100s; is it the right column?",
             column ? "column \"" : "the name", column ? column : "", column ? "\"" : "", id,
             t->name, ob_map_str(&t->id_shape, "what"));
    input_error(L, m, what);
}

static const char *person_id(lua_State *L, const struct ob_target *t, const struct ob_member *m,
                             const char *column)
{
    char what[400];
    const char *id = column ? ob_member_cell(m, column) : ob_member_key(m);
    if (!id)
        luaL_error(L, "%s has no column \"%s\" for id", m->table->source, column);
    const char *wrong = ob_provider_id_wrong(id, strlen(id));
    if (!wrong) {
        check_shape(L, t, m, column, id);
        return id;
    }
    snprintf(what, sizeof what, "%s%s%s %s; fill it, or leave the row out with :where",
             column ? "column \"" : "the name", column ? column : "", column ? "\"" : "", wrong);
    input_error(L, m, what);
    return NULL;
}

/* Two people with one account: whose is it? Refused, with both names. */
static void check_doubles(lua_State *L, const struct people *p, const char *column)
{
    lua_newtable(L);
    for (size_t i = 0; i < p->count; i++) {
        if (lua_getfield(L, -1, p->ids[i]) != LUA_TNIL) {
            char what[600];
            struct ob_member m = ob_roster_at(p->roster, i);
            snprintf(what, sizeof what, "%s and %s have the same %s \"%s\"", lua_tostring(L, -1),
                     p->keys[i], column ? column : "id", p->ids[i]);
            input_error(L, &m, what);
        }
        lua_pop(L, 1);
        lua_pushstring(L, p->keys[i]);
        lua_setfield(L, -2, p->ids[i]);
    }
    lua_pop(L, 1);
}

/* [-0, +1, e] */
static struct people *push_people(lua_State *L, const struct ob_target *t, int roster,
                                  const char *column)
{
    const struct ob_roster *r = ob_check_roster(L, roster);
    struct people *p = lua_newuserdatauv(L, sizeof *p + 2 * r->count * sizeof(char *), 0);
    p->count = r->count;
    p->roster = r;
    p->keys = (const char **)(p + 1);
    p->ids = p->keys + r->count;
    for (size_t i = 0; i < r->count; i++) {
        struct ob_member m = ob_roster_at(r, i);
        p->keys[i] = ob_member_key(&m);
        p->ids[i] = person_id(L, t, &m, column);
    }
    ob_charge(L, r->count);
    check_doubles(L, p, column);
    return p;
}

/* ---- options of a proposal ---- */

static int positive(lua_State *L, const struct ob_value *options, const char *name)
{
    const struct ob_value *v = ob_map_get(options, name);
    if (!v || v->type == OB_NULL)
        return 0;
    double n = v->type == OB_INT ? (double)v->i : v->type == OB_NUM ? v->n : 0;
    if (!(n >= 1 && n <= 1000000) || n != (double)(int)n)
        luaL_error(L, "option %s must be a whole number of 1 or more", name);
    return (int)n;
}

static void check_ramp(lua_State *L, const struct ob_value *ramp)
{
    if (!ramp)
        return;
    if (ramp->type != OB_LIST || !ramp->list.count)
        luaL_error(L, "option ramp is a list such as { 1, 5, \"20%%\" }");
    for (size_t i = 0; i < ramp->list.count; i++)
        if (!ob_share_of(&ramp->list.items[i], 100))
            luaL_error(L,
                       "option ramp: entry %d is neither a number of 1 or more nor a share such "
                       "as \"20%%\"",
                       (int)i + 1);
}

/* What becomes of one who is not any more what the plan says. */
static bool stops_on_change(lua_State *L, const struct ob_value *options)
{
    const struct ob_value *v = ob_map_get(options, "on_change");
    const char *word = v ? ob_value_str(v) : "skip";
    if (!word || (strcmp(word, "skip") != 0 && strcmp(word, "stop") != 0))
        luaL_error(L, "option on_change is \"skip\" or \"stop\"");
    return strcmp(word, "stop") == 0;
}

static void check_names(lua_State *L, const struct ob_value *options)
{
    static const char *const names[] = {"id",         "chunk",     "parallel",  "ramp",
                                        "on_failure", "stop_when", "undo_when", "on_change",
                                        "admins",     "require",   "straight",  NULL};
    for (size_t i = 0; options->type == OB_MAP && i < options->map.count; i++) {
        const char *const *n = names;
        while (*n && strcmp(*n, options->map.pairs[i].key.p) != 0)
            n++;
        if (!*n)
            luaL_error(L,
                       "unknown option \"%s\"; an action takes id, chunk, parallel, ramp, "
                       "on_failure, stop_when, undo_when, on_change, admins, require, straight",
                       options->map.pairs[i].key.p);
    }
}

static const struct ob_value *admins(lua_State *L, const struct ob_value *options)
{
    const struct ob_value *v = ob_map_get(options, "admins");
    bool good = !v || v->type == OB_LIST || (v->type == OB_MAP && !v->map.count);
    for (size_t i = 0; good && i < ob_list_count(v); i++)
        good = ob_value_str(ob_list_at(v, i)) != NULL;
    if (!good)
        luaL_error(L, "option admins is a list of ids such as { \"ada.chen\" }");
    return v;
}

/* ---- actions ---- */

/* The stack of an action: target, roster, options, and then */
enum { AT_TARGET = 1, AT_ROSTER, AT_TABLE, AT_GATE, AT_OPTIONS, AT_PATH, AT_PEOPLE };

/* [-0, +1|yield, e] The step is over, or asks whether it may go on. */
static int action_k(lua_State *L, int status, lua_KContext ctx)
{
    struct ob_policy *p = ob_policy_of(L);
    const struct ob_op *op = p->answer;
    (void)status, (void)ctx;
    if (op->asks) {
        ob_gate_answer(L, AT_GATE, lua_touserdata(L, AT_OPTIONS), p->current->op);
        return lua_yieldk(L, 0, 0, action_k);
    }
    ob_push_outcome(L, AT_ROSTER, op->people, op->count);
    ob_outcome_from(L, -1, lua_tostring(L, AT_PATH));
    bool gated = ob_gate_is_on(L, AT_GATE, lua_touserdata(L, AT_OPTIONS));
    return gated && op->go == OB_GO_UNDO ? ob_undo_because(L, AT_PATH) : 1;
}

static void fill_spec(lua_State *L, struct ob_step_spec *spec, struct ob_policy_target *pt,
                      const struct ob_action *a, const struct ob_value *options)
{
    check_names(L, options);
    *spec = (struct ob_step_spec){.target = pt->t, .action = a, .options = options};
    spec->chunk = positive(L, options, "chunk");
    spec->parallel = positive(L, options, "parallel");
    spec->ramp = ob_map_get(options, "ramp");
    spec->gated = ob_gate_is_on(L, AT_GATE, options);
    spec->stop_on_change = stops_on_change(L, options);
    check_ramp(L, spec->ramp);
    spec->admins = admins(L, options);
    const struct ob_value *id = ob_map_get(options, "id");
    if (id && id->type != OB_STR)
        luaL_error(L, "option id is the name of a column");
}

/* [-0, +1|0, e] Who was spared by a wait or struck by an approver, as the engine wants it; NULL for
 * nobody. */
static const char *const *push_skips(lua_State *L, const struct ob_step_spec *spec)
{
    const struct ob_policy *p = ob_policy_of(L);
    if (!p->spared.map.count && !ob_struck_count(p->opt.struck))
        return NULL;
    const char **skips = lua_newuserdatauv(L, (spec->count + 1) * sizeof *skips, 0);
    for (size_t i = 0; i < spec->count; i++) {
        skips[i] = ob_struck_why(p->opt.struck, spec->keys[i], spec->ids[i]);
        if (!skips[i])
            skips[i] = ob_recheck_spared(p, spec->keys[i], spec->ids[i]);
    }
    return skips;
}

static enum ob_status record(struct ob_policy *p, const struct ob_step_spec *spec,
                             struct ob_err *err)
{
    enum ob_status st = ob_record_step(p, spec->path, spec, err);
    return st == OB_OK ? ob_record_evidence(p, spec, err) : st;
}

/* With everything checked: plan records, apply carries out. */
static enum ob_status carry_out(struct ob_policy *p, struct ob_step_spec *spec, struct ob_op **op,
                                struct ob_err *err)
{
    char digest[65];
    enum ob_status st;
    ob_step_digest(spec->target->name, spec->action->name, spec->ids, spec->count, digest);
    spec->digest = digest;
    if (p->opt.mode == OB_MODE_PLAN)
        return record(p, spec, err);
    char *terms = ob_plan_terms(spec->action->name, spec->options);
    st = ob_ceiling_take(p->ceiling, spec->target->name, terms, spec->keys, spec->ids, spec->count,
                         p->current->waits, err);
    free(terms);
    if (st == OB_OK && spec->count)
        st = ob_engine_step(p->engine, spec, op, err);
    return st;
}

/* [-0, +1|0, e] What each was when planned; NULL while planning. */
static const struct ob_was *push_was(lua_State *L, const struct ob_step_spec *spec)
{
    const struct ob_policy *p = ob_policy_of(L);
    if (!p->ceiling)
        return NULL;
    struct ob_was *was = lua_newuserdatauv(L, (spec->count + 1) * sizeof *was, 0);
    char *terms = ob_plan_terms(spec->action->name, spec->options);
    for (size_t i = 0; i < spec->count; i++)
        was[i] = ob_ceiling_was(p->ceiling, spec->target->name, terms, spec->keys[i], spec->ids[i]);
    free(terms);
    return was;
}

/* [-0, +1|yield, e] */
static int propose(lua_State *L, struct ob_step_spec *spec)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_err err;
    struct ob_op *op = NULL;
    struct ob_value *left = ob_policy_push_owned(L);
    ob_require_push(L, spec, ob_check_roster(L, AT_ROSTER));
    p->proposed = true;
    if (p->opt.mode == OB_MODE_PLAN &&
        ob_rank_late(p, spec, ob_check_roster(L, AT_ROSTER), left, &err) != OB_OK)
        return ob_raise_host(L, &err);
    spec->skips = push_skips(L, spec);
    spec->was = push_was(L, spec);
    if (carry_out(p, spec, &op, &err) != OB_OK)
        return ob_raise_host(L, &err);
    if (op)
        return ob_policy_wait_for(L, op, action_k);
    if (p->opt.mode == OB_MODE_PLAN)
        ob_rank_record(p, left);
    ob_push_assumed(L, AT_ROSTER);
    ob_outcome_from(L, -1, spec->path);
    return 1;
}

/* [-0, +1, e] The options as a value; a function in them goes to AT_GATE. */
static struct ob_value *push_options(lua_State *L)
{
    lua_settop(L, AT_TABLE);
    ob_gate_take(L, AT_TABLE); /* becomes AT_GATE */
    struct ob_value *options = ob_policy_push_owned(L);
    if (lua_istable(L, AT_TABLE))
        ob_check_value(L, AT_TABLE, options);
    else if (!lua_isnil(L, AT_TABLE))
        luaL_argerror(L, AT_TABLE, "options must be a table");
    if (options->type != OB_MAP && ob_list_count(options))
        luaL_argerror(L, AT_TABLE, "options have names, such as { chunk = 100 }");
    if (options->type != OB_MAP)
        ob_value_set_map(options);
    return options;
}

/* [-0, +0, e] The proposal whose parts are on the stack. */
static void read_spec(lua_State *L, struct ob_step_spec *spec)
{
    const struct people *people = lua_touserdata(L, AT_PEOPLE);
    fill_spec(L, spec, ob_policy_check_target(L, AT_TARGET), lua_touserdata(L, lua_upvalueindex(1)),
              lua_touserdata(L, AT_OPTIONS));
    spec->path = lua_tostring(L, AT_PATH);
    spec->keys = people->keys;
    spec->ids = people->ids;
    spec->count = people->count;
}

/* [-0, +1|yield, e] The cloud has said what everybody is. */
static int survey_k(lua_State *L, int status, lua_KContext ctx)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_step_spec spec;
    struct ob_err err;
    (void)status, (void)ctx;
    read_spec(L, &spec);
    if (ob_survey_take(p, spec.target, spec.ids, spec.count, &p->answer->value, &err) != OB_OK)
        return ob_raise_host(L, &err);
    return propose(L, &spec);
}

/* [-0, +1|yield, e] */
static int survey(lua_State *L, struct ob_step_spec *spec)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_op *op = NULL;
    struct ob_err err;
    if (p->opt.mode == OB_MODE_PLAN &&
        ob_survey_start(p, spec->target, spec->ids, spec->count, &op, &err) != OB_OK)
        return ob_raise_host(L, &err);
    return op ? ob_policy_wait_for(L, op, survey_k) : propose(L, spec);
}

/* meeting:disable(people, { id = "meeting_account", chunk = 100 }); upvalue: the action. */
int ob_policy_action(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_step_spec spec;
    struct ob_err err;
    const struct ob_target *target = ob_policy_check_target(L, AT_TARGET)->t;
    lua_settop(L, AT_TABLE);
    ob_policy_may_wait(L, ((const struct ob_action *)lua_touserdata(L, lua_upvalueindex(1)))->name);
    ob_check_roster(L, AT_ROSTER);
    struct ob_value *options = push_options(L);
    ob_policy_push_path(L);
    push_people(L, target, AT_ROSTER, ob_map_str(options, "id"));
    read_spec(L, &spec);
    if (ob_rank_early(p, &spec, ob_check_roster(L, AT_ROSTER), &err) != OB_OK)
        return ob_raise_host(L, &err);
    return survey(L, &spec);
}
