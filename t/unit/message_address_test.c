#include "maildir/message.h"

#include "t/unit/unit.h"

/* "name|route|mailbox|host; ...", with ~ for what is absent. */
static void write_address(void *arg, const struct address *a)
{
    struct strbuf *out = arg;
    const struct bytes parts[] = {a->name, a->route, a->mailbox, a->host};
    if (out->len)
        strbuf_adds(out, "; ");
    for (size_t k = 0; k < 4; k++) {
        strbuf_adds(out, k ? "|" : "");
        strbuf_addb(out, parts[k].p ? parts[k] : BYTES("~"));
    }
}

static const char *const cases[][2] = {
    {"a@b", "~|~|a|b"},
    {"<a@b>", "~|~|a|b"},
    {"John Doe <jdoe@machine.example>", "John Doe|~|jdoe|machine.example"},
    {"\"Joe Q. Public\" <john.q.public@example.com>, Mary Smith <mary@x.test>, jdoe@example.org, Who? "
     "<one@y.test>",
     "Joe Q. Public|~|john.q.public|example.com; Mary Smith|~|mary|x.test; ~|~|jdoe|example.org; "
     "Who?|~|one|y.test"},
    {"\"Giant; \\\"Big\\\" Box\" <sysservices@example.net>", "Giant; \"Big\" Box|~|sysservices|example.net"},
    {"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
     "~|~|A Group|~; Ed Jones|~|c|a.test; ~|~|joe|where.test; John|~|jdoe|one.test; ~|~|~|~"},
    {"Undisclosed recipients:;", "~|~|Undisclosed recipients|~; ~|~|~|~"},
    {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete|~|pete|silly.test"},
    {"Joe Q. Public <john . q . public@example.com>", "Joe Q. Public|~|john.q.public|example.com"},
    {"<boss@nil.test>, , <>,,\t jdoe @ test . example", "~|~|boss|nil.test; ~|~||; ~|~|jdoe|test.example"},
    {"jdoe@machine(comment).  example", "comment|~|jdoe|machine.example"},
    {"bob@x (Bob (the) B)", "Bob (the) B|~|bob|x"},
    {"<@node.test,@second:mary@example.net>", "~|@node.test,@second|mary|example.net"},
    {"\"a b\"@c, x@[127.0.0.1]", "~|~|a b|c; ~|~|x|[127.0.0.1]"},
    {"=?utf-8?q?a,b?= =?utf-8?q?c?= <d@e>", "=?utf-8?q?a,b?= =?utf-8?q?c?=|~|d|e"},
    {"root", "~|~|root|"},
    {"root, a@b; c@d", "~|~|root|; ~|~|a|b; ~|~|c|d"},
    {"John Doe j@d", "John Doe|~|j|d"},
    {"[List] Name <l@n>", "[List] Name|~|l|n"},
    {"J\xc3\xb6 <j@\xc3\xb6.test>", "J\xc3\xb6|~|j|\xc3\xb6.test"},
    {"\"open <a@b>", "~|~|open <a@b>|"},
    {"a <b@c, d@e", "a|~|b|c; ~|~|d|e"},
    {"@b, a@", "~|~||b; ~|~|a|"},
    {"(only a comment)", ""},
    {"(ends in a backslash\\", ""},
    {"G: x@y", "~|~|G|~; ~|~|x|y; ~|~|~|~"},
    {"\r\n a@b,\r\n\tc@d\r\n", "~|~|a|b; ~|~|c|d"},
    {"a@b) c", "~|~|a|bc"},
    {"a@b <c@d>, x y@z<v@w>", "a@b|~|c|d; x y@z|~|v|w"},
    {"@ <a@b>", "@|~|a|b"},
    {"", ""},
};

START_TEST(reads_lists_in_every_form)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
        address_parse(bytes_of(cases[i][0]), write_address, &out);
        ck_assert_msg(strcmp(out.data, cases[i][1]) == 0, "%s: %s, not %s", cases[i][0], out.data,
                      cases[i][1]);
    }
}
END_TEST

struct tally {
    size_t n;
    bool last_ends_group;
};

static void count_address(void *arg, const struct address *a)
{
    struct tally *tally = arg;
    tally->n++;
    tally->last_ends_group = !a->mailbox.p && !a->host.p;
}

/* An address list of `head` and this text, `times` over. */
static struct tally parse_many(const char *head, const char *text, size_t times)
{
    AUTO_STRBUF struct strbuf in = STRBUF_INIT(64 << 20);
    struct tally tally = {0};
    strbuf_adds(&in, head);
    for (size_t i = 0; i < times; i++)
        strbuf_adds(&in, text);
    address_parse(strbuf_bytes(&in), count_address, &tally);
    return tally;
}

START_TEST(bounds_the_number_of_addresses)
{
    ck_assert_uint_eq(parse_many("", "a@b,", 300000).n, MESSAGE_ADDRS_MAX - 1);
    static const char *const heads[] = {"", "g:"}, *const texts[] = {"g:a@b;", "a@b,", "g:;", "a;"};
    for (size_t i = 0; i < 8; i++) {
        struct tally tally = parse_many(heads[i / 4], texts[i % 4], 300000);
        ck_assert_uint_le(tally.n, MESSAGE_ADDRS_MAX);
        ck_assert(tally.last_ends_group || i == 1 || i % 4 == 3);
    }
}
END_TEST

START_TEST(is_linear_in_whatever_is_repeated)
{
    static const char *const texts[] = {"(",  "<",  "\"",  "=?", "=?a?b", "@",    "[",   ":",
                                        "a ", "\\", "(\\", "a.", ")",     "<@a,", "\"\""};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        parse_many("", texts[i], 300000);
}
END_TEST

UNIT_MAIN("message_address", reads_lists_in_every_form, bounds_the_number_of_addresses,
          is_linear_in_whatever_is_repeated)
