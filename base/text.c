/*
 * text.c - base64, hex and UTF-8, strict in what they take.
 */
#include "base/text.h"

#include <string.h>

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hex_digits[] = "0123456789abcdef";

bool base64_encode(struct strbuf *out, struct bytes in)
{
    if (in.n > (SIZE_MAX - 4) / 4 * 3) {
        out->overflow = true;
        return false;
    }
    size_t n = (in.n + 2) / 3 * 4;
    if (n == 0)
        return true;
    char *to = strbuf_room(out, n);
    if (!to)
        return false;
    for (size_t i = 0; i < in.n; i += 3) {
        size_t left = in.n - i;
        uint32_t v = (uint32_t)(unsigned char)in.p[i] << 16;
        v |= left > 1 ? (uint32_t)(unsigned char)in.p[i + 1] << 8 : 0;
        v |= left > 2 ? (uint32_t)(unsigned char)in.p[i + 2] : 0;
        *to++ = base64_digits[v >> 18];
        *to++ = base64_digits[v >> 12 & 63];
        *to++ = left > 1 ? base64_digits[v >> 6 & 63] : '=';
        *to++ = left > 2 ? base64_digits[v & 63] : '=';
    }
    strbuf_extend(out, n);
    return true;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One quad with `pad` padding characters into 3 - pad bytes; false if it is not strict. */
static bool decode_quad(const char *q, size_t pad, char to[3])
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4 - pad; i++) {
        int d = base64_value(q[i]);
        if (d < 0)
            return false;
        v |= (uint32_t)d << (18 - 6 * i);
    }
    if (v & ((1U << 8 * pad) - 1))
        return false;
    to[0] = (char)(v >> 16);
    to[1] = (char)(v >> 8);
    to[2] = (char)v;
    return true;
}

bool base64_decode(struct strbuf *out, struct bytes in)
{
    if (in.n % 4)
        return false;
    if (in.n == 0)
        return true;
    size_t pad = in.p[in.n - 1] != '=' ? 0 : in.p[in.n - 2] != '=' ? 1 : 2;
    size_t before = out->len;
    for (size_t i = 0; i < in.n; i += 4) {
        size_t quad_pad = i + 4 == in.n ? pad : 0;
        char three[3];
        if (!decode_quad(in.p + i, quad_pad, three) || !strbuf_add(out, three, 3 - quad_pad)) {
            strbuf_truncate(out, before);
            return false;
        }
    }
    return true;
}

bool hex_encode(struct strbuf *out, const void *p, size_t n)
{
    const unsigned char *from = p;
    if (n > SIZE_MAX / 2 - 1) {
        out->overflow = true;
        return false;
    }
    char *to = strbuf_room(out, 2 * n);
    if (!to)
        return false;
    for (size_t i = 0; i < n; i++) {
        *to++ = hex_digits[from[i] >> 4];
        *to++ = hex_digits[from[i] & 15];
    }
    strbuf_extend(out, 2 * n);
    return true;
}

static int hex_value(char c)
{
    if (ascii_digit(c))
        return c - '0';
    char l = ascii_lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool hex_decode(struct strbuf *out, struct bytes in)
{
    size_t before = out->len;
    bool ok = in.n % 2 == 0;
    for (size_t i = 0; ok && i < in.n; i += 2) {
        int high = hex_value(in.p[i]), low = hex_value(in.p[i + 1]);
        ok = high >= 0 && low >= 0 && strbuf_addc(out, (char)(high << 4 | low));
    }
    if (!ok)
        strbuf_truncate(out, before);
    return ok;
}

bool text_is_printable(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] < 0x20 || b.p[i] > 0x7e)
            return false;
    return true;
}

bool text_is_ascii(struct bytes b)
{
    return ascii_run(b) == b.n;
}

/* Length of the sequence that starts with this byte, 0 if none does; the payload of the first byte. */
static size_t utf8_start(unsigned char c, uint32_t *bits)
{
    if (c < 0x80)
        return *bits = c, 1;
    if (c >= 0xc2 && c <= 0xdf)
        return *bits = c & 0x1f, 2;
    if (c >= 0xe0 && c <= 0xef)
        return *bits = c & 0x0f, 3;
    if (c >= 0xf0 && c <= 0xf4)
        return *bits = c & 0x07, 4;
    return 0;
}

int32_t utf8_next(struct bytes b, size_t *pos)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t cp = 0;
    size_t at = *pos;
    if (at >= b.n)
        return -1;
    *pos = at + 1;
    size_t n = utf8_start((unsigned char)b.p[at], &cp);
    if (n == 0 || n > b.n - at)
        return -1;
    for (size_t i = 1; i < n; i++) {
        unsigned char c = (unsigned char)b.p[at + i];
        if ((c & 0xc0) != 0x80)
            return -1;
        cp = cp << 6 | (c & 0x3f);
    }
    if (cp < smallest[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return -1;
    *pos = at + n;
    return (int32_t)cp;
}

bool utf8_valid(struct bytes b)
{
    for (size_t pos = ascii_run(b); pos < b.n; pos += ascii_run(bytes_skip(b, pos)))
        if (utf8_next(b, &pos) < 0)
            return false;
    return true;
}

size_t ascii_run(struct bytes b)
{
    uint64_t eight;
    size_t n = 0;
    for (; b.n - n >= sizeof eight; n += sizeof eight) {
        memcpy(&eight, b.p + n, sizeof eight);
        if (eight & 0x8080808080808080u)
            break;
    }
    while (n < b.n && (unsigned char)b.p[n] < 0x80)
        n++;
    return n;
}

void ascii_fold(char *to, struct bytes b)
{
    const uint64_t high = 0x8080808080808080u, ones = 0x0101010101010101u;
    uint64_t eight;
    size_t i = 0;
    for (; b.n - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, b.p + i, sizeof eight);
        /* in each octet the high bit of what is 'A' or more, and not more than 'Z' */
        uint64_t upper = (eight + (0x80 - 'A') * ones) & ~(eight + (0x80 - 'Z' - 1) * ones) & high;
        eight |= upper >> 2;
        memcpy(to + i, &eight, sizeof eight);
    }
    for (; i < b.n; i++)
        to[i] = ascii_lower(b.p[i]);
}

bool utf8_add(struct strbuf *out, uint32_t cp)
{
    char s[4];
    if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return false;
    if (cp < 0x80)
        return strbuf_addc(out, (char)cp);
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, cp >>= 6)
        s[i] = (char)(0x80 | (cp & 0x3f));
    s[0] = (char)(lead[n] | cp);
    return strbuf_add(out, s, n);
}

/* ---- for people and programs ---- */

void text_print_json(FILE *out, const char *text)
{
    bool utf8 = utf8_valid(bytes_of(text)); /* else octets stand for themselves, as in Latin-1 */
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < ' ' || *p == 0x7f || (*p > 0x7f && !utf8))
            fprintf(out, "\\u%04x", *p);
        else
            fputc(*p, out);
    }
    fputc('"', out);
}

void text_print(FILE *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        fputc(*p < ' ' || *p == 0x7f ? '?' : *p, out);
}
