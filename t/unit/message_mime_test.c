#include "maildir/message.h"

#include "t/unit/unit.h"

static struct mime_part *parse(struct bytes all, size_t piece)
{
    struct mime_parser *parser = mime_parser_new();
    for (size_t n; all.n; all = bytes_skip(all, n)) {
        n = piece < all.n ? piece : all.n;
        mime_parser_feed(parser, all.p, n);
    }
    return mime_parser_finish(parser);
}

/* "type/subtype header [header] body [lines/crlf] (children)": the header and the body themselves, with | for
 * line ends. */
static void write_part(struct strbuf *out, struct bytes all, const struct mime_part *part)
{
    strbuf_addf(out, "%s/%s[", part->type, part->subtype);
    size_t from = out->len;
    strbuf_add(out, all.p + part->body_start, part->body_end - part->body_start);
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] == '\n')
            out->data[i] = '|';
    strbuf_addc(out, ']');
    if (part->first_child)
        strbuf_addc(out, '(');
    for (const struct mime_part *child = part->first_child; child; child = child->next) {
        write_part(out, all, child);
        strbuf_addc(out, child->next ? ' ' : ')');
    }
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n"

static const char *const trees[][2] = {
    {"", "text/plain[]"},
    {"no empty line", "text/plain[]"},
    {"A: b\n\nbody\n", "text/plain[body|]"},
    {"\nbody", "text/plain[body]"},
    {MIXED "\npre\n--b\n\n1\n--b \t\n\n2\n--b--\nepi\n--b\n\n3\n",
     "multipart/mixed[pre|--b||1|--b \t||2|--b--|epi|--b||3|](text/plain[1] text/plain[2])"},
    {MIXED "\n--b\n\n1\n\n--b--", "multipart/mixed[--b||1||--b--](text/plain[1|])"},
    {MIXED "\n--b\n\n--b--\n", "multipart/mixed[--b||--b--|](text/plain[])"},
    {MIXED "\n--b\nContent-Type: a/b\n--b--\n", "multipart/mixed[--b|Content-Type: a/b|--b--|](a/b[])"},
    {MIXED "\n--bx\n--b--x\n -- b\n--b x\n", "text/plain[--bx|--b--x| -- b|--b x|]"},
    {"Content-Type: multipart/mixed\n\nx\n", "text/plain[x|]"},
    {"Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\nx\n", "text/plain[--||x|]"},
    {MIXED "\n--b\n"
           "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n\nin\n--b\n\nout\n",
     "multipart/mixed[--b|Content-Type: multipart/mixed; boundary=bb||--bb||in|--b||out|]"
     "(multipart/mixed[--bb||in](text/plain[in]) text/plain[out|])"},
    {MIXED "\n--b\n"
           "Content-Type: message/rfc822\n\nA: b\n" MIXED "\n--b\n\nx\n--b--\n",
     "multipart/mixed[--b|Content-Type: message/rfc822||A: b|Content-Type: multipart/mixed; "
     "boundary=b||--b||x|--b--|]"
     "(message/rfc822[A: b|Content-Type: multipart/mixed; boundary=b||--b||x|--b--|]"
     "(multipart/mixed[--b||x|--b--|](text/plain[x])))"},
    {"Content-Type: multipart/digest; boundary=b\n\n--b\n\nA: b\n\nx\n--b\nContent-Type: "
     "text/html\n\ny\n--b--\n",
     "multipart/digest[--b||A: b||x|--b|Content-Type: text/html||y|--b--|](message/rfc822[A: "
     "b||x](text/plain[x]) text/html[y])"},
    {"Content-Type: message/rfc822\n\n", "message/rfc822[](text/plain[])"},
    {"Content-Type: message/global\nContent-Transfer-Encoding: base64\n\neA==\n", "message/global[eA==|]"},
    {"Content-Type: broken\n\nx", "text/plain[x]"},
    {"Content-Type: TEXT(c)/(d)HTML ; (e) charset (f) = (g) \"x\"\n\n", "TEXT/HTML[]"},
};

START_TEST(builds_the_tree_whatever_the_cuts)
{
    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
        for (size_t piece = 1; piece < 200; piece = piece * 2 + 1) {
            AUTO_STRBUF struct strbuf out = STRBUF_INIT(4000);
            struct mime_part *root = parse(bytes_of(trees[i][0]), piece);
            write_part(&out, bytes_of(trees[i][0]), root);
            ck_assert_msg(strcmp(out.data, trees[i][1]) == 0, "%s: %s", trees[i][0], out.data);
            mime_free(root);
        }
}
END_TEST

/* The same message with LF and with CRLF. Numbers counted by hand. */
START_TEST(counts_octets_of_the_wire_and_lines)
{
    static const char *const forms[] = {
        MIXED "\n--b\nX: y\n\none\ntwo\n\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: y\r\n\r\none\r\ntwo\r\n\r\n--b--\r\n"};
    for (size_t i = 0; i < 2; i++) {
        struct mime_part *root = parse(bytes_of(forms[i]), 5), *part = root->first_child;
        ck_assert_uint_eq(root->crlf_header, 45);
        ck_assert_uint_eq(root->crlf_body, 5 + 8 + 5 + 5 + 2 + 7);
        ck_assert_uint_eq(root->body_lines, 7);
        ck_assert_uint_eq(part->crlf_header, 8);
        ck_assert_uint_eq(part->crlf_body, 10);
        ck_assert_uint_eq(part->body_lines, 2);
        mime_free(root);
    }
}
END_TEST

#define ADD_PARAM(p) strbuf_addf(out, " %s=%s", (p).name, (p).value)

static void write_params(struct strbuf *out, const struct mime_part *part)
{
    for (size_t i = 0; i < part->nparams; i++)
        ADD_PARAM(part->params[i]);
}

static const char *const parameters[][2] = {
    {"text/plain", " charset=us-ascii"},
    {"text/plain; charset=utf-8 (comment); format=flowed", " charset=utf-8 format=flowed"},
    {"a/b; name=\"x \\\"y\\\" ;z\"; e=", " name=x \"y\" ;z e="},
    {"a/b; name=my file (1).pdf ; x=1", " name=my file (1).pdf x=1"},
    {"a/b; X=1; x=2; y", " X=1"},
    {"a/b x=1; y=2", " y=2"},
    {"a/b; name=\"open", " name=open"},
    {"a/b; URL*0=\"ftp://\";\n URL*1=\"cs.utk.edu/pub\"", " URL=ftp://cs.utk.edu/pub"},
    {"a/b; title*=us-ascii'en-us'This%20is", " title*=us-ascii'en-us'This%20is"},
    {"a/b; t*1*=%2A; t*0*=us-ascii'en'This%20is; t*2=\"is't it %\"",
     " t*=us-ascii'en'This%20is%2Ais%27t%20it%20%25"},
    {"text/plain; Charset*=us-ascii'en'utf%2d8; x*=utf-8''y", " Charset=utf-8 x*=utf-8''y"},
    {"a/b; boundary*0*=us-ascii''a%20; boundary*1=b", " boundary=a b"},
    {"a/b; boundary*=a; charset*=''%0A; charset*=''%4", " boundary*=a charset*=''%0A"},
    {"a/b; t*0=a; t*1*=%20", " t*=''a%20"},
    {"a/b; t*0=a; t*2=c", " t=a t*2=c"},
    {"a/b; t*1=a; t*01=b; t*=c; t*0**=d", " t*1=a t*01=b t*=c t*0**=d"},
};

START_TEST(reads_parameters)
{
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        AUTO_STRBUF struct strbuf in = STRBUF_INIT(1000), out = STRBUF_INIT(1000);
        strbuf_addf(&in, "Content-Type: %s\n\n", parameters[i][0]);
        struct mime_part *root = parse(strbuf_bytes(&in), 7);
        write_params(&out, root);
        ck_assert_msg(strcmp(out.data, parameters[i][1]) == 0, "%s:%s", parameters[i][0], out.data);
        mime_free(root);
    }
}
END_TEST

START_TEST(reads_the_other_fields_once)
{
    struct mime_part *root = parse(
        BYTES("CONTENT-id: <x@y>\nContent-ID: <no>\ncontent-description: a\r\n b\nContent-MD5: Q2hlY2s=\n"
              "Content-Transfer-Encoding: (c) Base64 (d)\nContent-Disposition: attachment; filename=f\n"
              "Content-Language: en, (c) de\nContent-Location: http://x/\n\n"),
        3);
    ck_assert_str_eq(root->id, "<x@y>");
    ck_assert_str_eq(root->description, "a b");
    ck_assert_str_eq(root->md5, "Q2hlY2s=");
    ck_assert_str_eq(root->encoding, "Base64");
    ck_assert_str_eq(root->disposition, "attachment");
    ck_assert_str_eq(mime_param(root->disposition_params, root->ndisposition_params, "FILENAME"), "f");
    ck_assert_str_eq(root->language, "en,de");
    ck_assert_str_eq(root->location, "http://x/");
    mime_free(root);
}
END_TEST

START_TEST(finds_parts_by_number)
{
    struct mime_part *root = parse(BYTES(MIXED "\n--b\n\n1\n--b\nContent-Type: message/rfc822\n\n"
                                               "Content-Type: multipart/mixed; boundary=c\n\n--c\n\n21\n--c\n"
                                               "Content-Type: message/rfc822\n\n\n221\n--c--\n--b--\n"),
                                   9);
    const struct mime_part *two = root->first_child->next, *inner = two->first_child;
    const struct {
        unsigned numbers[4];
        size_t n;
        const struct mime_part *part;
    } cases[] = {
        {{0}, 0, root},
        {{1}, 1, root->first_child},
        {{2}, 1, two},
        {{3}, 1, NULL},
        {{0}, 1, NULL},
        {{1, 1}, 2, NULL},
        {{2, 1}, 2, inner->first_child},
        {{2, 2}, 2, inner->last_child},
        {{2, 2, 1}, 3, inner->last_child->first_child},
        {{2, 2, 1, 1}, 4, NULL},
        {{2, 2, 2}, 3, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(mime_find(root, cases[i].numbers, cases[i].n) == cases[i].part, "case %zu", i);
    mime_free(root);
    root = parse(BYTES("\nx"), 1);
    ck_assert_ptr_eq(mime_find(root, (unsigned[]){1}, 1), root);
    ck_assert_ptr_null(mime_find(root, (unsigned[]){2}, 1));
    ck_assert_ptr_null(mime_find(root, (unsigned[]){1, 1}, 2));
    mime_free(root);
}
END_TEST

/* ---- abuse ---- */

static struct mime_part *parse_many(const char *head, const char *text, size_t times)
{
    struct mime_parser *parser = mime_parser_new();
    mime_parser_feed(parser, head, strlen(head));
    for (size_t i = 0; i < times; i++)
        mime_parser_feed(parser, text, strlen(text));
    return mime_parser_finish(parser);
}

START_TEST(bounds_the_number_of_parts)
{
    struct mime_part *root = parse_many(MIXED "\n", "--b\n\nx\n", 100000);
    ck_assert_uint_eq(root->nchildren, MESSAGE_PARTS_MAX - 1);
    ck_assert_uint_eq(root->body_end, root->last_child->body_end);
    mime_free(root);
}
END_TEST

START_TEST(bounds_the_depth_of_messages)
{
    struct mime_part *root = parse_many("", "Content-Type: message/rfc822\n\n", 10000), *part = root;
    unsigned depth = 0;
    for (; part->first_child; part = part->first_child)
        depth++;
    ck_assert_uint_eq(depth, MESSAGE_DEPTH_MAX);
    ck_assert_str_eq(part->type, "application");
    mime_free(root);
}
END_TEST

START_TEST(bounds_the_depth_of_multiparts)
{
    AUTO_STRBUF struct strbuf in = STRBUF_INIT(1 << 20);
    for (unsigned i = 0; i < 10000; i++)
        strbuf_addf(&in, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
    struct mime_part *root = parse(strbuf_bytes(&in), 4096), *part = root;
    unsigned depth = 0;
    for (; part->first_child; part = part->first_child)
        depth++;
    ck_assert_uint_eq(depth, MESSAGE_DEPTH_MAX);
    ck_assert_str_eq(part->type, "text");
    ck_assert_uint_eq(part->body_end, in.len);
    mime_free(root);
}
END_TEST

START_TEST(bounds_the_number_of_parameters)
{
    struct mime_part *root = parse_many("Content-Type: a/b", "; x*0=1; x*1=2; x*3*=4; a=b", 100000);
    ck_assert_uint_le(root->nparams, MESSAGE_PARAMS_MAX);
    mime_free(root);
    AUTO_STRBUF struct strbuf in = STRBUF_INIT(4 << 20);
    strbuf_adds(&in, "Content-Type: a/b");
    for (unsigned i = 0; i < 100000; i++)
        strbuf_addf(&in, ";\n p%u=v", i);
    root = parse(strbuf_bytes(&in), 1000);
    ck_assert_uint_eq(root->nparams, MESSAGE_PARAMS_MAX);
    mime_free(root);
}
END_TEST

START_TEST(looks_at_so_much_of_a_header)
{
    struct mime_part *root = parse_many("", "X: y\n", 300000);
    ck_assert_uint_eq(root->header_end, 1500000);
    mime_free(root);
    root = parse_many("Content-Description: x\n", " long\n", 1000000);
    ck_assert_uint_eq(root->header_end, 23 + 6000000);
    mime_free(root);
    AUTO_STRBUF struct strbuf in = STRBUF_INIT(4 << 20);
    while (in.len < MESSAGE_HEADER_MAX)
        strbuf_adds(&in, "X: y\n");
    strbuf_adds(&in, "Content-Type: a/b\n\nx");
    root = parse(strbuf_bytes(&in), 65536);
    ck_assert_str_eq(root->type, "a");
    mime_free(root);
}
END_TEST

START_TEST(takes_any_amount_of_padding)
{
    AUTO_STRBUF struct strbuf in = STRBUF_INIT(1 << 20);
    strbuf_adds(&in, MIXED "\n--b");
    while (in.len < 100000)
        strbuf_adds(&in, " \t");
    strbuf_adds(&in, "\r\n\r\nx\r\n--b--");
    struct mime_part *root = parse(strbuf_bytes(&in), 777);
    ck_assert_uint_eq(root->nchildren, 1);
    ck_assert_uint_eq(root->first_child->crlf_body, 1);
    mime_free(root);
}
END_TEST

START_TEST(is_linear_in_whatever_is_repeated)
{
    static const char *const heads[] = {"Content-Type: ", "Content-Type: a/b; ",
                                        "Content-Language: ", MIXED "\n"};
    static const char *const texts[] = {"(",    "\"",      "(\\",     ";",   "x=\"", "a=b (;",
                                        "--\n", "--b--\n", "\n--b\n", "*0=", ","};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
            mime_free(parse_many(heads[i], texts[k], 200000));
}
END_TEST

UNIT_MAIN("message_mime", builds_the_tree_whatever_the_cuts, counts_octets_of_the_wire_and_lines,
          reads_parameters, reads_the_other_fields_once, finds_parts_by_number, bounds_the_number_of_parts,
          bounds_the_depth_of_messages, bounds_the_depth_of_multiparts, bounds_the_number_of_parameters,
          looks_at_so_much_of_a_header, takes_any_amount_of_padding, is_linear_in_whatever_is_repeated)
