#include "auth/auth_link.h"

#include "base/cleanup.h"
#include "t/unit/unit.h"

#include <sys/epoll.h>
#include <sys/socket.h>

/* A daemon of our own in the same loop: it keeps what it was sent last, and answers when told to. */
static struct loop *loop;
static char dir[] = "/tmp/auth-client-XXXXXX", path[64];
static struct watch listener;
static int listen_fd = -1;
static struct chan *server;
static struct auth_record last;
static unsigned received;

static void on_server(struct chan *ch, struct msg_in *in, void *arg)
{
    (void)arg;
    if (!in) {
        chan_free(ch);
        server = NULL;
        return;
    }
    ck_assert(auth_record_read(in, &last));
    received++;
    loop_stop(loop);
}

static void on_listener(void *arg, uint32_t events)
{
    (void)arg;
    (void)events;
    server = chan_new(loop, accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on_server, NULL);
}

static void server_up(void)
{
    listen_fd = msg_listen(path, 0600);
    ck_assert_int_ge(listen_fd, 0);
    loop_watch(loop, &listener, listen_fd, EPOLLIN, on_listener, NULL);
}

static void server_down(void)
{
    chan_free(server);
    server = NULL;
    loop_unwatch(loop, &listener);
    close(listen_fd);
    unlink(path);
}

static void answer(uint32_t id, enum auth_status status, const char *text)
{
    AUTO_MSG struct msg m;
    struct auth_record r = {
        .type = AUTH_REC_RESULT, .id = id, .status = status, .text = bytes_of(text), .name = BYTES("anna")};
    auth_record_write(&r, &m);
    chan_send(server, &m);
}

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/s", dir);
    loop = loop_new();
}

static void teardown(void)
{
    unlink(path);
    rmdir(dir);
}

/* What the client was told. */
static struct {
    unsigned calls;
    enum auth_status status;
    char text[64];
} told;

static void on_result(const struct auth_result *result, void *arg)
{
    (void)arg;
    told.calls++;
    told.status = result->status;
    snprintf(told.text, sizeof(told.text), "%.*s", (int)result->text.n, result->text.p);
    loop_stop(loop);
}

static const struct auth_peer peer = {"imap", "192.0.2.1", true};

START_TEST(carries_an_exchange_to_its_end)
{
    setup();
    server_up();
    struct auth_client *c = auth_client_new(loop, path);
    struct auth_request *r = auth_start(c, &peer, BYTES("LOGIN"), bytes_from(NULL, 0), on_result, NULL);
    loop_run(loop);
    ck_assert(last.type == AUTH_REC_START && !last.has_text && last.secure);
    answer(last.id, AUTH_CONTINUE, "VXNlcm5hbWU6");
    loop_run(loop);
    ck_assert(told.calls == 1 && told.status == AUTH_CONTINUE);
    ck_assert_str_eq(told.text, "VXNlcm5hbWU6");
    auth_continue(r, BYTES("YW5uYQ=="));
    loop_run(loop);
    ck_assert(last.type == AUTH_REC_CONTINUE);
    answer(last.id, AUTH_OK, "0123456789abcdef0123456789abcdef");
    loop_run(loop);
    ck_assert(told.calls == 2 && told.status == AUTH_OK);
    auth_client_free(c);
    teardown();
}
END_TEST

START_TEST(keeps_a_request_until_the_daemon_is_there)
{
    setup();
    struct auth_client *c = auth_client_new(loop, path);
    struct timer t;
    auth_plain(c, &peer, BYTES("anna"), BYTES("secret"), on_result, NULL);
    timer_init(&t, (void (*)(void *))loop_stop, loop);
    timer_set(loop, &t, 120);
    loop_run(loop);
    ck_assert_uint_eq(told.calls, 0);
    server_up();
    loop_run(loop);
    ck_assert(last.type == AUTH_REC_PLAIN);
    ck_assert_uint_eq(received, 1);
    auth_client_free(c);
    teardown();
}
END_TEST

START_TEST(fails_for_now_what_was_sent_when_the_daemon_dies_and_serves_the_next)
{
    setup();
    server_up();
    struct auth_client *c = auth_client_new(loop, path);
    auth_plain(c, &peer, BYTES("anna"), BYTES("secret"), on_result, NULL);
    loop_run(loop);
    server_down();
    loop_run(loop);
    ck_assert(told.calls == 1 && told.status == AUTH_TEMPFAIL);
    server_up();
    auth_plain(c, &peer, BYTES("anna"), BYTES("secret"), on_result, NULL);
    loop_run(loop);
    ck_assert_uint_eq(received, 2);
    answer(last.id, AUTH_FAILED, "");
    loop_run(loop);
    ck_assert(told.calls == 2 && told.status == AUTH_FAILED);
    auth_client_free(c);
    teardown();
}
END_TEST

START_TEST(does_not_take_a_late_answer_for_the_next_requests)
{
    setup();
    server_up();
    struct auth_client *c = auth_client_new(loop, path);
    struct auth_request *first = auth_plain(c, &peer, BYTES("anna"), BYTES("one"), on_result, NULL);
    loop_run(loop);
    uint32_t old = last.id;
    auth_cancel(first);
    loop_run(loop);
    ck_assert(last.type == AUTH_REC_CANCEL && last.id == old);
    for (int i = 0; i < 70; i++) { /* more than there are places at first: each is used again */
        struct auth_request *r = auth_plain(c, &peer, BYTES("bert"), BYTES("two"), on_result, NULL);
        loop_run(loop);
        ck_assert_uint_ne(last.id, old);
        answer(old, AUTH_OK, "stolen");
        auth_cancel(r);
        loop_run(loop);
    }
    ck_assert_uint_eq(told.calls, 0);
    auth_client_free(c);
    teardown();
}
END_TEST

static bool inside;

static void not_inside(const struct auth_result *result, void *arg)
{
    ck_assert(!inside);
    on_result(result, arg);
}

START_TEST(refuses_what_is_too_long_but_never_from_inside_the_call)
{
    static char big[AUTH_SASL_MAX + 4];
    memset(big, 'A', sizeof(big));
    setup();
    struct auth_client *c = auth_client_new(loop, path);
    inside = true;
    auth_plain(c, &peer, bytes_from(big, AUTH_NAME_MAX + 1), BYTES("x"), not_inside, NULL);
    inside = false;
    loop_run(loop);
    ck_assert(told.calls == 1 && told.status == AUTH_FAILED);
    inside = true;
    auth_start(c, &peer, BYTES("PLAIN"), bytes_from(big, sizeof(big)), not_inside, NULL);
    inside = false;
    loop_run(loop);
    ck_assert(told.calls == 2 && told.status == AUTH_INVALID);
    auth_client_free(c);
    teardown();
}
END_TEST

/* ---- lookups ---- */

static struct {
    unsigned calls;
    int status;
    char mail[64];
} found;

static void on_found(int status, const struct account *account, void *arg)
{
    (void)arg;
    found.calls++;
    found.status = status;
    snprintf(found.mail, sizeof(found.mail), "%s", account ? account->mail : "");
    loop_stop(loop);
}

static void answer_account(uint32_t id, enum auth_lookup_status status)
{
    AUTO_MSG struct msg m;
    struct auth_record r = {.type = AUTH_REC_ACCOUNT,
                            .id = id,
                            .status = status,
                            .name = BYTES("anna"),
                            .uid = 1000,
                            .mail = BYTES("/m")};
    auth_record_write(&r, &m);
    chan_send(server, &m);
}

START_TEST(looks_up_redeems_and_forgets)
{
    setup();
    server_up();
    struct auth_lookup *l = auth_lookup_new(loop, path);
    auth_lookup_name(l, BYTES("anna"), on_found, NULL);
    loop_run(loop);
    ck_assert(last.type == AUTH_REC_LOOKUP && last.by == AUTH_BY_NAME);
    answer_account(last.id, AUTH_LOOKUP_FOUND);
    loop_run(loop);
    ck_assert(found.calls == 1 && found.status == 1);
    ck_assert_str_eq(found.mail, "/m");
    auth_redeem(l, BYTES("00000000000000000000000000000000"), "imap", on_found, NULL);
    loop_run(loop);
    ck_assert(last.by == AUTH_BY_TICKET);
    answer_account(last.id, AUTH_LOOKUP_NONE);
    loop_run(loop);
    ck_assert(found.calls == 2 && found.status == 0);
    auth_lookup_uid(l, 1000, on_found, &found);
    auth_lookup_forget(l, &found);
    loop_run(loop);
    answer_account(last.id, AUTH_LOOKUP_FOUND);
    auth_lookup_uid(l, 1000, on_found, NULL);
    loop_run(loop);
    ck_assert_uint_eq(found.calls, 2);
    server_down();
    loop_run(loop);
    ck_assert(found.calls == 3 && found.status == -1);
    auth_lookup_free(l);
    teardown();
}
END_TEST

UNIT_MAIN("auth_client", carries_an_exchange_to_its_end, keeps_a_request_until_the_daemon_is_there,
          fails_for_now_what_was_sent_when_the_daemon_dies_and_serves_the_next,
          does_not_take_a_late_answer_for_the_next_requests,
          refuses_what_is_too_long_but_never_from_inside_the_call, looks_up_redeems_and_forgets)
