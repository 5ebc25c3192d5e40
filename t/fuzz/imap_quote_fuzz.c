#include "access/imap_quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static struct bytes read_quoted(struct bytes b, struct strbuf *text)
{
    for (b = bytes_skip(b, 1); b.n && b.p[0] != '"'; b = bytes_skip(b, 1)) {
        if (b.p[0] == '\\')
            b = bytes_skip(b, 1);
        require(b.n && (b.p[0] == '\t' || (b.p[0] >= ' ' && b.p[0] <= '~')));
        strbuf_addc(text, b.p[0]);
    }
    return b;
}

static struct bytes read_literal(struct bytes b, struct strbuf *text)
{
    uint64_t size;
    size_t end = bytes_index(b, '}');
    require(bytes_to_u64((struct bytes){b.p + 1, end - 1}, b.n, &size));
    b = bytes_skip(b, end);
    require(b.n == size + 3 && memcmp(b.p, "}\r\n", 3) == 0);
    strbuf_add(text, b.p + 3, size);
    return bytes_skip(b, b.n - 1);
}

/* A string reads the same when it comes back, but for NULs; nothing stands behind it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(2 * n + 40), text = STRBUF_INIT(n), wanted = STRBUF_INIT(n);
    imap_string(&out, bytes_from(data, n));
    strbuf_add(&wanted, data, n);
    for (size_t i = 0; i < n; i++)
        if (wanted.data[i] == '\0')
            wanted.data[i] = ' ';
    struct bytes rest = strbuf_bytes(&out);
    require(!out.overflow && rest.n > 1 && (rest.p[0] == '"' || rest.p[0] == '{'));
    bool quoted = rest.p[0] == '"';
    rest = quoted ? read_quoted(rest, &text) : read_literal(rest, &text);
    require((n == 0 || !quoted || rest.p[0] == '"') && rest.n <= 1);
    require(bytes_eq(strbuf_bytes(&text), strbuf_bytes(&wanted)));
    return 0;
}
