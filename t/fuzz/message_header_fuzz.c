#include "maildir/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static bool inside(struct bytes run, struct bytes all)
{
    return run.p >= all.p && run.p + run.n <= all.p + all.n;
}

static bool has_control(const struct strbuf *sb)
{
    for (size_t i = 0; i < sb->len; i++)
        if (((unsigned char)sb->data[i] < 0x20 && sb->data[i] != '\t') || sb->data[i] == 0x7f)
            return true;
    return false;
}

/* Fields lie one behind the other and cover the block up to its empty line; unfolding twice is unfolding
 * once; what is decoded can be decoded as a word only of UTF-8. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes block = bytes_from(data, n), rest = block;
    struct header_field field;
    const char *expected = block.p;
    while (header_next(&rest, &field)) {
        AUTO_STRBUF struct strbuf once = STRBUF_INIT(n), twice = STRBUF_INIT(n),
                                  text = STRBUF_INIT(8 * n + 16);
        require(field.whole.p == expected && field.whole.n > 0);
        expected = field.whole.p + field.whole.n;
        require(rest.p == expected && inside(field.name, field.whole) && inside(field.value, field.whole));
        header_unfold(&once, field.value);
        header_unfold(&twice, strbuf_bytes(&once));
        require(!once.overflow && bytes_eq(strbuf_bytes(&once), strbuf_bytes(&twice)) && !has_control(&once));
        header_decode(&text, field.value);
        require(!text.overflow);
        text_casefold(&text, field.value);
    }
    header_find(block, "subject", &field);
    return 0;
}
