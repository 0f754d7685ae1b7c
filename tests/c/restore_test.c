/* Deletes people in the simulated clouds and puts them back, with the requests that the provider
 * files make: afterwards every row is what it was, but for what undo_says announces. */
#include "restore_help.h"

#define PEOPLE 60

static const struct field meeting_fields[] = {{"app_id", "demoappid00000000000000000000001"},
                                              {"app_key", "@demo-app-key-of-the-simulated-meeting"},
                                              {NULL, NULL}};
static const struct field studio_fields[] = {
    {"project_id", "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"},
    {"workspace_id", "2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c2c"},
    {"access_key", "DEMOHUAWEIAK00000001"},
    {"secret_key", "@demoHuaweiSecretKey00000000000000000000001"},
    {NULL, NULL}};
static const struct field desktops_fields[] = {
    {"access_key_id", "LTAIdemo0000000000000001"},
    {"access_key_secret", "@demoAliyunSecret00000000000001"},
    {NULL, NULL}};

/* ---- the clouds' own books ---- */

static void read_state(struct world *w, const char *cloud, struct ob_value *out)
{
    struct ob_buf json;
    struct ob_value tree;
    struct ob_err err;
    ob_buf_init(&json, OB_BUF_LARGE);
    assert_int_equal(ob_sim_state(w->sim.sim, true, &json, &err), OB_OK);
    assert_int_equal(ob_script_json(ob_buf_str(&json), json.len, &tree, &err), OB_OK);
    ob_value_init(out);
    ob_value_copy(out, ob_map_get(ob_map_get(&tree, "clouds"), cloud));
    ob_value_fini(&tree);
    ob_buf_fini(&json);
}

static const struct ob_value *row_of(const struct ob_value *state, const char *id)
{
    return ob_map_get(ob_map_get(ob_map_get(state, "people"), id), "fields");
}

static bool says(const struct ob_action *a, const char *field)
{
    const struct ob_value *loses = ob_map_get(&a->undo_says, "loses");
    for (size_t i = 0; i < ob_list_count(loses); i++)
        if (strcmp(ob_map_str(ob_list_at(loses, i), "field"), field) == 0)
            return true;
    return false;
}

static bool keeps(const struct ob_action *a, const char *field)
{
    const struct ob_value *list = ob_map_get(&a->undo_says, "keeps");
    for (size_t i = 0; i < ob_list_count(list); i++)
        if (strcmp(ob_value_str(ob_list_at(list, i)), field) == 0)
            return true;
    return false;
}

/* Notes the fields in which two rows differ; each field of a row is announced one way or the
 * other, and only what is announced as lost may differ. */
static void compare(const struct ob_action *a, const char *id, const struct ob_value *before,
                    const struct ob_value *after, struct ob_value *differ)
{
    assert_non_null(after);
    assert_int_equal(before->map.count >= after->map.count, 1);
    for (size_t i = 0; i < before->map.count; i++) {
        const char *name = before->map.pairs[i].key.p;
        const struct ob_value *now = ob_map_get(after, name);
        if (says(a, name) == keeps(a, name))
            fail_msg("%s is announced %s", name, keeps(a, name) ? "twice" : "not at all");
        if (now && ob_value_equal(&before->map.pairs[i].value, now))
            continue;
        if (!says(a, name))
            fail_msg("%s: %s is not what it was", id, name);
        ob_map_put_bool(differ, name, true);
    }
}

/* ---- deleting and putting back ---- */

struct restore {
    struct world w;
    const char *cloud;
    const struct ob_action *undone;
    struct ob_value before, snapshots; /* list of { id, state, fields } */
};

static void act(struct restore *r, const char *op, const char *id, const struct ob_value *snapshot)
{
    struct ob_value args;
    struct ob_answer a;
    one_id(&args, id);
    if (snapshot) {
        ob_value_set_list(ob_map_put(&args, "people"));
        ob_value_copy(ob_list_push((struct ob_value *)ob_map_get(&args, "people")), snapshot);
    }
    ask_cloud(&r->w, op, &args, &a);
    for (size_t i = 0; i < ob_list_count(&a.people); i++)
        assert_string_equal(ob_map_str(ob_list_at(&a.people, i), "outcome"), "accepted");
    ob_answer_fini(&a);
    ob_value_fini(&args);
}

static bool holds_by(struct restore *r, const char *reading, const char *op,
                     const struct ob_value *snapshot)
{
    struct ob_provider *p = &r->w.target->provider;
    struct ob_value row;
    struct ob_err err = {.message = ""};
    bool yes = false;
    read_person(&r->w, reading, ob_map_str(snapshot, "id"), &row);
    if (p->holds(p->self, op, snapshot, &row, &yes, &err) != OB_OK)
        fail_call(op, &err);
    ob_value_fini(&row);
    return yes;
}

/* Whichever reading it is judged by, the answer is the same. */
static bool holds(struct restore *r, const char *op, const struct ob_value *snapshot)
{
    bool yes = holds_by(r, "lookup", op, snapshot);
    if (r->w.target->provider.info->snapshot_max)
        assert_int_equal(holds_by(r, "snapshot", op, snapshot), yes);
    return yes;
}

/* As the driver of an undo does it. Answers how many calls were needed. */
static size_t put_back(struct restore *r, const struct ob_value *snapshot)
{
    const struct ob_provider_info *info = r->w.target->provider.info;
    const char *id = ob_map_str(snapshot, "id"), *state = ob_map_str(snapshot, "state");
    size_t calls = 0;
    for (size_t i = 0; i < r->undone->undo_count; i++) {
        const struct ob_action *a = ob_provider_action(info, r->undone->undo[i]);
        bool needed = a->from_snapshot ? !holds(r, a->name, snapshot) : !strcmp(state, a->wants);
        if (!needed)
            continue;
        act(r, a->name, id, a->from_snapshot ? snapshot : NULL);
        assert_true(!a->from_snapshot || holds(r, a->name, snapshot));
        calls++;
    }
    return calls;
}

static void remember(struct restore *r, const char *id)
{
    struct ob_value *one = ob_list_push(&r->snapshots);
    const struct ob_provider_info *info = r->w.target->provider.info;
    read_person(&r->w, info->snapshot_max ? "snapshot" : "lookup", id, one);
    assert_string_not_equal(ob_map_str(one, "state"), "absent");
}

static void open_restore(struct restore *r, const char *cloud, const char *provider,
                         const struct field *fields, const char *action)
{
    *r = (struct restore){.cloud = cloud};
    world_open(&r->w, provider, fields);
    r->undone = ob_provider_action(r->w.target->provider.info, action);
    ob_value_init(&r->before);
    ob_value_init(&r->snapshots);
    ob_value_set_list(&r->snapshots);
}

static void close_restore(struct restore *r)
{
    ob_value_fini(&r->before);
    ob_value_fini(&r->snapshots);
    world_close(&r->w);
}

/* Exactly these fields differ, "a b c" of them. */
static void check_names(const struct ob_value *differ, const char *expected)
{
    size_t count = 0;
    char name[64];
    for (; *expected; expected += strspn(expected, " "), count++) {
        size_t n = strcspn(expected, " ");
        snprintf(name, sizeof name, "%.*s", (int)n, expected);
        if (!ob_map_get(differ, name))
            fail_msg("%s was expected to differ", name);
        expected += n;
    }
    for (size_t i = 0; i < differ->map.count && count != differ->map.count; i++)
        print_message("differs: %s\n", differ->map.pairs[i].key.p);
    assert_int_equal(differ->map.count, count);
}

/* Everybody is as before but for the expected fields, and nobody got mail. */
static void check_after(struct restore *r, const char *expected)
{
    struct ob_value after, differ;
    read_state(&r->w, r->cloud, &after);
    ob_value_init(&differ);
    ob_value_set_map(&differ);
    for (size_t i = 0; i < ob_list_count(&r->snapshots); i++) {
        const char *id = ob_map_str(ob_list_at(&r->snapshots, i), "id");
        compare(r->undone, id, row_of(&r->before, id), row_of(&after, id), &differ);
    }
    check_names(&differ, expected);
    assert_int_equal(ob_map_int(&after, "mails_sent", 0), 0);
    ob_value_fini(&differ);
    ob_value_fini(&after);
}

/* Everybody is deleted and put back; a second time there is nothing to do. */
static void run_restore(struct restore *r, int column, const char *differ)
{
    read_state(&r->w, r->cloud, &r->before);
    for (int i = 0; i < PEOPLE; i++) {
        char *id = sim_id(&r->w.sim, PEOPLE, i, column);
        remember(r, id);
        free(id);
    }
    for (size_t i = 0; i < PEOPLE; i++)
        act(r, r->undone->name, ob_map_str(ob_list_at(&r->snapshots, i), "id"), NULL);
    for (size_t i = 0; i < PEOPLE; i++)
        assert_true(put_back(r, ob_list_at(&r->snapshots, i)) > 0);
    check_after(r, differ);
}

static void test_meeting(void **state)
{
    struct restore r;
    open_restore(&r, "meeting", "huawei-meeting", meeting_fields, "delete");
    char *id = sim_id(&r.w.sim, PEOPLE, 3, 2);
    act(&r, "disable", id, NULL);
    run_restore(&r, 2, "activeTime id sipNum vmrId vmrList");
    free(id);
    close_restore(&r);
}

/* An administrator must be none to be deleted, so the role is taken away in between. */
static void test_admin(void **state)
{
    struct restore r;
    open_restore(&r, "meeting", "huawei-meeting", meeting_fields, "delete");
    char *id = sim_id(&r.w.sim, PEOPLE, 5, 2);
    char *add = ob_xasprintf("{\"account\":\"%s\"}", id), *take = ob_xasprintf("[\"%s\"]", id);
    sim_enter(&r.w.sim);
    assert_int_equal(sim_meeting_status(&r.w.sim, "POST", "/v1/usg/dcs/corp/admin", add), 200);
    read_state(&r.w, "meeting", &r.before);
    remember(&r, id);
    const char *path = "/v1/usg/dcs/corp/admin/delete";
    assert_int_equal(sim_meeting_status(&r.w.sim, "POST", path, take), 200);
    act(&r, "delete", id, NULL);
    assert_true(put_back(&r, ob_list_at(&r.snapshots, 0)) >= 2);
    assert_int_equal(put_back(&r, ob_list_at(&r.snapshots, 0)), 0);
    check_after(&r, "activeTime id sipNum vmrId vmrList");
    sim_assert_state(&r.w.sim, "meeting", id, "notified", "0");
    free(id);
    free(add);
    free(take);
    close_restore(&r);
}

/* A member that is a group comes back as one. */
static void test_group(void **state)
{
    struct restore r;
    open_restore(&r, "studio", "huawei-dataarts", studio_fields, "remove");
    struct ob_reply reply = sim_studio(&r.w.sim, "POST", SIM_STUDIO "/users",
                                       "{\"type\":1,\"groups\":[{\"id\":\"g1\",\"name\":\"G\"}],"
                                       "\"roles_ids\":[{\"role_id\":\"r00004\"}]}",
                                       NULL);
    assert_string_equal(sim_pick(&reply, "is_success"), "true");
    sim_reply_fini(&reply);
    read_state(&r.w, "studio", &r.before);
    remember(&r, "g1");
    act(&r, "remove", "g1", NULL);
    assert_int_equal(put_back(&r, ob_list_at(&r.snapshots, 0)), 1);
    check_after(&r, "create_time id update_time");
    close_restore(&r);
}

/* Somebody else has the account by now: refused, and not taken for put back. */
static void test_taken(void **state)
{
    struct restore r;
    struct ob_value args;
    struct ob_answer a;
    open_restore(&r, "desktops", "alibaba-eds", desktops_fields, "remove");
    char *id = sim_id(&r.w.sim, PEOPLE, 0, 4);
    char *form = ob_xasprintf("Users.1.EndUserId=%s&Users.1.Email=x@corp.example&"
                              "Password=Demo-Passw0rd",
                              id);
    remember(&r, id);
    act(&r, "remove", id, NULL);
    struct ob_reply reply = sim_eds(&r.w.sim, "CreateUsers", form, NULL);
    assert_string_equal(sim_pick(&reply, "AllSucceed"), "true");
    sim_reply_fini(&reply);
    assert_false(holds(&r, "add", ob_list_at(&r.snapshots, 0)));
    one_id(&args, id);
    ob_value_set_list(ob_map_put(&args, "people"));
    ob_value_copy(ob_list_push((struct ob_value *)ob_map_get(&args, "people")),
                  ob_list_at(&r.snapshots, 0));
    ask_cloud(&r.w, "add", &args, &a);
    assert_string_equal(ob_map_str(ob_list_at(&a.people, 0), "outcome"), "refused");
    assert_string_equal(ob_map_str(ob_list_at(&a.people, 0), "code"), "ExistedEndUserId");
    ob_answer_fini(&a);
    ob_value_fini(&args);
    free(id);
    free(form);
    close_restore(&r);
}

static void test_studio(void **state)
{
    struct restore r;
    open_restore(&r, "studio", "huawei-dataarts", studio_fields, "remove");
    run_restore(&r, 3, "create_time description id update_time");
    close_restore(&r);
}

static void test_desktops(void **state)
{
    struct restore r;
    open_restore(&r, "desktops", "alibaba-eds", desktops_fields, "remove");
    char *id = sim_id(&r.w.sim, PEOPLE, 3, 4);
    act(&r, "lock", id, NULL);
    run_restore(&r, 4,
                "DesktopCount ExternalInfo Id JobNumber OrgList Orgs PasswordExpireRestDays "
                "Properties UserSetPropertiesModels WyId");
    free(id);
    close_restore(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meeting),  cmocka_unit_test(test_studio),
        cmocka_unit_test(test_desktops), cmocka_unit_test(test_admin),
        cmocka_unit_test(test_group),    cmocka_unit_test(test_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
