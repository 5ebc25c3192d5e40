/*
 * maildir_index_test.c - two sessions and other programs on one folder: what the index passes on, beyond the sizes up to which it
 * remembers things one by one.
 */
#include "maildir/maildir.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "t/unit/unit.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>

static char root[64];
static struct err e;

#define OK(call) ck_assert_msg((call) == 0, "%s: %s", #call, e.text)

static struct mail_store *open_store(void)
{
    struct mail_store *store;
    struct mail_store_options options = {.root = root, .create = true};
    OK(mail_store_open(&store, &options, &e));
    return store;
}

static void make_root(void)
{
    snprintf(root, sizeof root, "/tmp/maildir_index_test.XXXXXX");
    ck_assert(mkdtemp(root));
    mail_store_close(open_store());
}

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert(!system(command));
}

static void name_of(char *path, size_t size, int number, const char *flags)
{
    snprintf(path, size, "%s/cur/%d.M1P1.host,S=2,W=3:2,%s", root, 1600000000 + number, flags);
}

static void put(int number)
{
    char path[256];
    name_of(path, sizeof path, number, "");
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "x\n", 2), 2);
}

/* As another program does it. */
static void set_flags(int number, const char *old, const char *new)
{
    char from[256], to[256];
    name_of(from, sizeof from, number, old);
    name_of(to, sizeof to, number, new);
    ck_assert(!rename(from, to));
}

/* One store: an index is opened once in a process. */
struct pair {
    struct mail_store *store;
    struct mailbox *a, *b;
};

static struct pair open_pair(int messages)
{
    struct pair p;
    make_root();
    for (int i = 1; i <= messages; i++)
        put(i);
    p.store = open_store();
    OK(mailbox_open(&p.a, p.store, "INBOX", false, &e));
    OK(mailbox_open(&p.b, p.store, "INBOX", false, &e));
    ck_assert_uint_eq(mailbox_count(p.a), (size_t)messages);
    return p;
}

static void close_sessions(struct pair *p)
{
    mailbox_close(p->a);
    mailbox_close(p->b);
    mail_store_close(p->store);
}

static void close_pair(struct pair *p)
{
    close_sessions(p);
    remove_root();
}

/* How many messages b finds changed since it looked last; each must carry these flags. */
static size_t news(struct mailbox *mb, uint32_t flags)
{
    uint64_t told = mailbox_sequence(mb);
    AUTO_FREE uint32_t *uids = NULL;
    size_t n, changed = 0;
    OK(mailbox_refresh(mb, &e));
    OK(mailbox_changed(mb, told, &uids, &n, &e));
    for (size_t i = 0; i < n; i++) {
        const struct mail *mail = mailbox_find(mb, uids[i]);
        ck_assert(mail);
        if (mail->changed <= told)
            continue;
        ck_assert_uint_eq(mail->flags, flags);
        changed++;
    }
    return changed;
}

static void flag_one(struct mailbox *mb, uint32_t uid)
{
    const struct mail_flag_change change = {.how = MAIL_FLAGS_ADD, .flags = MAIL_FLAGGED};
    OK(mailbox_store(mb, &uid, 1, &change, &e));
}

START_TEST(more_changes_than_are_remembered_one_by_one_are_all_told)
{
    struct pair p = open_pair(600);
    for (uint32_t uid = 1; uid <= 10; uid++)
        flag_one(p.a, uid);
    ck_assert_uint_eq(news(p.b, MAIL_FLAGGED), 10);
    ck_assert_uint_eq(news(p.b, 0), 0);
    for (uint32_t uid = 11; uid <= 511; uid++)
        flag_one(p.a, uid);
    ck_assert_uint_eq(news(p.b, MAIL_FLAGGED), 501);
    ck_assert_uint_eq(news(p.b, 0), 0);
    close_pair(&p);
}
END_TEST

START_TEST(names_that_others_change_are_found_again_among_thousands_and_among_the_latest)
{
    struct pair p = open_pair(3000);
    for (int i = 3001; i <= 3500; i++)
        put(i);
    ck_assert_uint_eq(news(p.a, 0), 500);
    for (int i = 1; i <= 3500; i += 7)
        set_flags(i, "", "S");
    ck_assert_uint_eq(news(p.a, MAIL_SEEN), 500);
    OK(mailbox_refresh(p.b, &e));
    ck_assert_uint_eq(mailbox_count(p.b), 3500);
    for (uint32_t uid = 1; uid <= 3500; uid++)
        ck_assert_uint_eq(mailbox_find(p.b, uid)->flags, uid % 7 == 1 ? MAIL_SEEN : 0);
    ck_assert_uint_eq(mailbox_first_unseen(p.b), 2);
    close_pair(&p);
}
END_TEST

START_TEST(a_name_that_we_changed_and_others_changed_back_is_seen)
{
    struct pair p = open_pair(50);
    struct mailbox *late;
    flag_one(p.a, 7);
    mailbox_close(p.a);
    mailbox_close(p.b);
    set_flags(7, "F", ""); /* nobody watches */
    OK(mailbox_open(&late, p.store, "INBOX", false, &e));
    ck_assert_uint_eq(mailbox_find(late, 7)->flags, 0);
    ck_assert_uint_eq(mailbox_count(late), 50);
    mailbox_close(late);
    mail_store_close(p.store);
    remove_root();
}
END_TEST

START_TEST(thousands_stored_at_once_are_told_and_renamed_by_others_later)
{
    static uint32_t uids[5000];
    const struct mail_flag_change change = {.how = MAIL_FLAGS_ADD, .flags = MAIL_SEEN};
    struct pair p = open_pair(5000);
    for (uint32_t i = 0; i < 5000; i++)
        uids[i] = i + 1;
    OK(mailbox_store(p.a, uids, 5000, &change, &e)); /* more than are watched */
    ck_assert_uint_eq(news(p.b, MAIL_SEEN), 5000);
    ck_assert_uint_eq(mailbox_first_unseen(p.b), 0);
    for (int i = 1; i <= 5000; i += 100)
        set_flags(i, "S", "FS");
    ck_assert_uint_eq(news(p.a, MAIL_SEEN | MAIL_FLAGGED), 50);
    ck_assert_uint_eq(news(p.b, MAIL_SEEN | MAIL_FLAGGED), 50);
    close_pair(&p);
}
END_TEST

START_TEST(text_is_kept_until_the_message_is_gone)
{
    struct pair p = open_pair(700);
    struct bytes text;
    for (uint32_t uid = 1; uid <= 700; uid++) {
        char words[32];
        snprintf(words, sizeof words, "text of %u", uid);
        mailbox_text_put(p.a, uid, bytes_of("brief"), bytes_of(words));
    }
    ck_assert(mailbox_text_get(p.a, 700, &text)); /* it waits in memory still */
    mailbox_close(p.a);
    for (uint32_t uid = 1; uid <= 700; uid += 99) {
        char words[32];
        snprintf(words, sizeof words, "text of %u", uid);
        ck_assert(mailbox_text_get(p.b, uid, &text));
        ck_assert(bytes_eq(text, bytes_of(words)));
    }
    uint32_t one = 100;
    OK(mailbox_expunge(p.b, &one, 1, true, &e));
    ck_assert(!mailbox_text_get(p.b, 100, &text));
    OK(mailbox_open(&p.a, p.store, "INBOX", false, &e));
    close_pair(&p);
}
END_TEST

START_TEST(what_is_compared_is_kept_beside_the_text)
{
    struct pair p = open_pair(3);
    struct bytes got;
    mailbox_text_put(p.a, 2, BYTES("brief"), BYTES("text"));
    ck_assert(mailbox_brief_get(p.a, 2, &got) && bytes_eq(got, BYTES("brief")));
    mailbox_close(p.a);
    ck_assert(mailbox_brief_get(p.b, 2, &got) && bytes_eq(got, BYTES("brief")));
    ck_assert(mailbox_text_get(p.b, 2, &got) && bytes_eq(got, BYTES("text")));
    ck_assert(!mailbox_brief_get(p.b, 1, &got));
    OK(mailbox_open(&p.a, p.store, "INBOX", false, &e));
    close_pair(&p);
}
END_TEST

static void flags_agree(struct mailbox *mb)
{
    for (uint32_t uid = 1; uid <= 3000; uid++) {
        const struct mail *mail = mailbox_find(mb, uid);
        uint32_t flags = 0;
        ck_assert(mailbox_flags(mb, uid, &flags) == (mail != NULL));
        ck_assert_uint_eq(flags, mail ? mail->flags : 0);
    }
}

START_TEST(the_flags_side_by_side_are_those_of_the_messages)
{
    struct pair p = open_pair(2500);
    struct mail_flag_change change = {.how = MAIL_FLAGS_ADD, .flags = MAIL_SEEN | MAIL_FLAGGED};
    uint32_t uids[900];
    flags_agree(p.a);
    for (uint32_t i = 0; i < 900; i++)
        uids[i] = i * 2 + 600; /* over the borders of blocks */
    OK(mailbox_store(p.a, uids, 900, &change, &e));
    OK(mailbox_expunge(p.a, uids + 200, 500, true, &e));
    flags_agree(p.a);
    set_flags(5, "", "D");
    OK(mailbox_refresh(p.b, &e));
    flags_agree(p.b);
    close_pair(&p);
}
END_TEST

/* As an older version of ours left it: with its number, and without the tables that came later. */
static void make_old_index(void)
{
    char path[128];
    struct {
        uint32_t version, clean;
        char boot[40];
    } life = {.version = 3, .clean = 1};
    uint64_t zero = 0;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi state;
    MDB_val key = {sizeof zero, &zero}, value = {sizeof life, &life};
    snprintf(path, sizeof path, "%s/posthouse-index", root);
    ck_assert(!mkdir(path, 0700));
    ck_assert(!mdb_env_create(&env) && !mdb_env_set_maxdbs(env, 8));
    ck_assert(!mdb_env_open(env, path, 0, 0600) && !mdb_txn_begin(env, NULL, 0, &txn));
    ck_assert(!mdb_dbi_open(txn, "state", MDB_INTEGERKEY | MDB_CREATE, &state));
    ck_assert(!mdb_put(txn, state, &key, &value, 0) && !mdb_txn_commit(txn));
    mdb_env_close(env);
}

START_TEST(an_index_of_an_older_version_is_made_anew)
{
    char command[128];
    struct pair p = open_pair(3);
    close_sessions(&p);
    snprintf(command, sizeof command, "rm -rf %s/posthouse-index", root);
    ck_assert(!system(command));
    make_old_index();
    struct mail_store *store = open_store();
    struct mailbox *mb;
    OK(mailbox_open(&mb, store, "INBOX", false, &e));
    ck_assert_uint_eq(mailbox_count(mb), 3);
    ck_assert(mailbox_has_modseqs(mb)); /* it is a file, not in memory */
    flags_agree(mb);
    mailbox_close(mb);
    mail_store_close(store);
    remove_root();
}
END_TEST

START_TEST(mod_sequences_begin_above_the_mark_when_the_index_is_lost)
{
    char path[128], command[300];
    unsigned long long mark = 0, wanted = 9000000000000000; /* in the year 2255 */
    struct pair p = open_pair(3);
    snprintf(path, sizeof path, "%s/posthouse-modseq", root);
    FILE *f = fopen(path, "r");
    ck_assert(f && fscanf(f, "posthouse-modseq 1 %llu", &mark) == 1);
    fclose(f);
    ck_assert_uint_gt(mark, mailbox_sequence(p.a));
    mailbox_close(p.a);
    mailbox_close(p.b);
    mail_store_close(p.store);
    snprintf(command, sizeof command, "rm -r %s/posthouse-index && echo posthouse-modseq 1 %llu >%s", root,
             wanted, path);
    ck_assert(!system(command));
    p.store = open_store();
    OK(mailbox_open(&p.a, p.store, "INBOX", false, &e));
    OK(mailbox_open(&p.b, p.store, "INBOX", false, &e));
    uint64_t first = mailbox_sequence(p.a);
    ck_assert_uint_gt(first, wanted);
    for (uint32_t uid = 1; uid <= 3; uid++)
        ck_assert_uint_gt(mailbox_find(p.a, uid)->changed, wanted);
    flag_one(p.b, 2);
    ck_assert_uint_eq(mailbox_sequence(p.b), first + 1);
    OK(mailbox_advance(p.a, &e));
    OK(mailbox_refresh(p.b, &e));
    ck_assert_uint_eq(mailbox_sequence(p.b), first + 2);
    ck_assert_uint_eq(mailbox_find(p.b, 2)->changed, first + 1);
    close_pair(&p);
}
END_TEST

START_TEST(only_what_is_unchanged_is_stored_where_the_client_wants_that)
{
    const struct mail_flag_change change = {.how = MAIL_FLAGS_ADD, .flags = MAIL_FLAGGED};
    struct pair p = open_pair(10);
    uint64_t since = mailbox_sequence(p.a);
    uint32_t uids[] = {1, 2, 3, 4, 11}, modified[5];
    size_t n;
    flag_one(p.b, 4);
    flag_one(p.b, 2);
    set_flags(3, "", "S"); /* a program that takes no lock */
    OK(mailbox_store_unchanged(p.a, uids, 5, &change, since, modified, &n, &e));
    ck_assert_uint_eq(n, 3);
    ck_assert(modified[0] == 2 && modified[1] == 3 && modified[2] == 4);
    ck_assert_uint_eq(mailbox_find(p.a, 1)->flags, MAIL_FLAGGED);
    ck_assert_uint_eq(mailbox_find(p.a, 3)->flags, MAIL_SEEN);
    OK(mailbox_store_unchanged(p.a, uids, 5, &change, mailbox_sequence(p.a), modified, &n, &e));
    ck_assert_uint_eq(n, 0);
    ck_assert_uint_eq(mailbox_find(p.a, 3)->flags, MAIL_SEEN | MAIL_FLAGGED);
    close_pair(&p);
}
END_TEST

UNIT_MAIN("maildir_index", more_changes_than_are_remembered_one_by_one_are_all_told,
          names_that_others_change_are_found_again_among_thousands_and_among_the_latest,
          a_name_that_we_changed_and_others_changed_back_is_seen,
          thousands_stored_at_once_are_told_and_renamed_by_others_later,
          text_is_kept_until_the_message_is_gone, what_is_compared_is_kept_beside_the_text,
          the_flags_side_by_side_are_those_of_the_messages, an_index_of_an_older_version_is_made_anew,
          mod_sequences_begin_above_the_mark_when_the_index_is_lost,
          only_what_is_unchanged_is_stored_where_the_client_wants_that)
