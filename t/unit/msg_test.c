/* msg_test.c - records: fields back as they went in, malformed ones noticed, descriptors passed or closed. */
#include "base/msg.h"

#include "t/unit/unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static int pair[2];

static void open_pair(void)
{
    ck_assert(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
}

START_TEST(gives_fields_and_descriptors_back)
{
    struct strbuf buf = STRBUF_INIT(MSG_MAX);
    struct msg m;
    struct msg_in in;
    int p[2];
    open_pair();
    ck_assert(!pipe(p));
    msg_init(&m, 77);
    msg_put_u32(&m, 4000000000u);
    msg_put_u64(&m, UINT64_MAX);
    msg_put_bytes(&m, bytes_from("a\0b", 3));
    msg_put_str(&m, "word");
    msg_put_fd(&m, p[1]);
    ck_assert(!msg_send(pair[0], &m));
    msg_done(&m);
    ck_assert_int_eq(msg_recv(pair[1], &buf, &in, 1000), 1);
    ck_assert_int_eq(in.type, 77);
    ck_assert_uint_eq(msg_get_u32(&in), 4000000000u);
    ck_assert_uint_eq(msg_get_u64(&in), UINT64_MAX);
    ck_assert(bytes_eq(msg_get_bytes(&in), bytes_from("a\0b", 3)));
    char *word = msg_get_str(&in);
    ck_assert_str_eq(word, "word");
    int fd = msg_get_fd(&in);
    ck_assert(msg_end(&in));
    ck_assert(write(fd, "x", 1) == 1);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    free(word);
    strbuf_done(&buf);
}
END_TEST

START_TEST(notices_lengths_that_lie)
{
    static const uint32_t lies[] = {5, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < 3; i++) {
        char raw[8];
        memcpy(raw, &lies[i], 4);
        memcpy(raw + 4, "abcd", 4);
        struct msg_in in = {.rest = bytes_from(raw, sizeof raw)};
        ck_assert_uint_eq(msg_get_bytes(&in).n, 0);
        ck_assert(in.bad && !msg_end(&in));
        ck_assert_uint_eq(msg_get_u32(&in), 0);
    }
}
END_TEST

START_TEST(notices_what_is_left_over_and_what_is_missing)
{
    struct msg_in in = {.rest = bytes_from("\1\0\0\0\2", 5)};
    ck_assert_uint_eq(msg_get_u32(&in), 1);
    ck_assert(!in.bad && !msg_end(&in));
    ck_assert_int_eq(msg_get_fd(&in), -1);
    ck_assert(in.bad);
}
END_TEST

START_TEST(closes_descriptors_that_nobody_took)
{
    struct strbuf buf = STRBUF_INIT(MSG_MAX);
    struct msg m;
    struct msg_in in;
    int p[2];
    char c;
    open_pair();
    ck_assert(!pipe(p));
    msg_init(&m, 1);
    msg_put_fd(&m, p[1]);
    ck_assert(!msg_send(pair[0], &m));
    close(p[1]);
    ck_assert_int_eq(msg_recv(pair[1], &buf, &in, 1000), 1);
    ck_assert(!msg_end(&in));
    msg_in_done(&in);
    ck_assert_int_eq(read(p[0], &c, 1), 0);
    msg_done(&m);
    strbuf_done(&buf);
}
END_TEST

START_TEST(refuses_to_send_what_is_too_long)
{
    static char big[MSG_MAX + 1];
    struct msg m;
    open_pair();
    msg_init(&m, 1);
    msg_put_bytes(&m, bytes_from(big, sizeof big));
    ck_assert(m.bad);
    ck_assert_int_eq(msg_send(pair[0], &m), -1);
    msg_done(&m);
}
END_TEST

/* A channel whose reader sleeps: records queue up, then all arrive in order. */
static struct loop *loop;
static unsigned received;

static void count(struct chan *ch, struct msg_in *in, void *arg)
{
    (void)arg;
    ck_assert(in);
    ck_assert_uint_eq(msg_get_u32(in), received);
    if (++received == 2000) {
        chan_free(ch);
        loop_stop(loop);
    }
}

static void never(struct chan *ch, struct msg_in *in, void *arg)
{
    (void)ch;
    (void)in;
    (void)arg;
}

START_TEST(queues_while_the_peer_is_slow_and_keeps_the_order)
{
    static char filler[1000];
    open_pair();
    loop = loop_new();
    struct chan *sender = chan_new(loop, pair[0], never, NULL);
    for (uint32_t i = 0; i < 2000; i++) {
        struct msg m;
        msg_init(&m, 9);
        msg_put_u32(&m, i);
        msg_put_bytes(&m, bytes_from(filler, sizeof filler));
        chan_send(sender, &m);
        msg_done(&m);
    }
    received = 0;
    chan_new(loop, pair[1], count, NULL);
    loop_run(loop);
    ck_assert_uint_eq(received, 2000);
    chan_free(sender);
    loop_free(loop);
}
END_TEST

UNIT_MAIN("msg", gives_fields_and_descriptors_back, notices_lengths_that_lie,
          notices_what_is_left_over_and_what_is_missing, closes_descriptors_that_nobody_took,
          refuses_to_send_what_is_too_long, queues_while_the_peer_is_slow_and_keeps_the_order)
