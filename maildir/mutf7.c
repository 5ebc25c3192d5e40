/*
 * mutf7.c - modified UTF-7, strictly: one form for each name, so that two names on the wire cannot be one
 * mailbox, and no name that would change when it is read and written again. U+0000 is refused in both
 * directions.
 */
#include "maildir/mutf7.h"

#include "base/text.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_direct(int32_t c)
{
    return c >= 0x20 && c <= 0x7e;
}

/* ---- decoding ---- */

/* UTF-16 units put together. high: a high surrogate that waits, or 0. */
static bool add_unit(struct strbuf *out, uint32_t unit, uint32_t *high)
{
    bool is_low = unit >= 0xdc00 && unit <= 0xdfff;
    if (is_low != (*high != 0))
        return false;
    if (unit >= 0xd800 && unit <= 0xdbff) {
        *high = unit;
        return true;
    }
    uint32_t cp = is_low ? 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00) : unit;
    *high = 0;
    return cp != 0 && !is_direct((int32_t)cp) && utf8_add(out, cp);
}

/* What stands between "&" and "-". */
static bool decode_shifted(struct strbuf *out, struct bytes in)
{
    uint32_t bits = 0, high = 0;
    unsigned nbits = 0;
    for (size_t i = 0; i < in.n; i++) {
        const char *digit = in.p[i] ? strchr(alphabet, in.p[i]) : NULL;
        if (!digit)
            return false;
        bits = bits << 6 | (uint32_t)(digit - alphabet);
        nbits += 6;
        if (nbits < 16)
            continue;
        nbits -= 16;
        if (!add_unit(out, bits >> nbits & 0xffff, &high))
            return false;
        bits &= (1U << nbits) - 1;
    }
    return nbits < 6 && bits == 0 && high == 0;
}

bool mutf7_decode(struct strbuf *out, struct bytes in)
{
    bool after_shift = false;
    for (size_t i = 0; i < in.n; i++) {
        if (!is_direct(in.p[i]))
            return false;
        if (in.p[i] != '&') {
            strbuf_addc(out, in.p[i]);
            after_shift = false;
            continue;
        }
        struct bytes rest = bytes_skip(in, i + 1);
        size_t n = bytes_index(rest, '-');
        if (n == rest.n || (n > 0 && after_shift))
            return false;
        if (n == 0)
            strbuf_addc(out, '&');
        else if (!decode_shifted(out, (struct bytes){rest.p, n}))
            return false;
        after_shift = n > 0;
        i += n + 1;
    }
    return true;
}

/* ---- encoding ---- */

struct shifted {
    struct strbuf *out;
    bool open;
    uint32_t bits;
    unsigned nbits;
};

static void shift_unit(struct shifted *s, uint32_t unit)
{
    if (!s->open)
        strbuf_addc(s->out, '&');
    s->open = true;
    s->bits = s->bits << 16 | unit;
    for (s->nbits += 16; s->nbits >= 6;) {
        s->nbits -= 6;
        strbuf_addc(s->out, alphabet[s->bits >> s->nbits & 63]);
    }
    s->bits &= (1U << s->nbits) - 1;
}

static void shift_end(struct shifted *s)
{
    if (s->open && s->nbits)
        strbuf_addc(s->out, alphabet[s->bits << (6 - s->nbits) & 63]);
    if (s->open)
        strbuf_addc(s->out, '-');
    *s = (struct shifted){.out = s->out};
}

bool mutf7_encode(struct strbuf *out, struct bytes in)
{
    struct shifted s = {.out = out};
    for (size_t i = 0; i < in.n;) {
        int32_t cp = utf8_next(in, &i);
        if (cp <= 0)
            return false;
        if (is_direct(cp)) {
            shift_end(&s);
            strbuf_addc(out, (char)cp);
            if (cp == '&')
                strbuf_addc(out, '-');
        } else if (cp < 0x10000) {
            shift_unit(&s, (uint32_t)cp);
        } else {
            shift_unit(&s, 0xd800 + ((uint32_t)(cp - 0x10000) >> 10));
            shift_unit(&s, 0xdc00 + ((uint32_t)(cp - 0x10000) & 0x3ff));
        }
    }
    shift_end(&s);
    return true;
}

/* ---- names on disk ---- */

static bool has_control(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if ((unsigned char)b.p[i] < ' ' || b.p[i] == 0x7f)
            return true;
    return false;
}

bool folder_name_decode(struct strbuf *out, struct bytes disk)
{
    size_t had = out->len;
    if (mutf7_decode(out, disk))
        return true;
    strbuf_truncate(out, had);
    return !has_control(disk) && utf8_valid(disk) && strbuf_addb(out, disk);
}
