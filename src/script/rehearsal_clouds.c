/* The clouds of a rehearsal: the operator's targets with simulated ends and demo credentials, one
 * simulator for the first target of each provider, another for each second one, and in them the
 * people whom the inputs name, those of exports, and others whom nobody names. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/config_parts.h"
#include "script/rehearsal_parts.h"
#include "script/table.h"
#include "script/target.h"

#define LEAVERS_DEFAULT 6
#define PEOPLE_LEAST    24 /* a rehearsal is run thousands of times */
#define IDS_AT_ONCE     2000
#define OFF_EVERY       11 /* of the invented people one in so many is switched off already */

/* ---- targets ---- */

struct demo {
    const char *provider, *cloud, *name;
    const char *fields[8];
    const char *secret, *bytes;
};

/* The credentials of lua/sim/init.lua, of use nowhere else. */
static const struct demo demos[] = {
    {"huawei-meeting",
     "meeting",
     "meeting",
     {"app_id", "demoappid00000000000000000000001"},
     "app_key",
     "demo-app-key-of-the-simulated-meeting"},
    {"huawei-dataarts",
     "studio",
     "studio",
     {"project_id", "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a", "workspace_id",
      "2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c", "access_key", "DEMOHUAWEIAK00000001"},
     "secret_key",
     "demoHuaweiSecretKey00000000000000000000001"},
    {"alibaba-eds",
     "desktops",
     "desktops",
     {"access_key_id", "LTAIdemo0000000000000001"},
     "access_key_secret",
     "demoAliyunSecret00000000000001"},
};
#define DEMOS (sizeof demos / sizeof *demos)

static const struct demo *demo_of(const char *provider)
{
    for (size_t i = 0; provider && i < DEMOS; i++)
        if (strcmp(demos[i].provider, provider) == 0)
            return &demos[i];
    return NULL;
}

/* The port says which simulator is meant. */
static void add_target(struct ob_rehearsal *r, const char *name, const struct demo *d,
                       const struct ob_target_config *like)
{
    char endpoint[40];
    int rank = 0;
    for (size_t i = 0; i < r->config->count; i++)
        rank += r->places[i].cloud == d->cloud;
    struct ob_target_config *t = ob_config_add(r->config, name, like ? like->line : 0);
    r->places = ob_xrealloc(r->places, r->config->count, sizeof *r->places);
    r->places[r->config->count - 1] = (struct ob_place){rank, d->cloud};
    r->sim_count = rank + 1 > r->sim_count ? rank + 1 : r->sim_count;
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", rank + 1);
    t->provider = ob_xstrdup(d->provider);
    ob_map_put_str(&t->fields, "endpoint", endpoint);
    for (const char *const *f = d->fields; *f; f += 2)
        ob_map_put_str(&t->fields, f[0], f[1]);
    ob_value_set_secret(ob_map_put(&t->fields, d->secret),
                        ob_secret_literal(r->config->vault, d->bytes, strlen(d->bytes)));
    if (!like)
        return;
    t->parallel = like->parallel;
    t->timeout_ms = like->timeout_ms;
    t->limit_users = like->limit_users;
    t->limit_share = like->limit_share;
    ob_value_fini(&t->protect);
    ob_value_copy(&t->protect, &like->protect);
}

/* Targets of providers that nobody simulates are left out: a policy that names one is told. */
static void make_config(struct ob_rehearsal *r)
{
    const struct ob_config *like = r->setup.config;
    r->config = ob_xcalloc(1, sizeof *r->config);
    r->config->path = ob_xstrdup(like ? like->path : "the rehearsal's targets");
    r->config->vault = ob_vault_new();
    for (size_t i = 0; like && i < like->count; i++) {
        const struct demo *d = demo_of(like->targets[i].provider);
        if (d)
            add_target(r, like->targets[i].name, d, &like->targets[i]);
    }
    for (size_t i = 0; !like && i < DEMOS; i++)
        add_target(r, demos[i].name, &demos[i], NULL);
}

static enum ob_status open_targets(struct ob_rehearsal *r, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    r->opened = ob_xcalloc(r->config->count + 1, sizeof(struct ob_target *));
    for (size_t i = 0; i < r->config->count && st == OB_OK; i++)
        st = ob_target_open(&r->opened[i], r->config, &r->config->targets[i], err);
    return st;
}

/* ---- people ---- */

static void add_row(struct ob_value *rows, const struct ob_table *t, size_t i)
{
    struct ob_value *row = ob_list_push(rows);
    ob_value_set_map(row);
    for (size_t j = 0; j < t->column_count; j++) {
        size_t len;
        const char *cell = ob_table_cell(t, i, j, &len);
        ob_value_set_strn(ob_map_put(row, t->columns[j]), cell, len);
    }
}

/* A file of plain lines names people by an id that may be any cloud's. */
static void add_line(struct ob_value *rows, const struct ob_table *t, size_t i)
{
    static const char *const columns[] = {"meeting_account", "iam_user_id", "desktop_user"};
    struct ob_value *row = ob_list_push(rows);
    size_t len;
    ob_value_set_map(row);
    for (size_t j = 0; j < sizeof columns / sizeof *columns; j++)
        ob_map_put_str(row, columns[j], ob_table_cell(t, i, 0, &len));
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static enum ob_format format_of(const struct ob_bound_input *in)
{
    const char *first = ob_buf_str(&in->bytes);
    size_t line = strcspn(first, "\r\n");
    if (ends_with(in->source, ".json") || *first == '{' || *first == '[')
        return OB_FORMAT_JSON;
    bool columns =
        memchr(first, ',', line) || memchr(first, ';', line) || memchr(first, '\t', line);
    return columns || ends_with(in->source, ".csv") ? OB_FORMAT_CSV : OB_FORMAT_LINES;
}

/* What cannot be read here names nobody: the policy will say what is wrong with it. */
static void add_input(const struct ob_bound_input *in, struct ob_value *rows, bool *leave)
{
    struct ob_input_options o = {.format = format_of(in), .allow_empty = true};
    struct ob_table *t = NULL;
    struct ob_err ignored;
    if (ob_table_parse(&t, in->source, ob_buf_str(&in->bytes), in->bytes.len, &o, &ignored) !=
        OB_OK)
        return;
    *leave = *leave || ob_table_column(t, "last_day") >= 0 || o.format == OB_FORMAT_LINES;
    for (size_t i = 0; i < t->row_count; i++) {
        if (o.format == OB_FORMAT_LINES)
            add_line(rows, t, i);
        else
            add_row(rows, t, i);
    }
    ob_table_unref(t);
}

/* Leavers are a fifth of everybody, as a share; a file of all who stay is nearly everybody. */
static int64_t others_for(const struct ob_rehearsal *r, int64_t rows, bool leave)
{
    if (r->setup.people)
        return r->setup.people > rows ? r->setup.people - rows : 0;
    if (rows == 0)
        return PEOPLE_LEAST;
    int64_t others = leave ? rows * 4 : rows / 20 + 1;
    return leave && rows + others < PEOPLE_LEAST ? PEOPLE_LEAST - rows : others;
}

static const char *cloud_of(const struct ob_rehearsal *r, const char *target, int *rank)
{
    for (size_t i = 0; i < r->config->count; i++)
        if (strcmp(r->config->targets[i].name, target) == 0) {
            *rank = r->places[i].rank;
            return r->places[i].cloud;
        }
    return NULL;
}

static enum ob_status add_exports(const struct ob_rehearsal *r, struct ob_value *options, int rank,
                                  struct ob_err *err)
{
    const struct ob_value *all = r->setup.exports;
    struct ob_value *exports = NULL;
    for (size_t i = 0; all && all->type == OB_MAP && i < all->map.count; i++) {
        int at = 0;
        const char *cloud = cloud_of(r, all->map.pairs[i].key.p, &at);
        if (!cloud)
            return ob_fail(err, OB_ERR_USAGE, "--from-export: no target \"%s\" in %s",
                           all->map.pairs[i].key.p, r->config->path);
        if (at != rank)
            continue;
        if (!exports) {
            exports = ob_map_put(options, "exports");
            ob_value_set_map(exports);
        }
        ob_value_copy(ob_map_put(exports, cloud), &all->map.pairs[i].value);
    }
    return OB_OK;
}

static void put_common(const struct ob_rehearsal *r, struct ob_value *options)
{
    ob_value_set_map(options);
    ob_map_put_int(options, "seed", r->setup.seed);
    ob_map_put_bool(options, "pace", true);
    ob_map_put_bool(options, "tell", true);
}

static enum ob_status make_sim(struct ob_rehearsal *r, int rank, const struct ob_value *rows,
                               int64_t others, struct ob_err *err)
{
    struct ob_value options = {0};
    put_common(r, &options);
    ob_value_copy(ob_map_put(&options, "from"), rows);
    ob_map_put_int(&options, "others", others);
    ob_map_put_int(&options, "off_every", OFF_EVERY);
    enum ob_status st = add_exports(r, &options, rank, err);
    if (st == OB_OK)
        st = ob_sim_new(&r->sims[rank], &options, &r->clock, err);
    ob_value_fini(&options);
    return st;
}

static enum ob_status make_people(struct ob_rehearsal *r, struct ob_err *err)
{
    struct ob_value rows = {0};
    bool leave = false;
    enum ob_status st = OB_OK;
    ob_value_set_list(&rows);
    for (size_t i = 0; i < r->lent_inputs; i++)
        add_input(&r->inputs[i], &rows, &leave);
    int64_t n = (int64_t)ob_list_count(&rows), others = others_for(r, n, leave);
    r->people = n + others;
    r->sims = ob_xcalloc((size_t)r->sim_count + 1, sizeof(struct ob_sim *));
    for (int i = 0; i < r->sim_count && st == OB_OK; i++)
        st = make_sim(r, i, &rows, others, err);
    ob_value_fini(&rows);
    return st;
}

enum ob_status ob_clouds_make(struct ob_rehearsal *r, struct ob_err *err)
{
    make_config(r);
    r->inputs = ob_xcalloc(r->setup.input_count + 1, sizeof *r->inputs);
    for (size_t i = 0; i < r->setup.input_count; i++)
        r->inputs[r->input_count++] = r->setup.inputs[i];
    r->lent_inputs = r->input_count;
    enum ob_status st = open_targets(r, err);
    return st == OB_OK ? make_people(r, err) : st;
}

void ob_clouds_free(struct ob_rehearsal *r)
{
    for (size_t i = 0; r->config && i < r->config->count; i++)
        ob_target_close(r->opened ? r->opened[i] : NULL);
    for (int i = 0; r->sims && i < r->sim_count; i++)
        ob_sim_free(r->sims[i]);
    for (size_t i = r->lent_inputs; i < r->input_count; i++) {
        free(r->inputs[i].name);
        free(r->inputs[i].source);
        ob_buf_fini(&r->inputs[i].bytes);
    }
    free(r->inputs);
    free(r->wanted);
    free(r->opened);
    free(r->sims);
    free(r->places);
    ob_config_free(r->config);
}

/* ---- inputs that nobody bound ---- */

/* The Meeting accounts of a file of leavers, one a line. */
static void only_accounts(struct ob_buf *csv)
{
    struct ob_buf out;
    ob_buf_init(&out, OB_BUF_LARGE);
    const char *p = strchr(ob_buf_str(csv), '\n');
    while (p && p[1]) {
        const char *cell = p + 1;
        for (int skip = 2; skip > 0 && cell; skip--)
            cell = strchr(cell, ',') ? strchr(cell, ',') + 1 : NULL;
        if (cell)
            ob_buf_addf(&out, "%.*s\n", (int)strcspn(cell, ",\r\n"), cell);
        p = strchr(p + 1, '\n');
    }
    ob_buf_fini(csv);
    *csv = out;
}

void ob_clouds_missing(void *ctx, const char *name, int format)
{
    struct ob_rehearsal *r = ctx;
    free(r->wanted);
    r->wanted = ob_xstrdup(name);
    r->wanted_format = format;
}

bool ob_clouds_invented(struct ob_rehearsal *r)
{
    bool lines = r->wanted_format == OB_FORMAT_LINES;
    struct ob_err ignored;
    if (!r->wanted || r->wanted_format == OB_FORMAT_JSON)
        return false;
    int64_t count = r->setup.leavers ? r->setup.leavers : LEAVERS_DEFAULT;
    struct ob_bound_input in = {.name = r->wanted, .source = ob_xasprintf("%s.csv", r->wanted)};
    r->wanted = NULL;
    ob_buf_init(&in.bytes, OB_BUF_LARGE);
    if (ob_sim_leavers(r->sims[0], lines ? 1 : count, &in.bytes, &ignored) != OB_OK)
        ob_buf_clear(&in.bytes);
    if (lines)
        only_accounts(&in.bytes);
    else
        r->invented = count;
    r->inputs = ob_xrealloc(r->inputs, r->input_count + 1, sizeof *r->inputs);
    r->inputs[r->input_count++] = in;
    return true;
}

/* ---- fresh clouds, and what they hold ---- */

/* The ids of the n-th person of the plan, for poison=a+b; people of whom there are fewer begin
 * again. Ids that such a list cannot hold are left out. */
static void refuse_one(const struct ob_rehearsal *r, int64_t n, struct ob_buf *ids)
{
    const struct ob_value *people = &r->planned;
    if (people->type != OB_MAP || !people->map.count)
        return;
    const struct ob_value *one = &people->map.pairs[(size_t)(n - 1) % people->map.count].value;
    for (size_t i = 0; i < ob_list_count(one); i++) {
        const char *id = ob_value_str(ob_list_at(one, i));
        if (!strpbrk(id, "+,="))
            ob_buf_addf(ids, "%s%s", ids->len ? "+" : "", id);
    }
}

static void put_refusals(const struct ob_rehearsal *r, struct ob_buf *faults)
{
    struct ob_buf ids;
    ob_buf_init(&ids, OB_BUF_LARGE);
    for (size_t i = 0; i < r->schedule->count; i++) {
        const struct ob_trouble *t = &r->schedule->v[i];
        int64_t n = strncmp(t->what, "refuse=", 7) == 0 ? strtoll(t->what + 7, NULL, 10) : 0;
        if (t->kind == OB_TROUBLE_WORLD && n > 0)
            refuse_one(r, n, &ids);
    }
    if (ids.len)
        ob_buf_addf(faults, "%spoison=%s", faults->len ? "," : "", ob_buf_str(&ids));
    ob_buf_fini(&ids);
}

static void put_troubles(const struct ob_rehearsal *r, struct ob_value *options)
{
    struct ob_buf faults;
    ob_buf_init(&faults, OB_BUF_LARGE);
    ob_buf_adds(&faults, r->setup.faults ? r->setup.faults : "");
    for (size_t i = 0; i < r->schedule->count; i++) {
        const struct ob_trouble *t = &r->schedule->v[i];
        if (t->kind != OB_TROUBLE_WORLD || strncmp(t->what, "refuse=", 7) == 0)
            continue;
        if (strncmp(t->what, "contract=", 9) == 0)
            ob_map_put_str(options, "contract", t->what + 9);
        else
            ob_buf_addf(&faults, "%s%s", faults.len ? "," : "", t->what);
    }
    put_refusals(r, &faults);
    ob_map_put_str(options, "faults", ob_buf_str(&faults));
    ob_buf_fini(&faults);
}

enum ob_status ob_clouds_again(struct ob_rehearsal *r, struct ob_err *err)
{
    struct ob_value options = {0};
    enum ob_status st = OB_OK;
    put_common(r, &options);
    put_troubles(r, &options);
    for (int i = 0; i < r->sim_count && st == OB_OK; i++)
        st = ob_sim_again(r->sims[i], &options, err);
    ob_value_fini(&options);
    return st;
}

enum ob_status ob_clouds_calm(struct ob_rehearsal *r, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    for (int i = 0; i < r->sim_count && st == OB_OK; i++) {
        struct ob_value ignored;
        st = ob_sim_ask(r->sims[i], "calm", NULL, 0, &ignored, err);
        ob_value_fini(&ignored);
    }
    return st;
}

static enum ob_status standing_of(struct ob_rehearsal *r, int target, const struct ob_value *ids,
                                  struct ob_value *out, struct ob_err *err)
{
    struct ob_value args[2] = {{0}}, words;
    ob_value_set_str(&args[0], r->places[target].cloud);
    args[1] = *ids;
    enum ob_status st =
        ob_sim_ask(r->sims[r->places[target].rank], "standing", args, 2, &words, err);
    for (size_t i = 0; i < ob_list_count(&words) && st == OB_OK; i++)
        ob_list_push_str(out, ob_value_str(ob_list_at(&words, i)));
    ob_value_fini(&words);
    ob_value_fini(&args[0]);
    return st;
}

enum ob_status ob_clouds_standing(struct ob_rehearsal *r, int target, const struct ob_value *ids,
                                  struct ob_value *out, struct ob_err *err)
{
    enum ob_status st = OB_OK;
    ob_value_init(out);
    ob_value_set_list(out);
    for (size_t i = 0; i < ob_list_count(ids) && st == OB_OK; i += IDS_AT_ONCE) {
        size_t left = ob_list_count(ids) - i;
        struct ob_value piece = {.type = OB_LIST}; /* lent items: never freed here */
        piece.list.items = ids->list.items + i;
        piece.list.count = piece.list.cap = left < IDS_AT_ONCE ? left : IDS_AT_ONCE;
        st = standing_of(r, target, &piece, out, err);
    }
    return st;
}

int64_t ob_clouds_size(struct ob_rehearsal *r, int target)
{
    struct ob_value sizes;
    struct ob_err ignored;
    int64_t n = -1;
    if (ob_sim_ask(r->sims[r->places[target].rank], "sizes", NULL, 0, &sizes, &ignored) == OB_OK)
        n = ob_map_int(&sizes, r->places[target].cloud, -1);
    ob_value_fini(&sizes);
    return n;
}
