/*
 * message_decode.c - the body of a part as text or as bytes: transfer encoding (RFC 2045 6) first, then
 * charset. For SEARCH, in pieces.
 *
 * Nothing is refused. base64: octets outside the alphabet do not count, padding ends a quad and the next may
 * follow. Quoted-printable: an equals sign that begins nothing stands for itself; blanks at a line's end go
 * (6.7 rule 3), of which QP_BLANKS are held back.
 */
#include "maildir/message.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "maildir/message_charset.h"

#include <stdlib.h>

enum { QP_BLANKS = 256 };

struct message_decoder {
    void (*transfer)(struct message_decoder *d, struct bytes in, struct strbuf *out);
    void (*transfer_end)(struct message_decoder *d, struct strbuf *out);
    bool to_utf8;
    struct charset charset;
    struct strbuf decoded; /* between the two */
    /* base64 */
    uint32_t quad;
    unsigned digits;
    /* quoted-printable: what has been read behind an equals sign, or a run of blanks */
    char held[QP_BLANKS];
    size_t nheld;
};

/* ---- base64 ---- */

static int base64_digit(char c)
{
    if (ascii_alpha(c))
        return c >= 'a' ? c - 'a' + 26 : c - 'A';
    if (ascii_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The octets of a quad that ended early, or did not. */
static void base64_flush(struct message_decoder *d, struct strbuf *out)
{
    uint32_t quad = d->digits ? d->quad << (6 * (4 - d->digits)) : 0;
    char octets[3] = {(char)(quad >> 16), (char)(quad >> 8), (char)quad};
    if (d->digits > 1)
        strbuf_add(out, octets, d->digits - 1);
    d->digits = 0;
    d->quad = 0;
}

static void base64_feed(struct message_decoder *d, struct bytes in, struct strbuf *out)
{
    for (size_t i = 0; i < in.n; i++) {
        int digit = base64_digit(in.p[i]);
        if (digit >= 0) {
            d->quad = d->quad << 6 | (uint32_t)digit;
            if (++d->digits < 4)
                continue;
        }
        if (digit >= 0 || in.p[i] == '=')
            base64_flush(d, out);
    }
}

/* ---- quoted-printable ---- */

static void qp_flush(struct message_decoder *d, struct strbuf *out)
{
    strbuf_add(out, d->held, d->nheld);
    d->nheld = 0;
}

static int hex_digit(char c)
{
    c = ascii_lower(c);
    return ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind an equals sign: two hex digits, or blanks and a line end. Returns whether c belongs to what is held.
 */
static bool qp_escape(struct message_decoder *d, char c, struct strbuf *out)
{
    bool first_is_hex = d->nheld == 2 && hex_digit(d->held[1]) >= 0;
    if (first_is_hex && hex_digit(c) >= 0) {
        strbuf_addc(out, (char)(hex_digit(d->held[1]) << 4 | hex_digit(c)));
        d->nheld = 0;
        return true;
    }
    if (!first_is_hex && c == '\n') {
        d->nheld = 0;
        return true;
    }
    bool goes_on =
        d->nheld == 1 ? hex_digit(c) >= 0 || strchr(" \t\r", c) : !first_is_hex && strchr(" \t\r", c);
    if (c == '\0' || !goes_on || d->nheld == sizeof(d->held)) {
        qp_flush(d, out);
        return false;
    }
    d->held[d->nheld++] = c;
    return true;
}

/* A blank, CR or anything else outside an escape. Blanks wait for what follows. */
static void qp_plain(struct message_decoder *d, char c, struct strbuf *out)
{
    bool crlf = c == '\n' && d->nheld && d->held[d->nheld - 1] == '\r';
    if (c == '\n')
        d->nheld = 0;
    else if (!(c && strchr(" \t\r", c)) || d->nheld == sizeof(d->held) ||
             (d->nheld && d->held[d->nheld - 1] == '\r'))
        qp_flush(d, out);
    if (c && strchr("= \t\r", c))
        d->held[d->nheld++] = c;
    else if (crlf)
        strbuf_adds(out, "\r\n");
    else
        strbuf_addc(out, c);
}

/* Octets at the beginning that stand for themselves: a blank does when something visible follows. */
static size_t qp_run(struct bytes b)
{
    size_t i = 0;
    while (i < b.n && b.p[i] != '=' && b.p[i] != '\r' && b.p[i] != '\0' &&
           ((b.p[i] != ' ' && b.p[i] != '\t') || (i + 1 < b.n && (unsigned char)b.p[i + 1] > ' ')))
        i++;
    return i;
}

static void qp_feed(struct message_decoder *d, struct bytes in, struct strbuf *out)
{
    for (size_t i = 0; i < in.n; i++) {
        size_t run = d->nheld ? 0 : qp_run(bytes_skip(in, i));
        strbuf_add(out, in.p + i, run);
        i += run;
        if (i == in.n)
            break;
        if (d->nheld && d->held[0] == '=' && qp_escape(d, in.p[i], out))
            continue;
        qp_plain(d, in.p[i], out);
    }
}

/* ---- anything else ---- */

static void identity_feed(struct message_decoder *d, struct bytes in, struct strbuf *out)
{
    (void)d;
    strbuf_addb(out, in);
}

static void identity_flush(struct message_decoder *d, struct strbuf *out)
{
    (void)d;
    (void)out;
}

static const struct {
    const char *name;
    void (*feed)(struct message_decoder *d, struct bytes in, struct strbuf *out);
    void (*end)(struct message_decoder *d, struct strbuf *out);
} transfers[] = {
    {"base64", base64_feed, base64_flush},
    {"quoted-printable", qp_feed, qp_flush},
};

struct message_decoder *message_decoder_new(const char *encoding, const char *charset, bool to_utf8)
{
    struct message_decoder *d = xcalloc(1, sizeof(*d));
    d->transfer = identity_feed;
    d->transfer_end = identity_flush;
    for (size_t i = 0; encoding && i < ARRAY_LEN(transfers); i++) {
        if (!bytes_eq_nocase(bytes_of(encoding), bytes_of(transfers[i].name)))
            continue;
        d->transfer = transfers[i].feed;
        d->transfer_end = transfers[i].end;
    }
    d->to_utf8 = to_utf8;
    charset_open(&d->charset, to_utf8 ? charset : NULL);
    strbuf_init(&d->decoded, SIZE_MAX / 4);
    return d;
}

/* Through the second stage what came out of the first. */
static void decoder_convert(struct message_decoder *d, struct strbuf *out)
{
    charset_feed(&d->charset, strbuf_bytes(&d->decoded), out);
    strbuf_clear(&d->decoded);
}

void message_decoder_feed(struct message_decoder *d, struct bytes in, struct strbuf *out)
{
    d->transfer(d, in, d->to_utf8 ? &d->decoded : out);
    if (d->to_utf8)
        decoder_convert(d, out);
}

void message_decoder_finish(struct message_decoder *d, struct strbuf *out)
{
    d->transfer_end(d, d->to_utf8 ? &d->decoded : out);
    if (d->to_utf8)
        decoder_convert(d, out);
    if (d->to_utf8)
        charset_close(&d->charset, out);
    strbuf_done(&d->decoded);
    free(d);
}
