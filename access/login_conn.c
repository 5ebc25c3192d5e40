/*
 * login_conn.c - the life of a connection before its login.
 *
 *   state     what happens          next
 *   TLS       handshake done        COMMAND (greeting first, where TLS came first)
 *   COMMAND   STARTTLS, STLS        TLS; nothing that was read or said before survives
 *             LOGIN, PASS, AUTH...  AUTH
 *             LOGOUT, QUIT, HTTP    END
 *   AUTH      challenge             SASL
 *             refused               COMMAND, or END after LOGIN_STRIKES_MAX
 *             ticket                SESSION
 *   SASL      a line                AUTH
 *   SESSION   failed                COMMAND
 *             started               PUMP, or END: the session has the client's own socket and we let go of it
 *   PUMP      either side ends      END
 *   any       broken, deadline      END
 *
 * In AUTH and SESSION nothing is read: what a client sends ahead waits in the kernel for its session. Bytes
 * that were read nevertheless, and everything under TLS, go through a socket pair and io_pump.
 */
#include "access/login_conn.h"

#include "access/login_main.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <sys/socket.h>

#define FIRST_LINE 512 /* octets in which a first line must have ended to be looked at for HTTP */

static bool draining;

/* ---- states ---- */

void login_enter(struct login *l, enum login_state state)
{
    static const bool reads[] = {
        [LOGIN_TLS] = true,      [LOGIN_COMMAND] = true, [LOGIN_SASL] = true, [LOGIN_AUTH] = false,
        [LOGIN_SESSION] = false, [LOGIN_PUMP] = true,    [LOGIN_END] = true};
    if (l->state == LOGIN_END)
        return;
    if (reads[state] != reads[l->state]) {
        if (reads[state])
            io_resume(l->io);
        else
            io_pause(l->io);
    }
    l->state = state;
}

void login_free(struct login *l)
{
    login_gone(l);
    if (l->request)
        auth_cancel(l->request);
    cleanup_close(&l->session_fd);
    l->protocol->done(l);
    if (l->io && l->goodbye)
        io_finish(l->io);
    else
        io_free(l->io);
    free(l);
}

void login_bye(struct login *l, const char *text)
{
    if (text)
        io_printf(l->io, "%s%s%s\r\n", l->protocol->bye, l->refused ? l->protocol->limit : "", text);
    l->goodbye = true;
    login_enter(l, LOGIN_END);
}

/* ---- input ---- */

/* A browser made to talk to us by a page: it must not get to a line that we would understand. */
static bool is_http(struct bytes in)
{
    static const char *const methods[] = {"GET ",    "POST ",    "HEAD ",  "PUT ",  "OPTIONS ",
                                          "DELETE ", "CONNECT ", "PATCH ", "TRACE "};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (bytes_starts_nocase(in, bytes_of(methods[i])))
            return true;
    return false;
}

static bool look_at_first_line(struct login *l)
{
    struct bytes in = io_input(l->io);
    if (bytes_index(in, '\n') == in.n && in.n < FIRST_LINE)
        return false;
    l->first_seen = true;
    if (!is_http(in))
        return true;
    log_info("%s: HTTP from %s", l->protocol->service, l->remote);
    login_bye(l, "This is not a web server");
    return false;
}

static bool sasl_line(struct login *l)
{
    struct bytes line;
    int r = io_line(l->io, AUTH_SASL_MAX, true, &line);
    if (r == 0)
        return false;
    if (r < 0) {
        login_bye(l, "The authentication exchange is too long or broken");
        return false;
    }
    auth_continue(l->request, line); /* before enter: the line is gone after the next call to io */
    login_enter(l, LOGIN_AUTH);
    return true;
}

/* One step; false if there is nothing (more) to do now. */
static bool step(struct login *l)
{
    if (l->state == LOGIN_SASL)
        return sasl_line(l);
    if (l->state != LOGIN_COMMAND)
        return false;
    if (!l->first_seen && !look_at_first_line(l))
        return false;
    return l->protocol->input(l);
}

/* Go on as far as the input reaches. l may be gone afterwards. */
void login_run(struct login *l)
{
    while (step(l))
        ;
    if (l->eof && (l->state == LOGIN_COMMAND || l->state == LOGIN_SASL || l->state == LOGIN_TLS))
        login_enter(l, LOGIN_END);
    if (l->state == LOGIN_END)
        login_free(l);
}

static void on_secured(struct login *l)
{
    login_enter(l, LOGIN_COMMAND);
    if (l->refused)
        login_bye(l, l->refused);
    else if (l->implicit_tls)
        l->protocol->greet(l);
}

static void on_io(struct io *io, enum io_event event, void *arg)
{
    struct login *l = arg;
    switch (event) {
    case IO_SECURED:
        on_secured(l);
        break;
    case IO_EOF:
        l->eof = true;
        break;
    case IO_TIMEOUT:
        if (l->state == LOGIN_TLS || l->state == LOGIN_SESSION) /* the session may be talking already */
            login_enter(l, LOGIN_END);
        else
            login_bye(l, "No login in time");
        break;
    case IO_ERROR:
        log_debug("%s: %s: %s", l->protocol->service, l->remote, io_error(io));
        login_enter(l, LOGIN_END);
        break;
    case IO_INPUT:
    case IO_DRAINED:
        break;
    }
    login_run(l);
}

/* ---- what protocols ask ---- */

bool login_secure(const struct login *l)
{
    return l->proxied_tls || io_secure(l->io);
}

bool login_may_auth(const struct login *l)
{
    return login_secure(l) || site_plaintext_allowed(&login_conf()->site, l->peer);
}

bool login_tls_offered(const struct login *l)
{
    return !login_secure(l) && login_tls();
}

void login_start_tls(struct login *l)
{
    l->protocol->forget(l);
    memcpy(l->remote, l->peer, sizeof(l->remote));
    login_enter(l, LOGIN_TLS);
    io_start_tls(l->io, login_tls(), l->protocol->service);
}

void login_count_bad(struct login *l)
{
    if (++l->bad >= LOGIN_BAD_MAX)
        login_bye(l, "Too many bad commands");
}

void login_answer(struct login *l, enum login_answer answer, const char *text)
{
    static const char *const texts[LOGIN_ANSWERS] = {
        [ANSWER_FAILED] = "Authentication failed",
        [ANSWER_INVALID] = "The authentication exchange was cancelled or is malformed",
        [ANSWER_MECHANISM] = "This mechanism is not supported",
        [ANSWER_TEMPFAIL] = "Temporary authentication failure, try again later",
        [ANSWER_REFUSED] = "The session was refused",
        [ANSWER_EXPIRED] =
            "The password or the account has expired: set a new password, or ask the administrator",
        [ANSWER_PLAINTEXT] = "No password is accepted in clear, start TLS first",
    };
    io_printf(l->io, "%s%s%s %s\r\n", l->tag, *l->tag ? " " : "", l->protocol->answers[answer],
              text ? text : texts[answer]);
}

/* ---- authentication ---- */

void login_strike(struct login *l)
{
    if (++l->strikes >= LOGIN_STRIKES_MAX)
        login_bye(l, "Too many failed logins");
    else if (draining)
        login_bye(l, "The server is shutting down");
    else
        login_enter(l, LOGIN_COMMAND);
}

static void on_refused(struct login *l, enum login_answer answer)
{
    login_answer(l, answer, NULL);
    login_strike(l);
}

static void on_auth(const struct auth_result *result, void *arg)
{
    struct login *l = arg;
    if (result->status != AUTH_CONTINUE)
        l->request = NULL;
    switch (result->status) {
    case AUTH_CONTINUE:
        io_printf(l->io, "+ " BYTES_FMT "\r\n", BYTES_ARG(result->text));
        login_enter(l, LOGIN_SASL);
        break;
    case AUTH_OK:
        login_hand_over(l, result->text);
        break;
    case AUTH_FAILED:
        on_refused(l, ANSWER_FAILED);
        break;
    case AUTH_INVALID:
        on_refused(l, ANSWER_INVALID);
        break;
    case AUTH_EXPIRED:
        on_refused(l, ANSWER_EXPIRED);
        break;
    case AUTH_TEMPFAIL:
        on_refused(l, ANSWER_TEMPFAIL);
        break;
    }
    login_run(l);
}

static struct auth_peer peer_of(const struct login *l)
{
    /* auth sees the client's address; whether this connection is fit for a password depends on the peer's */
    return (struct auth_peer){l->protocol->service, l->remote, login_may_auth(l)};
}

void login_sasl_list(const struct login *l, const char *before, const char *after, struct strbuf *out)
{
    unsigned char binding[TLS_EXPORTER];
    site_sasl_list(&login_conf()->site, tls_exporter(io_tls(l->io), binding), before, after, out);
}

static bool refused_in_clear(struct login *l)
{
    if (login_may_auth(l))
        return false;
    on_refused(l, ANSWER_PLAINTEXT);
    return true;
}

void login_sasl(struct login *l, struct bytes mechanism, struct bytes initial)
{
    struct auth_peer peer = peer_of(l);
    unsigned char binding[TLS_EXPORTER];
    if (refused_in_clear(l))
        return;
    if (tls_exporter(io_tls(l->io), binding))
        peer.binding = bytes_from(binding, sizeof(binding));
    if (!site_sasl_offers(&login_conf()->site, mechanism, peer.binding.n > 0)) {
        on_refused(l, ANSWER_MECHANISM);
        return;
    }
    if (initial.n > AUTH_SASL_MAX) {
        on_refused(l, ANSWER_INVALID);
        return;
    }
    l->request = auth_start(login_auth(), &peer, mechanism, initial, on_auth, l);
    login_enter(l, LOGIN_AUTH);
}

void login_plain(struct login *l, struct bytes name, struct bytes password)
{
    struct auth_peer peer = peer_of(l);
    if (refused_in_clear(l))
        return;
    if (name.n == 0 || name.n > AUTH_NAME_MAX || password.n > AUTH_PASSWORD_MAX) {
        on_refused(l, ANSWER_FAILED);
        return;
    }
    l->request = auth_plain(login_auth(), &peer, name, password, on_auth, l);
    login_enter(l, LOGIN_AUTH);
}

/* ---- for login_door.c ---- */

struct io *login_io_new(struct login *l, int fd, size_t in_cap, size_t out_cap)
{
    return io_new(login_loop(), fd, in_cap, out_cap, on_io, l);
}

void login_no_more(void)
{
    draining = true;
}
