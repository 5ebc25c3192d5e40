#include "access/imap_preview.h"

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* Few characters of UTF-8, with single blanks between words. */
static void check_words(struct bytes text, bool html)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(IMAP_PREVIEW_OCTETS);
    imap_preview_text(text, html, &out);
    struct bytes words = strbuf_bytes(&out);
    size_t characters = 0;
    require(!out.overflow && utf8_valid(words) && !memmem(words.p, words.n, "  ", 2));
    require(!words.n || (words.p[0] != ' ' && words.p[words.n - 1] != ' '));
    for (size_t at = 0; at < words.n; characters++)
        utf8_next(words, &at);
    require(characters <= IMAP_PREVIEW_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check_words(bytes_from(data, n), false);
    check_words(bytes_from(data, n), true);
    return 0;
}
