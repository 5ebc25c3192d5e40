#include "maildir/maildir_courier.h"

#include "base/cleanup.h"
#include "t/unit/unit.h"

START_TEST(reads_uids_in_any_order)
{
    struct courier_uiddb db;
    struct err e;
    ck_assert_int_eq(
        courier_uiddb_parse(&db, BYTES("1 712345678 6\n3 c d,S=1:2,S\n1 a\n8 b\n3 again\n9 cut"), &e), 0);
    ck_assert_uint_eq(db.validity, 712345678);
    ck_assert_uint_eq(db.next, 9);
    ck_assert_uint_eq(db.n, 3);
    ck_assert_uint_eq(db.uids[1].uid, 3);
    ck_assert_uint_eq(db.uids[0].uid, 1);
    ck_assert_uint_eq(db.uids[2].uid, 8);
    ck_assert(bytes_eq(db.uids[2].base, BYTES("b")));
    courier_uiddb_done(&db);
}
END_TEST

START_TEST(refuses_a_broken_uiddb)
{
    static const char *const bad[] = {"",           "2 7 8\n",      "1 0 8\n",     "1 7 0\n",       "1 7\n",
                                      "1 7 8\nx\n", "1 7 8\n0 a\n", "1 7 8\n1 \n", "1 7 8\n1 a/b\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct courier_uiddb db;
        struct err e;
        ck_assert_msg(courier_uiddb_parse(&db, bytes_of(bad[i]), &e) == -1, "taken: %s", bad[i]);
        ck_assert_int_eq(e.code, ERR_CORRUPT);
    }
}
END_TEST

START_TEST(shows_the_uidls_of_every_version)
{
    static const struct {
        const char *text, *base, *uidl;
    } cases[] = {
        {"/3 9 1500000000\n1.M2.h,S=5:2,FS 77 4:1500000000:0\n", "1.M2.h,S=5", "UID4-1500000000"},
        {"/3 9 1500000000\n1.M2.h 77 4:0:1\n", "1.M2.h", "UID4"},
        {"/3 9 1500000000\n1 a+b'\":2, 77 0:0:0\n", "1 a+b'\"", "1+20a+2Bb+27+22"},
        {"/3 9 1500000000\n1.\xfc.h:2, 77 0:5:0\n", "1.\xfc.h", "1.+FC.h"},
        {"/4 9 1500000000\n1.M2.h 77 4:5:0:later\n", "1.M2.h", "UID4-5"},
        {"/2 9 1500000000\n1.M2.h:2,S 77 4:1400000000\n", "1.M2.h", "UID4-1400000000"},
        {"/2 9\n1.M2.h:2,S 77 4:0\n", "1.M2.h", "UID4"},
        {"/1 9\n1.M2.h:2,S 77 4\n", "1.M2.h", "UID4"},
        {"1.M2.h,S=5:2,S 77\n", "1.M2.h,S=5", "1.M2.h,S=5"},
        {"/3 9 1\nbad 77 x:1:0\nbad\nbad 77\nbad x 4:5:0\n 1 2:3:0\na/b 1 2:3:0\n1 77 4:5:0\n", "1",
         "UID4-5"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO_STRBUF struct strbuf uidl = STRBUF_INIT(1000);
        size_t n;
        struct courier_pop3 *lines = courier_pop3_parse(bytes_of(cases[i].text), &n);
        ck_assert_msg(n == 1, "%zu lines of %s", n, cases[i].text);
        ck_assert(bytes_eq(lines[0].base, bytes_of(cases[i].base)));
        courier_pop3_uidl(&uidl, &lines[0]);
        ck_assert_str_eq(uidl.data, cases[i].uidl);
        free(lines);
    }
}
END_TEST

static uint64_t marks_of(const struct courier_keywords *kw, const char *base)
{
    struct bytes key = bytes_of(base);
    const struct courier_marks *m = bsearch(&key, kw->marks, kw->n, sizeof *kw->marks, courier_by_base);
    return m ? m->set[0] : UINT64_MAX;
}

START_TEST(updates_beat_the_list_of_keywords)
{
    struct courier_keywords kw = {.n = 0};
    courier_keywords_parse(&kw, BYTES("Red\nBlue\nred\n\na:0\nb:0 1\nc:1 7 x\nd:2\nno colon\n:0\ne:0\n"));
    courier_keywords_parse_update(&kw, BYTES(".5666666.a"), BYTES("Blue\n"));
    courier_keywords_parse_update(&kw, BYTES(".5666667.a"), BYTES("Green\nBlue\n"));
    courier_keywords_parse_update(&kw, BYTES(".999999.a"), BYTES("Red\n"));
    courier_keywords_parse_update(&kw, BYTES("b"), BYTES(""));
    courier_keywords_parse_update(&kw, BYTES(".5666667.b"), BYTES("Green\n"));
    courier_keywords_parse_update(&kw, BYTES(".tmp.77.e"), BYTES("Green\n"));
    courier_keywords_parse_update(&kw, BYTES(":list"), BYTES("Green\n"));
    courier_keywords_parse_update(&kw, BYTES("f"), BYTES("Green"));
    courier_keywords_merge(&kw);
    ck_assert_uint_eq(kw.nnames, 3);
    ck_assert_str_eq(kw.names[2], "Green");
    ck_assert_uint_eq(marks_of(&kw, "a"), 2 | 4);
    ck_assert_uint_eq(marks_of(&kw, "b"), 0);
    ck_assert_uint_eq(marks_of(&kw, "c"), 2);
    ck_assert_uint_eq(marks_of(&kw, "d"), 1);
    ck_assert_uint_eq(marks_of(&kw, "e"), 1);
    ck_assert_uint_eq(marks_of(&kw, "f"), 4);
    ck_assert_uint_eq(kw.n, 6);
    courier_keywords_done(&kw);
}
END_TEST

static void add_name(void *arg, const char *name, struct bytes disk)
{
    ck_assert(disk.n);
    strbuf_addf(arg, "%s|", name);
}

START_TEST(reads_subscriptions_in_both_encodings)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
    courier_subscribed_parse(
        BYTES("INBOX\nINBOX.Sent\n#shared.x\nINBOX.Entw\xc3\xbcrfe.a\nINBOX.Entw&APw-rfe.b\n"
              "INBOX.R&D\nINBOX.\xff\nother\nINBOX."),
        add_name, &out);
    ck_assert_str_eq(out.data, "INBOX|Sent|Entw\xc3\xbcrfe.a|Entw\xc3\xbcrfe.b|R&D|");
}
END_TEST

START_TEST(finds_the_file_though_its_size_differs)
{
    struct courier_file on_disk[] = {
        {.base = BYTES("c,S=9")},      {.base = BYTES("b")},     {.base = BYTES("a,S=1,W=2")},
        {.base = BYTES("e,S=1")},      {.base = BYTES("e,S=2")}, {.base = BYTES("d,S=1x")},
        {.base = BYTES("other,S=1x")},
    };
    struct courier_files files = {.items = on_disk, .n = ARRAY_LEN(on_disk)};
    struct courier_uid uids[] = {
        {BYTES("a,S=3,W=2"), 1}, {BYTES("b,S=7"), 2},  {BYTES("c"), 3},        {BYTES("e,S=2"), 4},
        {BYTES("e,S=3"), 5},     {BYTES("d,S=2x"), 6}, {BYTES("gone,S=1"), 7}, {BYTES("a,S=3,W=9"), 8},
    };
    static const char *const wanted[] = {"a,S=1,W=2", "b",      "c,S=9",    "e,S=2",
                                         "e,S=1",     "d,S=2x", "gone,S=1", "a,S=3,W=9"};
    courier_match(uids, ARRAY_LEN(uids), sizeof *uids, &files);
    for (size_t i = 0; i < ARRAY_LEN(uids); i++)
        ck_assert_msg(bytes_eq(uids[i].base, bytes_of(wanted[uids[i].uid - 1])), "UID %u", uids[i].uid);
}
END_TEST

UNIT_MAIN("maildir_courier", reads_uids_in_any_order, refuses_a_broken_uiddb,
          shows_the_uidls_of_every_version, updates_beat_the_list_of_keywords,
          reads_subscriptions_in_both_encodings, finds_the_file_though_its_size_differs)
