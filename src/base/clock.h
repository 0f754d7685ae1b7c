/* Time as an interface, so that the engine runs in real and in virtual time; and its texts. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ob_clock {
    void *self;
    int64_t (*wall_ms)(void *self); /* milliseconds since 1970 UTC: for people and signatures */
    int64_t (*mono_ms)(void *self); /* never goes back: for timeouts and pace */
};

const struct ob_clock *ob_clock_real(void);
static inline int64_t ob_wall_ms(const struct ob_clock *c)
{
    return c->wall_ms(c->self);
}
static inline int64_t ob_mono_ms(const struct ob_clock *c)
{
    return c->mono_ms(c->self);
}

#define OB_TIME_TEXT 32
/* "2026-11-22T04:03:00Z"; with `ms` also the milliseconds. Returns out. */
char *ob_time_iso(int64_t wall_ms, bool ms, char out[OB_TIME_TEXT]);
/* "20261122T040300Z", as X-Sdk-Date wants it. */
char *ob_time_basic(int64_t wall_ms, char out[OB_TIME_TEXT]);
/* "2026-11-22" in the local time zone (TZ), the administrator's today. */
char *ob_date_local(int64_t wall_ms, char out[OB_TIME_TEXT]);
/* When a day begins in the local time zone: "2026-12-31". False when that is no date. */
bool ob_date_begin(const char *date, int64_t *wall_ms);
/* "90s", "30m", "2h", "7d": a number of one unit, above 0. False when it is none. */
bool ob_duration_parse(const char *s, int64_t *ms);
/* Reads the dates and times that ob_time_iso writes, with optional fraction and offset. */
bool ob_time_parse(const char *s, int64_t *wall_ms);
