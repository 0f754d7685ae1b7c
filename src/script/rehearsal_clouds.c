/* The clouds of a rehearsal: the operator's targets with simulated ends and demo credentials, one
 * simulator for the first target of each provider, another for each second one. Who is in them is
 * rehearsal_people.c's. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "script/config_parts.h"
#include "script/rehearsal_parts.h"
#include "script/target.h"

#define IDS_AT_ONCE 2000

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
    t->limit = like->limit;
    ob_value_fini(&t->protect);
    ob_value_copy(&t->protect, &like->protect);
    ob_value_fini(&t->self);
    ob_value_copy(&t->self, &like->self);
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

/* ---- making ---- */

void ob_clouds_options(const struct ob_rehearsal *r, struct ob_value *options)
{
    ob_value_set_map(options);
    ob_map_put_int(options, "seed", r->setup.seed);
    ob_map_put_bool(options, "pace", true);
    ob_map_put_bool(options, "tell", true);
}

enum ob_status ob_clouds_make(struct ob_rehearsal *r, struct ob_err *err)
{
    make_config(r);
    r->inputs = ob_xcalloc(r->setup.input_count + 1, sizeof *r->inputs);
    for (size_t i = 0; i < r->setup.input_count; i++)
        r->inputs[r->input_count++] = r->setup.inputs[i];
    r->lent_inputs = r->input_count;
    enum ob_status st = open_targets(r, err);
    return st == OB_OK ? ob_people_make(r, err) : st;
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

/* ---- fresh clouds, and what they hold ---- */

/* The ids of the n-th person of the plan, for poison=a+b; people of whom there are fewer begin
 * again. Ids that such a list cannot hold are left out. */
static void refuse_one(const struct ob_rehearsal *r, int64_t n, struct ob_buf *ids)
{
    size_t people = ob_list_count(&r->planned);
    const struct ob_value *one = ob_list_at(&r->planned, people ? (size_t)(n - 1) % people : 0);
    for (size_t i = 1; i < ob_list_count(one); i++) {
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
    ob_clouds_options(r, &options);
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
