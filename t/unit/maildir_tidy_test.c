/* maildir_tidy_test.c - what nobody needs any more goes, once a day; the clock is the test's. */
#include "maildir/maildir.h"
#include "maildir/maildir_index_folder.h"

#include "base/cleanup.h"
#include "t/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#define HOUR 3600

static char root[64];
static struct mail_store *store;
static struct err e;
static long ahead; /* seconds */

#define OK(call) ck_assert_msg((call) == 0, "%s", e.text)

/* Takes the place of the C library's in this program. */
time_t time(time_t *result)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += ahead;
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}

static void open_store(void)
{
    struct mail_store_options options = {.root = root, .create = true};
    OK(mail_store_open(&store, &options, &e));
}

static void setup(void)
{
    ahead = 0;
    snprintf(root, sizeof root, "/tmp/maildir_tidy.XXXXXX");
    ck_assert(mkdtemp(root));
    open_store();
}

static void teardown(void)
{
    char command[256];
    mail_store_close(store);
    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert(!system(command));
}

static const char *in_tmp(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/tmp/%s", root, name);
    return path;
}

static void make_file(const char *name)
{
    AUTO_CLOSE int fd = open(in_tmp(name), O_WRONLY | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(fd, 0);
}

static bool is_there(const char *name)
{
    struct stat st;
    return !lstat(in_tmp(name), &st);
}

static void open_inbox(bool read_only)
{
    struct mailbox *mb;
    OK(mailbox_open(&mb, store, "INBOX", read_only, &e));
    mailbox_close(mb);
}

START_TEST(removes_files_of_more_than_36_hours_and_nothing_else)
{
    setup();
    make_file("old");
    ck_assert(!mkdir(in_tmp("directory"), 0700));
    ck_assert(!mkfifo(in_tmp("fifo"), 0600));
    ck_assert(!symlink("old", in_tmp("link")));
    ahead = 35 * HOUR;
    open_inbox(false);
    ck_assert(is_there("old"));
    ahead = 35 * HOUR + 25 * HOUR;
    open_inbox(true);
    ck_assert(is_there("old"));
    open_inbox(false);
    ck_assert(!is_there("old"));
    ck_assert(is_there("directory") && is_there("fifo") && is_there("link"));
    teardown();
}
END_TEST

START_TEST(looks_once_a_day_only)
{
    setup();
    ahead = 40 * HOUR;
    open_inbox(false);
    make_file("later");
    ahead = 60 * HOUR;
    open_inbox(false);
    ck_assert(is_there("later"));
    mail_store_close(store); /* it is remembered */
    open_store();
    open_inbox(false);
    ck_assert(is_there("later"));
    ahead = 65 * HOUR;
    open_inbox(false);
    ck_assert(!is_there("later"));
    teardown();
}
END_TEST

START_TEST(a_clock_that_was_ahead_does_not_stop_it)
{
    setup();
    ahead = 1000 * HOUR;
    open_inbox(false);
    make_file("later");
    ahead = 40 * HOUR;
    open_inbox(false);
    ck_assert(!is_there("later"));
    teardown();
}
END_TEST

/* Folders in the index. */
static size_t count_folders(void)
{
    struct index ix;
    MDB_stat stat;
    mail_store_close(store);
    ck_assert_int_eq(index_look(&ix, root), 0);
    ck_assert_int_eq(index_read(&ix), 0);
    ck_assert_int_eq(mdb_stat(ix.read, ix.folders, &stat), 0);
    index_close(&ix);
    open_store();
    return stat.ms_entries;
}

static void open_folder(const char *name)
{
    struct mailbox *mb;
    OK(mailbox_open(&mb, store, name, false, &e));
    mailbox_close(mb);
}

START_TEST(forgets_folders_that_are_gone_and_no_others)
{
    char name[16];
    setup();
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "Folder%d", i);
        OK(mail_store_create(store, name, &e));
        open_folder(name);
    }
    open_inbox(false);
    ck_assert_uint_eq(count_folders(), 11);
    for (int i = 1; i < 10; i++) {
        snprintf(name, sizeof name, "Folder%d", i);
        OK(mail_store_delete(store, name, &e));
    }
    open_inbox(false);
    ck_assert_uint_eq(count_folders(), 11);
    ahead = 25 * HOUR;
    open_inbox(false);
    ck_assert_uint_eq(count_folders(), 2);
    open_folder("Folder0");
    OK(mail_store_create(store, "Again", &e));
    open_folder("Again");
    ck_assert_uint_eq(count_folders(), 3);
    teardown();
}
END_TEST

UNIT_MAIN("maildir_tidy", removes_files_of_more_than_36_hours_and_nothing_else, looks_once_a_day_only,
          a_clock_that_was_ahead_does_not_stop_it, forgets_folders_that_are_gone_and_no_others)
