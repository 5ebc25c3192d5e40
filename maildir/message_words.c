/*
 * message_words.c - encoded words in headers (RFC 2047) to UTF-8. For SEARCH and SORT.
 *
 * Blanks between two encoded words go. Octets of neighbours with the same charset are put together before
 * they are converted: many programs cut characters in two. The text of a word is at most WORD_MAX octets, so
 * that looking for its end is cheap.
 */
#include "maildir/message.h"

#include "base/text.h"
#include "maildir/message_charset.h"

enum { WORD_MAX = 1000, CHARSET_MAX = 40 };

struct encoded_word {
    struct bytes charset, text, whole;
    char encoding; /* 'B' or 'Q' */
};

/* Up to the question mark that must stand behind it; none of it may be blank. Cuts both off *rest. */
static bool word_piece(struct bytes *rest, struct bytes *piece)
{
    size_t n = 0;
    while (n < rest->n && n < WORD_MAX && (unsigned char)rest->p[n] > ' ' && rest->p[n] != '?')
        n++;
    if (n == rest->n || rest->p[n] != '?')
        return false;
    *piece = (struct bytes){rest->p, n};
    *rest = bytes_skip(*rest, n + 1);
    return true;
}

/* In the wild the text of a Q word holds blanks, too. */
static bool word_text(struct bytes *rest, struct bytes *piece)
{
    size_t n = 0;
    while (n < rest->n && n < WORD_MAX && rest->p[n] != '?')
        n++;
    if (n + 1 >= rest->n || rest->p[n] != '?' || rest->p[n + 1] != '=')
        return false;
    *piece = (struct bytes){rest->p, n};
    *rest = bytes_skip(*rest, n + 2);
    return true;
}

/* Is there an encoded word at the start of b? */
static bool word_at(struct bytes b, struct encoded_word *word)
{
    struct bytes rest = b, encoding;
    if (b.n < 2 || b.p[0] != '=' || b.p[1] != '?')
        return false;
    rest = bytes_skip(rest, 2);
    if (!word_piece(&rest, &word->charset) || !word_piece(&rest, &encoding) || encoding.n != 1)
        return false;
    word->encoding = ascii_upper(encoding.p[0]);
    if ((word->encoding != 'B' && word->encoding != 'Q') || !word_text(&rest, &word->text))
        return false;
    word->charset.n = bytes_index(word->charset, '*'); /* RFC 2231: behind it the language */
    word->whole = (struct bytes){b.p, b.n - rest.n};
    return word->charset.n > 0;
}

/* Q is quoted-printable with underlines for spaces; here blanks at the end are text. */
static void word_bytes(const struct encoded_word *word, struct strbuf *out)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(3 * WORD_MAX);
    for (size_t i = 0; i < word->text.n; i++)
        if (word->encoding == 'Q' && strchr("_ \t", word->text.p[i]))
            strbuf_adds(&text, word->text.p[i] == '\t' ? "=09" : "=20");
        else
            strbuf_addc(&text, word->text.p[i]);
    struct message_decoder *d =
        message_decoder_new(word->encoding == 'B' ? "base64" : "quoted-printable", NULL, false);
    message_decoder_feed(d, strbuf_bytes(&text), out);
    message_decoder_finish(d, out);
}

/* Octets of encoded words that wait for their neighbours. */
struct pending {
    struct strbuf octets;
    struct bytes charset;
};

static void pending_flush(struct pending *p, struct strbuf *out)
{
    char name[CHARSET_MAX + 1] = "";
    struct charset c;
    if (p->charset.n <= CHARSET_MAX)
        memcpy(name, p->charset.p, p->charset.n);
    charset_open(&c, name);
    charset_feed(&c, strbuf_bytes(&p->octets), out);
    charset_close(&c, out);
    strbuf_clear(&p->octets);
    p->charset = BYTES("");
}

static void pending_add(struct pending *p, const struct encoded_word *word, struct strbuf *out)
{
    if (p->charset.n && !bytes_eq_nocase(p->charset, word->charset))
        pending_flush(p, out);
    p->charset = word->charset;
    word_bytes(word, &p->octets);
}

static bool all_blank(struct bytes b)
{
    return bytes_trim(b).n == 0;
}

/* Text up to the next "=?" that is not at the start. */
static size_t plain_length(struct bytes b)
{
    const char *found = b.n > 1 ? memmem(b.p + 1, b.n - 1, "=?", 2) : NULL;
    return found ? (size_t)(found - b.p) : b.n;
}

static void add_plain(struct strbuf *out, struct bytes b)
{
    struct charset c;
    charset_open(&c, NULL);
    charset_feed(&c, b, out);
    charset_close(&c, out);
}

void header_decode(struct strbuf *out, struct bytes value)
{
    AUTO_STRBUF struct strbuf flat = STRBUF_INIT(SIZE_MAX / 4);
    struct pending pending = {.octets = STRBUF_INIT(SIZE_MAX / 4), .charset = BYTES("")};
    struct encoded_word word;
    header_unfold(&flat, value);
    for (struct bytes rest = strbuf_bytes(&flat); rest.n;) {
        if (word_at(rest, &word)) {
            pending_add(&pending, &word, out);
            rest = bytes_skip(rest, word.whole.n);
            continue;
        }
        struct bytes plain = {rest.p, plain_length(rest)};
        rest = bytes_skip(rest, plain.n);
        if (pending.charset.n && all_blank(plain) && word_at(rest, &word))
            continue;
        if (pending.charset.n)
            pending_flush(&pending, out);
        add_plain(out, plain);
    }
    if (pending.charset.n)
        pending_flush(&pending, out);
    strbuf_done(&pending.octets);
}
