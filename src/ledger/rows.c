/* The rows that the ledger hands out: how each is freed, and the words for their states. Knows
 * no database. Called by whoever reads rows. */
#include "ledger/rows.h"
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const run_states[] = {[OB_RUN_OPEN] = "open", [OB_RUN_DONE] = "done"};

static const char *const person_states[] = {
    [OB_P_PENDING] = "pending",   [OB_P_READY] = "ready",     [OB_P_SENT] = "sent",
    [OB_P_ACCEPTED] = "accepted", [OB_P_DOUBT] = "doubt",     [OB_P_SUCCEEDED] = "succeeded",
    [OB_P_FAILED] = "failed",     [OB_P_UNKNOWN] = "unknown", [OB_P_SKIPPED] = "skipped",
};

static const char *const call_kinds[] = {
    [OB_CALL_ACT] = "act",           [OB_CALL_LOOKUP] = "lookup", [OB_CALL_LIST] = "list",
    [OB_CALL_SNAPSHOT] = "snapshot", [OB_CALL_LOGIN] = "login",   [OB_CALL_RAW] = "raw",
};

static const char *word_at(const char *const *table, size_t count, size_t i)
{
    return i < count ? table[i] : "?";
}

static int find(const char *const *table, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i], word) == 0)
            return (int)i;
    return -1;
}

const char *ob_run_state_word(enum ob_run_state s)
{
    return word_at(run_states, COUNT(run_states), s);
}

const char *ob_person_state_word(enum ob_person_state s)
{
    return word_at(person_states, COUNT(person_states), s);
}

const char *ob_call_kind_word(enum ob_call_kind k)
{
    return word_at(call_kinds, COUNT(call_kinds), k);
}

bool ob_run_state_parse(const char *word, enum ob_run_state *s)
{
    int i = find(run_states, COUNT(run_states), word);
    *s = i < 0 ? OB_RUN_OPEN : (enum ob_run_state)i;
    return i >= 0;
}

bool ob_person_state_parse(const char *word, enum ob_person_state *s)
{
    int i = find(person_states, COUNT(person_states), word);
    *s = i < 0 ? OB_P_PENDING : (enum ob_person_state)i;
    return i >= 0;
}

bool ob_call_kind_parse(const char *word, enum ob_call_kind *k)
{
    int i = find(call_kinds, COUNT(call_kinds), word);
    *k = i < 0 ? OB_CALL_ACT : (enum ob_call_kind)i;
    return i >= 0;
}

bool ob_status_parse(const char *word, enum ob_status *s)
{
    *s = OB_OK;
    if (!*word)
        return true;
    for (int i = 0; i < OB_STATUS_COUNT; i++)
        if (strcmp(ob_status_word((enum ob_status)i), word) == 0) {
            *s = (enum ob_status)i;
            return true;
        }
    return false;
}

bool ob_person_state_final(enum ob_person_state s)
{
    return s == OB_P_SUCCEEDED || s == OB_P_FAILED || s == OB_P_UNKNOWN || s == OB_P_SKIPPED;
}

void ob_plan_row_fini(struct ob_plan_row *p)
{
    free(p->digest);
    free(p->policy_name);
    ob_buf_fini(&p->document);
    memset(p, 0, sizeof *p);
}

void ob_run_row_fini(struct ob_run_row *r)
{
    free(r->detail);
    memset(r, 0, sizeof *r);
}

void ob_step_row_fini(struct ob_step_row *s)
{
    free(s->path);
    free(s->target);
    free(s->action);
    free(s->kind);
    free(s->digest);
    ob_buf_fini(&s->options);
    ob_buf_fini(&s->result);
    memset(s, 0, sizeof *s);
}

void ob_person_row_fini(struct ob_person_row *p)
{
    free(p->person);
    free(p->id);
    free(p->detail);
    memset(p, 0, sizeof *p);
}

void ob_call_row_fini(struct ob_call_row *c)
{
    free(c->step);
    free(c->target);
    free(c->action);
    free(c->request_id);
    free(c->body_digest);
    free(c->people);
    free(c->result);
    free(c->detail);
    memset(c, 0, sizeof *c);
}
