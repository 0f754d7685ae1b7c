/* What targets.lua sees: target, env, secret.env, secret.file, secret.command and the credential
 * sources. Secrets and credentials are userdata without fields: they can be given to a target and
 * nothing else. Whatever is wrong ends the file at once, past any pcall, with its line. */
#include "script/config_parts.h"
#include "base/file.h"
#include "base/mem.h"
#include "script/profiles.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CREDENTIAL   "ob.credential"
#define COMMAND_ARGS 64

static struct ob_loader *loader_of(lua_State *L)
{
    return ob_script_of(L)->owner;
}

static struct ob_vault *vault_of(lua_State *L)
{
    return loader_of(L)->config->vault;
}

/* The line of the file that is being worked on. */
static int current_line(lua_State *L)
{
    lua_Debug ar;
    for (int level = 0; lua_getstack(L, level, &ar); level++)
        if (lua_getinfo(L, "l", &ar) && ar.currentline > 0)
            return ar.currentline;
    return 0;
}

/* [-0, +0, e] Ends the file with err, behind its place. */
static int refuse(lua_State *L, struct ob_err *err)
{
    ob_err_prefix(err, "%s:%d", loader_of(L)->chunk, current_line(L));
    return ob_raise_host(L, err);
}

/* ---- secrets ---- */

/* [-0, +1, e] */
static int push_secret(lua_State *L, int handle)
{
    struct ob_value v;
    ob_value_init(&v);
    ob_value_set_secret(&v, handle);
    ob_push_value(L, &v);
    return 1;
}

/* [-0, +1, e] secret.env "NAME" */
static int l_secret_env(lua_State *L)
{
    return push_secret(L, ob_secret_env(vault_of(L), luaL_checkstring(L, 1)));
}

/* [-0, +1, e] secret.file "path" */
static int l_secret_file(lua_State *L)
{
    char *path = ob_path_beside(loader_of(L)->config->path, luaL_checkstring(L, 1));
    int handle = ob_secret_file(vault_of(L), path);
    free(path);
    return push_secret(L, handle);
}

/* [-0, +1, e] The words of the text at `arg` as a sequence. */
static void push_words(lua_State *L, int arg)
{
    const char *at = lua_tostring(L, arg);
    lua_newtable(L);
    for (lua_Integer n = 1;; n++) {
        at += strspn(at, " \t\n");
        size_t len = strcspn(at, " \t\n");
        if (!len)
            return;
        lua_pushlstring(L, at, len);
        lua_rawseti(L, -2, n);
        at += len;
    }
}

/* [-0, +1, e] secret.command "prog arg" or { "prog", "arg" } */
static int l_secret_command(lua_State *L)
{
    const char *argv[COMMAND_ARGS + 1] = {0};
    luaL_argexpected(L, lua_isstring(L, 1) || lua_istable(L, 1), 1, "string or list");
    if (lua_istable(L, 1))
        lua_pushvalue(L, 1);
    else
        push_words(L, 1);
    lua_Unsigned count = lua_rawlen(L, -1);
    luaL_argcheck(L, count > 0, 1, "no program is named");
    luaL_argcheck(L, count <= COMMAND_ARGS, 1, "too many arguments");
    for (lua_Unsigned i = 0; i < count; i++) {
        /* the list keeps the text alive while the vault copies it */
        if (lua_rawgeti(L, -1, (lua_Integer)i + 1) != LUA_TSTRING)
            return luaL_argerror(L, 1, "every argument must be a string");
        argv[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    return push_secret(L, ob_secret_command(vault_of(L), argv));
}

/* ---- credentials ---- */

/* [-0, +1, e] An empty value that Lua frees: credentials, and the fields of a target on their
 * way into the configuration. */
static struct ob_value *push_box(lua_State *L)
{
    struct ob_value *box = lua_newuserdatauv(L, sizeof *box, 0);
    ob_value_init(box);
    luaL_setmetatable(L, CREDENTIAL);
    return box;
}

static int l_box_gc(lua_State *L)
{
    struct ob_value *box = luaL_testudata(L, 1, CREDENTIAL);
    if (box)
        ob_value_fini(box);
    return 0;
}

/* [-0, +1, -] */
static int l_box_text(lua_State *L)
{
    lua_pushliteral(L, "credential");
    return 1;
}

/* [-0, +1, e] aliyun_profile "name" */
static int l_aliyun_profile(lua_State *L)
{
    struct ob_err err = {0};
    const char *name = luaL_optstring(L, 1, NULL);
    if (ob_profile_aliyun(vault_of(L), name, push_box(L), &err) != OB_OK)
        return refuse(L, &err);
    return 1;
}

/* [-0, +1, e] huaweicloud_profile "section" */
static int l_huaweicloud_profile(lua_State *L)
{
    struct ob_err err = {0};
    const char *section = luaL_optstring(L, 1, NULL);
    if (ob_profile_huaweicloud(vault_of(L), section, push_box(L), &err) != OB_OK)
        return refuse(L, &err);
    return 1;
}

/* [-0, +1, e] aliyun_env() */
static int l_aliyun_env(lua_State *L)
{
    struct ob_err err = {0};
    if (ob_profile_aliyun_env(vault_of(L), push_box(L), &err) != OB_OK)
        return refuse(L, &err);
    return 1;
}

/* [-0, +1, e] huaweicloud_env() */
static int l_huaweicloud_env(lua_State *L)
{
    struct ob_err err = {0};
    if (ob_profile_huaweicloud_env(vault_of(L), push_box(L), &err) != OB_OK)
        return refuse(L, &err);
    return 1;
}

/* ---- plain text ---- */

/* [-0, +1, e] env("NAME", default) */
static int l_env(lua_State *L)
{
    struct ob_err err = {0};
    const char *name = luaL_checkstring(L, 1);
    const char *value = getenv(name);
    if (!value)
        value = luaL_optstring(L, 2, NULL);
    if (!value) {
        (void)ob_fail(&err, OB_ERR_USAGE, "environment variable %s is not set", name);
        return refuse(L, &err);
    }
    lua_pushstring(L, value);
    return 1;
}

/* ---- targets ---- */

/* [-0, +0, e] The value on top of the stack as the field `name` of the map `into`. */
static void take_field(lua_State *L, const struct ob_target_config *t, const char *name,
                       struct ob_value *into)
{
    struct ob_err err = {0}, why = {0};
    struct ob_value value;
    if (!ob_to_value(L, -1, &value, &why)) {
        (void)ob_config_refuse(loader_of(L), t, name, &err, "%s: %s", name, why.message);
        ob_raise_host(L, &err);
    }
    ob_value_move(ob_map_put(into, name), &value);
}

/* [-0, +0, e] What `credential =` holds. */
static const struct ob_value *take_credential(lua_State *L, const struct ob_target_config *t)
{
    struct ob_err err = {0};
    struct ob_value *credential = luaL_testudata(L, -1, CREDENTIAL);
    if (!credential) {
        (void)ob_config_refuse(loader_of(L), t, "credential", &err,
                               "credential must be aliyun_profile, aliyun_env, "
                               "huaweicloud_profile or huaweicloud_env");
        ob_raise_host(L, &err);
    }
    return credential;
}

/* [-0, +0, e] */
static void refuse_unnamed(lua_State *L, const struct ob_target_config *t)
{
    struct ob_err err = {0};
    (void)ob_fail(&err, OB_ERR_USAGE, "%s:%d: target \"%s\": every field has a name: name = value",
                  loader_of(L)->chunk, t->line, t->name);
    ob_raise_host(L, &err);
}

static int by_key(const void *a, const void *b)
{
    const struct ob_pair *x = a, *y = b;
    return strcmp(x->key.p, y->key.p);
}

/* [-0, +0, e] The named fields of the table at `index`, but the credential, which is returned. */
static const struct ob_value *collect(lua_State *L, int index, const struct ob_target_config *t,
                                      struct ob_value *raw)
{
    const struct ob_value *credential = NULL;
    ob_value_set_map(raw);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            refuse_unnamed(L, t);
        const char *name = lua_tostring(L, -2);
        if (strcmp(name, "credential") == 0)
            credential = take_credential(L, t);
        else
            take_field(L, t, name, raw);
    }
    return credential;
}

/* [-0, +0, e] What is wrong is found in the same order each time. */
static void apply(lua_State *L, struct ob_target_config *t, struct ob_value *raw)
{
    struct ob_err err = {0};
    enum ob_status status = OB_OK;
    if (raw->map.count)
        qsort(raw->map.pairs, raw->map.count, sizeof *raw->map.pairs, by_key);
    for (size_t i = 0; status == OB_OK && i < raw->map.count; i++)
        status = ob_config_field(loader_of(L), t, raw->map.pairs[i].key.p, &raw->map.pairs[i].value,
                                 &err);
    if (status == OB_OK && !t->provider)
        status = ob_fail(&err, OB_ERR_USAGE, "%s:%d: target \"%s\" needs provider = \"...\"",
                         loader_of(L)->chunk, t->line, t->name);
    if (status != OB_OK)
        ob_raise_host(L, &err);
}

static bool good_name(const char *name)
{
    return *name && strlen(name) <= 64 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               strlen(name);
}

/* [-0, +0, e] */
static void check_name(lua_State *L, const char *name)
{
    struct ob_err err = {0};
    const struct ob_loader *l = loader_of(L);
    const struct ob_target_config *first = ob_config_target(l->config, name);
    if (!good_name(name))
        (void)ob_fail(&err, OB_ERR_USAGE,
                      "a target's name is made of letters, digits, '.', '_' and '-'");
    else if (first)
        (void)ob_fail(&err, OB_ERR_USAGE, "target \"%s\" is there already, in line %d", name,
                      first->line);
    else if (l->open_name)
        (void)ob_fail(&err, OB_ERR_USAGE, "target \"%s\" in line %d has no { ... }", l->open_name,
                      l->open_line);
    else
        return;
    refuse(L, &err);
}

/* [-0, +0, e] The target whose fields are the table at `index`. */
static int define(lua_State *L, int index, const char *name, int line)
{
    struct ob_loader *l = loader_of(L);
    check_name(L, name);
    struct ob_value *raw = push_box(L);
    struct ob_target_config *t = ob_config_add(l->config, name, line);
    const struct ob_value *credential = collect(L, index, t, raw);
    apply(L, t, raw);
    if (credential)
        ob_config_merge(t, credential);
    return 0;
}

/* [-0, +0, e] The { ... } behind target "name": upvalues name and line. */
static int l_define(lua_State *L)
{
    struct ob_loader *l = loader_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    free(l->open_name);
    l->open_name = NULL;
    return define(L, 1, lua_tostring(L, lua_upvalueindex(1)),
                  (int)lua_tointeger(L, lua_upvalueindex(2)));
}

/* [-0, +0|1, e] target "name" { ... }, or target("name", { ... }) */
static int l_target(lua_State *L)
{
    struct ob_loader *l = loader_of(L);
    const char *name = luaL_checkstring(L, 1);
    int line = current_line(L);
    if (lua_istable(L, 2))
        return define(L, 2, name, line);
    check_name(L, name);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, line);
    lua_pushcclosure(L, l_define, 2);
    l->open_line = line;
    l->open_name = ob_xstrdup(name);
    return 1;
}

/* ---- what holds for all targets: NAME = value ---- */

/* [-0, +0, e] anchor = "syslog" or { command = { ... } } */
static void set_anchor(lua_State *L, const struct ob_value *v)
{
    struct ob_err err = {0};
    if (ob_config_anchor(&loader_of(L)->config->anchor, v, &err) != OB_OK)
        refuse(L, &err);
}

/* [-0, +0, e] approvals = { need = 2, of = { ... } } */
static void set_approvals(lua_State *L, const struct ob_value *v)
{
    struct ob_err err = {0};
    struct ob_loader *l = loader_of(L);
    int line = ob_config_line(l, 1, current_line(L), "approvals");
    if (l->config->approvals) {
        (void)ob_fail(&err, OB_ERR_USAGE, "approvals is said already");
        refuse(L, &err);
    }
    if (ob_config_approvals(l, line, false, v, &l->config->approvals, &err) != OB_OK)
        ob_raise_host(L, &err);
}

static const struct {
    const char *name;
    void (*set)(lua_State *L, const struct ob_value *v);
} settings[] = {{"anchor", set_anchor}, {"approvals", set_approvals}};

/* [-0, +0, e] */
static bool assign(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct ob_err err = {0}, why = {0};
        if (strcmp(name, settings[i].name) != 0)
            continue;
        struct ob_value *v = push_box(L);
        if (!ob_to_value(L, 3, v, &why)) {
            (void)ob_fail(&err, OB_ERR_USAGE, "%s: %s", name, why.message);
            refuse(L, &err);
        }
        settings[i].set(L, v);
        return true;
    }
    return false;
}

/* ---- the environment ---- */

/* [-0, +0, e] Not even the name is shown: it may be a password without its quotes. */
static int l_unknown(lua_State *L)
{
    struct ob_err err = {0};
    (void)ob_fail(&err, OB_ERR_USAGE,
                  "unknown name; there are target, env, secret, aliyun_profile, aliyun_env, "
                  "huaweicloud_profile, huaweicloud_env and locals, and text stands in quotes");
    return refuse(L, &err);
}

static const luaL_Reg secrets[] = {
    {"env", l_secret_env}, {"file", l_secret_file}, {"command", l_secret_command}, {NULL, NULL}};
static const luaL_Reg globals[] = {{"target", l_target},
                                   {"env", l_env},
                                   {"aliyun_profile", l_aliyun_profile},
                                   {"aliyun_env", l_aliyun_env},
                                   {"huaweicloud_profile", l_huaweicloud_profile},
                                   {"huaweicloud_env", l_huaweicloud_env},
                                   {NULL, NULL}};
static const luaL_Reg strict[] = {{"__index", l_unknown}, {NULL, NULL}};
static const luaL_Reg box_meta[] = {{"__tostring", l_box_text}, {"__gc", l_box_gc}, {NULL, NULL}};

/* [-0, +0, e] */
static int setup(lua_State *L)
{
    ob_class(L, "credential", box_meta, NULL);
    ob_push_env(L);
    luaL_setfuncs(L, globals, 0);
    luaL_newlib(L, secrets);
    lua_setfield(L, -2, "secret");
    luaL_newlib(L, strict);
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    return 0;
}

enum ob_status ob_config_bind(struct ob_script *s, struct ob_err *err)
{
    s->assign = assign;
    return ob_script_setup(s, setup, err);
}
