/* `digest` for the simulated clouds: the primitives their signature checks stand on, encodings,
 * and a random number generator that repeats from its seed. Everything is pure. Results grow in
 * Lua's own memory, so that nothing is lost when a limit strikes. */
#include "script/lib_digest.h"
#include "base/digest.h"
#include "base/random.h"
#include <stdint.h>
#include <string.h>

/* A hash is about as much work as reading its input bytewise. */
static const char *check_bytes(lua_State *L, int arg, size_t *len)
{
    const char *s = luaL_checklstring(L, arg, len);
    ob_charge(L, *len / 4 + 64);
    return s;
}

static int push_hex(lua_State *L, const unsigned char *p, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char hex[64];
    for (size_t i = 0; i < len; i++) {
        hex[2 * i] = digits[p[i] >> 4];
        hex[2 * i + 1] = digits[p[i] & 15];
    }
    lua_pushlstring(L, hex, 2 * len);
    return 1;
}

/* [-0, +1, e] sha256_hex(text) */
static int l_sha256_hex(lua_State *L)
{
    size_t len;
    const char *s = check_bytes(L, 1, &len);
    char hex[OB_SHA256_HEX];
    lua_pushstring(L, ob_sha256_hex(s, len, hex));
    return 1;
}

/* [-0, +1, e] hmac_sha256_hex(key, text) */
static int l_hmac_sha256_hex(lua_State *L)
{
    size_t klen, len;
    const char *key = check_bytes(L, 1, &klen), *s = check_bytes(L, 2, &len);
    unsigned char mac[32];
    ob_hmac_sha256(key, klen, s, len, mac);
    return push_hex(L, mac, sizeof mac);
}

/* ---- base64 ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int push_base64(lua_State *L, const unsigned char *p, size_t len)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t v =
            (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0);
        char four[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63],
                        n > 1 ? alphabet[v >> 6 & 63] : '=', n > 2 ? alphabet[v & 63] : '='};
        luaL_addlstring(&b, four, 4);
    }
    luaL_pushresult(&b);
    return 1;
}

/* [-0, +1, e] hmac_sha1_base64(key, text) */
static int l_hmac_sha1_base64(lua_State *L)
{
    size_t klen, len;
    const char *key = check_bytes(L, 1, &klen), *s = check_bytes(L, 2, &len);
    unsigned char mac[20];
    ob_hmac_sha1(key, klen, s, len, mac);
    return push_base64(L, mac, sizeof mac);
}

/* [-0, +1, e] base64(bytes) */
static int l_base64(lua_State *L)
{
    size_t len;
    const char *s = check_bytes(L, 1, &len);
    return push_base64(L, (const unsigned char *)s, len);
}

static int sextet(char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

/* Four characters to up to three bytes; how many, or 0 when they are no base64. */
static size_t decode_four(const char *s, bool last, char out[3])
{
    int v[4];
    for (int i = 0; i < 4; i++)
        v[i] = sextet(s[i]);
    size_t n = s[3] != '=' ? 3 : s[2] != '=' ? 2 : 1;
    if (v[0] < 0 || v[1] < 0 || (n > 1 && v[2] < 0) || (n > 2 && v[3] < 0) || (n < 3 && !last))
        return 0;
    out[0] = (char)(v[0] << 2 | v[1] >> 4);
    out[1] = (char)(v[1] << 4 | (n > 1 ? v[2] >> 2 : 0));
    out[2] = (char)((n > 1 ? v[2] << 6 : 0) | (n > 2 ? v[3] : 0));
    return n;
}

/* [-0, +1, e] unbase64(text): the bytes, or nil */
static int l_unbase64(lua_State *L)
{
    size_t len;
    const char *s = check_bytes(L, 1, &len);
    luaL_Buffer b;
    if (len % 4) {
        lua_pushnil(L);
        return 1;
    }
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < len; i += 4) {
        char out[3];
        size_t n = decode_four(s + i, i + 4 == len, out);
        if (!n) {
            lua_pushnil(L);
            return 1;
        }
        luaL_addlstring(&b, out, n);
    }
    luaL_pushresult(&b);
    return 1;
}

/* ---- percent-encoding ---- */

static bool unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

/* [-0, +1, e] percent_encode(text): RFC 3986, upper-case hex */
static int l_percent_encode(lua_State *L)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t len, plain = 0;
    const char *s = check_bytes(L, 1, &len);
    while (plain < len && unreserved((unsigned char)s[plain]))
        plain++;
    if (plain == len) { /* most keys and values: nothing to do */
        lua_settop(L, 1);
        return 1;
    }
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        char three[3] = {'%', hex[c >> 4], hex[c & 15]};
        if (unreserved(c))
            luaL_addchar(&b, s[i]);
        else
            luaL_addlstring(&b, three, 3);
    }
    luaL_pushresult(&b);
    return 1;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* [-0, +1, e] percent_decode(text, plus): with `plus`, '+' is a space as in forms; a '%' without
 * two hex digits stays as it is */
static int l_percent_decode(lua_State *L)
{
    size_t len;
    const char *s = check_bytes(L, 1, &len);
    bool plus = lua_toboolean(L, 2);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (size_t i = 0; i < len; i++) {
        int high = s[i] == '%' && len - i > 2 ? hex_digit(s[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s[i + 2]) : -1;
        if (low >= 0) {
            luaL_addchar(&b, (char)(high * 16 + low));
            i += 2;
        } else {
            luaL_addchar(&b, plus && s[i] == '+' ? ' ' : s[i]);
        }
    }
    luaL_pushresult(&b);
    return 1;
}

/* ---- random ---- */

/* [-0, +1, e] next(n): 1..n; next(): 0 <= x < 1 */
static int l_next(lua_State *L)
{
    struct ob_random *r = lua_touserdata(L, lua_upvalueindex(1));
    if (lua_isnoneornil(L, 1)) {
        lua_pushnumber(L, (double)(ob_random_next(r) >> 11) / 9007199254740992.0);
        return 1;
    }
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n > 0, 1, "must be above 0");
    lua_pushinteger(L, (lua_Integer)ob_random_below(r, (uint64_t)n) + 1);
    return 1;
}

/* [-0, +1, e] random(seed text): a function next([n]) */
static int l_random(lua_State *L)
{
    size_t len;
    const char *s = check_bytes(L, 1, &len);
    char hex[OB_SHA256_HEX];
    uint64_t seed = 0;
    ob_sha256_hex(s, len, hex);
    for (int i = 0; i < 16; i++)
        seed = seed << 4 | (uint64_t)hex_digit(hex[i]);
    struct ob_random *r = lua_newuserdatauv(L, sizeof *r, 0);
    ob_random_seed(r, seed);
    lua_pushcclosure(L, l_next, 1);
    return 1;
}

void ob_open_digest(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"sha256_hex", l_sha256_hex},
        {"hmac_sha256_hex", l_hmac_sha256_hex},
        {"hmac_sha1_base64", l_hmac_sha1_base64},
        {"base64", l_base64},
        {"unbase64", l_unbase64},
        {"percent_encode", l_percent_encode},
        {"percent_decode", l_percent_decode},
        {"random", l_random},
        {NULL, NULL},
    };
    ob_push_env(L);
    luaL_newlib(L, functions);
    lua_setfield(L, -2, "digest");
    lua_pop(L, 1);
}
