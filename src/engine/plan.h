/* The plan's document, and the ceiling it sets for its run. The document is one value:
 *
 *   { version, program, created_ms, valid_ms, now_ms, today, asked_now, again,
 *     by = { user, host, key? },                        who planned
 *     policy = { name, path?, digest },
 *     inputs = [{ name, source, path?, digest, format, encoding?, separator?, key? }],
 *     vars = { K = V },
 *     max_delete, ceiling?, allow_empty, memory, cpu_ms,
 *     limits = [{ target, population?, rules = [{ of, what, people, by, share? }] }],
 *     targets = [{ name, provider, endpoint, people? }],
 *     readings = [{ path, target, op, asked, digest }],    asked: digest of the question;
 *                                                          digest: of the answer, kept as a blob
 *     steps = [{ path, where, target, action, kind, options, people = [person, ...] }
 *            | { path, target, action = "request", request = "POST /x", digest }],
 *     approvals = [{ target, action, need, planner, of = [print] }],    left out: nobody has to
 *     notes = [text] }
 *
 *   A step that comes after waits has them as `waits`, one a line (ob_waits_add).
 *
 *   person = [key, id, state, print]: what the cloud said of each: the state is "" when an earlier
 *   step of the plan is assumed to have changed it, print is of identity.h. An undo has [key, id].
 *
 * Written canonically (names sorted, integers exact); its SHA-256 is the plan's digest, which is
 * what is approved. The id is the beginning of another one, over all but what is of the moment
 * (when, by whom, what was read on the way): nothing has changed as long as planning again gives
 * the same id. */
#pragma once
#include "base/status.h"
#include "base/value.h"
#include "engine/engine.h"
#include "ledger/ledger.h"

#define OB_PLAN_VERSION  2
#define OB_PLAN_VALID_MS ((int64_t)24 * 3600 * 1000) /* until it has to be begun */

/* Seals a document: fills id, digest and document of `out`. Error: the document is too large. */
OB_MUST_CHECK enum ob_status ob_plan_seal(const struct ob_value *doc, struct ob_plan_row *out,
                                          struct ob_err *err);
/* A document that was changed, or of a newer program, is refused (OB_ERR_STALE). One of an older
 * program is not: a run of it may have to go on. */
/* (One that somebody was erased from passes: it may be shown, and ob_ledger_plan_usable() keeps it
 * from being carried out.) */
OB_MUST_CHECK enum ob_status ob_plan_check(const struct ob_value *doc,
                                           const struct ob_plan_row *row, struct ob_err *err);

/* An action with those of its options by which people are kept from harm (admins, on_change,
 * require, straight): what a run may do with other ones than its plan says is another thing. Caller
 * frees. */
char *ob_plan_terms(const char *action, const struct ob_value *options);

/* What a run may do: every (target, action with its terms, name, id) of the plan, as often as it is
 * there. */
struct ob_ceiling;
struct ob_ceiling *ob_ceiling_new(const struct ob_value *doc);
void ob_ceiling_free(struct ob_ceiling *c);
/* Uses up one permission for each id. OB_ERR_GUARD names the first person who is not in the
 * plan, or the proposal that is not. */
OB_MUST_CHECK enum ob_status ob_ceiling_take(struct ob_ceiling *c, const char *target,
                                             const char *action, const char *const *keys,
                                             const char *const *ids, size_t count,
                                             const char *waits, struct ob_err *err);
/* `waits`: what the run has waited for on the way, a line each (NULL: nothing); every wait that the
 * plan has before the same step must be among them, in that order. The text with one more is the
 * caller's. */
char *ob_waits_add(const char *waits, const struct ob_value *options);
bool ob_waits_hold(const char *planned, const char *waits);
/* What this person was when the plan was made; the texts live as long as the document. */
struct ob_was ob_ceiling_was(const struct ob_ceiling *c, const char *target, const char *action,
                             const char *key, const char *id);

/* How many people the steps of a plan name, all actions together. */
int64_t ob_plan_people(const struct ob_value *doc);
/* The endpoint and provider of each target must still be what was planned (OB_ERR_STALE). */
OB_MUST_CHECK enum ob_status ob_plan_target(const struct ob_value *doc, const char *name,
                                            const char *provider, const char *endpoint,
                                            struct ob_err *err);
