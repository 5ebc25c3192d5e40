/*
 * pop3_uidl.c - see pop3_uidl.h.
 */
#include "access/pop3_uidl.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WIDTH_MAX 20

struct item {
    char what;
    unsigned width;
    bool zeros, hex;
};

/* Read an item behind its percent sign; the format goes on at the result. NULL: it is none. */
static const char *read_item(const char *p, struct item *item)
{
    *item = (struct item){.zeros = *p == '0'};
    while (*p >= '0' && *p <= '9' && item->width <= WIDTH_MAX)
        item->width = item->width * 10 + (unsigned)(*p++ - '0');
    item->hex = *p == 'X';
    p += item->hex;
    item->what = *p;
    bool number = *p && strchr("uv", *p), text = *p && strchr("fg%", *p) && !item->hex && !item->width;
    return (number || text) && item->width <= WIDTH_MAX ? p + 1 : NULL;
}

static void put_number(struct strbuf *out, const struct item *item, uint32_t value)
{
    char digits[16];
    int n = snprintf(digits, sizeof digits, item->hex ? "%" PRIx32 : "%" PRIu32, value);
    for (unsigned i = (unsigned)n; i < item->width; i++)
        strbuf_addc(out, item->zeros ? '0' : ' ');
    strbuf_adds(out, digits);
}

static void put_item(struct strbuf *out, const struct item *item, const struct pop3_uidl *of)
{
    if (item->what == 'u' || item->what == 'v')
        put_number(out, item, item->what == 'u' ? of->uid : of->validity);
    else
        strbuf_addb(out, item->what == 'f' ? of->file : item->what == 'g' ? of->guid : BYTES("%"));
}

int pop3_uidl_check(const char *format, struct err *e)
{
    struct item item;
    bool unique = false;
    for (const char *p = format; p && *p;) {
        if (*p++ != '%')
            continue;
        p = read_item(p, &item);
        if (!p)
            return err_set(
                e, ERR_INVALID,
                "%%u, %%v (perhaps as %%08Xu), %%f, %%g and text, as \"%%08Xu%%08Xv\" or \"UID%%u-%%v\"");
        unique |= item.what != 'v' && item.what != '%';
    }
    if (unique && text_is_printable(bytes_of(format)) && !strchr(format, ' '))
        return 0;
    return err_set(e, ERR_INVALID, "something that differs between messages: %%u, %%f or %%g, and no blanks");
}

static bool is_uidl(struct bytes text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~')
            return false;
    return text.n > 0 && text.n <= POP3_UIDL_MAX;
}

static void write_it(const char *format, const struct pop3_uidl *of, struct strbuf *out)
{
    struct item item;
    for (const char *p = format; p && *p;) {
        if (*p != '%') {
            strbuf_addc(out, *p++);
            continue;
        }
        p = read_item(p + 1, &item);
        if (p)
            put_item(out, &item, of);
    }
}

void pop3_uidl_write(const char *format, const struct pop3_uidl *of, struct strbuf *out)
{
    size_t at = out->len;
    write_it(format, of, out);
    if (!out->overflow && is_uidl(bytes_skip(strbuf_bytes(out), at)))
        return;
    strbuf_truncate(out, at);
    write_it(POP3_UIDL_FORMAT, of, out);
}
