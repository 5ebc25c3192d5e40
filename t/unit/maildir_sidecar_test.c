#include "maildir/maildir_sidecar.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "t/unit/unit.h"

#include <fcntl.h>

#define BIT(n) ((uint64_t)1 << (n))
#define HEADER "posthouse-keywords 1\n"

static char dir[] = "/tmp/sidecar-test-XXXXXX";
static int dir_fd = -1;

static void setup(void)
{
    strcpy(dir + sizeof dir - 7, "XXXXXX");
    ck_assert(mkdtemp(dir));
    dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
}

static void teardown(void)
{
    unlinkat(dir_fd, SIDECAR_FILE, 0);
    unlinkat(dir_fd, SIDECAR_FILE ".tmp", 0);
    close(dir_fd);
    rmdir(dir);
}

static void write_file(const char *text, int flags)
{
    AUTO_CLOSE int fd = openat(dir_fd, SIDECAR_FILE, O_WRONLY | O_CREAT | flags, 0600);
    ck_assert_int_eq(fs_write_all(fd, text, strlen(text)), 0);
}

static void is_file(const char *wanted)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(1 << 20);
    struct err e;
    ck_assert_int_eq(fs_read_file(dir_fd, SIDECAR_FILE, &text, &e), 0);
    ck_assert_str_eq(text.data, wanted);
}

static void read_all(struct sidecar *sc, bool masks)
{
    struct err e;
    bool changed;
    int r = sidecar_read(sc, dir_fd, masks, &changed, &e);
    ck_assert_msg(!r, "%s", r ? e.text : "");
}

static void save(struct sidecar *sc)
{
    struct err e;
    int r = sidecar_save(sc, dir_fd, NULL, NULL, &e);
    ck_assert_msg(!r, "%s", r ? e.text : "");
}

START_TEST(later_lines_win)
{
    struct sidecar sc;
    struct err e;
    sidecar_init(&sc);
    ck_assert_int_eq(
        sidecar_parse(&sc,
                      BYTES(HEADER "K 26 Red\nK 27 Blue\nK 28 red\nK 27\nK 25 No\nK 64 No\n"
                                   "M c000000 a,S=1\nM 4000000 b c\nM 0 a,S=1\nM 3 d\nM 8000000 x"),
                      &e),
        0);
    ck_assert_str_eq(sidecar_name(&sc, 26), "Red");
    ck_assert_ptr_null(sidecar_name(&sc, 27));
    ck_assert_ptr_null(sidecar_name(&sc, 28));
    ck_assert_ptr_null(sidecar_name(&sc, 25));
    ck_assert_ptr_null(sidecar_name(&sc, 64));
    ck_assert_int_eq(sidecar_find(&sc, "RED"), 26);
    ck_assert_uint_eq(sidecar_mask(&sc, BYTES("a,S=1")), 0);
    ck_assert_uint_eq(sidecar_mask(&sc, BYTES("b c")), BIT(26));
    ck_assert_uint_eq(sidecar_mask(&sc, BYTES("d")), 0);
    ck_assert_uint_eq(sidecar_mask(&sc, BYTES("x")), 0);
    ck_assert(sc.rewrite);
    sidecar_done(&sc);
}
END_TEST

START_TEST(another_file_is_refused)
{
    static const char *const bad[] = {"", "posthouse-keywords 1", "posthouse-keywords 2\n", "26 Red\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct sidecar sc;
        struct err e;
        sidecar_init(&sc);
        ck_assert_int_eq(sidecar_parse(&sc, bytes_of(bad[i]), &e), -1);
        ck_assert_int_eq(e.code, ERR_CORRUPT);
        sidecar_done(&sc);
    }
}
END_TEST

START_TEST(what_was_saved_is_read)
{
    struct sidecar a, b;
    struct err e;
    setup();
    sidecar_init(&a);
    sidecar_init(&b);
    read_all(&a, false);
    read_all(&b, true);
    ck_assert(!a.exists);
    ck_assert_int_eq(sidecar_get(&a, "Red", 0, &e), 26);
    ck_assert_int_eq(sidecar_get(&a, "red", 0, &e), 26);
    ck_assert_int_eq(sidecar_get(&a, "Blue", BIT(27), &e), 28);
    sidecar_set(&a, BYTES("m1"), BIT(26) | BIT(28) | BIT(3));
    save(&a);
    is_file(HEADER "K 26 Red\nK 28 Blue\nM 14000000 m1\n");
    read_all(&b, true);
    ck_assert_uint_eq(sidecar_mask(&b, BYTES("m1")), BIT(26) | BIT(28));
    sidecar_set(&b, BYTES("m1"), BIT(26) | BIT(28)); /* nothing new */
    sidecar_set(&b, BYTES("m2"), BIT(28));
    save(&b);
    is_file(HEADER "K 26 Red\nK 28 Blue\nM 14000000 m1\nM 10000000 m2\n");
    read_all(&a, true);
    ck_assert_uint_eq(sidecar_mask(&a, BYTES("m2")), BIT(28));
    sidecar_done(&a);
    sidecar_done(&b);
    teardown();
}
END_TEST

START_TEST(appended_lines_are_read_on)
{
    struct sidecar sc;
    setup();
    sidecar_init(&sc);
    write_file(HEADER "K 26 Red\nM 4000000 m1\n", O_TRUNC);
    read_all(&sc, true);
    write_file("K 27 Blue\nM 8000000 m1\nM 80", O_APPEND);
    read_all(&sc, true);
    ck_assert_str_eq(sidecar_name(&sc, 27), "Blue");
    ck_assert_uint_eq(sidecar_mask(&sc, BYTES("m1")), BIT(27));
    sidecar_set(&sc, BYTES("m2"), BIT(26)); /* the cut-off line is dropped */
    save(&sc);
    is_file(HEADER "K 26 Red\nK 27 Blue\nM 8000000 m1\nM 4000000 m2\n");
    sidecar_done(&sc);
    teardown();
}
END_TEST

START_TEST(unknown_lines_are_kept)
{
    struct sidecar sc;
    setup();
    sidecar_init(&sc);
    write_file(HEADER "Z new kind\nK 26 Red\nM 4000000 m1", O_TRUNC);
    read_all(&sc, false);
    sidecar_set(&sc, BYTES("m2"), BIT(26));
    save(&sc);
    is_file(HEADER "K 26 Red\nM 4000000 m2\nZ new kind\n");
    sidecar_done(&sc);
    teardown();
}
END_TEST

START_TEST(a_number_is_given_away_only_when_no_message_has_it)
{
    for (int masks = 0; masks < 2; masks++) {
        struct sidecar sc;
        struct err e;
        setup();
        sidecar_init(&sc);
        read_all(&sc, false);
        for (int i = SIDECAR_FIRST; i < SIDECAR_END; i++) {
            char name[8];
            snprintf(name, sizeof name, "k%d", i);
            ck_assert_int_eq(sidecar_get(&sc, name, 0, &e), i);
        }
        sidecar_set(&sc, BYTES("gone"), BIT(30) | BIT(31));
        sidecar_set(&sc, BYTES("here"), BIT(31));
        save(&sc);
        read_all(&sc, masks);
        ck_assert_int_eq(sidecar_get(&sc, "one more", SIDECAR_MASK, &e), -1);
        ck_assert_int_eq(e.code, ERR_LIMIT);
        ck_assert_int_eq(sidecar_get(&sc, "new", SIDECAR_MASK & ~BIT(30), &e), 30);
        sidecar_set(&sc, BYTES("here"), BIT(30));
        save(&sc);
        read_all(&sc, true);
        ck_assert_str_eq(sidecar_name(&sc, 30), "new");
        ck_assert_uint_eq(sidecar_mask(&sc, BYTES("gone")), BIT(31));
        ck_assert_uint_eq(sidecar_mask(&sc, BYTES("here")), BIT(30));
        sidecar_done(&sc);
        teardown();
    }
}
END_TEST

static bool is_even(void *arg, struct bytes base)
{
    (void)arg;
    return (base.p[base.n - 1] - '0') % 2 == 0;
}

START_TEST(a_file_that_is_mostly_out_of_date_is_written_anew)
{
    struct sidecar sc;
    struct err e;
    struct stat st;
    bool changed;
    setup();
    sidecar_init(&sc);
    read_all(&sc, false);
    ck_assert_int_eq(sidecar_get(&sc, "Red", 0, &e), 26);
    for (int i = 0; i < 1000; i++) {
        sidecar_set(&sc, BYTES("m1"), i % 2 ? BIT(26) : 0);
        sidecar_set(&sc, BYTES("m2"), i % 2 ? BIT(26) : 0);
        save(&sc);
        read_all(&sc, i % 3 == 0);
    }
    ck_assert_int_eq(fstatat(dir_fd, SIDECAR_FILE, &st, 0), 0);
    ck_assert_int_lt(st.st_size, 8000);
    for (int i = 0; i < 1000; i++) {
        char base[16];
        snprintf(base, sizeof base, "x%d", i);
        sidecar_set(&sc, bytes_of(base), BIT(26));
    }
    save(&sc);
    ck_assert_int_eq(sidecar_read(&sc, dir_fd, true, &changed, &e), 0);
    ck_assert_int_eq(sidecar_save(&sc, dir_fd, is_even, NULL, &e), 0);
    ck_assert_uint_eq(sidecar_mask(&sc, BYTES("x998")), BIT(26));
    sidecar_done(&sc);
    teardown();
}
END_TEST

START_TEST(a_file_of_another_kind_is_left_alone)
{
    static const char text[] = "posthouse-keywords 2\nK 26 Red\n";
    struct sidecar sc;
    struct err e;
    setup();
    sidecar_init(&sc);
    write_file(text, O_TRUNC);
    for (int i = 0; i < 2; i++) {
        read_all(&sc, true);
        ck_assert(sc.unreadable && sc.has_masks && !sc.exists);
        ck_assert_uint_eq(sidecar_mask(&sc, BYTES("m1")), 0);
        ck_assert_int_eq(sidecar_get(&sc, "Red", 0, &e), -1);
        ck_assert_int_eq(e.code, ERR_CORRUPT);
        sidecar_set(&sc, BYTES("m1"), 0);
        save(&sc);
        sidecar_set(&sc, BYTES("m1"), BIT(26));
        ck_assert_int_eq(sidecar_save(&sc, dir_fd, NULL, NULL, &e), -1);
        ck_assert_int_eq(e.code, ERR_CORRUPT);
    }
    is_file(text);
    write_file(HEADER "K 26 Red\n", O_TRUNC);
    read_all(&sc, true);
    ck_assert_int_eq(sidecar_get(&sc, "Red", 0, &e), 26);
    sidecar_done(&sc);
    teardown();
}
END_TEST

UNIT_MAIN("maildir_sidecar", later_lines_win, another_file_is_refused, what_was_saved_is_read,
          appended_lines_are_read_on, unknown_lines_are_kept,
          a_number_is_given_away_only_when_no_message_has_it,
          a_file_that_is_mostly_out_of_date_is_written_anew, a_file_of_another_kind_is_left_alone)
