/* See health.h. */
#include "engine/health.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"

#define DAY_MS 86400000.0

void ob_demands_init(struct ob_demands *d)
{
    *d = (struct ob_demands){-1, -1, -1, -1};
}

/* ---- the checks ---- */

static enum ob_status check_rows(const struct ob_source *s, const struct ob_demands *d,
                                 struct ob_err *err)
{
    bool few = d->rows_min >= 0 && s->rows < d->rows_min;
    bool many = d->rows_max >= 0 && s->rows > d->rows_max;
    if (!few && !many)
        return OB_OK;
    return ob_fail(err, OB_ERR_INPUT,
                   "%s: %" PRId64 " row%s, and of \"%s\" at %s %" PRId64
                   " are expected; get the whole file, or change expect { rows } in the policy",
                   s->file, s->rows, s->rows == 1 ? "" : "s", s->input, few ? "least" : "most",
                   few ? d->rows_min : d->rows_max);
}

static enum ob_status check_age(const struct ob_source *s, const struct ob_demands *d,
                                int64_t now_ms, struct ob_err *err)
{
    char when[OB_TIME_TEXT];
    if (d->newer_than_ms < 0)
        return OB_OK;
    if (!s->mtime_ms)
        return ob_fail(
            err, OB_ERR_INPUT,
            "%s: it is no file, so nobody knows how old it is, and expect { newer_than } "
            "asks: --input %s=FILE",
            s->file, s->input);
    if (s->mtime_ms - now_ms > (int64_t)DAY_MS) /* less may be another time zone's */
        return ob_fail(err, OB_ERR_INPUT,
                       "%s: last changed %s, which has not come yet, so nobody knows how old it "
                       "is, and expect { newer_than } asks; set the clock right, or get a new one",
                       s->file, ob_time_iso(s->mtime_ms, false, when));
    if (now_ms - s->mtime_ms <= d->newer_than_ms)
        return OB_OK;
    return ob_fail(err, OB_ERR_INPUT,
                   "%s: last changed %s, %.1f days ago, and \"%s\" must not be older than %g days; "
                   "get a new one, or change expect { newer_than } in the policy",
                   s->file, ob_time_iso(s->mtime_ms, false, when),
                   (double)(now_ms - s->mtime_ms) / DAY_MS, s->input,
                   (double)d->newer_than_ms / DAY_MS);
}

static enum ob_status check_shrink(const struct ob_source *s, const struct ob_demands *d,
                                   const struct ob_good_read *last, struct ob_err *err)
{
    char when[OB_TIME_TEXT];
    double lost = (double)(last->rows - s->rows);
    /* Shares are written in decimal: 10 of 100 are not more than 0.1. */
    if (d->shrink < 0 || !last->at_ms || lost <= d->shrink * (double)last->rows + 1e-9)
        return OB_OK;
    return ob_fail(
        err, OB_ERR_INPUT,
        "%s: %" PRId64 " row%s where \"%s\" had %" PRId64
        " when it was last read, %s: %.0f %% are gone, and at most %g %% may be; get the "
        "whole file, or if it is right say expect { shrink = %.2f } in the policy",
        s->file, s->rows, s->rows == 1 ? "" : "s", s->input, last->rows,
        ob_time_iso(last->at_ms, false, when), 100 * lost / (double)last->rows, 100 * d->shrink,
        ceil(100 * lost / (double)last->rows) / 100);
}

enum ob_status ob_health_check(const struct ob_source *s, const struct ob_demands *d,
                               const struct ob_good_read *last, int64_t now_ms, struct ob_err *err)
{
    enum ob_status st = check_rows(s, d, err);
    if (st == OB_OK)
        st = check_age(s, d, now_ms, err);
    return st == OB_OK ? check_shrink(s, d, last, err) : st;
}

enum ob_status ob_health_population(const char *target, int64_t count, int64_t largest,
                                    int64_t least, struct ob_err *err)
{
    if (count < least)
        return ob_fail(err, OB_ERR_INPUT,
                       "%s: the cloud tells of %" PRId64 " people, and targets.lua says that "
                       "there are at least %" PRId64
                       ": it may not be telling all; look there before you plan again, or write "
                       "people = %" PRId64,
                       target, count, least, count);
    if (least || largest < OB_POPULATION_SMALL || count >= largest - count)
        return OB_OK;
    return ob_fail(err, OB_ERR_INPUT,
                   "%s: the cloud tells of %" PRId64 " people, and there were %" PRId64
                   " within the last 30 days: that is less than half, so it may not be telling "
                   "all; look there before you plan again; when so many have really left, write "
                   "people = %" PRId64 " into its target of targets.lua",
                   target, count, largest, count);
}

/* ---- the last good read ---- */

/* File names have no slash, so two policies never share one. */
static char *name_of(const struct ob_source *s)
{
    char digest[OB_SHA256_HEX];
    char *both = ob_xasprintf("%s\n%s", s->policy, s->input);
    ob_sha256_hex(both, strlen(both), digest);
    free(both);
    return ob_xasprintf("input/%.32s", digest); /* files may be called like people */
}

/* "rows bytes mtime at digest"; anything else is no read at all. */
static void parse(const char *text, struct ob_good_read *out)
{
    if (sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %64[0-9a-f]", &out->rows,
               &out->bytes, &out->mtime_ms, &out->at_ms, out->digest) != 5)
        memset(out, 0, sizeof *out);
}

enum ob_status ob_health_recall(struct ob_ledger *l, const struct ob_source *s,
                                struct ob_good_read *out, struct ob_err *err)
{
    struct ob_buf text;
    char *name = name_of(s);
    memset(out, 0, sizeof *out);
    ob_buf_init(&text, OB_BUF_SMALL);
    enum ob_status st = ob_ledger_learned_get(l, "", name, &text, err);
    if (st == OB_OK)
        parse(ob_buf_str(&text), out);
    ob_buf_fini(&text);
    free(name);
    return st;
}

enum ob_status ob_health_remember(struct ob_ledger *l, const struct ob_source *s, int64_t now_ms,
                                  struct ob_err *err)
{
    char *name = name_of(s);
    char *text = ob_xasprintf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %s", s->rows,
                              s->bytes, s->mtime_ms, now_ms, s->digest);
    enum ob_status st = ob_ledger_learned_put(l, "", name, text, err);
    free(text);
    free(name);
    return st;
}
