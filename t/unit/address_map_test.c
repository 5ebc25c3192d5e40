/* address_map_test.c - aliases, virtual maps, .forward files, rewritten senders, and the one form of an address. */
#include "relay/address_map.h"
#include "relay/address_normal.h"
#include "relay/forward_file.h"
#include "relay/srs.h"

#include "base/strbuf.h"

#include "t/unit/unit.h"

static size_t complaints[16], ncomplaints;

static void complain(void *arg, size_t line, const char *text)
{
    (void)arg;
    ck_assert_uint_gt(strlen(text), 0);
    complaints[ncomplaints++ % 16] = line;
}

static struct address_map *parse(struct bytes text, enum map_format format)
{
    ncomplaints = 0;
    return address_map_parse(text, format, false, complain, NULL);
}

static void holds(const struct address_map *map, const char *key, const char *targets)
{
    AUTO_STRBUF struct strbuf got = STRBUF_INIT(4096);
    const struct map_entry *e = address_map_find(map, bytes_of(key));
    for (size_t i = 0; e && i < e->n; i++)
        strbuf_addf(&got, "%s%s", i ? "|" : "", e->targets[i]);
    ck_assert_str_eq(e ? got.data : "none", targets);
}

START_TEST(reads_aliases)
{
    struct address_map *m = parse(
        BYTES("# c\nRoot: anna\nteam :anna, \"b c\"@x.org,\n  # inside\n\t<carl>,\\dora\n"
              "p: \"|/bin/x a, b\", /file, :include:/l\nq: |cmd\r\n\"big list\": x@EXAMPLE.org\nbad\n:x\n"
              "root: ben\nn:\nm: a b, c\n"),
        MAP_ALIASES);
    holds(m, "root", "anna");
    holds(m, "team", "anna|\"b c\"@x.org|carl|\\dora");
    holds(m, "p", "|/bin/x a, b|/file|:include:/l");
    holds(m, "q", "|cmd");
    holds(m, "big list", "x@example.org");
    holds(m, "m", "c");
    holds(m, "n", "none");
    ck_assert_uint_eq(ncomplaints, 5);
    ck_assert_uint_eq(complaints[0], 9);
    address_map_free(m);
}
END_TEST

START_TEST(reads_virtual_maps)
{
    struct address_map *m =
        parse(BYTES("Example.org anything\nAnna@example.org ben, carl@x.org\n  dora\n@example.org @y.org\n"
                    "*@z.org  a\nx-*@example.org b\nb\xc3\xbc@b\xc3\xbc.de c\nlonely@example.org\nuser d\n"),
              MAP_VIRTUAL);
    holds(m, "example.org", "anything");
    holds(m, "anna@example.org", "ben|carl@x.org|dora");
    holds(m, "@example.org", "@y.org");
    holds(m, "@z.org", "a");
    holds(m, "b\xc3\xbc@xn--b-eha.de", "c");
    holds(m, "user", "d");
    ck_assert_ptr_nonnull(address_map_match(m, BYTES("x-1@example.org")));
    ck_assert_ptr_null(address_map_match(m, BYTES("y-1@example.org")));
    ck_assert_uint_eq(ncomplaints, 1);
    ck_assert_uint_eq(complaints[0], 8);
    address_map_free(m);
}
END_TEST

START_TEST(matches_patterns_in_bounded_time)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(1000), pattern = STRBUF_INIT(1000);
    for (int i = 0; i < 250; i++) {
        strbuf_addc(&text, 'a');
        strbuf_adds(&pattern, i % 2 ? "*" : "a");
    }
    strbuf_addc(&pattern, 'b');
    ck_assert(!address_map_fits(strbuf_bytes(&pattern), strbuf_bytes(&text)));
    ck_assert(address_map_fits(BYTES("a*c*"), BYTES("abcbc")));
    ck_assert(!address_map_fits(BYTES("a*cd"), BYTES("abcbc")));
    ck_assert(address_map_fits(BYTES("*"), BYTES("")));
}
END_TEST

static void normal(struct bytes local, struct bytes domain, bool exact, const char *wanted)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
    bool good = local_normal(&out, local, exact) && strbuf_addc(&out, '@') && domain_normal(&out, domain);
    ck_assert_str_eq(good ? out.data : "none", wanted);
}

START_TEST(brings_addresses_into_one_form)
{
    normal(BYTES("Anna"), BYTES("Example.ORG"), false, "anna@example.org");
    normal(BYTES("Anna"), BYTES("Example.ORG"), true, "Anna@example.org");
    normal(BYTES("\"an\\na b\""), BYTES("x"), false, "anna b@x");
    normal(BYTES("bu\xcc\x88ro"), BYTES("B\xc3\xbc.de"), false, "b\xc3\xbcro@xn--b-eha.de");
    normal(BYTES("B\xc3\x9cRO"), BYTES("xn--b-eha.de"), false, "b\xc3\xbcro@xn--b-eha.de");
    normal(BYTES("_x"), BYTES("_a.b"), false, "_x@_a.b");
    normal(BYTES("\"\""), BYTES("x"), false, "none");
    normal(BYTES("a\n"), BYTES("x"), false, "none");
    normal(BYTES("\xff"), BYTES("x"), false, "none");
    normal(BYTES("a"), BYTES(""), false, "none");
}
END_TEST

static const struct siphash_key key = {{1, 2}};

static void back(const char *sent, const char *wanted)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
    struct bytes local, domain;
    address_cut(bytes_of(sent), &local, &domain);
    ck_assert_int_eq(srs_decode(&out, &key, 1000000 + 86400 * 20, local), SRS_OK);
    ck_assert_str_eq(out.data, wanted);
}

START_TEST(rewrites_senders_and_back)
{
    AUTO_STRBUF struct strbuf one = STRBUF_INIT(1000), two = STRBUF_INIT(1000), out = STRBUF_INIT(1000);
    ck_assert(srs_encode(&one, &key, 1000000, BYTES("a=b+c@example.org"), "one.net"));
    back(one.data, "a=b+c@example.org");
    ck_assert(srs_encode(&two, &key, 1000000, strbuf_bytes(&one), "two.net"));
    ck_assert_ptr_nonnull(strstr(two.data, "SRS1="));
    back(two.data, one.data);
    ck_assert(
        srs_encode(&out, &key, 1000000, BYTES("SRS1=xxxx=first.org==hhhh=tt=c.org=d@between.org"), "x.net"));
    back(out.data, "SRS0=hhhh=tt=c.org=d@first.org");
    strbuf_clear(&out);
    ck_assert(!srs_encode(&out, &key, 0, BYTES(""), "x"));
    ck_assert(!srs_encode(&out, &key, 0, BYTES("\"a b\"@x.org"), "x"));
}
END_TEST

START_TEST(takes_no_forged_or_old_sender_back)
{
    AUTO_STRBUF struct strbuf sent = STRBUF_INIT(1000), out = STRBUF_INIT(1000);
    struct bytes local, domain;
    struct siphash_key other = {{1, 3}};
    srs_encode(&sent, &key, 1000000, BYTES("anna@example.org"), "x");
    address_cut(strbuf_bytes(&sent), &local, &domain);
    ck_assert_int_eq(srs_decode(&out, &key, 1000000 + 86400 * 23, local), SRS_EXPIRED);
    ck_assert_int_eq(srs_decode(&out, &other, 1000000, local), SRS_FORGED);
    for (size_t i = 5; i < sent.len - 2; i++) {
        char old = sent.data[i];
        sent.data[i] = old == 'q' ? 'r' : 'q';
        ck_assert_int_ne(srs_decode(&out, &key, 1000000, local), SRS_OK);
        sent.data[i] = old;
    }
    ck_assert_int_eq(srs_decode(&out, &key, 1000000, BYTES("anna")), SRS_NONE);
    ck_assert_int_eq(srs_decode(&out, &key, 1000000, BYTES("SRS0=")), SRS_NONE);
    ck_assert_int_eq(srs_decode(&out, &key, 1000000, BYTES("SRS0=====")), SRS_FORGED);
}
END_TEST

START_TEST(reads_forward_files)
{
    static const struct forward_owner owner = {"anna", BYTES_OF("anna@host"), "/home/anna",
                                               "/home/anna/Maildir"};
    struct forward f;
    ncomplaints = 0;
    forward_parse(
        &f,
        BYTES(
            "# x\n\\anna, "
            "ben@example.org\nanna@HOST\n\"|prog\"\n~/Maildir/.Lists.dev/\n/etc/passwd\n/home/anna/Maildir/\n"
            "~/Maildir/../x/\n:include:/x\n~/Maildir/.a/../b/\nben@example.org\n"),
        &owner, complain, NULL);
    ck_assert_uint_eq(f.naddresses, 1);
    ck_assert_str_eq(f.addresses[0], "ben@example.org");
    ck_assert_uint_eq(f.nfolders, 2);
    ck_assert_str_eq(f.folders[0], "INBOX");
    ck_assert_str_eq(f.folders[1], "Lists/dev");
    ck_assert_uint_eq(ncomplaints, 5);
    forward_done(&f);
}
END_TEST

UNIT_MAIN("address_map", reads_aliases, reads_virtual_maps, matches_patterns_in_bounded_time,
          brings_addresses_into_one_form, rewrites_senders_and_back, takes_no_forged_or_old_sender_back,
          reads_forward_files)
