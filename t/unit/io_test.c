/*
 * io_test.c - the stream: lines, caps, end of input, a TLS handshake with the key in another process, the
 * pump.
 *
 * The other end is a forked child that writes and reads plainly (or with GnuTLS as a client).
 */
#include "base/io.h"

#include "base/msg.h"
#include "t/unit/unit.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct loop *loop;
static char got[65536];
static int last_line_result;

static void collect(struct io *io, enum io_event event, void *arg)
{
    struct bytes line;
    (void)arg;
    if (event == IO_INPUT) {
        while ((last_line_result = io_line(io, 20, false, &line)) > 0) {
            strncat(got, line.p, line.n);
            strcat(got, "|");
        }
        if (last_line_result < 0)
            event = IO_ERROR;
    }
    if (event == IO_EOF || event == IO_ERROR) {
        io_free(io);
        loop_stop(loop);
    }
}

/* What collect() makes of these bytes, sent one by one. */
static const char *lines_of(const char *sent, size_t n)
{
    int pair[2];
    ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t pid = fork();
    if (!pid) {
        for (size_t i = 0; i < n; i++)
            if (write(pair[1], sent + i, 1) != 1)
                _exit(1);
        _exit(0);
    }
    close(pair[1]);
    *got = '\0';
    loop = loop_new();
    io_new(loop, pair[0], 4096, 4096, collect, NULL);
    loop_run(loop);
    loop_free(loop);
    waitpid(pid, NULL, 0);
    return got;
}

START_TEST(finds_lines_however_they_are_cut)
{
    ck_assert_str_eq(lines_of("one\r\n\r\nthree\r\nrest", 18), "one||three|");
}
END_TEST

START_TEST(refuses_a_bare_lf_and_a_bare_cr)
{
    lines_of("one\r\ntwo\nthree\r\n", 17);
    ck_assert_str_eq(got, "one|");
    ck_assert_int_eq(last_line_result, -2);
    lines_of("one\rtwo\r\n", 9);
    ck_assert_str_eq(got, "");
    ck_assert_int_eq(last_line_result, -2);
}
END_TEST

START_TEST(refuses_a_line_over_the_maximum_but_not_at_it)
{
    lines_of("12345678901234567890\r\n", 22);
    ck_assert_str_eq(got, "12345678901234567890|");
    lines_of("123456789012345678901\r\n", 23);
    ck_assert_str_eq(got, "");
    ck_assert_int_eq(last_line_result, -1);
}
END_TEST

/* ---- TLS: a signer process and a client process of our own ---- */

static char signer_path[64];

static void answer(int fd, gnutls_privkey_t key, const gnutls_datum_t *pem)
{
    struct strbuf buf = STRBUF_INIT(MSG_MAX);
    struct msg_in in;
    while (msg_recv(fd, &buf, &in, -1) == 1) {
        struct msg m;
        msg_init(&m, in.type);
        if (in.type == TLS_SIGNER_STATE) {
            static const char tickets[TLS_TICKET_KEY] = "any key will do";
            msg_put_u64(&m, 1);
            msg_put_bytes(&m, bytes_from(tickets, sizeof tickets));
        } else if (in.type == TLS_SIGNER_NAME) {
            msg_put_u32(&m, 1);
            msg_put_u64(&m, 1);
        } else if (in.type == TLS_SIGNER_CHAIN) {
            msg_put_u64(&m, 1);
            msg_put_bytes(&m, bytes_from(pem->data, pem->size));
        } else {
            gnutls_datum_t signature = {NULL, 0};
            msg_get_u64(&in);
            gnutls_sign_algorithm_t algo = msg_get_u32(&in);
            struct bytes digest = msg_get_bytes(&in);
            gnutls_datum_t hash = {(unsigned char *)digest.p, (unsigned)digest.n};
            msg_put_u32(&m, !gnutls_privkey_sign_hash2(key, algo, 0, &hash, &signature));
            msg_put_bytes(&m, bytes_from(signature.data, signature.size));
        }
        msg_send(fd, &m);
        msg_done(&m);
    }
}

static void make_pair(gnutls_x509_privkey_t key, gnutls_datum_t *pem)
{
    gnutls_x509_crt_t crt;
    gnutls_x509_crt_init(&crt);
    gnutls_x509_crt_set_version(crt, 3);
    gnutls_x509_crt_set_serial(crt, "\1", 1);
    gnutls_x509_crt_set_activation_time(crt, time(NULL) - 60);
    gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600);
    gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, "localhost", 9);
    gnutls_x509_crt_set_key(crt, key);
    ck_assert(!gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0));
    ck_assert(!gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, pem));
}

static pid_t start_signer(void)
{
    snprintf(signer_path, sizeof signer_path, "/tmp/io_test.%d", (int)getpid());
    int listener = msg_listen(signer_path, 0600);
    ck_assert_int_ge(listener, 0);
    pid_t pid = fork();
    if (pid)
        return pid;
    gnutls_x509_privkey_t x509;
    gnutls_privkey_t key;
    gnutls_datum_t pem;
    gnutls_x509_privkey_init(&x509);
    gnutls_x509_privkey_generate(x509, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    make_pair(x509, &pem);
    gnutls_privkey_init(&key);
    gnutls_privkey_import_x509(key, x509, 0);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0)
            answer(fd, key, &pem);
        else
            usleep(1000);
    }
}

/* Sends "hello" over TLS, reads the echo until the end; exit status 0 if it is "hello". */
static pid_t start_client(int fd, const char *priorities, size_t size)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    gnutls_session_t s;
    gnutls_certificate_credentials_t cred;
    gnutls_certificate_allocate_credentials(&cred);
    gnutls_init(&s, GNUTLS_CLIENT);
    gnutls_priority_set_direct(s, priorities, NULL);
    gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred);
    gnutls_transport_set_int(s, fd);
    if (gnutls_handshake(s))
        _exit(2);
    char *text = malloc(size), *back = malloc(size);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)(i * 7 + i / 251);
    pid_t writer = fork(); /* reads and writes must overlap, or both sides' buffers fill */
    if (!writer) {
        for (size_t at = 0; at < size;) {
            ssize_t n = gnutls_record_send(s, text + at, size - at > 10000 ? 10000 : size - at);
            if (n <= 0)
                _exit(3);
            at += (size_t)n;
        }
        _exit(0);
    }
    size_t have = 0;
    while (have < size) {
        ssize_t n = gnutls_record_recv(s, back + have, size - have);
        if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED) /* a session ticket came */
            continue;
        if (n <= 0)
            _exit(4);
        have += (size_t)n;
    }
    _exit(memcmp(text, back, size) ? 5 : 0);
}

static void echo(struct io *io, enum io_event event, void *arg)
{
    (void)arg;
    struct bytes in = io_input(io);
    if (event == IO_INPUT) {
        io_write(io, in.p, in.n);
        io_consume(io, in.n);
    } else if (event == IO_EOF || event == IO_ERROR) {
        snprintf(got, sizeof got, "%s", event == IO_EOF ? "eof" : io_error(io));
        io_free(io);
        loop_stop(loop);
    }
}

static int echo_over_tls(const char *priorities, size_t size)
{
    int pair[2], status;
    struct err e = {.text = ""};
    pid_t signer = start_signer();
    struct tls_context *ctx = tls_server_context(signer_path, &e);
    ck_assert_msg(ctx != NULL, "%s", e.text);
    ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t client = start_client(pair[1], priorities, size);
    close(pair[1]);
    loop = loop_new();
    struct io *io = io_new(loop, pair[0], 65536, 1 << 20, echo, NULL);
    io_start_tls(io, ctx, "imap");
    loop_run(loop);
    waitpid(client, &status, 0);
    kill(signer, SIGKILL);
    waitpid(signer, NULL, 0);
    unlink(signer_path);
    tls_context_unref(ctx);
    loop_free(loop);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(speaks_tls_1_3_with_a_key_held_elsewhere)
{
    ck_assert_int_eq(echo_over_tls("NORMAL:-VERS-ALL:+VERS-TLS1.3", 5), 0);
}
END_TEST

START_TEST(speaks_tls_1_2_with_a_key_held_elsewhere)
{
    ck_assert_int_eq(echo_over_tls("NORMAL:-VERS-ALL:+VERS-TLS1.2", 5), 0);
}
END_TEST

START_TEST(refuses_tls_1_1)
{
    ck_assert_int_eq(echo_over_tls("NORMAL:-VERS-ALL:+VERS-TLS1.1", 5), 2);
}
END_TEST

START_TEST(moves_many_bytes_over_tls_unchanged)
{
    ck_assert_int_eq(echo_over_tls("NORMAL", 3000000), 0);
}
END_TEST

/* ---- the pump ---- */

static struct io *pumped;

static void pump_done(void *arg)
{
    (void)arg;
    io_free(pumped);
    loop_stop(loop);
}

static void nothing(struct io *io, enum io_event event, void *arg)
{
    (void)io;
    (void)event;
    (void)arg;
}

static void cat(int fd)
{
    char buf[5000];
    ssize_t n;
    while ((n = read(fd, buf, sizeof buf)) > 0)
        for (ssize_t at = 0, w; at < n; at += w)
            if ((w = write(fd, buf + at, (size_t)(n - at))) <= 0)
                _exit(1);
    _exit(0);
}

START_TEST(pumps_both_ways_and_says_when_the_session_ends)
{
    enum { SIZE = 2000000 };
    static char text[SIZE], back[SIZE];
    int client[2], session[2];
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (char)(i * 13 + i / 255);
    ck_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, client) && !socketpair(AF_UNIX, SOCK_STREAM, 0, session));
    pid_t other = fork();
    if (!other) {
        close(session[0]);
        close(client[0]);
        close(client[1]);
        cat(session[1]);
    }
    close(session[1]);
    pid_t writer = fork();
    if (!writer) {
        close(client[0]);
        if (!fork()) {
            for (size_t at = 0; at < SIZE;) {
                ssize_t n = write(client[1], text + at, SIZE - at);
                if (n <= 0)
                    _exit(1);
                at += (size_t)n;
            }
            shutdown(client[1], SHUT_WR);
            _exit(0);
        }
        size_t have = 0;
        for (ssize_t n; have < SIZE && (n = read(client[1], back + have, SIZE - have)) > 0;)
            have += (size_t)n;
        _exit(have == SIZE && !memcmp(text, back, SIZE) ? 0 : 2);
    }
    close(client[1]);
    loop = loop_new();
    pumped = io_new(loop, client[0], 4096, 4096, nothing, NULL);
    io_pump(pumped, session[0], 60000, pump_done, NULL);
    loop_run(loop);
    loop_free(loop);
    int status;
    waitpid(writer, &status, 0);
    ck_assert_int_eq(status, 0);
    waitpid(other, NULL, 0);
}
END_TEST

UNIT_MAIN("io", finds_lines_however_they_are_cut, refuses_a_bare_lf_and_a_bare_cr,
          refuses_a_line_over_the_maximum_but_not_at_it, speaks_tls_1_3_with_a_key_held_elsewhere,
          speaks_tls_1_2_with_a_key_held_elsewhere, refuses_tls_1_1, moves_many_bytes_over_tls_unchanged,
          pumps_both_ways_and_says_when_the_session_ends)
