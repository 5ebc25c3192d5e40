/*
 * master_listen.c - the listening sockets of a master. They belong to the master and outlive its children, so
 * that no connection is refused while a child is restarted.
 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/master_internal.h"
#include "base/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 1024

static bool keep(struct master *m, const char *name, const char *address)
{
    for (size_t i = 0; i < m->nlisteners; i++) {
        struct listener *l = &m->listeners[i];
        if (!strcmp(l->name, name) && !strcmp(l->address, address)) {
            l->generation = m->generation;
            return true;
        }
    }
    return false;
}

static void add(struct master *m, const char *name, const char *address, int fd)
{
    m->listeners = xgrow(m->listeners, m->nlisteners, sizeof *m->listeners);
    m->listeners[m->nlisteners++] = (struct listener){xstrdup(name), xstrdup(address), fd, m->generation};
}

/* Close all listeners whose generation is (or is not) g. */
static void drop(struct master *m, unsigned g, bool is)
{
    size_t left = 0;
    for (size_t i = 0; i < m->nlisteners; i++) {
        struct listener *l = &m->listeners[i];
        if ((l->generation == g) != is) {
            m->listeners[left++] = *l;
            continue;
        }
        close(l->fd);
        free(l->name);
        free(l->address);
    }
    m->nlisteners = left;
}

void listeners_begin(struct master *m)
{
    m->generation++;
}

void listeners_commit(struct master *m)
{
    drop(m, m->generation, false);
}

/* New ones go; old ones that had been taken over go back. */
void listeners_rollback(struct master *m)
{
    drop(m, m->generation, true);
    m->generation--;
}

void listeners_close(struct master *m)
{
    for (size_t i = 0; i < m->nlisteners; i++)
        m->listeners[i].generation = 0;
    drop(m, 0, true);
    free(m->listeners);
    m->listeners = NULL;
}

/* ---- TCP ---- */

static bool is_loopback(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

static int bind_tcp(const struct addrinfo *ai, const char *name, const char *address, struct err *e)
{
    static const int on = 1;
    AUTO_CLOSE int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, errno, "%s: socket for %s", name, address);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY, inherited by what is accepted */, &on, sizeof on);
    if (ai->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG))
        return err_errno(e, errno, "%s: cannot listen on %s (is another server running there?)", name,
                         address);
    return TAKE_FD(fd);
}

/* Split "host:port", "[v6]:port", "*:port". host is NULL for "*". */
static int split_address(const char *address, char *host, size_t size, const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t n = colon ? (size_t)(colon - address) : 0;
    if (!colon || !n || n >= size)
        return -1;
    const char *start = address;
    if (*start == '[' && start[n - 1] == ']') {
        start++;
        n -= 2;
    }
    memcpy(host, start, n);
    host[n] = '\0';
    *port = colon + 1;
    return 0;
}

static int listen_one(struct master *m, const char *name, const char *address, const struct addrinfo *ai,
                      struct err *e)
{
    char key[160];
    snprintf(key, sizeof key, "%s/%d", address, ai->ai_family == AF_INET6 ? 6 : 4);
    if (keep(m, name, key))
        return 0;
    if (m->unprivileged && !is_loopback(ai->ai_addr))
        return err_set(e, ERR_ACCESS,
                       "%s: %s is not a loopback address; started by an ordinary user we listen on "
                       "127.0.0.1 or [::1] only",
                       name, address);
    if (activate_covers(ai->ai_addr))
        return 0;
    int fd = activate_take(ai->ai_addr);
    if (fd < 0)
        fd = bind_tcp(ai, name, address, e);
    if (fd < 0)
        return -1;
    add(m, name, key, fd);
    return 0;
}

static int listen_at(struct master *m, const char *name, const char *address, struct err *e)
{
    char host[128];
    const char *port;
    struct addrinfo *list,
        want = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    if (split_address(address, host, sizeof host, &port))
        return err_set(e, ERR_INVALID,
                       "%s: \"%s\" is no address; write 192.0.2.1:25, [2001:db8::1]:25 or *:25", name,
                       address);
    bool any = !strcmp(host, "*");
    int r = getaddrinfo(any ? NULL : host, port, &want, &list);
    if (r)
        return err_set(e, ERR_INVALID, "%s: \"%s\": %s; write 192.0.2.1:25, [2001:db8::1]:25 or *:25", name,
                       address, gai_strerror(r));
    int result = 0, bound = 0;
    for (struct addrinfo *ai = list; ai && !result; ai = ai->ai_next) {
        if (!listen_one(m, name, address, ai, e))
            bound++;
        else if (!any || ai->ai_family != AF_INET6) /* a machine without IPv6 is no error */
            result = -1;
    }
    freeaddrinfo(list);
    return result || bound ? result : -1;
}

int master_listener(struct master *m, const char *name, const char *address, struct err *e)
{
    size_t n = strlen(address);
    if (n <= PROXY_WORD_LEN || strcmp(address + n - PROXY_WORD_LEN, PROXY_WORD) != 0)
        return listen_at(m, name, address, e);
    AUTO_STRBUF struct strbuf bare = STRBUF_INIT(256), full = STRBUF_INIT(64);
    strbuf_add(&bare, address, n - PROXY_WORD_LEN);
    strbuf_addf(&full, "%s%s", name, PROXY_WORD);
    return listen_at(m, full.data, bare.data, e);
}

/* ---- local ---- */

static int give_to(struct master *m, const char *path, const char *group, mode_t mode, struct err *e)
{
    struct group *gr = group && !m->unprivileged ? getgrnam(group) : NULL;
    if (group && !m->unprivileged && !gr)
        return err_set(e, ERR_NOTFOUND, "the system group %s is missing; contrib/create-users makes it",
                       group);
    if ((gr && chown(path, 0, gr->gr_gid)) || chmod(path, mode))
        return err_errno(e, errno, "rights of %s", path);
    return 0;
}

int master_listener_local(struct master *m, const char *name, const char *path, const char *group,
                          mode_t mode, struct err *e)
{
    AUTO_STRBUF struct strbuf full = STRBUF_INIT(4096);
    strbuf_addf(&full, "%s/%s", m->run_dir, path);
    if (keep(m, name, path))
        return 0;
    AUTO_CLOSE int fd = msg_listen(full.data, 0600);
    if (fd < 0)
        return err_errno(e, errno, "%s: cannot listen on %s", name, full.data);
    if (give_to(m, full.data, group, mode, e))
        return err_prefix(e, "%s", name);
    add(m, name, path, TAKE_FD(fd));
    return 0;
}

int master_listener_stream(struct master *m, const char *name, const char *path, const char *group,
                           struct err *e)
{
    AUTO_STRBUF struct strbuf key = STRBUF_INIT(4096);
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct stat st;
    strbuf_addf(&key, "%s %s", path, group ? group : "");
    if (keep(m, name, key.data))
        return 0;
    if (strlen(path) >= sizeof addr.sun_path)
        return err_set(e, ERR_LIMIT, "%s: a socket's path has at most %zu octets", name,
                       sizeof addr.sun_path - 1);
    strcpy(addr.sun_path, path);
    if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
        return err_set(e, ERR_EXISTS, "%s: %s is there and no socket", name, path);
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t old = umask(0177);
    int failed = fd < 0 || (unlink(path) && errno != ENOENT) ||
                 bind(fd, (const struct sockaddr *)&addr, sizeof addr) || listen(fd, BACKLOG);
    umask(old);
    if (failed)
        return err_errno(e, errno, "%s: cannot listen on %s", name, path);
    if (give_to(m, path, group, group ? 0660 : 0600, e))
        return err_prefix(e, "%s", name);
    add(m, name, key.data, TAKE_FD(fd));
    return 0;
}
