/* See id_shape.h. */
#include "engine/id_shape.h"
#include <string.h>

bool ob_id_fits(const struct ob_value *shape, const char *id)
{
    const char *chars = ob_map_str(shape, "chars");
    size_t len = strlen(id);
    if (!chars)
        return true;
    return len >= (size_t)ob_map_int(shape, "min", 1) &&
           len <= (size_t)ob_map_int(shape, "max", INT64_MAX) && strspn(id, chars) == len;
}
