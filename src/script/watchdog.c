/* The last resort, outside of Lua: a policy that some C code keeps busy far past its budget ends
 * the process. Every effect is journalled before and after it, so that is always safe, and
 * `offboard resume` goes on. It counts the CPU time of this thread while it is inside the policy.
 */
#include "script/watchdog.h"
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GRACE_NS ((int64_t)5 * 1000000000)

static timer_t timer;
static bool made;

static void on_timer(int number)
{
    static const char text[] = "offboard: the policy did not end with its CPU budget; stopped. "
                               "Nothing is lost: offboard resume\n";
    (void)number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(1);
    _exit(13);
}

static bool make(void)
{
    struct sigaction sa = {.sa_handler = on_timer};
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGXCPU};
    sigemptyset(&sa.sa_mask);
    made = sigaction(SIGXCPU, &sa, NULL) == 0 &&
           timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &timer) == 0;
    return made;
}

static void set(int64_t ns)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)}};
    timer_settime(timer, 0, &when, NULL);
}

void ob_watchdog_start(int64_t budget_ns)
{
    if (made || make())
        set((budget_ns > 0 ? budget_ns : 0) + GRACE_NS);
}

void ob_watchdog_stop(void)
{
    if (made)
        set(0);
}
