/* The sources behind ob_table_parse, one file a format. Inside src/script only. Each gets text
 * that is UTF-8 without a BOM and without NULs, and gives a table without its key checked. */
#pragma once
#include "script/table.h"

struct ob_text {
    const char *p;
    size_t len;
    struct ob_buf owned; /* the converted bytes, when an encoding was named */
};

/* The bytes as UTF-8; fini always. */
OB_MUST_CHECK enum ob_status ob_text_decode(struct ob_text *text, const char *source,
                                            const char *bytes, size_t len, const char *encoding,
                                            struct ob_err *err);
void ob_text_fini(struct ob_text *text);
/* Line breaks in the bytes; CR LF is one, and so is a CR alone. */
size_t ob_text_breaks(const char *p, size_t len);

OB_MUST_CHECK enum ob_status ob_input_csv(struct ob_table **out, const char *source,
                                          const struct ob_text *text, const char *separator,
                                          struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_input_json(struct ob_table **out, const char *source,
                                           const struct ob_text *text, struct ob_err *err);
OB_MUST_CHECK enum ob_status ob_input_lines(struct ob_table **out, const char *source,
                                            const struct ob_text *text, struct ob_err *err);
