#include "access/imap_envelope.h"
#include "access/imap_structure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int read_header(void *arg, const struct mime_part *part, struct strbuf *out)
{
    const struct bytes *all = arg;
    strbuf_add(out, all->p + part->header_start, part->header_end - part->header_start);
    return 0;
}

/* Go behind one string, number, NIL or parenthesis; trap at anything else. */
static struct bytes skip_item(struct bytes b, int *depth)
{
    uint64_t size;
    if (b.p[0] == '(' || b.p[0] == ')') {
        *depth += b.p[0] == '(' ? 1 : -1;
        return bytes_skip(b, 1);
    }
    if (b.p[0] == '"') {
        size_t i = 1;
        for (; i < b.n && b.p[i] != '"'; i++)
            i += b.p[i] == '\\';
        return bytes_skip(b, i + 1);
    }
    if (b.p[0] == '{') {
        size_t end = bytes_index(b, '}');
        if (!bytes_to_u64((struct bytes){b.p + 1, end - 1}, b.n, &size))
            __builtin_trap();
        return bytes_skip(b, end + 3 + size);
    }
    size_t i = 0;
    while (i < b.n && b.p[i] >= '0' && b.p[i] <= '9')
        i++;
    if (i == 0 && !bytes_starts_nocase(b, BYTES("NIL")))
        __builtin_trap();
    return bytes_skip(b, i ? i : 3);
}

/* The answer is one balanced list of strings, numbers and NIL. */
static void check_answer(struct bytes b)
{
    int depth = 0;
    while (b.n) {
        b = skip_item(b, &depth);
        if (depth < 0 || (depth == 0 && b.n))
            __builtin_trap();
        if (b.n && b.p[0] == ' ')
            b = bytes_skip(b, 1);
    }
    if (depth != 0)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes all = bytes_from(data, n);
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(64 << 20);
    struct mime_parser *parser = mime_parser_new();
    mime_parser_feed(parser, data, n);
    struct mime_part *root = mime_parser_finish(parser);
    for (int extended = 0; extended < 2; extended++) {
        imap_bodystructure(&out, root, extended, read_header, &all);
        if (!out.overflow)
            check_answer(strbuf_bytes(&out));
        strbuf_clear(&out);
    }
    imap_envelope(&out, all);
    check_answer(strbuf_bytes(&out));
    mime_free(root);
    return 0;
}
