/*
 * login_session.c - from the ticket to the session: what accessd is asked for, and what follows its answer.
 */
#include "access/login_conn.h"
#include "access/login_main.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SESSION_SNDBUF (1 << 20) /* octets that a session may be ahead of us; the kernel may grant less */

static uint32_t last_id;

/* A socket for the session: the client's own if we have nothing in between, else one end of a pair, whose
 * other end stays with us. Connections from afar stay in any case: they are counted as long as they last. -1 with errno. *made: must be closed once it has been sent. */
static int session_socket(struct login *l, bool *made)
{
    int pair[2];
    *made = false;
    if (!login_secure(l) && l->loopback && io_input(l->io).n == 0 && io_output_pending(l->io) == 0 && !l->eof)
        return io_fd(l->io);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &(int){SESSION_SNDBUF}, sizeof(int));
    l->session_fd = pair[0];
    *made = true;
    return pair[1];
}

void login_hand_over(struct login *l, struct bytes ticket)
{
    bool made;
    int fd = session_socket(l, &made);
    if (fd < 0) {
        log_error("no socket pair for a session: %m");
        login_answer(l, ANSWER_TEMPFAIL, NULL);
        login_strike(l);
        return;
    }
    AUTO_MSG struct msg msg;
    l->id = (uint64_t)getpid() << 32 | ++last_id;
    msg_init(&msg, SESSION);
    msg_put_u64(&msg, l->id);
    msg_put_str(&msg, l->protocol->service);
    msg_put_bytes(&msg, ticket);
    msg_put_str(&msg, l->remote);
    msg_put_u32(&msg, login_secure(l));
    msg_put_str(&msg, l->tag);
    msg_put_fd(&msg, fd);
    chan_send(login_control(), &msg);
    if (made)
        close(fd);
    login_enter(l, LOGIN_SESSION);
}

static void on_pump_done(void *arg)
{
    struct login *l = arg;
    if (strstr(io_error(l->io), IO_STALLED))
        log_info("%s: %s: %s", l->protocol->service, l->remote, io_error(l->io));
    login_enter(l, LOGIN_END);
    login_free(l);
}

static void on_started(struct login *l)
{
    if (l->session_fd < 0) {
        login_enter(l, LOGIN_END);
        return;
    }
    login_enter(l, LOGIN_PUMP);
    login_is_in(l);
    l->protocol->forget(l);
    io_pump(l->io, TAKE_FD(l->session_fd), (uint64_t)login_conf()->slow_client_timeout * 1000, on_pump_done,
            l);
}

static void on_failed(struct login *l, uint32_t why, const char *text)
{
    static const enum login_answer answers[SESSION_FAILURES] = {
        [SESSION_REFUSED] = ANSWER_REFUSED,
        [SESSION_TEMPORARY] = ANSWER_TEMPFAIL,
        [SESSION_LIMIT] = ANSWER_LIMIT,
    };
    cleanup_close(&l->session_fd);
    l->session_fd = -1;
    login_answer(l, answers[why < SESSION_FAILURES ? why : SESSION_TEMPORARY], text);
    login_strike(l);
}

void login_session_message(struct msg_in *in)
{
    uint64_t id = msg_get_u64(in);
    uint32_t why = in->type == SESSION_FAILED ? msg_get_u32(in) : SESSION_FAILURES;
    AUTO_FREE char *text = in->type == SESSION_FAILED ? msg_get_str(in) : NULL;
    struct login *l = login_waiting_for(id);
    if (!msg_end(in) || (in->type != SESSION_STARTED && in->type != SESSION_FAILED))
        log_fatal("malformed or unknown record %u from accessd", in->type);
    if (!l)
        return; /* another login process's, or the client has gone */
    if (text)
        on_failed(l, why, text);
    else
        on_started(l);
    if (l->state != LOGIN_PUMP)
        login_run(l);
}
