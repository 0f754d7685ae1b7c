/* Lua text on its way in: only text, of bounded size, read piece by piece so that the budget also
 * holds in the parser, with the sandbox's environment as its only upvalue. Our own files come from
 * inside the binary, or from the folder OFFBOARD_LUA when somebody works on them; `use` answers
 * only for those. */
#include "script/sandbox.h"
#include "base/file.h"
#include "base/mem.h"
#include "script/embed.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- chunks ---- */

#define PIECE ((size_t)512)

struct source {
    const char *text;
    size_t left;
};

static const char *next_piece(lua_State *L, void *ctx, size_t *size)
{
    struct source *src = ctx;
    const char *piece = src->text;
    ob_charge(L, PIECE);
    *size = src->left < PIECE ? src->left : PIECE;
    src->text += *size;
    src->left -= *size;
    return *size ? piece : NULL;
}

/* A byte order mark, and a first line for the shell, whose line end stays so that lines count. */
static void skip_head(struct source *src)
{
    if (src->left >= 3 && memcmp(src->text, "\xEF\xBB\xBF", 3) == 0) {
        src->text += 3;
        src->left -= 3;
    }
    if (src->left && src->text[0] == '#') {
        const char *end = memchr(src->text, '\n', src->left);
        size_t skip = end ? (size_t)(end - src->text) : src->left;
        src->text += skip;
        src->left -= skip;
    }
}

void ob_load(lua_State *L, const char *chunk_name, bool embedded, const char *text, size_t len)
{
    struct source src = {text, len};
    if (len > OB_SOURCE_MAX)
        luaL_error(L, "%s: larger than %d KiB", chunk_name, (int)(OB_SOURCE_MAX / 1024));
    skip_head(&src);
    const char *name = lua_pushfstring(L, "%s%s", embedded ? "=" : "@", chunk_name);
    int status = lua_load(L, next_piece, &src, name, "t");
    lua_remove(L, -2);
    struct ob_box *box = &ob_script_of(L)->box;
    if (status == LUA_ERRMEM && !box->spent)
        box->spent = OB_SPENT_MEMORY;
    if (box->spent)
        ob_raise_spent(L);
    if (status != LUA_OK)
        lua_error(L);
    ob_push_scope(L);
    if (!lua_setupvalue(L, -2, 1))
        lua_pop(L, 1); /* a chunk always has _ENV; never leave the real globals to it */
}

/* ---- files ---- */

static const struct ob_embedded *find(const char *name)
{
    const struct ob_embedded *e = ob_embedded;
    while (e->name && strcmp(e->name, name) != 0)
        e++;
    return e->name ? e : NULL;
}

/* Below OFFBOARD_LUA a file has the name it has in the source tree; "lua/" may be left out, so
 * that the variable may also name the lua folder itself. */
static bool read_override(const char *name, struct ob_buf *out)
{
    const char *folder = getenv("OFFBOARD_LUA");
    if (!folder || !folder[0] || name[0] == '/' || strstr(name, ".."))
        return false;
    bool found = false;
    for (int i = 0; i < 2 && !found; i++) {
        const char *tail = i && strncmp(name, "lua/", 4) == 0 ? name + 4 : name;
        char *path = ob_xasprintf("%s/%s", folder, tail);
        struct ob_err ignored;
        ob_buf_clear(out);
        found = ob_file_read(path, OB_SOURCE_MAX, out, OB_ERR, &ignored) == OB_OK;
        free(path);
    }
    return found;
}

enum ob_status ob_script_file(const char *name, struct ob_buf *out, struct ob_err *err)
{
    if (read_override(name, out))
        return OB_OK;
    ob_buf_clear(out);
    const struct ob_embedded *e = find(name);
    if (!e)
        return ob_fail(err, OB_ERR, "there is no file %s inside this program", name);
    if (!ob_buf_add(out, e->bytes, e->len))
        return ob_fail(err, OB_ERR, "%s: larger than the buffer", name);
    return OB_OK;
}

/* ---- modules ---- */

/* The text belongs to Lua before anything may raise. */
static void load_file(lua_State *L, const char *file)
{
    struct ob_err err;
    struct ob_buf buf;
    ob_buf_init(&buf, OB_SOURCE_MAX);
    struct ob_buf *owned = ob_push_buf(L);
    if (ob_script_file(file, &buf, &err)) {
        ob_buf_fini(&buf);
        luaL_error(L, "%s", err.message);
    }
    *owned = buf;
    ob_load(L, file, true, ob_buf_str(owned), owned->len);
    ob_buf_fini(owned);
    lua_remove(L, -2);
}

/* While a module runs, `false` stands for it, so that a circle is an error and no endless descent.
 */
void ob_push_module(lua_State *L, const char *file)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "ob.modules");
    int type = lua_getfield(L, -1, file);
    if (type == LUA_TBOOLEAN && !lua_toboolean(L, -1))
        luaL_error(L, "%s: uses itself", file);
    if (type != LUA_TNIL) {
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, file);
    load_file(L, file);
    lua_callk(L, 0, 1, 0, NULL);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, file);
    lua_remove(L, -2);
}

/* "offboard.schema" is lua/offboard/schema.lua; "argparse" is a file of its own, for the tool. */
int ob_use(lua_State *L)
{
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);
    char file[128];
    bool good = len > 0 && len < 100 && name[0] != '.';
    for (size_t i = 0; i < len && good; i++)
        good =
            name[i] && (name[i] == '.' || name[i] == '-' || name[i] == '_' ||
                        (name[i] >= '0' && name[i] <= '9') || (name[i] >= 'a' && name[i] <= 'z'));
    if (!good || strstr(name, ".."))
        return luaL_error(L, "use: not the name of a module");
    bool tool = ob_script_of(L)->profile == OB_PROFILE_TOOL;
    bool alone = tool && !memchr(name, '.', len);
    snprintf(file, sizeof file, "%s%s.lua", alone ? "" : "lua/", name);
    for (char *p = file + (alone ? 0 : 4); *p && p < file + strlen(file) - 4; p++)
        if (*p == '.')
            *p = '/';
    ob_push_module(L, file);
    return 1;
}
