#include "base/fs.h"

#include "base/cleanup.h"
#include "t/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* A fresh directory; remove_dir takes it away again. */
static int fresh_dir(void)
{
    char path[] = "/tmp/fs_test.XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(path));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static void remove_dir(int fd)
{
    char path[64], target[100] = "";
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ck_assert_int_gt(readlink(path, target, sizeof(target) - 1), 0);
    close(fd);
    ck_assert_int_eq(rmdir(target), 0);
}

START_TEST(replaces_a_file_and_leaves_no_temporary_one)
{
    int dir = fresh_dir();
    AUTO_STRBUF struct strbuf sb = STRBUF_INIT(100);
    struct err e = {0};
    struct stat st;
    ck_assert_int_eq(fs_replace(dir, "a", "a.tmp", BYTES("one"), 0640, true, &e), 0);
    ck_assert_int_eq(fs_replace(dir, "a", "a.tmp", BYTES("two\0"), 0640, true, &e), 0);
    ck_assert_int_eq(fs_read_file(dir, "a", &sb, &e), 0);
    ck_assert(bytes_eq(strbuf_bytes(&sb), BYTES("two\0")));
    ck_assert_int_eq(fstatat(dir, "a", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    ck_assert_int_ne(fstatat(dir, "a.tmp", &st, 0), 0);
    unlinkat(dir, "a", 0);
    remove_dir(dir);
}
END_TEST

START_TEST(reads_a_file_of_exactly_the_cap_but_no_longer_one)
{
    int dir = fresh_dir();
    AUTO_STRBUF struct strbuf four = STRBUF_INIT(4), three = STRBUF_INIT(3);
    struct err e = {0};
    fs_replace(dir, "a", "a.tmp", BYTES("four"), 0600, false, &e);
    ck_assert_int_eq(fs_read_file(dir, "a", &four, &e), 0);
    ck_assert_int_eq(fs_read_file(dir, "a", &three, &e), -1);
    ck_assert_int_eq(e.code, ERR_LIMIT);
    unlinkat(dir, "a", 0);
    remove_dir(dir);
}
END_TEST

START_TEST(reads_neither_links_nor_pipes_nor_what_is_missing)
{
    int dir = fresh_dir();
    AUTO_STRBUF struct strbuf sb = STRBUF_INIT(100);
    struct err e = {0};
    ck_assert_int_eq(symlinkat("/etc/passwd", dir, "link"), 0);
    ck_assert_int_eq(mkfifoat(dir, "pipe", 0600), 0);
    ck_assert_int_eq(fs_read_file(dir, "link", &sb, &e), -1);
    ck_assert_int_eq(e.code, ERR_ACCESS);
    ck_assert_int_eq(fs_read_file(dir, "pipe", &sb, &e), -1);
    ck_assert_int_eq(e.code, ERR_INVALID);
    ck_assert_int_eq(fs_read_file(dir, "none", &sb, &e), -1);
    ck_assert_int_eq(e.code, ERR_NOTFOUND);
    ck_assert_str_eq(e.text, "cannot open none: No such file or directory");
    unlinkat(dir, "link", 0);
    unlinkat(dir, "pipe", 0);
    remove_dir(dir);
}
END_TEST

START_TEST(makes_directories_that_are_missing)
{
    int dir = fresh_dir();
    ck_assert_int_eq(fs_mkdirs(dir, "a/b/c", 0700), 0);
    ck_assert_int_eq(fs_mkdirs(dir, "a/b/c", 0700), 0);
    ck_assert_int_eq(mknodat(dir, "a/file", S_IFREG | 0600, 0), 0);
    ck_assert_int_eq(fs_mkdirs(dir, "a/file", 0700), -1);
    ck_assert_int_eq(errno, ENOTDIR);
    unlinkat(dir, "a/file", 0);
    unlinkat(dir, "a/b/c", AT_REMOVEDIR);
    unlinkat(dir, "a/b", AT_REMOVEDIR);
    unlinkat(dir, "a", AT_REMOVEDIR);
    remove_dir(dir);
}
END_TEST

START_TEST(renames_without_replacing)
{
    int dir = fresh_dir();
    struct err e = {0};
    struct stat st;
    fs_replace(dir, "a", "a.tmp", BYTES("one"), 0600, false, &e);
    ck_assert_int_eq(fs_rename_new(dir, "a", dir, "b"), 0);
    fs_replace(dir, "a", "a.tmp", BYTES("three"), 0600, false, &e);
    ck_assert_int_eq(fs_rename_new(dir, "a", dir, "b"), -1);
    ck_assert_int_eq(errno, EEXIST);
    ck_assert_int_eq(fstatat(dir, "b", &st, 0), 0);
    ck_assert_int_eq((int)st.st_size, 3);
    unlinkat(dir, "a", 0);
    unlinkat(dir, "b", 0);
    remove_dir(dir);
}
END_TEST

START_TEST(puts_a_place_in_front_of_an_error)
{
    struct err e = {0};
    err_errno(&e, ENOSPC, "cannot write %s", "new/1");
    err_prefix(&e, "account %s", "joe");
    ck_assert_str_eq(e.text, "account joe: cannot write new/1: No space left on device");
    ck_assert_int_eq(e.code, ERR_SPACE);
    ck_assert_str_eq(err_word(e.code), "no space");
    ck_assert_int_eq(err_set(NULL, ERR_TEMP, "nobody listens"), -1);
}
END_TEST

UNIT_MAIN("fs", replaces_a_file_and_leaves_no_temporary_one,
          reads_a_file_of_exactly_the_cap_but_no_longer_one,
          reads_neither_links_nor_pipes_nor_what_is_missing, makes_directories_that_are_missing,
          renames_without_replacing, puts_a_place_in_front_of_an_error)
