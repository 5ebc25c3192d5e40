#include "base/text.h"
#include "maildir/message_charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *nth_name(uint8_t number)
{
    size_t names = 0;
    while (charset_nth(names))
        names++;
    return charset_nth(number % names);
}

static void convert(const char *name, struct bytes in, size_t piece, struct strbuf *out)
{
    struct charset c;
    charset_open(&c, name);
    for (; in.n; in = bytes_skip(in, piece))
        charset_feed(&c, (struct bytes){in.p, piece < in.n ? piece : in.n}, out);
    charset_close(&c, out);
}

/* Text in any charset of the table (the first octet says which) becomes UTF-8, and not much of it. Unless something is bad
 * in it, it is the same whatever the cuts: behind bad octets some of iconv's modules go on in another state. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    struct bytes in = bytes_from(data + 2, n - 2);
    AUTO_STRBUF struct strbuf whole = STRBUF_INIT(12 * n + 64), cut = STRBUF_INIT(12 * n + 64);
    convert(nth_name(data[0]), in, n, &whole);
    convert(nth_name(data[0]), in, data[1] % 16 + 1, &cut);
    bool good = !memmem(whole.data, whole.len, "\xef\xbf\xbd", 3);
    if (whole.overflow || cut.overflow || !utf8_valid(strbuf_bytes(&whole)) ||
        !utf8_valid(strbuf_bytes(&cut)))
        __builtin_trap();
    if (good && !bytes_eq(strbuf_bytes(&whole), strbuf_bytes(&cut)))
        __builtin_trap();
    return 0;
}
