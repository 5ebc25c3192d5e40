/* maildir_test.c - a store in a temporary directory: what was written is there, under its UID, and stays. */
#include "maildir/maildir.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "maildir/maildir_keywords.h"
#include "maildir/maildir_name.h"
#include "maildir/maildir_subscriptions.h"
#include "maildir/maildir_uidlist.h"
#include "t/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[64];
static struct mail_store *store;
static struct err e;

#define OK(call) ck_assert_msg((call) == 0, "%s", e.text)

static void open_store(int64_t quota)
{
    snprintf(root, sizeof root, "/tmp/maildir_test.XXXXXX");
    ck_assert(mkdtemp(root));
    struct mail_store_options options = {.root = root, .create = true, .quota_bytes = quota};
    OK(mail_store_open(&store, &options, &e));
}

static void close_store(void)
{
    char command[256];
    mail_store_close(store);
    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert(!system(command));
}

static void append(const char *folder, const char *text, uint32_t flags, const char *keyword, uint32_t *uid)
{
    struct mail_append *a;
    uint32_t validity, *uids;
    size_t n;
    OK(mail_append_begin(&a, store, folder, &e));
    OK(mail_append_add(a, flags, &keyword, keyword != NULL, 1000000000, &e));
    for (const char *p = text; *p; p++)
        OK(mail_append_write(a, p, 1, &e));
    OK(mail_append_commit(a, &validity, &uids, &n, &e));
    ck_assert_uint_eq(n, 1);
    if (uid)
        *uid = uids[0];
    free(uids);
}

static void deliver(const char *text, const char *unique)
{
    FILE *f = tmpfile();
    fputs(text, f);
    fflush(f);
    struct mail_delivery d = {.fd = fileno(f),
                              .size = (off_t)strlen(text),
                              .head = BYTES("Return-Path: <a@b>\n"),
                              .unique = unique,
                              .again = true};
    ck_assert_msg(mail_deliver(store, "INBOX", &d, 1) == 0, "%s", d.err.text);
    fclose(f);
}

static void content(struct mailbox *mb, uint32_t uid, char *out, size_t size)
{
    int fd = mailbox_message_open(mb, uid, &e);
    ck_assert_msg(fd >= 0, "%s", e.text);
    ssize_t n = read(fd, out, size - 1);
    ck_assert_int_ge(n, 0);
    out[n] = '\0';
    close(fd);
}

START_TEST(delivers_whole_messages_that_get_ascending_uids)
{
    struct mailbox *mb;
    struct mail_info info;
    char text[256];
    open_store(0);
    deliver("Subject: one\n\nbody\n", "id1");
    deliver("Subject: two\n\nbody\n", "id2");
    OK(mailbox_open(&mb, store, "inbox", false, &e));
    ck_assert_uint_eq(mailbox_count(mb), 2);
    ck_assert_uint_eq(mailbox_at(mb, 0)->uid, 1);
    ck_assert(mailbox_at(mb, 1)->recent);
    ck_assert_uint_eq(mailbox_uidnext(mb), 3);
    content(mb, 1, text, sizeof text);
    ck_assert_str_eq(text, "Return-Path: <a@b>\nSubject: one\n\nbody\n");
    OK(mailbox_message_info(mb, 1, &info, &e));
    ck_assert_uint_eq(info.virtual_size, strlen(text) + 4);
    uint32_t validity = mailbox_uidvalidity(mb);
    mailbox_close(mb);
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    ck_assert_uint_eq(mailbox_uidvalidity(mb), validity);
    ck_assert_uint_eq(mailbox_at(mb, 1)->uid, 2);
    ck_assert(!mailbox_at(mb, 1)->recent);
    mailbox_close(mb);
    close_store();
}
END_TEST

START_TEST(finds_a_delivery_that_was_done_before)
{
    struct mailbox *mb;
    open_store(0);
    deliver("Subject: one\n\n", "same");
    deliver("Subject: one\n\n", "same");
    OK(mailbox_open(&mb, store, "INBOX", true, &e));
    ck_assert_uint_eq(mailbox_count(mb), 1);
    mailbox_close(mb);
    close_store();
}
END_TEST

START_TEST(appends_with_flags_keywords_date_and_lf_line_ends)
{
    struct mailbox *mb;
    struct mail_info info;
    char text[256];
    uint32_t uid;
    open_store(0);
    append("INBOX", "A: b\r\n\r\none\r\r\ntwo\rthree\n", MAIL_SEEN | MAIL_FLAGGED, "$Forwarded", &uid);
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    const struct mail *mail = mailbox_find(mb, uid);
    ck_assert_uint_eq(mail->flags, MAIL_SEEN | MAIL_FLAGGED);
    ck_assert_uint_eq(mail->keywords, 1);
    ck_assert_str_eq(mailbox_keyword(mb, 0), "$Forwarded");
    OK(mailbox_message_info(mb, uid, &info, &e));
    ck_assert_int_eq(info.internal_date, 1000000000);
    content(mb, uid, text, sizeof text);
    ck_assert_str_eq(text, "A: b\n\none\r\ntwo\rthree\n");
    mailbox_close(mb);
    close_store();
}
END_TEST

START_TEST(leaves_nothing_of_an_aborted_append)
{
    struct mail_append *a;
    struct mailbox *mb;
    open_store(0);
    OK(mail_append_begin(&a, store, "INBOX", &e));
    OK(mail_append_add(a, 0, NULL, 0, 0, &e));
    OK(mail_append_write(a, "half", 4, &e));
    mail_append_abort(a);
    char command[256];
    snprintf(command, sizeof command, "test -z \"$(ls %s/tmp %s/cur %s/new | grep -v :$)\"", root, root,
             root);
    ck_assert(!system(command));
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    ck_assert_uint_eq(mailbox_count(mb), 0);
    mailbox_close(mb);
    close_store();
}
END_TEST

/* The kernel's lock is free: so nobody holds this dotlock of ours, though its pid is alive (this process bears it). */
START_TEST(takes_a_dotlock_that_a_killed_session_left_at_once)
{
    char path[300], host[65] = "";
    struct timespec before, after;
    open_store(0);
    snprintf(path, sizeof path, "%s/dovecot-uidlist.lock", root);
    gethostname(host, sizeof host - 1);
    FILE *f = fopen(path, "w");
    fprintf(f, "%d:%s\n", (int)getpid(), host);
    fclose(f);
    clock_gettime(CLOCK_MONOTONIC, &before);
    append("INBOX", "x\n", 0, NULL, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    ck_assert_int_lt(after.tv_sec - before.tv_sec, 60); /* by age it would be 120 */
    ck_assert_int_ne(access(path, F_OK), 0);
    close_store();
}
END_TEST

START_TEST(changes_flags_and_another_session_sees_it)
{
    struct mailbox *a, *b;
    open_store(0);
    append("INBOX", "x\n", MAIL_SEEN, NULL, NULL);
    OK(mailbox_open(&a, store, "INBOX", false, &e));
    OK(mailbox_open(&b, store, "INBOX", false, &e));
    const char *keyword = "Work";
    uint32_t uid = 1;
    struct mail_flag_change change = {MAIL_FLAGS_ADD, MAIL_ANSWERED, &keyword, 1};
    OK(mailbox_store(a, &uid, 1, &change, &e));
    uint64_t before = mailbox_sequence(b);
    OK(mailbox_refresh(b, &e));
    ck_assert_uint_eq(mailbox_at(b, 0)->flags, MAIL_SEEN | MAIL_ANSWERED);
    ck_assert_str_eq(mailbox_keyword(b, 0), "Work");
    ck_assert_uint_gt(mailbox_at(b, 0)->changed, before);
    change = (struct mail_flag_change){MAIL_FLAGS_SET, MAIL_DELETED, NULL, 0};
    OK(mailbox_store(b, &uid, 1, &change, &e));
    OK(mailbox_refresh(a, &e));
    ck_assert_uint_eq(mailbox_at(a, 0)->flags, MAIL_DELETED);
    ck_assert_uint_eq(mailbox_at(a, 0)->keywords, 0);
    mailbox_close(a);
    mailbox_close(b);
    close_store();
}
END_TEST

START_TEST(expunges_only_what_is_deleted_and_gives_no_uid_twice)
{
    struct mailbox *mb;
    open_store(0);
    append("INBOX", "1\n", MAIL_DELETED, NULL, NULL);
    append("INBOX", "2\n", 0, NULL, NULL);
    append("INBOX", "3\n", MAIL_DELETED, NULL, NULL);
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    uint32_t all[] = {1, 2, 3}, uid;
    OK(mailbox_expunge(mb, all, 3, false, &e));
    OK(mailbox_refresh(mb, &e));
    ck_assert_uint_eq(mailbox_count(mb), 1);
    ck_assert_uint_eq(mailbox_at(mb, 0)->uid, 2);
    append("INBOX", "4\n", 0, NULL, &uid);
    ck_assert_uint_eq(uid, 4);
    mailbox_close(mb);
    close_store();
}
END_TEST

START_TEST(copies_and_moves_with_keywords_by_name)
{
    struct mailbox *mb;
    struct mail_copy_result result;
    uint32_t uids[] = {1, 2};
    open_store(0);
    OK(mail_store_create(store, "Old.2025", &e));
    append("Old.2025", "x\n", 0, "Other", NULL);
    append("INBOX", "1\n", MAIL_SEEN, "Work", NULL);
    append("INBOX", "2\n", 0, NULL, NULL);
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    OK(mailbox_copy(mb, uids, 1, "Old.2025", false, &result, &e));
    ck_assert_uint_eq(result.n, 1);
    ck_assert_uint_eq(result.target[0], 2);
    mail_copy_result_done(&result);
    ck_assert_uint_eq(mailbox_count(mb), 2);
    OK(mailbox_copy(mb, uids, 2, "Old.2025", true, &result, &e));
    ck_assert_uint_eq(result.n, 2);
    mail_copy_result_done(&result);
    OK(mailbox_refresh(mb, &e));
    ck_assert_uint_eq(mailbox_count(mb), 0);
    mailbox_close(mb);
    OK(mailbox_open(&mb, store, "Old.2025", false, &e));
    ck_assert_uint_eq(mailbox_count(mb), 4);
    ck_assert_uint_eq(mailbox_at(mb, 1)->keywords, 2);
    ck_assert_str_eq(mailbox_keyword(mb, 1), "Work");
    ck_assert_uint_eq(mailbox_at(mb, 1)->flags, MAIL_SEEN);
    mailbox_close(mb);
    ck_assert_int_eq(mailbox_open(&mb, store, "Nowhere", false, &e), -1);
    ck_assert_int_eq(e.code, ERR_NOTFOUND);
    close_store();
}
END_TEST

static const struct mail_folder *find(const struct mail_folder *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i].name, name))
            return &list[i];
    return NULL;
}

START_TEST(keeps_a_tree_of_folders)
{
    struct mail_folder *list;
    size_t n;
    open_store(0);
    OK(mail_store_create(store, "A.B.C", &e));
    OK(mail_store_create(store, "Sent", &e));
    ck_assert_int_eq(mail_store_create(store, "Sent", &e), -1);
    ck_assert_int_eq(e.code, ERR_EXISTS);
    OK(mail_store_subscribe(store, "Sent", true, &e));
    OK(mail_store_subscribe(store, "Gone", true, &e));
    OK(mail_store_folders(store, &list, &n, &e));
    ck_assert_uint_eq(n, 6);
    ck_assert_str_eq(list[0].name, "INBOX");
    ck_assert(!find(list, n, "A")->exists && find(list, n, "A")->has_children);
    ck_assert(find(list, n, "A.B.C")->exists);
    ck_assert(find(list, n, "Sent")->subscribed);
    ck_assert(!find(list, n, "Gone")->exists && find(list, n, "Gone")->subscribed);
    mail_folders_free(list, n);
    append("A.B.C", "x\n", 0, NULL, NULL);
    OK(mail_store_rename(store, "A", "X", &e));
    OK(mail_store_folders(store, &list, &n, &e));
    ck_assert(find(list, n, "X.B.C")->exists && !find(list, n, "A"));
    mail_folders_free(list, n);
    OK(mail_store_delete(store, "X.B.C", &e));
    OK(mail_store_folders(store, &list, &n, &e));
    ck_assert(!find(list, n, "X.B.C"));
    mail_folders_free(list, n);
    ck_assert_int_eq(mail_store_delete(store, "INBOX", &e), -1);
    close_store();
}
END_TEST

START_TEST(refuses_names_that_could_leave_the_maildir)
{
    static const char *const bad[] = {"",    ".",    "..",   "a..b",  ".a",  "a.",
                                      "a/b", "../x", "a\nb", "a\x7f", "\xff"};
    open_store(0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(mail_store_create(store, bad[i], &e) == -1, "%zu", i);
    char deep[200] = "a";
    for (int i = 0; i < 40; i++)
        strcat(deep, ".a");
    ck_assert_int_eq(mail_store_create(store, deep, &e), -1);
    ck_assert_int_eq(e.code, ERR_LIMIT);
    close_store();
}
END_TEST

START_TEST(keeps_the_quota)
{
    struct mail_append *a;
    uint32_t validity, *uids;
    size_t n;
    open_store(100);
    append("INBOX", "twenty octets of it\n", 0, NULL, NULL);
    OK(mail_append_begin(&a, store, "INBOX", &e));
    OK(mail_append_add(a, 0, NULL, 0, 0, &e));
    for (int i = 0; i < 5; i++)
        OK(mail_append_write(a, "twenty octets of it\n", 20, &e));
    ck_assert_int_eq(mail_append_commit(a, &validity, &uids, &n, &e), -1);
    ck_assert_int_eq(e.code, ERR_QUOTA);
    struct mail_delivery d = {.fd = open("/dev/zero", O_RDONLY), .size = 90, .unique = "x"};
    ck_assert_uint_eq(mail_deliver(store, "INBOX", &d, 1), 1);
    ck_assert_int_eq(d.err.code, ERR_QUOTA);
    d.size = 70;
    ck_assert_uint_eq(mail_deliver(store, "INBOX", &d, 1), 0);
    close_store();
}
END_TEST

START_TEST(does_not_renumber_when_the_uidlist_is_unreadable)
{
    struct mailbox *mb;
    char path[128];
    open_store(0);
    append("INBOX", "x\n", 0, NULL, NULL);
    snprintf(path, sizeof path, "%s/dovecot-uidlist", root);
    FILE *f = fopen(path, "w");
    fputs("3 V1 N9\n5 :a\n4 :b\n", f);
    fclose(f);
    ck_assert_int_eq(mailbox_open(&mb, store, "INBOX", false, &e), -1);
    ck_assert_int_eq(e.code, ERR_CORRUPT);
    close_store();
}
END_TEST

START_TEST(takes_over_the_uids_of_dovecot_and_of_courier)
{
    struct mailbox *mb;
    char path[128];
    for (int courier = 0; courier < 2; courier++) {
        open_store(0);
        snprintf(path, sizeof path, "%s/cur/100.x.host:2,S", root);
        fclose(fopen(path, "w"));
        snprintf(path, sizeof path, "%s/new/200.y.host", root);
        fclose(fopen(path, "w"));
        snprintf(path, sizeof path, "%s/%s", root, courier ? "courierimapuiddb" : "dovecot-uidlist");
        FILE *f = fopen(path, "w");
        fputs(courier ? "1 777 41\n40 100.x.host\n"
                      : "3 V777 N41 Zkept G0123456789abcdef0123456789abcdef\n40 Pold :100.x.host\n",
              f);
        fclose(f);
        OK(mailbox_open(&mb, store, "INBOX", false, &e));
        ck_assert_uint_eq(mailbox_uidvalidity(mb), 777);
        ck_assert_uint_eq(mailbox_at(mb, 0)->uid, 40);
        ck_assert_uint_eq(mailbox_at(mb, 1)->uid, 41);
        AUTO_FREE char *uidl = mailbox_pop3_uidl(mb, 40);
        if (!courier)
            ck_assert_str_eq(uidl, "old");
        mailbox_close(mb);
        close_store();
    }
}
END_TEST

START_TEST(skips_what_is_no_message_and_never_blocks)
{
    struct mailbox *mb;
    char path[128];
    open_store(0);
    append("INBOX", "x\n", 0, NULL, NULL);
    snprintf(path, sizeof path, "%s/cur/fifo:2,", root);
    ck_assert(!mkfifo(path, 0600));
    snprintf(path, sizeof path, "%s/cur/directory:2,", root);
    ck_assert(!mkdir(path, 0700));
    snprintf(path, sizeof path, "%s/cur/link:2,", root);
    ck_assert(!symlink("/etc/passwd", path));
    snprintf(path, sizeof path, "%s/cur/.hidden", root);
    fclose(fopen(path, "w"));
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    ck_assert_uint_eq(mailbox_count(mb), 1);
    mailbox_close(mb);
    close_store();
}
END_TEST

/* A writer without lock renames and delivers at full speed while this session watches. */
static void disturb(void)
{
    char from[256], to[256];
    for (int i = 0;; i++) {
        char *name = i % 2 ? "1.a:2,S" : "1.a:2,F";
        snprintf(to, sizeof to, "%s/cur/%s", root, name);
        snprintf(from, sizeof from, "%s/cur/%s", root, i % 2 ? "1.a:2,F" : "1.a:2,S");
        rename(from, to);
        if (i % 50 == 0) {
            snprintf(to, sizeof to, "%s/new/%d.b", root, i + 100);
            fclose(fopen(to, "w"));
        }
        usleep(100);
    }
}

START_TEST(never_loses_a_message_that_is_renamed_all_the_time)
{
    struct mailbox *mb;
    char path[128];
    open_store(0);
    snprintf(path, sizeof path, "%s/cur/1.a:2,S", root);
    fclose(fopen(path, "w"));
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    pid_t pid = fork();
    if (!pid)
        disturb();
    uint32_t last = 1;
    for (int i = 0; i < 400; i++) {
        OK(mailbox_refresh(mb, &e));
        ck_assert_msg(mailbox_count(mb) > 0 && mailbox_at(mb, 0)->uid == 1, "UID 1 was lost in round %d", i);
        uint32_t newest = mailbox_at(mb, mailbox_count(mb) - 1)->uid;
        ck_assert_uint_ge(newest, last);
        last = newest;
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    mailbox_close(mb);
    close_store();
}
END_TEST

START_TEST(gives_uids_to_many_appending_sessions_without_a_double)
{
    enum { SESSIONS = 4, EACH = 25 };
    struct mailbox *mb;
    open_store(0);
    for (int i = 0; i < SESSIONS; i++)
        if (!fork()) {
            for (int j = 0; j < EACH; j++)
                append("INBOX", "x\n", 0, NULL, NULL);
            _exit(0);
        }
    for (int i = 0, status; i < SESSIONS; i++) {
        wait(&status);
        ck_assert_int_eq(status, 0);
    }
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    ck_assert_uint_eq(mailbox_count(mb), SESSIONS * EACH);
    ck_assert_uint_eq(mailbox_at(mb, SESSIONS * EACH - 1)->uid, SESSIONS * EACH);
    mailbox_close(mb);
    close_store();
}
END_TEST

/* ---- pure parts ---- */

START_TEST(reads_and_writes_names)
{
    struct strbuf out = STRBUF_INIT(255);
    uint32_t flags, keywords;
    uint64_t size;
    struct bytes name = BYTES("1.M2P3.host,S=10,W=12:2,FPSbz,extra");
    maildir_name_flags(name, &flags, &keywords);
    ck_assert_uint_eq(flags, MAIL_FLAGGED | MAIL_SEEN);
    ck_assert_uint_eq(keywords, 1u << 1 | 1u << 25);
    ck_assert(maildir_name_size(name, 'S', &size) && size == 10);
    ck_assert(!maildir_name_size(BYTES("1.M2P3.host,S=10x"), 'S', &size));
    ck_assert(maildir_name_with_flags(&out, name, MAIL_DELETED, 1));
    ck_assert_str_eq(out.data, "1.M2P3.host,S=10,W=12:2,PTa,extra");
    struct maildir_name_time early = maildir_name_time(BYTES("9.x")), late = maildir_name_time(BYTES("10.a"));
    ck_assert_int_lt(maildir_name_time_order(&early, &late), 0);
    early = maildir_name_time(BYTES("10.M9.a"));
    late = maildir_name_time(BYTES("10.M10.a"));
    ck_assert_int_lt(maildir_name_time_order(&early, &late), 0);
    strbuf_done(&out);
}
END_TEST

START_TEST(reads_uidlists_and_names_what_is_wrong)
{
    static const struct {
        const char *text;
        bool good;
        size_t n;
    } cases[] = {
        {"3 V5 N9 G0123456789abcdef0123456789abcdef\n1 :a\n3 S10 W11 :b:2,S\n", true, 2},
        {"1 5 9\n1 a\n8 b\n", true, 2},
        {"1 5 9\n9 a\n", false, 0},
        {"3 V5 N9\n1 :a\n2 :cut o", true, 1},
        {"3 V5 N9\n2 :a\n2 :b\n", false, 0},
        {"3 V0 N9\n", false, 0},
        {"3 N9\n", false, 0},
        {"2 V5 N9\n", false, 0},
        {"3 V5 N9\nx :a\n", false, 0},
        {"3 V5 N9\n1 no name\n", false, 0},
        {"3 V5 N9\n1 :a/b\n", false, 0},
        {"3 V5 N9\n4294967295 :a\n", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct uidlist ul;
        uidlist_init(&ul);
        bool good = !uidlist_parse(&ul, bytes_of(cases[i].text), &e);
        ck_assert_msg(good == cases[i].good, "case %zu: %s", i, e.text);
        if (good)
            ck_assert_uint_eq(ul.n, cases[i].n);
        uidlist_done(&ul);
    }
}
END_TEST

static void remove_index(void)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", ""};
    char path[256];
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof path, "%s/posthouse-index/%s", root, files[i]);
        ck_assert(!remove(path));
    }
}

static void open_store_again(void)
{
    struct mail_store_options options = {.root = root};
    mail_store_close(store);
    remove_index();
    OK(mail_store_open(&store, &options, &e));
}

/* Number of keywords of a message that have a name, with the names' numbers k<n> as bits of *which. */
static int count_keywords(struct mailbox *mb, uint32_t uid, uint64_t *which)
{
    const struct mail *mail = mailbox_find(mb, uid);
    int n = 0;
    *which = 0;
    for (unsigned k = 0; mail && k < MAIL_KEYWORDS_MAX; k++) {
        const char *name = mail->keywords >> k & 1 ? mailbox_keyword(mb, k) : NULL;
        if (name) {
            n++;
            *which |= (uint64_t)1 << atoi(name + 1);
        }
    }
    return n;
}

static int store_keyword(struct mailbox *mb, uint32_t uid, int number, enum mail_store_how how)
{
    char name[16];
    const char *names[] = {name};
    struct mail_flag_change change = {.how = how, .keywords = names, .nkeywords = 1};
    snprintf(name, sizeof name, "k%d", number);
    return mailbox_store(mb, &uid, 1, &change, &e);
}

START_TEST(keeps_more_keywords_than_there_are_letters)
{
    struct mailbox *mb;
    struct mail_copy_result copied;
    uint32_t uid = 1, uid2;
    uint64_t which;
    open_store(0);
    append("INBOX", "x\n", 0, NULL, &uid);
    append("INBOX", "y\n", 0, NULL, &uid2);
    OK(mail_store_create(store, "Other", &e));
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    for (int k = 0; k < 40; k++)
        OK(store_keyword(mb, uid, k, MAIL_FLAGS_ADD));
    ck_assert_int_eq(count_keywords(mb, uid, &which), 40);
    ck_assert_uint_eq(which, ((uint64_t)1 << 40) - 1);
    OK(store_keyword(mb, uid, 30, MAIL_FLAGS_REMOVE));
    OK(store_keyword(mb, uid, 3, MAIL_FLAGS_REMOVE));
    mailbox_close(mb);
    open_store_again();
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    ck_assert_int_eq(count_keywords(mb, uid, &which), 38);
    ck_assert_uint_eq(which, (((uint64_t)1 << 40) - 1) & ~((uint64_t)1 << 30 | 1 << 3));
    ck_assert_int_eq(count_keywords(mb, uid2, &which), 0);
    OK(mailbox_copy(mb, &uid, 1, "Other", false, &copied, &e));
    uid2 = copied.target[0];
    mail_copy_result_done(&copied);
    mailbox_close(mb);
    OK(mailbox_open(&mb, store, "Other", false, &e));
    ck_assert_int_eq(count_keywords(mb, uid2, &which), 38);
    OK(store_keyword(mb, uid2, 5, MAIL_FLAGS_SET));
    ck_assert_int_eq(count_keywords(mb, uid2, &which), 1);
    ck_assert_uint_eq(which, 1 << 5);
    for (int k = 0; k < 60; k++)
        OK(store_keyword(mb, uid2, k, MAIL_FLAGS_ADD));
    mailbox_close(mb);
    close_store();
}
END_TEST

START_TEST(reads_keywords_as_dovecot_does)
{
    struct keywords kw = {.dirty = false};
    keywords_parse(&kw, BYTES("0 Work\n1 work\n26 Far\n2 $Junk\nx y\n2 Again\n"));
    ck_assert_str_eq(kw.names[0], "Work");
    ck_assert_ptr_null(kw.names[1]);
    ck_assert_str_eq(kw.names[2], "$Junk");
    ck_assert_int_eq(keywords_get(&kw, "NEW", 1u << 1, &e), 3);
    ck_assert_int_eq(keywords_get(&kw, "wORK", 0, &e), 0);
    ck_assert_int_eq(keywords_get(&kw, "two words", 0, &e), -1);
    keywords_done(&kw);
}
END_TEST

START_TEST(keeps_the_form_of_subscriptions)
{
    static const char *const forms[] = {"V\t2\n\nSent\nA\tB\n", "Sent\nA.B\n"};
    for (size_t i = 0; i < 2; i++) {
        struct strbuf out = STRBUF_INIT(4096);
        struct subscriptions s;
        subscriptions_parse(&s, bytes_of(forms[i]));
        ck_assert_uint_eq(s.n, 2);
        ck_assert_str_eq(s.names[1], "A.B");
        subscriptions_format(&s, &out);
        ck_assert_str_eq(out.data, forms[i]);
        subscriptions_done(&s);
        strbuf_done(&out);
    }
}
END_TEST

START_TEST(keeps_the_quota_within_one_batch)
{
    int fd = open("/dev/zero", O_RDONLY);
    struct mail_delivery d[2] = {{.fd = fd, .size = 60, .unique = "a"},
                                 {.fd = fd, .size = 60, .unique = "b"}};
    open_store(100);
    ck_assert_uint_eq(mail_deliver(store, "INBOX", d, 2), 1);
    ck_assert_int_eq(d[0].result, 0);
    ck_assert_int_eq(d[1].err.code, ERR_QUOTA);
    close(fd);
    close_store();
}
END_TEST

static int deliver_until_full(int who)
{
    int fd = open("/dev/zero", O_RDONLY), done = 0;
    for (int i = 0; i < 40; i++) {
        char unique[16];
        snprintf(unique, sizeof unique, "r%dx%d", who, i);
        struct mail_delivery d = {.fd = fd, .size = 50, .unique = unique};
        int failed = (int)mail_deliver(store, "INBOX", &d, 1);
        if (failed && d.err.code != ERR_QUOTA)
            return -1;
        done += !failed;
    }
    return done;
}

static int append_until_full(void)
{
    int done = 0;
    for (int i = 0; i < 40; i++) {
        struct mail_append *a;
        uint32_t validity, *uids;
        size_t n;
        if (mail_append_begin(&a, store, "INBOX", &e) || mail_append_add(a, 0, NULL, 0, 0, &e) ||
            mail_append_write(a, "Subject: fifty octets, all in all, and no more....\n", 50, &e))
            return -1;
        if (mail_append_commit(a, &validity, &uids, &n, &e)) {
            if (e.code != ERR_QUOTA)
                return -1;
            continue;
        }
        free(uids);
        done++;
    }
    return done;
}

/* Each has a store of its own, as a process of its own would. */
static int add_in_child(int who, const struct mail_store_options *options)
{
    if (mail_store_open(&store, options, &e))
        return 255;
    int done = who % 2 ? append_until_full() : deliver_until_full(who);
    mail_store_close(store);
    return done < 0 ? 255 : done;
}

START_TEST(never_passes_the_limit_together_with_others)
{
    enum { CHILDREN = 6, ROOM = 57 };
    pid_t pids[CHILDREN];
    struct mailbox *mb;
    int status, all = 0;
    open_store(50 * ROOM + 49);
    struct mail_store_options options = {.root = root, .quota_bytes = 50 * ROOM + 49};
    for (int i = 0; i < CHILDREN; i++)
        if (!(pids[i] = fork()))
            _exit(add_in_child(i, &options));
    for (int i = 0; i < CHILDREN; i++) {
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 255);
        all += WEXITSTATUS(status);
    }
    ck_assert_int_eq(all, ROOM);
    OK(mailbox_open(&mb, store, "INBOX", true, &e));
    ck_assert_uint_eq(mailbox_count(mb), ROOM);
    mailbox_close(mb);
    close_store();
}
END_TEST

START_TEST(counts_anew_when_maildirsize_holds_absurd_sums)
{
    char path[128];
    open_store(100);
    snprintf(path, sizeof path, "%s/maildirsize", root);
    FILE *f = fopen(path, "w");
    fputs("100S,0C\n9223372036854775807 1\n9223372036854775807 1\n", f);
    fclose(f);
    append("INBOX", "twenty octets of it\n", 0, NULL, NULL);
    close_store();
}
END_TEST

/* As Dovecot does when its index knows a higher next UID than the file: new/ and cur/ stay as they are. */
/* With its LF, malloc'ed. */
static char *last_line(const char *path)
{
    char line[512] = "";
    AUTO_FCLOSE FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
    }
    return xstrdup(line);
}

START_TEST(numbers_above_a_next_uid_that_another_server_raised)
{
    struct mailbox *mb;
    struct mail_flag_change change = {.how = MAIL_FLAGS_ADD, .flags = MAIL_SEEN};
    char path[128], text[512];
    uint32_t validity, uid = 1;
    open_store(0);
    append("INBOX", "x\n", 0, NULL, &uid);
    struct timespec past[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    snprintf(path, sizeof path, "%s/cur", root);
    ck_assert(!utimensat(AT_FDCWD, path, past, 0));
    snprintf(path, sizeof path, "%s/new", root);
    ck_assert(!utimensat(AT_FDCWD, path, past, 0));
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    validity = mailbox_uidvalidity(mb);
    snprintf(path, sizeof path, "%s/dovecot-uidlist", root);
    AUTO_FREE char *line = last_line(path);
    snprintf(text, sizeof text, "3 V%u N500 G0123456789abcdef0123456789abcdef\n%s", validity, line);
    ck_assert(!unlink(path));
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    OK(mailbox_refresh(mb, &e));
    OK(mailbox_store(mb, &uid, 1, &change, &e));
    ck_assert_uint_eq(mailbox_uidnext(mb), 500);
    mailbox_close(mb);
    close_store();
}
END_TEST

START_TEST(renames_nothing_when_a_child_would_meet_another_folder)
{
    static const char *const names[] = {"A", "A.x", "A.y", "B.y"};
    struct mail_folder *folders;
    size_t n, found = 0;
    open_store(0);
    for (size_t i = 0; i < 4; i++)
        OK(mail_store_create(store, names[i], &e));
    ck_assert_int_eq(mail_store_rename(store, "A", "B", &e), -1);
    ck_assert_int_eq(e.code, ERR_EXISTS);
    OK(mail_store_folders(store, &folders, &n, &e));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < 4; j++)
            found += folders[i].exists && !strcmp(folders[i].name, names[j]);
    ck_assert_uint_eq(found, 4);
    mail_folders_free(folders, n);
    close_store();
}
END_TEST

START_TEST(never_cuts_a_name_that_has_no_room_for_its_flags)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(MAILDIR_NAME_MAX);
    char name[MAILDIR_NAME_MAX];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert(!maildir_name_with_flags(&out, bytes_of(name), MAIL_SEEN, 0));
    strbuf_clear(&out);
    ck_assert(maildir_name_with_flags(&out, BYTES("y"), MAIL_SEEN, 0));
    ck_assert_str_eq(out.data, "y:2,S");
}
END_TEST

START_TEST(carries_over_subscriptions_that_it_cannot_read)
{
    static const char text[] = "Sent\nB\xff"
                               "cher\n";
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(4096);
    struct subscriptions s;
    subscriptions_parse(&s, bytes_of(text));
    ck_assert_uint_eq(s.n, 1);
    subscriptions_format(&s, &out);
    ck_assert_str_eq(out.data, text);
    subscriptions_done(&s);
}
END_TEST

START_TEST(keeps_the_spelling_of_subscriptions)
{
    static const char text[] = "V\t2\n\nEntw&APw-rfe\tA\nB\xc3\xbc"
                               "cher\tA\n";
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(4096);
    struct subscriptions s;
    subscriptions_parse(&s, bytes_of(text));
    ck_assert_uint_eq(s.n, 2);
    ck_assert_str_eq(s.names[0], "Entw\xc3\xbcrfe.A");
    ck_assert_str_eq(s.names[1], "B\xc3\xbc"
                                 "cher.A");
    subscriptions_format(&s, &out);
    ck_assert_str_eq(out.data, text);
    subscriptions_done(&s);
}
END_TEST

UNIT_MAIN("maildir", delivers_whole_messages_that_get_ascending_uids, finds_a_delivery_that_was_done_before,
          appends_with_flags_keywords_date_and_lf_line_ends, leaves_nothing_of_an_aborted_append,
          takes_a_dotlock_that_a_killed_session_left_at_once, changes_flags_and_another_session_sees_it,
          expunges_only_what_is_deleted_and_gives_no_uid_twice, copies_and_moves_with_keywords_by_name,
          keeps_a_tree_of_folders, refuses_names_that_could_leave_the_maildir, keeps_the_quota,
          does_not_renumber_when_the_uidlist_is_unreadable, takes_over_the_uids_of_dovecot_and_of_courier,
          skips_what_is_no_message_and_never_blocks, never_loses_a_message_that_is_renamed_all_the_time,
          gives_uids_to_many_appending_sessions_without_a_double, reads_and_writes_names,
          reads_uidlists_and_names_what_is_wrong, reads_keywords_as_dovecot_does,
          keeps_more_keywords_than_there_are_letters, keeps_the_form_of_subscriptions,
          keeps_the_quota_within_one_batch, never_passes_the_limit_together_with_others,
          counts_anew_when_maildirsize_holds_absurd_sums, numbers_above_a_next_uid_that_another_server_raised,
          renames_nothing_when_a_child_would_meet_another_folder,
          never_cuts_a_name_that_has_no_room_for_its_flags, carries_over_subscriptions_that_it_cannot_read,
          keeps_the_spelling_of_subscriptions)
