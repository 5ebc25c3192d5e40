#include "maildir/message.h"

#include "t/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int file_of(struct bytes b)
{
    char path[] = "/tmp/wire_test.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    unlink(path);
    ck_assert_int_eq(write(fd, b.p, b.n), (ssize_t)b.n);
    return fd;
}

static struct bytes file = BYTES("a\nb\r\n\n\r\n\r\r\n\nlast");
static struct bytes wire = BYTES("a\r\nb\r\n\r\n\r\n\r\r\n\r\nlast");

START_TEST(gives_each_lf_its_cr_whatever_the_reads)
{
    int fd = file_of(file);
    for (size_t piece = 1; piece < 30; piece++) {
        AUTO_STRBUF struct strbuf out = STRBUF_INIT(100);
        struct wire_reader r;
        char room[30];
        ssize_t n;
        wire_open(&r, fd, 0, file.n);
        while ((n = wire_read(&r, room, piece)) > 0)
            strbuf_add(&out, room, (size_t)n);
        ck_assert_int_eq(n, 0);
        ck_assert(bytes_eq(strbuf_bytes(&out), wire));
        wire_close(&r);
    }
    close(fd);
}
END_TEST

START_TEST(goes_to_any_place)
{
    int fd = file_of(file);
    struct wire_reader r;
    wire_open(&r, fd, 0, file.n);
    for (size_t step = 1; step < 50; step++) {
        size_t at = step * 7 % (wire.n + 3), left = at < wire.n ? wire.n - at : 0;
        char room[8];
        ck_assert_int_eq(wire_seek(&r, at), 0);
        ssize_t n = wire_read(&r, room, 5);
        ck_assert_int_eq(n, left < 5 ? (ssize_t)left : 5);
        ck_assert(n == 0 || memcmp(room, wire.p + at, (size_t)n) == 0);
    }
    ck_assert_int_eq(wire_seek(&r, UINT64_MAX), 0);
    ck_assert_uint_eq(r.wire_pos, wire.n);
    wire_close(&r);
    close(fd);
}
END_TEST

START_TEST(reads_a_range)
{
    int fd = file_of(file);
    struct wire_reader r;
    char room[20];
    wire_open(&r, fd, 2, 6);
    ck_assert_int_eq(wire_read(&r, room, sizeof(room)), 5);
    ck_assert_mem_eq(room, "b\r\n\r\n", 5);
    wire_close(&r);
    wire_open(&r, fd, 6, 2);
    ck_assert_int_eq(wire_read(&r, room, sizeof(room)), 0);
    wire_close(&r);
    close(fd);
}
END_TEST

START_TEST(says_eio_when_the_file_has_become_shorter)
{
    int fd = file_of(BYTES("abc"));
    struct wire_reader r;
    char room[20];
    wire_open(&r, fd, 0, 5);
    ck_assert_int_eq(wire_read(&r, room, 2), 2);
    ck_assert_int_eq(wire_read(&r, room, 20), 1);
    errno = 0;
    ck_assert_int_eq(wire_read(&r, room, 20), -1);
    ck_assert_int_eq(errno, EIO);
    errno = 0;
    ck_assert_int_eq(wire_seek(&r, 4), -1);
    ck_assert_int_eq(errno, EIO);
    wire_close(&r);
    close(fd);
}
END_TEST

START_TEST(crosses_its_buffer)
{
    AUTO_STRBUF struct strbuf in = STRBUF_INIT(1 << 20), expected = STRBUF_INIT(2 << 20),
                              out = STRBUF_INIT(2 << 20);
    for (unsigned i = 0; i < 60000; i++) {
        strbuf_adds(&in, i % 3 ? "\n" : "\r\n");
        strbuf_adds(&expected, "\r\n");
        if (i % 5 == 0) {
            strbuf_adds(&in, "xyz");
            strbuf_adds(&expected, "xyz");
        }
    }
    int fd = file_of(strbuf_bytes(&in));
    struct wire_reader r;
    char room[1009];
    ssize_t n;
    wire_open(&r, fd, 0, in.len);
    while ((n = wire_read(&r, room, sizeof(room))) > 0)
        strbuf_add(&out, room, (size_t)n);
    ck_assert(bytes_eq(strbuf_bytes(&out), strbuf_bytes(&expected)));
    wire_close(&r);
    close(fd);
}
END_TEST

/* With more lines than there is room for marks. */
START_TEST(finds_places_of_a_large_file_in_any_order)
{
    enum { SIZE = 24 << 20 };
    AUTO_STRBUF struct strbuf in = STRBUF_INIT(SIZE), all = STRBUF_INIT(2 * SIZE);
    uint32_t number = 1;
    for (size_t i = 0; i < SIZE; i++) {
        number = number * 1103515245U + 12345U;
        strbuf_addc(&in,
                    "ab\r\ncdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[number >> 16 & 63]);
    }
    message_add_crlf(&all, strbuf_bytes(&in));
    int fd = file_of(strbuf_bytes(&in));
    struct wire_reader r;
    wire_open(&r, fd, 0, SIZE);
    ck_assert_int_eq(wire_seek(&r, UINT64_MAX), 0);
    ck_assert_uint_eq(r.wire_pos, all.len);
    for (int i = 0; i < 300; i++) {
        char piece[3000];
        number = number * 1103515245U + 12345U;
        size_t at = (size_t)(number >> 4) % all.len;
        ck_assert_int_eq(wire_seek(&r, at), 0);
        ssize_t n = wire_read(&r, piece, sizeof(piece));
        ck_assert(n > 0 && !memcmp(piece, all.data + at, (size_t)n));
    }
    wire_close(&r);
    close(fd);
}
END_TEST

UNIT_MAIN("message_wire", gives_each_lf_its_cr_whatever_the_reads, goes_to_any_place, reads_a_range,
          says_eio_when_the_file_has_become_shorter, crosses_its_buffer,
          finds_places_of_a_large_file_in_any_order)
