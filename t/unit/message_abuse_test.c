/*
 * Whatever a letter repeats, no parser does more than go past it. Each hostile text fills ABUSE_OCTETS and goes through
 * every parser; work that grows with the square of that takes far longer than the deadline of a test (unit.h), and
 * memory that grows with it meets the limit.
 */
#include "access/imap_envelope.h"
#include "access/imap_structure.h"
#include "maildir/message.h"

#include "t/unit/unit.h"

#include <malloc.h>
#include <sys/resource.h>

enum {
    ABUSE_OCTETS = 1 << 20,
    ABUSE_MEMORY = 64 << 20, /* for text, result and whatever is between */
    LONG_LINE = 50 << 20,
    PIECE = 4093, /* the MIME parser is fed with so much at a time */
};

/* A beginning, and what follows it again and again. */
static const struct abuse {
    const char *head, *text;
} abuses[] = {
    /* lines */
    {"", "\n"},
    {"", "\r\n"},
    {"", "\r"},
    {"", " "},
    {"", "\n \n"},
    {"", "x"},
    {"", ":"},
    {"", "a:\n"},
    {"", "\200\377"},
    {"", "C\n"},
    {"Content-Type: ", "x"},
    {"X:", "\n y"},
    {"Subject: ", "\r\r\n \r"},
    /* words */
    {"", "("},
    {"", "()"},
    {"", "(\\"},
    {"", ")"},
    {"", "\""},
    {"", "\"\""},
    {"", "\"\\\""},
    {"", "\\"},
    {"", "\\\""},
    {"", "\"("},
    {"", "=?"},
    {"", "=?utf-8?q?"},
    {"", "=?utf-8?q?=?="},
    {"", "=?utf-8?b?/w==?= "},
    {"", "=?utf-8?q?" "?="},
    {"", "=?iso-2022-jp?b?GyRC?= =?utf-8?q?x?="},
    {"", "=?gbk?q?=81?= =?big5?q?=81?= "},
    {"", "=?x?q?=?"},
    {"", "="},
    {"", "=\n"},
    {"", "=A"},
    {"", "A"},
    /* addresses */
    {"", "<"},
    {"", "<>"},
    {"", ">"},
    {"", "@"},
    {"", "["},
    {"", "a@[b"},
    {"", ","},
    {"", "a,"},
    {"", ";"},
    {"", "g:;"},
    {"", "g:a@b,"},
    {"", "<@a,@b:"},
    {"", "a "},
    {"", "a . "},
    {"", "a(b)c@(d)e,"},
    /* parameters */
    {"Content-Type: a/b", ";"},
    {"Content-Type: a/b", ";x=y"},
    {"Content-Type: a/b", ";x=\""},
    {"Content-Type: a/b", ";x*0=1;x*1=2"},
    {"Content-Type: a/b; x*0*=''%41", ";x*1*=%"},
    {"Content-Type: a/b", "; (;x=y"},
    {"Content-Type: a/b; x=y ", "z ("},
    {"Content-Language: ", ","},
    {"Content-Language: ", "x,"},
    {"Content-Disposition: ", ";="},
    {"", "Content-Type: a/b; x=y; x=z\n"},
    {"", "Content-Disposition:;x=y\n"},
    /* parts */
    {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\n"},
    {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n"},
    {"Content-Type: multipart/mixed; boundary=b\n\n", "--b--\n"},
    {"Content-Type: multipart/mixed; boundary=b\n\n", "--\n"},
    {"Content-Type: multipart/mixed; boundary=b\n\n", "-"},
    {"Content-Type: multipart/mixed; boundary=b\n\n", "--bb\n"},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\n", "Content-Type: message/rfc822\n\n"},
    {"Content-Type: multipart/digest; boundary=b\n\n", "--b\n\nFrom: a@b\n\n"},
    {"", "Content-Type: message/rfc822\n\n"},
    {"", "Content-Type: multipart/mixed; boundary=b\n\n--b\n"},
    /* dates */
    {"", "Mon, "},
    {"", "1 Jan "},
    {"", "1:"},
    {"", "-"},
};

/* ---- all of them through one parser ---- */

static struct strbuf text_of(const struct abuse *abuse, size_t size)
{
    struct strbuf text = STRBUF_INIT(size + 200);
    strbuf_adds(&text, abuse->head);
    while (text.len < size)
        strbuf_adds(&text, abuse->text);
    return text;
}

static void limit_memory(size_t n)
{
#ifndef __SANITIZE_ADDRESS__
    struct rlimit limit = {n, n};
    mallopt(M_MMAP_THRESHOLD, 1 << 20); /* large pieces go back as soon as they are freed */
    ck_assert_int_eq(setrlimit(RLIMIT_DATA, &limit), 0);
#else
    (void)n;
#endif
}

static void each_abuse(void (*parse)(struct bytes text))
{
    limit_memory(ABUSE_MEMORY);
    for (size_t i = 0; i < sizeof(abuses) / sizeof(abuses[0]); i++) {
        AUTO_STRBUF struct strbuf text = text_of(&abuses[i], ABUSE_OCTETS);
        parse(strbuf_bytes(&text));
    }
}

static void walk_fields(struct bytes text)
{
    AUTO_STRBUF struct strbuf flat = STRBUF_INIT(text.n);
    struct header_field field;
    size_t octets = 0;
    header_find(text, "none", &field);
    while (header_next(&text, &field))
        octets += header_text(&flat, field.value).n;
    ck_assert_uint_le(octets, ABUSE_OCTETS + 200);
}

static void decode_words(struct bytes text)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(4 * text.n), folded = STRBUF_INIT(16 * text.n);
    header_decode(&out, text);
    text_casefold(&folded, strbuf_bytes(&out));
    ck_assert(!out.overflow && !folded.overflow);
}

static void count_address(void *arg, const struct address *a)
{
    (void)a;
    ++*(size_t *)arg;
}

static void read_addresses(struct bytes text)
{
    size_t n = 0;
    address_parse(text, count_address, &n);
    ck_assert_uint_le(n, MESSAGE_ADDRS_MAX);
}

static void read_dates(struct bytes text)
{
    time_t when;
    int zone;
    date_parse(text, &when, &zone);
    while (text.n > 1000) {
        date_parse((struct bytes){text.p, 1000}, &when, &zone);
        text = bytes_skip(text, 1000);
    }
}

static void decode_bodies(struct bytes text)
{
    static const char *const encodings[] = {"base64", "quoted-printable"};
    for (size_t i = 0; i < 2; i++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(4 * text.n);
        struct message_decoder *d = message_decoder_new(encodings[i], "iso-2022-jp", true);
        for (struct bytes rest = text; rest.n; rest = bytes_skip(rest, PIECE))
            message_decoder_feed(d, (struct bytes){rest.p, rest.n < PIECE ? rest.n : PIECE}, &out);
        message_decoder_finish(d, &out);
        ck_assert(!out.overflow);
    }
}

static int read_header(void *arg, const struct mime_part *part, struct strbuf *out)
{
    const struct bytes *all = arg;
    size_t n = part->header_end - part->header_start;
    strbuf_add(out, all->p + part->header_start, n < MESSAGE_HEADER_MAX ? n : MESSAGE_HEADER_MAX);
    return 0;
}

static struct mime_part *read_tree(struct bytes text)
{
    struct mime_parser *parser = mime_parser_new();
    for (struct bytes rest = text; rest.n; rest = bytes_skip(rest, PIECE))
        mime_parser_feed(parser, rest.p, rest.n < PIECE ? rest.n : PIECE);
    return mime_parser_finish(parser);
}

static void describe(struct bytes text)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(IMAP_STRUCTURE_MAX);
    struct mime_part *root = read_tree(text);
    ck_assert_uint_eq(root->body_end, text.n);
    ck_assert_int_eq(imap_bodystructure(&out, root, true, read_header, &text), 0);
    ck_assert(!out.overflow);
    mime_free(root);
}

static void write_envelopes(struct bytes text)
{
    static const char *const names[] = {"", "From: ", "Subject: "};
    for (size_t i = 0; i < 3; i++) {
        AUTO_STRBUF struct strbuf header = STRBUF_INIT(MESSAGE_HEADER_MAX),
                                  out = STRBUF_INIT(IMAP_ENVELOPE_MAX);
        strbuf_adds(&header, names[i]);
        strbuf_add(&header, text.p, MESSAGE_HEADER_MAX - header.len);
        imap_envelope(&out, strbuf_bytes(&header));
        ck_assert(!out.overflow);
    }
}

START_TEST(walks_any_header_once)
{
    each_abuse(walk_fields);
}
END_TEST

START_TEST(decodes_any_words_once)
{
    each_abuse(decode_words);
}
END_TEST

START_TEST(reads_any_addresses_once)
{
    each_abuse(read_addresses);
}
END_TEST

START_TEST(reads_any_date_once)
{
    each_abuse(read_dates);
}
END_TEST

START_TEST(decodes_any_body_once)
{
    each_abuse(decode_bodies);
}
END_TEST

START_TEST(describes_any_message_in_one_walk)
{
    each_abuse(describe);
}
END_TEST

START_TEST(writes_an_envelope_of_any_header)
{
    each_abuse(write_envelopes);
}
END_TEST

/* ---- what does not fit into the table ---- */

START_TEST(keeps_little_of_a_line_of_fifty_megabytes)
{
    char piece[65536];
    limit_memory(8 << 20);
    for (size_t k = 0; k < 4; k++) {
        struct mime_parser *parser = mime_parser_new();
        static const char *const heads[] = {"X: ", "Content-Type: text/x; name=", "\n",
                                            "Content-Type: multipart/a; boundary=b\n\n--"};
        mime_parser_feed(parser, heads[k], strlen(heads[k]));
        memset(piece, 'b', sizeof(piece));
        for (size_t n = 0; n < LONG_LINE; n += sizeof(piece))
            mime_parser_feed(parser, piece, sizeof(piece));
        struct mime_part *root = mime_parser_finish(parser);
        ck_assert_uint_eq(root->body_end, strlen(heads[k]) + LONG_LINE);
        mime_free(root);
    }
}
END_TEST

static void feed_format(struct mime_parser *parser, const char *format, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char text[400];
        int n = snprintf(text, sizeof(text), format, i, i);
        mime_parser_feed(parser, text, (size_t)n);
    }
}

START_TEST(compares_lines_with_the_boundaries_that_are_open)
{
    limit_memory(ABUSE_MEMORY);
    struct mime_parser *parser = mime_parser_new();
    feed_format(parser, "Content-Type: multipart/mixed; boundary=%099u\n\n--%099u\n", 0, 10000);
    feed_format(parser, "--%098ux\n", 0, 100000);
    struct mime_part *root = mime_parser_finish(parser), *part = root;
    unsigned depth = 0;
    for (; part->first_child; part = part->first_child)
        depth++;
    ck_assert_uint_eq(depth, MESSAGE_DEPTH_MAX);
    mime_free(root);
}
END_TEST

START_TEST(keeps_a_bounded_number_of_parameters_of_all_parts)
{
    limit_memory(ABUSE_MEMORY);
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(IMAP_STRUCTURE_MAX);
    struct mime_parser *parser = mime_parser_new();
    mime_parser_feed(parser, "Content-Type: multipart/x; boundary=b\n", 38);
    for (unsigned part = 0; part < 2000; part++) {
        mime_parser_feed(parser, "\n--b\nContent-Type: a/b", 22);
        feed_format(parser, ";\n p%u=v%u", part, part + 200);
        mime_parser_feed(parser, "\n", 1);
    }
    struct mime_part *root = mime_parser_finish(parser);
    ck_assert_uint_eq(root->nchildren, 2000);
    ck_assert_uint_eq(root->first_child->nparams, MESSAGE_PARAMS_MAX);
    ck_assert_uint_eq(root->last_child->nparams, 0);
    ck_assert_int_eq(imap_bodystructure(&out, root, true, read_header, NULL), 0);
    mime_free(root);
}
END_TEST

/* Each inner header is written three times over: as From, Sender and Reply-To. */
START_TEST(describes_what_is_too_much_for_one_answer_without_some_envelopes)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(64 << 20), out = STRBUF_INIT(IMAP_STRUCTURE_MAX);
    strbuf_adds(&text, "Content-Type: multipart/digest; boundary=b\n\n");
    for (unsigned part = 0; part < 4000; part++) {
        strbuf_adds(&text, "--b\n\nFrom: ");
        for (unsigned i = 0; i < 1000; i++)
            strbuf_adds(&text, "\\\\,");
        strbuf_adds(&text, "\n\n");
    }
    struct bytes all = strbuf_bytes(&text);
    struct mime_part *root = read_tree(all);
    ck_assert_uint_eq(root->nchildren, 4000);
    ck_assert_int_eq(imap_bodystructure(&out, root, true, read_header, &all), 0);
    ck_assert(!out.overflow);
    mime_free(root);
}
END_TEST

UNIT_MAIN("message_abuse", walks_any_header_once, decodes_any_words_once, reads_any_addresses_once,
          reads_any_date_once, decodes_any_body_once, describes_any_message_in_one_walk,
          writes_an_envelope_of_any_header, keeps_little_of_a_line_of_fifty_megabytes,
          compares_lines_with_the_boundaries_that_are_open, keeps_a_bounded_number_of_parameters_of_all_parts,
          describes_what_is_too_much_for_one_answer_without_some_envelopes)
