/* What the engine tells while it works: the progress line, and the events of --json. */
#include <stdio.h>
#include <string.h>
#include "cli/session.h"
#include "report/events.h"

static void emit_person(const struct ob_notice *n)
{
    struct ob_event ev;
    ob_event_init(&ev, "person");
    ob_map_put_str(&ev.fields, "person", n->person);
    ob_map_put_str(&ev.fields, "target", n->target);
    ob_map_put_str(&ev.fields, "action", n->action);
    ob_map_put_str(&ev.fields, "outcome", n->what);
    ob_map_put_str(&ev.fields, "detail", n->detail ? n->detail : "");
    ob_event_emit(&ev, stdout);
}

static void emit_call(const struct ob_notice *n)
{
    struct ob_event ev;
    ob_event_init(&ev, "call");
    ob_map_put_str(&ev.fields, "target", n->target);
    ob_map_put_str(&ev.fields, "action", n->action);
    ob_map_put_str(&ev.fields, "kind", ob_call_kind_word(n->call_kind));
    ob_map_put_str(&ev.fields, "result", n->what);
    ob_map_put_str(&ev.fields, "detail", n->detail ? n->detail : "");
    ob_map_put_int(&ev.fields, "people", n->count);
    ob_event_emit(&ev, stdout);
}

static void begin_phase(struct ob_session *s, const struct ob_notice *n)
{
    snprintf(s->at_what, sizeof s->at_what, "%s %s", n->target, n->action);
    s->at.what = s->at_what;
    if (strcmp(n->what, "check") == 0) {
        s->at.done = s->at.failed = s->at.unknown = 0;
        s->at.total = n->total;
    }
    snprintf(s->at_note, sizeof s->at_note, "%s",
             strcmp(n->what, "check") == 0    ? "looking them up"
             : strcmp(n->what, "verify") == 0 ? "reading back"
                                              : "");
}

static void count_person(struct ob_session *s, const struct ob_notice *n)
{
    s->at.done++;
    if (strcmp(n->what, "failed") == 0)
        s->at.failed++;
    else if (strcmp(n->what, "unknown") == 0)
        s->at.unknown++;
}

/* What the policy notes while it is carried out: with the real outcomes, not the plan's. */
static void tell_note(struct ob_session *s, const struct ob_notice *n)
{
    struct ob_event ev;
    ob_progress_clear(&s->progress);
    ob_cli_say(s->cli, "note: %s", n->detail);
    if (!s->cli->json)
        return;
    ob_event_init(&ev, "note");
    ob_map_put_str(&ev.fields, "note", n->detail);
    ob_event_emit(&ev, stdout);
}

void ob_session_notified(void *ctx, const struct ob_notice *n)
{
    struct ob_session *s = ctx;
    switch (n->kind) {
    case OB_NOTICE_PHASE:
        begin_phase(s, n);
        break;
    case OB_NOTICE_PERSON:
        count_person(s, n);
        if (s->cli->json)
            emit_person(n);
        break;
    case OB_NOTICE_CALL:
        if (s->cli->json)
            emit_call(n);
        break;
    case OB_NOTICE_HOLD:
        snprintf(s->at_note, sizeof s->at_note, "%s throttles: next call in %.1f s", n->target,
                 (double)n->count / 1000);
        break;
    case OB_NOTICE_NOTE:
        tell_note(s, n);
        break;
    }
    s->at.note = s->at_note[0] ? s->at_note : NULL;
    if (s->at.what)
        ob_progress_show(&s->progress, ob_mono_ms(ob_clock_real()), &s->at);
}
