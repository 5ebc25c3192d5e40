/*
 * login_door.c - who comes in: a connection from accept to its first state, the limits, and the lists of all that there are.
 *
 * Whoever is over a limit is told so and gone: in clear at once, without waiting; where TLS comes first after the
 * handshake, if not too many are being told already. Nobody who has logged in is ever touched. When too many
 * are waiting for their login, the one that has waited for longest in this process makes room, if it had time enough.
 */
#include "access/login_conn.h"
#include "access/login_main.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/nets.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

#define IN_CAP           (AUTH_SASL_MAX + 4096)
#define OUT_CAP          65536
#define ROOM_AFTER_MS    5000 /* whoever has waited so long may have to make room */
#define REFUSING_MAX     64   /* handshakes at once with clients that will be refused */
#define REFUSING_MS      5000
#define LINES_PER_SECOND 10 /* about refused clients */

struct login_list {
    struct login *first, *last; /* the newest, the oldest */
    unsigned n;
};

static struct login_list waiting, inside;
static unsigned refusing;

/* ---- lists ---- */

static void list_add(struct login_list *list, struct login *l)
{
    l->list = list;
    l->previous = NULL;
    l->next = list->first;
    if (list->first)
        list->first->previous = l;
    else
        list->last = l;
    list->first = l;
    list->n++;
}

static void list_remove(struct login *l)
{
    struct login_list *list = l->list;
    if (l->previous)
        l->previous->next = l->next;
    else
        list->first = l->next;
    if (l->next)
        l->next->previous = l->previous;
    else
        list->last = l->previous;
    list->n--;
}

unsigned login_count(void)
{
    return waiting.n + inside.n;
}

struct login *login_waiting_for(uint64_t id)
{
    for (struct login *l = waiting.first; l; l = l->next)
        if (l->state == LOGIN_SESSION && l->id == id)
            return l;
    return NULL;
}

void login_is_in(struct login *l)
{
    if (l->place != LOGIN_UNCOUNTED)
        census_logged_in(login_census(), l->place);
    list_remove(l);
    list_add(&inside, l);
    if (waiting.n == 0)
        login_all_in();
}

void login_gone(struct login *l)
{
    if (l->place != LOGIN_UNCOUNTED)
        census_leave(login_census(), l->place);
    refusing -= l->refused != NULL;
    list_remove(l);
    login_one_less();
}

/* ---- limits ---- */

void login_address(const struct sockaddr_storage *ss, char *text, size_t size)
{
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)ss)->sin6_addr;
    const struct in_addr *four = &((const struct sockaddr_in *)(const void *)ss)->sin_addr;
    *text = '\0';
    if (ss->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six))
        inet_ntop(AF_INET, &six->s6_addr[12], text, (socklen_t)size);
    else if (ss->ss_family == AF_INET6)
        inet_ntop(AF_INET6, six, text, (socklen_t)size);
    else
        inet_ntop(AF_INET, four, text, (socklen_t)size);
}

static void set_address(struct login *l, const struct sockaddr_storage *peer)
{
    login_address(peer, l->peer, sizeof(l->peer));
    memcpy(l->remote, l->peer, sizeof(l->remote));
    l->net = census_net(l->peer);
    l->loopback = nets_match(BYTES("127.0.0.0/8,::1"), l->peer);
    l->trusted = site_trusted(&login_conf()->site, l->peer);
}

void login_originates(struct login *l, struct bytes address)
{
    unsigned char ignored[16];
    char text[INET6_ADDRSTRLEN];
    if (!l->trusted || address.n >= sizeof(text))
        return;
    memcpy(text, address.p, address.n);
    text[address.n] = '\0';
    if (strlen(text) == address.n &&
        (inet_pton(AF_INET, text, ignored) == 1 || inet_pton(AF_INET6, text, ignored) == 1))
        memcpy(l->remote, text, sizeof(text));
}

/* The one that has waited for longest goes, if it had its time. */
static bool make_room(void)
{
    struct login *l = waiting.last;
    while (l &&
           (l->refused || (l->state != LOGIN_TLS && l->state != LOGIN_COMMAND && l->state != LOGIN_SASL)))
        l = l->previous;
    if (!l || loop_now(login_loop()) - l->since < ROOM_AFTER_MS)
        return false;
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(200);
    strbuf_addf(&text, "%sOthers want to log in", l->protocol->limit);
    if (l->state == LOGIN_TLS)
        login_enter(l, LOGIN_END);
    else
        login_bye(l, text.data);
    login_free(l);
    return true;
}

/* NULL: it is in, and counted. */
static const char *why_not(struct login *l)
{
    static const char *const texts[] = {
        [CENSUS_ALL] = "Too many connections, try again later",
        [CENSUS_WAITING] = "Too many clients are logging in, try again later",
        [CENSUS_NET] = "Too many connections from your address",
        [CENSUS_NET_WAITING] = "Too many connections from your address that have not logged in",
    };
    const struct access_conf *conf = login_conf();
    const struct census_limits limits = {
        .all = (uint32_t)conf->max_connections,
        .waiting = (uint32_t)conf->max_unauthenticated,
        .net = l->trusted ? 0 : (uint32_t)conf->max_connections_per_address,
        .net_waiting = l->trusted ? 0 : (uint32_t)conf->max_unauthenticated_per_address,
    };
    if (login_count() > login_files_allow())
        return texts[CENSUS_ALL];
    enum census_verdict verdict = census_enter(login_census(), l->net, &limits, &l->place);
    if (verdict == CENSUS_WAITING && make_room())
        verdict = census_enter(login_census(), l->net, &limits, &l->place);
    if (verdict == CENSUS_IN)
        return NULL;
    l->place = LOGIN_UNCOUNTED;
    return texts[verdict];
}

/* Thousands may be refused in a second: the first are named. */
static void log_refused(const struct login *l, const char *why)
{
    static uint64_t second;
    static unsigned lines, unsaid;
    uint64_t now = loop_now(login_loop()) / 1000;
    if (now != second) {
        if (unsaid)
            log_warn("%u more were refused", unsaid);
        second = now;
        lines = unsaid = 0;
    }
    if (++lines > LINES_PER_SECOND)
        unsaid++;
    else
        log_warn("refused service=%s remote=%s reason=\"%s\"", l->protocol->service, l->remote, why);
}

/* In clear at once, and without waiting for the client: it must not cost a descriptor for longer. */
static void refuse(struct login *l, const char *why)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(200);
    log_refused(l, why);
    if (l->implicit_tls && login_tls() && refusing < REFUSING_MAX) {
        l->refused = why;
        refusing++;
        io_deadline(l->io, REFUSING_MS);
        login_enter(l, LOGIN_TLS);
        io_start_tls(l->io, login_tls(), l->protocol->service);
        return;
    }
    strbuf_addf(&text, "%s%s%s\r\n", l->protocol->bye, l->protocol->limit, why);
    if (!l->implicit_tls)
        (void)!send(io_fd(l->io), text.data, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    login_enter(l, LOGIN_END);
}

/* ---- in and out ---- */

static void begin(struct login *l)
{
    if (auth_client_banned(login_auth(), l->remote)) { /* not a word, not a line of log for each */
        login_enter(l, LOGIN_END);
        return;
    }
    const char *why = why_not(l);
    if (why) {
        refuse(l, why);
    } else if (l->implicit_tls && !login_tls()) {
        log_warn("%s: no TLS without the signer, %s is turned away", l->protocol->service, l->remote);
        login_enter(l, LOGIN_END);
    } else if (l->implicit_tls) {
        login_enter(l, LOGIN_TLS);
        io_start_tls(l->io, login_tls(), l->protocol->service);
    } else
        l->protocol->greet(l);
}

void login_accept(const struct login_accepted *a)
{
    const struct access_service *service = access_service_named(a->service);
    struct login *l = xcalloc(1, sizeof(*l));
    l->protocol = strcmp(service->protocol, login_imap.service) == 0 ? &login_imap : &login_pop3;
    l->implicit_tls = service->implicit_tls;
    l->state = LOGIN_COMMAND;
    l->session_fd = -1;
    l->place = LOGIN_UNCOUNTED;
    l->since = loop_now(login_loop());
    l->proxied_tls = a->tls;
    set_address(l, &a->peer);
    list_add(&waiting, l);
    l->io = login_io_new(l, a->fd, IN_CAP, OUT_CAP);
    io_deadline(l->io, (uint64_t)login_conf()->login_timeout * 1000);
    l->protocol->begin(l);
    begin(l);
    if (l->state == LOGIN_END)
        login_free(l);
}

void login_drain(void)
{
    login_no_more();
    for (struct login *l = waiting.first, *next; l; l = next) {
        next = l->next;
        if (l->state == LOGIN_COMMAND || l->state == LOGIN_SASL)
            login_bye(l, "The server is shutting down");
        else if (l->state == LOGIN_TLS)
            login_enter(l, LOGIN_END);
        if (l->state == LOGIN_END)
            login_free(l);
    }
}
