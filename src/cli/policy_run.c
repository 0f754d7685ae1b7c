/* One policy at work in this process: what it is given, and how it is stopped. A signal stops it
 * once what is in flight came back, a second one at once; a deadline does as the first signal does.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>
#include "cli/session.h"

static struct ob_policy *volatile running;
static struct ob_transport running_transport;
static volatile sig_atomic_t signals_seen;

static void on_signal(int number)
{
    enum ob_status status = number == SIGINT ? OB_ERR_SIGINT : OB_ERR_SIGTERM;
    int saved = errno;
    if (signals_seen++)
        _exit(128 + number);
    if (running) {
        ob_policy_stop(running, status);
        running_transport.wake(running_transport.self);
    }
    errno = saved;
}

static void listen_to_signals(struct ob_policy *p, struct ob_transport t)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigemptyset(&sa.sa_mask);
    running_transport = t;
    running = p;
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
}

static void ignore_signals_again(void)
{
    running = NULL;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

void ob_session_options(struct ob_session *s, struct ob_policy_options *o)
{
    o->config = s->config;
    o->clock = ob_clock_real();
    o->transport = ob_http_transport(s->http);
    o->ledger = s->ledger;
    o->parallel = (int)ob_cli_int(s->cli, "parallel", 0);
    o->notify = ob_session_notified;
    o->notify_ctx = s;
    o->deadline_ms = s->deadline_ms;
}

enum ob_status ob_session_policy(struct ob_session *s, const struct ob_policy_options *o,
                                 struct ob_value *doc, int64_t *due_ms, struct ob_err *err)
{
    struct ob_policy *p;
    enum ob_status st = ob_policy_new(&p, o, err);
    if (st != OB_OK)
        return st;
    listen_to_signals(p, o->transport);
    st = ob_policy_run(p, err);
    ignore_signals_again();
    ob_progress_clear(&s->progress);
    if (st == OB_OK && doc)
        ob_value_copy(doc, ob_policy_document(p));
    if (st == OB_ERR_GUARD)
        ob_show_trips(s->cli, ob_policy_trips(p), o->plan ? o->plan : ob_policy_document(p));
    if (st == OB_ERR_SIGTERM && ob_policy_is_late(p))
        ob_fail(err, st, "stopped by --deadline %s before all was done",
                ob_cli_text(s->cli, "deadline"));
    if (due_ms)
        *due_ms = st == OB_ERR_WAITING ? ob_policy_due(p) : 0;
    ob_policy_free(p);
    return st;
}
