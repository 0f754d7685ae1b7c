/* Fresh passwords; nothing here keeps one. */
#include "script/password.h"
#include "base/random.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Signs that all clouds take; none that a form, a header or XML would have to escape twice. */
static const char *const classes[] = {"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz",
                                      "0123456789", "!@#%^*-_=+?"};
#define CLASSES (sizeof classes / sizeof *classes)

static bool has_all(const char *s)
{
    for (size_t i = 0; i < CLASSES; i++)
        if (!strpbrk(s, classes[i]))
            return false;
    return true;
}

/* Bytes beyond the last whole multiple are thrown away: each character is equally likely. */
static char draw(const char *alphabet, size_t count)
{
    unsigned char byte;
    do
        ob_random_bytes(&byte, 1);
    while (byte >= 256 - 256 % count);
    return alphabet[byte % count];
}

void ob_password_new(char out[OB_PASSWORD_TEXT])
{
    char alphabet[128];
    int count = snprintf(alphabet, sizeof alphabet, "%s%s%s%s", classes[0], classes[1], classes[2],
                         classes[3]);
    do {
        for (size_t i = 0; i + 1 < OB_PASSWORD_TEXT; i++)
            out[i] = draw(alphabet, (size_t)count);
        out[OB_PASSWORD_TEXT - 1] = '\0';
    } while (!has_all(out));
}

void ob_password_wipe(char password[OB_PASSWORD_TEXT])
{
    explicit_bzero(password, OB_PASSWORD_TEXT);
}
