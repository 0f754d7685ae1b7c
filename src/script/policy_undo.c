/* See policy_undo.h. What is to be undone is found in the ledger (undo_find.c); this file carries
 * it out, part after part, and makes one outcome of it. */
#include "script/policy_undo.h"
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "engine/marks.h"
#include "engine/plan.h"
#include "script/undo_find.h"

/* What waits on the stack of whoever undoes. */
struct undo {
    struct ob_undo_work work;
    char *prefix;
    int64_t of; /* the run that is undone */
    struct ob_undo_part part;
    struct ob_value verdicts; /* key -> { state, detail }: the worst over all parts */
    int of_outcome;           /* the place on the stack of what is undone; 0: a whole run */
    bool gives_it;            /* and answers it; else an outcome of its own */
};

static int l_free(lua_State *L)
{
    struct undo *u = lua_touserdata(L, 1);
    ob_undo_part_fini(&u->part);
    ob_undo_work_fini(&u->work);
    ob_value_fini(&u->verdicts);
    free(u->prefix);
    return 0;
}

/* [-0, +1, e] */
static struct undo *push_undo(lua_State *L, const char *prefix, int64_t of)
{
    struct undo *u = lua_newuserdatauv(L, sizeof *u, 0);
    memset(u, 0, sizeof *u);
    ob_value_set_map(&u->verdicts);
    u->of = of;
    if (luaL_newmetatable(L, "ob.undo")) {
        lua_pushcfunction(L, l_free);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    u->prefix = ob_xstrdup(prefix);
    return u;
}

/* ---- verdicts ---- */

static int badness(enum ob_person_state s)
{
    switch (s) {
    case OB_P_SKIPPED:
        return 0;
    case OB_P_SUCCEEDED:
        return 1;
    case OB_P_FAILED:
        return 3;
    default:
        return 2;
    }
}

static void note_verdict(struct undo *u, const char *key, enum ob_person_state state,
                         const char *detail)
{
    struct ob_value *v = ob_map_put(&u->verdicts, key);
    enum ob_person_state was = (enum ob_person_state)ob_map_int(v, "state", OB_P_SKIPPED);
    if (v->type == OB_MAP && badness(was) > badness(state))
        return;
    ob_value_set_map(v);
    ob_map_put_int(v, "state", state);
    ob_map_put_str(v, "detail", detail ? detail : "");
}

/* Whom an earlier part could not bring back is not touched by a later one. */
static bool may_go_on(void *ctx, const char *key)
{
    struct undo *u = ctx;
    const struct ob_value *v = ob_map_get(&u->verdicts, key);
    return !v || badness((enum ob_person_state)ob_map_int(v, "state", 0)) < 2;
}

static enum ob_status take(struct ob_policy *p, struct undo *u, const struct ob_op *op,
                           struct ob_err *err)
{
    enum ob_status st = OB_OK;
    for (size_t i = 0; i < op->count && st == OB_OK; i++) {
        const struct ob_person *one = &op->people[i];
        note_verdict(u, one->key, one->told_unknown ? OB_P_UNKNOWN : one->state, one->detail);
        if (u->part.doubtful[i])
            st = ob_undo_settle(p->opt.ledger, u->of, &u->part, i, one->state, err);
    }
    return st;
}

/* ---- one part ---- */

static struct ob_step_spec spec_of(const struct undo *u, const struct ob_value *options,
                                   const char *path)
{
    const struct ob_undo_part *part = &u->part;
    return (struct ob_step_spec){
        .target = part->target,
        .action = part->action,
        .path = path,
        .options = options,
        .keys = (const char *const *)part->keys,
        .ids = (const char *const *)part->ids,
        .count = part->count,
        .groups = part->action->from_snapshot ? (const char *const *)part->groups : NULL,
        .snapshots = part->action->from_snapshot ? part->snapshots : NULL,
        .doubtful = part->doubtful,
        .undoes = true,
    };
}

/* A plan lists it; a run under a plan needs it there; what this run did may always be undone. */
static enum ob_status carry_out(struct ob_policy *p, struct undo *u, struct ob_step_spec *spec,
                                struct ob_op **op, struct ob_err *err)
{
    char digest[65];
    enum ob_status st = OB_OK;
    ob_step_digest(spec->target->name, spec->action->name, spec->ids, spec->count, digest);
    spec->digest = digest;
    if (p->opt.mode == OB_MODE_PLAN)
        return ob_record_undoing(p, spec->path, spec, u->part.undoes, err);
    if (u->of != p->opt.run)
        st = ob_ceiling_take(p->ceiling, spec->target->name, spec->action->name, spec->keys,
                             spec->ids, spec->count, NULL, err);
    return st == OB_OK ? ob_engine_step(p->engine, spec, op, err) : st;
}

static enum ob_status start(struct ob_policy *p, struct undo *u, struct ob_op **op,
                            struct ob_err *err)
{
    struct ob_value options = {0};
    struct ob_undo_part *part = &u->part;
    char *path = ob_undo_path(u->prefix, part->of, part->link);
    ob_value_set_map(&options);
    ob_map_put_str(&options, "undoes", part->of);
    if (u->of != p->opt.run)
        ob_map_put_int(&options, "run", u->of);
    struct ob_step_spec spec = spec_of(u, &options, path);
    enum ob_status st = carry_out(p, u, &spec, op, err);
    ob_value_fini(&options);
    free(path);
    return st;
}

/* The next part that somebody is in; *op stays NULL when there is none, or when it was planned. */
static enum ob_status next(struct ob_policy *p, struct undo *u, struct ob_op **op,
                           struct ob_err *err)
{
    enum ob_status st = OB_OK;
    bool more = true;
    while (st == OB_OK && more && !*op) {
        st = ob_undo_next(&u->work, p->opt.ledger, may_go_on, u, &u->part, &more, err);
        for (size_t i = 0; st == OB_OK && i < u->part.lost_count; i++)
            note_verdict(u, u->part.lost[i], OB_P_FAILED, "no snapshot: nothing to bring back");
        if (st == OB_OK && more && u->part.count)
            st = start(p, u, op, err);
    }
    return st;
}

/* ---- the whole ---- */

/* [-0, +1, e] One state for each member of the roster at `at`. */
static void push_result(lua_State *L, struct undo *u, int at)
{
    const struct ob_roster *r = ob_check_roster(L, at);
    struct ob_person *people = lua_newuserdatauv(L, (r->count + 1) * sizeof *people, 0);
    for (size_t i = 0; i < r->count; i++) {
        struct ob_member m = ob_roster_at(r, i);
        const struct ob_value *v = ob_map_get(&u->verdicts, ob_member_key(&m));
        people[i] =
            (struct ob_person){.key = ob_member_key(&m),
                               .state = (enum ob_person_state)ob_map_int(v, "state", OB_P_SKIPPED),
                               .detail = (char *)ob_map_str(v, "detail")};
    }
    ob_push_outcome(L, at, people, r->count);
}

static int undo_k(lua_State *L, int status, lua_KContext ctx);

/* [-0, +1|yield, e] Stack: the roster at `at`, the undo behind it. */
static int go_on(lua_State *L, struct undo *u, int at)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_op *op = NULL;
    struct ob_err err;
    if (next(p, u, &op, &err) != OB_OK)
        return ob_raise_host(L, &err);
    if (op) {
        ob_policy_set_op(L, op);
        return lua_yieldk(L, 0, at, undo_k);
    }
    if (u->of_outcome)
        ob_outcome_undo(L, u->of_outcome, &u->verdicts);
    if (u->of_outcome && !u->gives_it && p->opt.mode != OB_MODE_PLAN &&
        ob_ledger_step_settle(p->opt.ledger, p->opt.run, u->prefix, NULL, &err) != OB_OK)
        return ob_raise_host(L, &err);
    if (u->gives_it)
        lua_pushvalue(L, u->of_outcome);
    else
        push_result(L, u, at);
    return 1;
}

static int undo_k(lua_State *L, int status, lua_KContext ctx)
{
    struct ob_policy *p = ob_policy_of(L);
    struct undo *u = lua_touserdata(L, (int)ctx + 1);
    struct ob_err err;
    (void)status;
    if (take(p, u, p->answer, &err) != OB_OK)
        return ob_raise_host(L, &err);
    return go_on(L, u, (int)ctx);
}

/* Before the first part: what the policy was told stays so, and nothing of the steps is done any
 * more. In one commit: a replay that came in between could decide otherwise, half undone. */
static enum ob_status lay_down(struct ob_policy *p, struct undo *u, const struct ob_step_row *row,
                               struct ob_err *err)
{
    bool begun;
    enum ob_status st = ob_engine_flush(p->engine, err);
    if (st == OB_OK)
        st = ob_undo_is_begun(&u->work, p->opt.ledger, &begun, err);
    if (st == OB_OK && begun && !row)
        return OB_OK; /* by an earlier process */
    if (st == OB_OK)
        st = ob_ledger_begin(p->opt.ledger, err);
    if (st != OB_OK)
        return st;
    if (u->of == p->opt.run)
        st = ob_marks_freeze(p->opt.ledger, p->opt.run, err);
    if (st == OB_OK)
        st = ob_undo_close(&u->work, p->opt.ledger, err);
    if (st == OB_OK && row)
        st = ob_ledger_step_put(p->opt.ledger, p->opt.run, row, NULL, 0, err);
    if (st == OB_OK)
        return ob_ledger_commit(p->opt.ledger, err);
    ob_ledger_rollback(p->opt.ledger);
    return st;
}

/* [-0, +1|yield, e] The roster is on top. `row`: what is put for the undo itself; NULL: nothing. */
static int begin(lua_State *L, const char *prefix, int64_t of, const struct ob_value *paths,
                 int outcome, bool gives_it, const struct ob_step_row *row)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_err err;
    int at = lua_gettop(L);
    struct undo *u = push_undo(L, prefix, of);
    u->of_outcome = outcome;
    u->gives_it = gives_it;
    enum ob_status st = ob_undo_find(&u->work, p, of, u->prefix, paths, &err);
    if (st == OB_OK && p->opt.mode != OB_MODE_PLAN)
        st = lay_down(p, u, row, &err);
    return st == OB_OK ? go_on(L, u, at) : ob_raise_host(L, &err);
}

/* [-0, +1, e] The paths of an outcome's steps, as a value. */
static const struct ob_value *push_paths(lua_State *L, int outcome)
{
    struct ob_value *paths = ob_policy_push_owned(L);
    ob_outcome_paths(L, outcome, paths);
    return paths;
}

int ob_undo_because(lua_State *L, int path)
{
    int outcome = lua_gettop(L);
    const struct ob_value *paths = push_paths(L, outcome);
    ob_outcome_push_roster(L, outcome);
    return begin(L, lua_tostring(L, path), ob_policy_of(L)->opt.run, paths, outcome, true, NULL);
}

/* [-0, +1|yield, e] An undo is a row like a proposal: a replay that comes by here with anything
 * else does not replay the same way. */
static int begin_at(lua_State *L, struct ob_policy *p, const char *path,
                    const struct ob_value *paths)
{
    struct ob_step_row was,
        row = {.path = (char *)path, .target = (char *)"", .action = (char *)"undo"};
    char digest[65];
    struct ob_err err;
    enum ob_status st = ob_ledger_step_get(p->opt.ledger, p->opt.run, path, &was, &err);
    bool begun = st == OB_OK && was.path;
    ob_reading_digest(paths, digest);
    row.digest = digest;
    if (begun && (strcmp(was.action, "undo") != 0 || strcmp(was.digest, digest) != 0))
        st = ob_fail(&err, OB_ERR_POLICY,
                     "step %s was another one when this run began: the policy does not replay the "
                     "same way",
                     path);
    if (begun)
        ob_step_row_fini(&was);
    if (st != OB_OK)
        return ob_raise_host(L, &err);
    return begin(L, path, p->opt.run, paths, 1, false, begun ? NULL : &row);
}

int ob_policy_undo(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    size_t len;
    struct ob_err err;
    lua_settop(L, 2);
    ob_outcome_check(L, 1);
    ob_policy_may_wait(L, "undo");
    const char *reason = lua_isnil(L, 2) ? "" : ob_tostring(L, 2, &len);
    const char *path = ob_policy_push_path(L);
    const struct ob_value *paths = push_paths(L, 1);
    ob_outcome_push_roster(L, 1);
    if (ob_record_undo(p, path, paths, reason, &err) != OB_OK)
        return ob_raise_host(L, &err);
    if (p->opt.mode == OB_MODE_PLAN) {
        ob_outcome_undo(L, 1, NULL);
        ob_push_assumed(L, -1);
        return 1;
    }
    return begin_at(L, p, path, paths);
}

static int l_undo_run(lua_State *L)
{
    struct ob_policy *p = ob_policy_of(L);
    struct ob_err err;
    lua_settop(L, 0);
    const char *path = ob_policy_push_path(L);
    struct ob_table **slot = ob_policy_push_slot(L);
    if (ob_undo_people(p, p->opt.undo_of, slot, &err) != OB_OK)
        return ob_raise_host(L, &err);
    ob_policy_push_table(L, slot);
    return begin(L, path, p->opt.undo_of, NULL, 0, false, NULL);
}

void ob_open_policy_undo(lua_State *L)
{
    if (!ob_policy_of(L)->opt.undo_of)
        return;
    ob_push_env(L);
    lua_pushcfunction(L, l_undo_run);
    lua_setfield(L, -2, "undo_run");
    lua_pop(L, 1);
}
