/* The real clock, and the texts of time. Days are counted by the civil calendar formula, so that
 * no libc call decides by locale or time zone but in ob_date_local, whose purpose that is. */
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t real_wall(void *self)
{
    return read_ms(CLOCK_REALTIME);
}

static int64_t real_mono(void *self)
{
    return read_ms(CLOCK_MONOTONIC);
}

const struct ob_clock *ob_clock_real(void)
{
    static const struct ob_clock real = {NULL, real_wall, real_mono};
    return &real;
}

/* Rounds down, so that a moment before 1970 keeps a fraction that counts forwards. */
static time_t seconds_of(int64_t wall_ms, int *ms)
{
    int64_t seconds = wall_ms / 1000, rest = wall_ms % 1000;
    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    *ms = (int)rest;
    return (time_t)seconds;
}

char *ob_time_iso(int64_t wall_ms, bool ms, char out[OB_TIME_TEXT])
{
    struct tm tm;
    int rest;
    time_t t = seconds_of(wall_ms, &rest);
    out[0] = '\0';
    if (!gmtime_r(&t, &tm))
        return out;
    size_t n = strftime(out, OB_TIME_TEXT - 8, "%Y-%m-%dT%H:%M:%S", &tm);
    if (ms)
        n += (size_t)snprintf(out + n, OB_TIME_TEXT - n, ".%03d", rest);
    snprintf(out + n, OB_TIME_TEXT - n, "Z");
    return out;
}

char *ob_time_basic(int64_t wall_ms, char out[OB_TIME_TEXT])
{
    struct tm tm;
    int rest;
    time_t t = seconds_of(wall_ms, &rest);
    if (!gmtime_r(&t, &tm) || !strftime(out, OB_TIME_TEXT, "%Y%m%dT%H%M%SZ", &tm))
        out[0] = '\0';
    return out;
}

char *ob_date_local(int64_t wall_ms, char out[OB_TIME_TEXT])
{
    struct tm tm;
    int rest;
    time_t t = seconds_of(wall_ms, &rest);
    tzset(); /* localtime_r need not look at TZ by itself */
    if (!localtime_r(&t, &tm) || !strftime(out, OB_TIME_TEXT, "%Y-%m-%d", &tm))
        out[0] = '\0';
    return out;
}

/* Exactly `digits` decimal digits; moves on only when they are there. */
static bool number(const char **s, int digits, int min, int max, int *out)
{
    int n = 0;
    for (int i = 0; i < digits; i++) {
        char c = (*s)[i];
        if (c < '0' || c > '9')
            return false;
        n = n * 10 + (c - '0');
    }
    *s += digits;
    *out = n;
    return n >= min && n <= max;
}

static bool skip(const char **s, char c)
{
    if (**s != c)
        return false;
    ++*s;
    return true;
}

static int days_in_month(int y, int m)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m == 2 && leap ? 29 : days[m - 1];
}

/* Days since 1970-01-01 (Hinnant, days_from_civil). */
static int64_t days_of(int y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool read_date(const char **s, int64_t *days)
{
    int y, m, d;
    if (!number(s, 4, 0, 9999, &y) || !skip(s, '-') || !number(s, 2, 1, 12, &m) || !skip(s, '-') ||
        !number(s, 2, 1, days_in_month(y, m), &d))
        return false;
    *days = days_of(y, m, d);
    return true;
}

/* ".701000": any number of digits, of which three count. */
static bool read_fraction(const char **s, int64_t *ms)
{
    int64_t scale = 100;
    if (!skip(s, '.') && !skip(s, ','))
        return true;
    if (**s < '0' || **s > '9')
        return false;
    for (; **s >= '0' && **s <= '9'; ++*s, scale /= 10)
        *ms += (**s - '0') * scale;
    return true;
}

static bool read_offset(const char **s, int64_t *ms)
{
    int h, m = 0;
    if (**s == '\0' || skip(s, 'Z') || skip(s, 'z'))
        return true;
    int sign = **s == '-' ? 1 : -1; /* east of Greenwich is earlier in UTC */
    if ((!skip(s, '+') && !skip(s, '-')) || !number(s, 2, 0, 23, &h))
        return false;
    if (skip(s, ':') ? !number(s, 2, 0, 59, &m) : **s && !number(s, 2, 0, 59, &m))
        return false;
    *ms += sign * ((int64_t)h * 60 + m) * 60000;
    return true;
}

bool ob_time_parse(const char *s, int64_t *wall_ms)
{
    int64_t days, ms = 0;
    int h = 0, m = 0, sec = 0;
    if (!read_date(&s, &days))
        return false;
    if (*s) {
        if (!skip(&s, 'T') && !skip(&s, 't') && !skip(&s, ' '))
            return false;
        if (!number(&s, 2, 0, 23, &h) || !skip(&s, ':') || !number(&s, 2, 0, 59, &m) ||
            !skip(&s, ':') || !number(&s, 2, 0, 60, &sec) || !read_fraction(&s, &ms) ||
            !read_offset(&s, &ms) || *s)
            return false;
    }
    *wall_ms = ms + (((days * 24 + h) * 60 + m) * 60 + sec) * 1000;
    return true;
}

bool ob_date_begin(const char *date, int64_t *wall_ms)
{
    struct tm tm = {.tm_isdst = -1};
    int64_t days;
    const char *end = date;
    if (!read_date(&end, &days) || *end)
        return false;
    sscanf(date, "%d-%d-%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    tzset();
    time_t t = mktime(&tm); /* a midnight that summer time skips is the moment after it */
    *wall_ms = (int64_t)t * 1000;
    return t != (time_t)-1;
}

bool ob_duration_parse(const char *s, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end;
    long long n = *s >= '0' && *s <= '9' ? strtoll(s, &end, 10) : 0;
    if (n < 1 || n > 1000000000)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0) {
            *ms = n * units[i].ms;
            return true;
        }
    return false;
}
