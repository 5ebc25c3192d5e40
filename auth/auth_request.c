/*
 * auth_request.c - see auth_request.h for the way of an attempt. Each state has one function that leads to
 * the next:
 *
 *     SASL     request_sasl_input   the exchange is going on
 *     LOOKUP   look_up              SCRAM: whose verifier is it?
 *     LINE     request_enter_line   the address has failures and others of it are being judged
 *     JUDGE    request_judge        account and password are being looked at
 *     FINAL    request_accept       SCRAM: the client must see that we know the password, too, and say so
 *     DELAY    request_refuse       the answer is no and is held back
 */
#include "auth/auth_request_internal.h"

#include "auth/auth_ban.h"
#include "auth/auth_sasl.h"
#include "auth/auth_throttle.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { LOG_WORD_MAX = 255 };

static const char *const services[] = {"imap", "pop3", "smtp"};

static struct loop *loop;
static struct ticket_table *tickets;
static struct throttle *throttle;
static struct request *line; /* in the order they came */
static size_t in_line, alive;
static struct timer line_timer;
static const struct site_conf *site;

static void try_line(void *arg);

void requests_init(struct loop *the_loop, struct ticket_table *the_tickets)
{
    loop = the_loop;
    tickets = the_tickets;
    throttle = throttle_new(siphash_key_new());
    timer_init(&line_timer, try_line, NULL);
}

void requests_configure(const struct site_conf *the_site)
{
    site = the_site;
}

void request_forgive(const char *remote)
{
    throttle_forgive(throttle, throttle_key(remote));
}

void request_look(struct bytes name, const char *remote, uint32_t *address, uint32_t *account, bool *known)
{
    struct throttle_try a = throttle_try(throttle, throttle_key(remote), name, BYTES(""));
    throttle_look(throttle, &a, loop_now(loop), address, account);
    *known = a.known;
}

/* ---- who has logged in from where, over restarts ---- */

static int known_fd = -1;

static void write_known(size_t offset, const void *place, size_t n)
{
    if (pwrite(known_fd, place, n, (off_t)offset) != (ssize_t)n)
        log_error("the file of addresses that have logged in cannot be written: %m");
}

void request_take_known(int fd, struct bytes secret)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(THROTTLE_KNOWN_BYTES);
    struct siphash_key key;
    if (alive || secret.n < sizeof(key)) { /* they are under way: what we have goes on */
        cleanup_close(&fd);
        return;
    }
    memcpy(&key, secret.p, sizeof(key));
    throttle_free(throttle);
    throttle = throttle_new(key);
    cleanup_close(&known_fd);
    known_fd = fd;
    char *room = strbuf_room(&text, THROTTLE_KNOWN_BYTES);
    ssize_t n = fs_pread_all(fd, room, THROTTLE_KNOWN_BYTES, 0);
    strbuf_extend(&text, n > 0 ? (size_t)n : 0);
    throttle_know(throttle, strbuf_bytes(&text), write_known);
}

struct loop *request_loop(void)
{
    return loop;
}

const struct site_conf *request_site(void)
{
    return site;
}

const struct throttle *request_throttle(void)
{
    return throttle;
}

/* ---- beginning and end ---- */

static void free_secret(char *s)
{
    if (s)
        explicit_bzero(s, strlen(s));
    free(s);
}

static void request_free(struct request *q)
{
    timer_stop(loop, &q->timer);
    sasl_free(q->sasl);
    free_secret(q->password);
    free(q->service);
    free(q->remote);
    free(q->app);
    free(q->master);
    free(q->final);
    free(q->name);
    account_done(&q->account);
    free(q);
    alive--;
}

void request_answer(struct request *q, enum auth_status status, struct bytes text)
{
    if (q->fn)
        q->fn(status, text, q->name ? q->name : "", q->arg);
}

void request_finish(struct request *q, enum auth_status status, struct bytes text)
{
    request_answer(q, status, text);
    request_free(q);
}

/* One word of a line that others read by machine: nothing in it may look like the next field. */
static void add_word(struct strbuf *text, const char *key, const char *value)
{
    strbuf_adds(text, key);
    for (size_t i = 0; i < LOG_WORD_MAX && value[i]; i++)
        strbuf_addc(text, value[i] > ' ' && value[i] < 0x7f && value[i] != '=' ? value[i] : '?');
}

void request_log_outcome(const struct request *q, const char *outcome, const char *reason)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(LOG_LINE_MAX);
    strbuf_adds(&text, outcome);
    add_word(&text, " service=", q->service);
    add_word(&text, " user=", q->name ? q->name : "");
    add_word(&text, " remote=", q->remote);
    add_word(&text, " mech=", q->mechanism);
    if (q->master)
        add_word(&text, " master=", q->master);
    if (q->app)
        add_word(&text, " app=", q->app);
    if (*reason)
        add_word(&text, " reason=", reason);
    log_info("%s", text.data);
}

static void on_timer(void *arg);

struct request *request_new(request_fn *fn, void *arg)
{
    if (alive >= REQUESTS_MAX)
        return NULL;
    struct request *q = xcalloc(1, sizeof(*q));
    *q = (struct request){.fn = fn, .arg = arg, .mechanism = "?"};
    timer_init(&q->timer, on_timer, q);
    alive++;
    return q;
}

/* ---- the end of a judged attempt ---- */

static void leave_judgement(struct request *q, enum auth_status status, struct bytes text)
{
    throttle_end(throttle, &q->attempt);
    request_finish(q, status, text);
    if (line)
        timer_set(loop, &line_timer, 0);
}

void request_refuse(struct request *q, const char *reason)
{
    uint32_t failures;
    uint64_t spent = loop_now(loop) - q->begun;
    uint64_t delay = throttle_failed(throttle, &q->attempt, loop_now(loop), &failures);
    request_log_outcome(q, "failed", reason);
    ban_consider(q->remote, failures);
    q->state = DELAY;
    timer_set(loop, &q->timer, spent < delay ? delay - spent : 0);
}

void request_fail_for_now(struct request *q, const char *reason)
{
    request_log_outcome(q, "tempfail", reason);
    leave_judgement(q, AUTH_TEMPFAIL, BYTES(""));
}

/* The password is right: this is no guess, and may be said. */
void request_tell_expired(struct request *q, const char *reason)
{
    request_log_outcome(q, "failed", reason);
    leave_judgement(q, AUTH_EXPIRED, BYTES(""));
}

void request_accept(struct request *q)
{
    unsigned char random[TICKET_RANDOM];
    char text[AUTH_TICKET_LEN + 1];
    if (!q->fn) {
        request_fail_for_now(q, "client-gone");
        return;
    }
    if (q->final) {
        AUTO_FREE char *last = TAKE_PTR(q->final);
        q->state = FINAL;
        timer_set(loop, &q->timer, REQUEST_SASL_MS);
        request_answer(q, AUTH_CONTINUE, bytes_of(last));
        return;
    }
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        log_fatal("getrandom: %m");
    bool issued = ticket_issue(tickets, random, q->service, &q->account, loop_now(loop), text);
    explicit_bzero(random, sizeof(random));
    if (!issued) {
        request_fail_for_now(q, "too-many-tickets");
        return;
    }
    free(q->name);
    q->name = xstrdup(q->account.name);
    request_log_outcome(q, "ok", "");
    throttle_succeeded(throttle, &q->attempt, (uint64_t)time(NULL));
    leave_judgement(q, AUTH_OK, bytes_of(text));
    explicit_bzero(text, sizeof(text));
}

/* ---- the line ---- */

static void leave_line(struct request *q)
{
    struct request **at = &line;
    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
    in_line--;
}

/* Somebody has been answered: who may go on now, in order of arrival? */
static void try_line(void *arg)
{
    (void)arg;
    for (struct request *q = line, *next; q; q = next) {
        next = q->next;
        if (throttle_begin(throttle, &q->attempt, loop_now(loop))) {
            leave_line(q);
            request_judge(q);
        }
    }
}

void request_enter_line(struct request *q)
{
    if (throttle_begin(throttle, &q->attempt, loop_now(loop))) {
        request_judge(q);
        return;
    }
    if (in_line >= REQUESTS_LINE_MAX) {
        request_log_outcome(q, "tempfail", "too-many-tries");
        request_finish(q, AUTH_TEMPFAIL, BYTES(""));
        return;
    }
    struct request **at = &line;
    while (*at)
        at = &(*at)->next;
    *at = q;
    in_line++;
    q->state = LINE;
    timer_set(loop, &q->timer, REQUEST_LINE_MS);
}

/* ---- from outside ---- */

/* It goes to PAM and into the log. */
static bool looks_like_an_address(const char *remote)
{
    return *remote && remote[strspn(remote, "0123456789abcdefABCDEF.:")] == '\0';
}

static bool service_known(struct bytes service)
{
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        if (bytes_eq(service, bytes_of(services[i])))
            return true;
    return false;
}

void request_start(struct request *q, const struct auth_record *r)
{
    q->service = bytes_dup(r->service);
    q->remote = bytes_dup(r->remote);
    if (!q->service || !q->remote || !service_known(r->service) || !looks_like_an_address(q->remote)) {
        request_finish(q, AUTH_INVALID, BYTES(""));
        return;
    }
    q->secure = r->secure;
    if (r->type == AUTH_REC_PLAIN) {
        q->mechanism = "login";
        request_take_credentials(q, r->name, r->password);
        return;
    }
    bool plus = r->binding.n > 0;
    if (site_sasl_offers(site, r->mechanism, plus))
        q->sasl = sasl_new(r->mechanism, r->binding,
                           plus && site_sasl_offers(site, BYTES("SCRAM-SHA-256-PLUS"), true));
    if (!q->sasl) {
        request_finish(q, AUTH_INVALID, BYTES(""));
        return;
    }
    q->mechanism = sasl_mechanism(q->sasl);
    request_sasl_input(q, r->has_text ? r->text : bytes_from(NULL, 0));
}

void request_continue(struct request *q, struct bytes response)
{
    if (q->state == FINAL && response.n == 0) {
        timer_stop(loop, &q->timer);
        request_accept(q);
    } else if (q->state == FINAL) {
        leave_judgement(q, AUTH_INVALID, BYTES(""));
    } else if (q->state == SASL && q->sasl) {
        request_sasl_input(q, response);
    }
}

void request_abandon(struct request *q)
{
    q->fn = NULL;
    if (q->state == LINE)
        leave_line(q);
    if (q->state == LINE || q->state == SASL)
        request_free(q);
    else if (q->state == FINAL)
        leave_judgement(q, AUTH_INVALID, BYTES(""));
}

static void on_timer(void *arg)
{
    struct request *q = arg;
    if (q->state == DELAY || q->state == FINAL) {
        leave_judgement(q, q->state == DELAY ? AUTH_FAILED : AUTH_TEMPFAIL, BYTES(""));
        return;
    }
    if (q->state == LINE) {
        leave_line(q);
        request_log_outcome(q, "tempfail", "too-many-tries");
    }
    request_finish(q, AUTH_TEMPFAIL, BYTES(""));
}
