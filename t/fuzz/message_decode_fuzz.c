#include "base/text.h"
#include "maildir/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const encodings[] = {"7bit", "base64", "quoted-printable", NULL};
static const char *const charsets[] = {NULL,     "utf-8",       "iso-8859-1", "windows-1252", "iso-2022-jp",
                                       "utf-16", "x-not-known", "euc-kr",     "gb18030",      "big5-hkscs"};

static void decode(struct bytes in, unsigned how, unsigned piece, struct strbuf *out)
{
    struct message_decoder *d = message_decoder_new(encodings[how % 4], charsets[how / 8 % 10], how / 4 % 2);
    while (in.n) {
        size_t n = piece && piece < in.n ? piece : in.n;
        message_decoder_feed(d, (struct bytes){in.p, n}, out);
        in = bytes_skip(in, n);
        piece = piece ? piece * 5 % 17 + 1 : 0;
    }
    message_decoder_finish(d, out);
}

/* The result does not depend on how the input was cut, is UTF-8 if that was asked for, and is not much longer
 * than the input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct bytes in = bytes_from(data + 1, n - 1);
    AUTO_STRBUF struct strbuf whole = STRBUF_INIT(8 * n + 64), cut = STRBUF_INIT(8 * n + 64);
    AUTO_STRBUF struct strbuf folded = STRBUF_INIT(64 * n + 64);
    decode(in, data[0], 0, &whole);
    decode(in, data[0], data[n - 1] % 16 + 1, &cut);
    if (whole.overflow || !bytes_eq(strbuf_bytes(&whole), strbuf_bytes(&cut)))
        __builtin_trap();
    if (data[0] / 4 % 2 && !utf8_valid(strbuf_bytes(&whole)))
        __builtin_trap();
    text_casefold(&folded, strbuf_bytes(&whole));
    if (folded.overflow || !utf8_valid(strbuf_bytes(&folded)))
        __builtin_trap();
    return 0;
}
