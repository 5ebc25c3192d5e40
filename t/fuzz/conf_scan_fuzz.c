#include "base/conf_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Every item makes progress, and what it names lies inside of the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_STRBUF struct strbuf tokens = STRBUF_INIT(1 << 20);
    struct bytes text = bytes_from(data, n);
    struct conf_scan s;
    struct err e;
    conf_scan_init(&s, text);
    for (size_t left = n + 1;;) {
        enum conf_item item = conf_scan_next(&s, &e);
        if (item == CONF_END)
            return 0;
        if (s.rest.n >= left)
            __builtin_trap();
        left = s.rest.n;
        if (item == CONF_STATEMENT && (s.value.p < text.p || s.value.p + s.value.n > text.p + n))
            __builtin_trap();
        if (item == CONF_STATEMENT)
            conf_scan_tokens(s.value, &tokens);
        if (item == CONF_SECTION && n % 2)
            conf_scan_skip(&s);
    }
}
