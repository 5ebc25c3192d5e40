/*
 * log_sink.c - the end of every log line's way: received from a child, stamped, made harmless, written.
 *
 * Each child writes to one end of a seqpacket pair; the other ends sit in an epoll set of the sink's own,
 * which the master watches as one descriptor. When the last copy of the child's end is closed the pair goes
 * away by itself.
 */
#include "base/log_sink.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>

enum {
    CHILD_PACKET_MAX = LOG_LINE_MAX + 100,
    PROGRAM_MAX = 32,     /* bytes of what a child calls itself */
    LINES_PER_CHILD = 64, /* in one go */
    OWN_UIDS_MAX = 16,
    LINE_WRITTEN_MAX = 4 * CHILD_PACKET_MAX + 400, /* every byte may become \xNN */
};

struct log_sink {
    char *path;  /* of the file, NULL: not a file */
    bool syslog; /* else fd */
    int fd;
    time_t looked; /* when it was last checked that the file is still the one at path */
    unsigned long lost;
    int epoll;
    uid_t own[OWN_UIDS_MAX];
    size_t nown;
    const char *program;
    char host[256];
};

/* One line on its way. */
struct line {
    enum log_level level;
    struct bytes program;
    pid_t pid;
    uid_t uid;
    bool foreign; /* uid is not one of ours */
    struct bytes text;
};

static const char *const level_words[] = {"error: ", "warning: ", "", "debug: "};
static struct log_sink *used;

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
}

static void drop_target(struct log_sink *sink)
{
    if (sink->path && sink->fd >= 0)
        close(sink->fd);
    free(sink->path);
    sink->path = NULL;
}

int log_sink_move(struct log_sink *sink, const char *where, struct err *e)
{
    if (strncmp(where, "file:", 5) == 0) {
        int fd = open_file(where + 5);
        if (fd < 0)
            return err_errno(e, errno, "cannot open the log file %s", where + 5);
        drop_target(sink);
        sink->fd = fd;
        sink->path = xstrdup(where + 5);
        sink->syslog = false;
        return 0;
    }
    bool to_syslog = strcmp(where, "syslog") == 0;
    if (!to_syslog && strcmp(where, "stderr") != 0)
        return err_set(e, ERR_INVALID, "log = \"%s\": right would be stderr, syslog or file:/path", where);
    drop_target(sink);
    sink->fd = STDERR_FILENO;
    sink->syslog = to_syslog;
    return 0;
}

struct log_sink *log_sink_open(const char *where, const char *program, struct err *e)
{
    struct log_sink *sink = xcalloc(1, sizeof(*sink));
    sink->fd = -1;
    sink->program = program;
    if (gethostname(sink->host, sizeof(sink->host) - 1) != 0 || !sink->host[0])
        strcpy(sink->host, "localhost");
    sink->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (sink->epoll < 0)
        err_errno(e, errno, "cannot make an epoll set for the log");
    else if (log_sink_move(sink, where, e) == 0)
        return sink;
    log_sink_free(sink);
    return NULL;
}

/* The children's ends that are still open stay in the kernel until their children end. */
void log_sink_free(struct log_sink *sink)
{
    if (!sink)
        return;
    if (used == sink) {
        used = NULL;
        log_set_writer(NULL);
    }
    drop_target(sink);
    if (sink->epoll >= 0)
        close(sink->epoll);
    free(sink);
}

int log_sink_reopen(struct log_sink *sink, struct err *e)
{
    if (!sink->path)
        return 0;
    int fd = open_file(sink->path);
    if (fd < 0)
        return err_errno(e, errno, "cannot open the log file %s; writing to the old one", sink->path);
    close(sink->fd);
    sink->fd = fd;
    return 0;
}

static void add_time(struct strbuf *out)
{
    struct timespec now;
    struct tm tm;
    char text[40];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    strbuf_addf(out, "%s.%03ldZ", text, now.tv_nsec / 1000000);
}

static void add_harmless(struct strbuf *out, struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] >= 0x20 && b.p[i] <= 0x7e)
            strbuf_addc(out, b.p[i]);
        else
            strbuf_addf(out, "\\x%02x", (unsigned char)b.p[i]);
    }
}

static void add_text(struct strbuf *out, const struct line *line)
{
    strbuf_adds(out, level_words[line->level]);
    add_harmless(out, line->text);
    if (line->foreign)
        strbuf_addf(out, " (uid %lu)", (unsigned long)line->uid);
}

/* The identity is the writer's, so that each program's lines are found by its name. */
static void write_syslog(const struct line *line)
{
    static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
    static char identity[4 * PROGRAM_MAX + 40];
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(LINE_WRITTEN_MAX), name = STRBUF_INIT(4 * PROGRAM_MAX);
    add_harmless(&name, line->program);
    snprintf(identity, sizeof(identity), "posthouse-%s[%ld]", name.data, (long)line->pid);
    openlog(identity, LOG_NDELAY, LOG_MAIL);
    add_text(&text, line);
    syslog(priorities[line->level], "%s", text.data);
}

static void write_line(struct log_sink *sink, const struct line *line);

static void complain(struct log_sink *sink, const char *text)
{
    struct line line = {LOG_L_ERROR, bytes_of(sink->program), getpid(), geteuid(), false, bytes_of(text)};
    write_line(sink, &line);
}

/* A file that was moved or deleted is opened anew. */
static void follow_file(struct log_sink *sink)
{
    struct timespec now;
    struct stat open_one, named;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!sink->path || now.tv_sec == sink->looked)
        return;
    sink->looked = now.tv_sec;
    if (fstat(sink->fd, &open_one) == 0 && stat(sink->path, &named) == 0 && open_one.st_dev == named.st_dev &&
        open_one.st_ino == named.st_ino)
        return;
    struct err e;
    if (log_sink_reopen(sink, &e) != 0)
        complain(sink, e.text);
}

static void write_fd(struct log_sink *sink, const struct line *line)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(LINE_WRITTEN_MAX);
    follow_file(sink);
    add_time(&out);
    strbuf_addf(&out, " %s ", sink->host);
    add_harmless(&out, line->program);
    strbuf_addf(&out, "[%ld]: ", (long)line->pid);
    add_text(&out, line);
    if (sink->lost)
        strbuf_addf(&out, " (%lu lines before this one could not be written)", sink->lost);
    strbuf_addc(&out, '\n');
    if (fs_write_all(sink->fd, out.data, out.len) != 0)
        sink->lost++;
    else
        sink->lost = 0;
}

static void write_line(struct log_sink *sink, const struct line *line)
{
    if (sink->syslog)
        write_syslog(line);
    else
        write_fd(sink, line);
}

static void write_own(enum log_level level, const char *text)
{
    struct line line = {level, bytes_of(used->program), getpid(), geteuid(), false, bytes_of(text)};
    write_line(used, &line);
}

void log_sink_use(struct log_sink *sink)
{
    used = sink;
    log_set_writer(write_own);
}

void log_sink_own_uids(struct log_sink *sink, const uid_t *uids, size_t n)
{
    sink->nown = n < OWN_UIDS_MAX ? n : OWN_UIDS_MAX;
    memcpy(sink->own, uids, sink->nown * sizeof(*uids));
}

static bool is_own(const struct log_sink *sink, uid_t uid)
{
    for (size_t i = 0; i < sink->nown; i++)
        if (sink->own[i] == uid)
            return true;
    return uid == geteuid();
}

int log_sink_child(struct log_sink *sink)
{
    int pair[2], on = 1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = pair[0]};
    if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 &&
        epoll_ctl(sink->epoll, EPOLL_CTL_ADD, pair[0], &ev) == 0 && shutdown(pair[0], SHUT_WR) == 0)
        return pair[1];
    int saved = errno;
    close(pair[0]);
    close(pair[1]);
    errno = saved;
    return -1;
}

int log_sink_fd(const struct log_sink *sink)
{
    return sink->epoll;
}

/* "<level digit> <program>: text" */
static void take_apart(struct line *line, struct bytes packet)
{
    line->level = LOG_L_INFO;
    line->program = BYTES("?");
    line->text = packet;
    if (packet.n < 2 || packet.p[0] < '0' || packet.p[0] > '3' || packet.p[1] != ' ')
        return;
    line->level = (enum log_level)(packet.p[0] - '0');
    struct bytes rest = bytes_skip(packet, 2);
    line->text = rest;
    size_t colon = bytes_index(rest, ':');
    if (colon == 0 || colon > PROGRAM_MAX || colon + 1 >= rest.n || rest.p[colon + 1] != ' ')
        return;
    line->program = bytes_from(rest.p, colon);
    line->text = bytes_skip(rest, colon + 2);
}

/* A descriptor that a child sends along is none that we want. */
static void close_passed(const struct cmsghdr *c)
{
    size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < n; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
        close(fd);
    }
}

static bool take_credentials(struct msghdr *msg, struct ucred *who)
{
    bool found = false;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_RIGHTS)
            close_passed(c);
        if (c->cmsg_type != SCM_CREDENTIALS)
            continue;
        memcpy(who, CMSG_DATA(c), sizeof(*who));
        found = true;
    }
    return found;
}

/* Taken out of the set by name: a child that has been forked but not yet executed may hold a copy. */
static void forget_child(struct log_sink *sink, int fd)
{
    epoll_ctl(sink->epoll, EPOLL_CTL_DEL, fd, NULL);
    close(fd);
}

/* One packet. False: nothing waits, or (at the end) the pair was closed. */
static bool receive_one(struct log_sink *sink, int fd)
{
    char packet[CHILD_PACKET_MAX];
    union {
        char room[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {packet, sizeof(packet)};
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n < 0 && (errno == EINTR || errno == ECONNRESET))
        return true;
    struct ucred who;
    bool stamped = n > 0 && take_credentials(&msg, &who);
    if (n <= 0) {
        forget_child(sink, fd);
        return false;
    }
    if (!stamped)
        return true;
    struct line line = {.pid = who.pid, .uid = who.uid, .foreign = !is_own(sink, who.uid)};
    take_apart(&line, bytes_from(packet, (size_t)n));
    write_line(sink, &line);
    return true;
}

void log_sink_receive(struct log_sink *sink)
{
    struct epoll_event ready[64];
    int n = epoll_wait(sink->epoll, ready, ARRAY_LEN(ready), 0);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < LINES_PER_CHILD && receive_one(sink, ready[i].data.fd); k++)
            continue;
}
