/*
 * sendmail_main.c - sendmail(1) as PHP, cron, git and mail programs call it; mailq and newaliases by the name
 * it is called by.
 *
 * It runs as its caller, without privileges: the queue learns the uid from the kernel. So its caller may
 * choose everything that it reads; still options that name files (-C, -X, -D, -O) do nothing, since callers
 * put strangers' words on the command line. After the first address, and after "--", nothing is an option.
 */
#include "relay/envelope.h"
#include "relay/queue_trace.h"
#include "relay/relay_conf.h"
#include "relay/sendmail_aliases.h"
#include "relay/sendmail_header.h"
#include "relay/sendmail_input.h"
#include "relay/sendmail_queue.h"
#include "relay/sendmail_session.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <time.h>

#define CHUNK       65536
#define MESSAGE_MAX (1u << 30) /* octets; the queue's own limit is lower */

enum mode { MODE_SEND, MODE_LIST, MODE_ALIASES, MODE_FLUSH, MODE_VERIFY, MODE_SESSION };

struct options {
    unsigned notify, ret; /* enum recipient_notify, enum envelope_ret */
    char envid[ENVELOPE_ENVID_MAX + 1];
    enum mode mode;
    bool collect, ignore_dots, verbose;
    const char *sender, *from_name;
};

struct message {
    struct input_filter filter;
    struct strbuf pending; /* read, not yet written */
    int fd;                /* the memfd */
    uint64_t written;
    bool eof;
};

static int complain(int status, const char *text)
{
    fprintf(stderr, "sendmail: %s\n", text);
    return status;
}

/* ---- options ---- */

static int set_mode(struct options *o, const char *arg)
{
    static const struct {
        char letter;
        enum mode mode;
    } modes[] = {
        {'m', MODE_SEND}, {'p', MODE_LIST}, {'i', MODE_ALIASES}, {'v', MODE_VERIFY}, {'s', MODE_SESSION}};
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (arg[0] == modes[i].letter && !arg[1]) {
            o->mode = modes[i].mode;
            return 0;
        }
    return complain(EX_USAGE, "this mode of -b is not offered; the relay is started by posthouse-relayd");
}

/* "never", or "success", "failure", "delay" with commas between. */
static int set_notify(struct options *o, const char *arg)
{
    static const char *const words[] = {"never", "success", "failure", "delay"};
    struct bytes rest = bytes_of(arg);
    o->notify = 0;
    while (rest.p) {
        struct bytes word = bytes_trim(bytes_split(&rest, ','));
        size_t i = 0;
        while (i < ARRAY_LEN(words) && !bytes_eq_nocase(word, bytes_of(words[i])))
            i++;
        if (i == ARRAY_LEN(words))
            return complain(EX_USAGE, "-N takes never, or success, failure and delay with commas between");
        o->notify |= 1u << i;
    }
    return o->notify == 1 || !(o->notify & 1) ? 0 : complain(EX_USAGE, "-N: never goes with nothing else");
}

static int set_ret(struct options *o, const char *arg)
{
    o->ret = !strcasecmp(arg, "full") ? RET_FULL : RET_HDRS;
    return o->ret == RET_FULL || !strcasecmp(arg, "hdrs") ? 0 : complain(EX_USAGE, "-R takes full or hdrs");
}

/* As xtext (RFC 3461 4). */
static int set_envid(struct options *o, const char *arg)
{
    size_t n = 0;
    for (; *arg && n + 4 < sizeof o->envid; arg++) {
        unsigned char c = (unsigned char)*arg;
        if (c > ' ' && c < 127 && c != '+' && c != '=')
            o->envid[n++] = *arg;
        else
            n += (size_t)snprintf(o->envid + n, 4, "+%02X", c);
    }
    o->envid[n] = '\0';
    return *arg ? complain(EX_USAGE, "-V: the envelope id is too long") : 0;
}

static int set_option(struct options *o, int c)
{
    switch (c) {
    case 'N':
        return set_notify(o, optarg);
    case 'R':
        return set_ret(o, optarg);
    case 'V':
        return set_envid(o, optarg);
    case 't':
        o->collect = true;
        return 0;
    case 'i':
        o->ignore_dots = true;
        return 0;
    case 'o': /* -oi; -oem, -odb and so on change nothing here */
        o->ignore_dots |= optarg[0] == 'i' && !optarg[1];
        return 0;
    case 'f':
    case 'r':
        o->sender = optarg;
        return 0;
    case 'F':
        o->from_name = optarg;
        return 0;
    case 'b':
        return set_mode(o, optarg);
    case 'I':
        o->mode = MODE_ALIASES;
        return 0;
    case 'q':
        o->mode = MODE_FLUSH;
        return optarg ? complain(EX_USAGE, "-q takes no interval here: the relay tries by itself") : 0;
    case 'v':
        o->verbose = true;
        return 0;
    case '?':
        return complain(EX_USAGE, "usage: sendmail [-t] [-i] [-f sender] [-F name] [address ...]");
    default: /* swallowed */
        return 0;
    }
}

static int parse_options(int argc, char **argv, struct options *o)
{
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
    int c, status = 0;
    if (!strcmp(name, "mailq"))
        o->mode = MODE_LIST;
    if (!strcmp(name, "newaliases"))
        o->mode = MODE_ALIASES;
    opterr = 0;
    while (!status &&
           (c = getopt(argc, argv, "+A:B:C:D:F:GIL:M:N:O:R:UV:X:b:cd::e:f:h:imno:p:q::r:stvx")) != -1)
        status = set_option(o, c);
    if (o->sender && !strcmp(o->sender, "<>"))
        o->sender = "";
    return status;
}

/* ---- reading ---- */

/* Some more of standard input, filtered, into pending. */
static int read_more(struct message *m)
{
    char buf[CHUNK];
    ssize_t n = read(STDIN_FILENO, buf, sizeof buf);
    if (n < 0 && errno == EINTR)
        return 0;
    if (n < 0)
        return complain(EX_IOERR, "standard input cannot be read");
    if (n == 0)
        input_filter_end(&m->filter, &m->pending);
    else
        input_filter_add(&m->filter, &m->pending, bytes_from(buf, (size_t)n));
    m->eof = n == 0 || m->filter.ended;
    return 0;
}

static int write_out(struct message *m, struct bytes b)
{
    m->written += b.n;
    if (m->written > MESSAGE_MAX)
        return complain(EX_DATAERR, "the message is too large");
    return fs_write_all(m->fd, b.p, b.n) ? complain(EX_TEMPFAIL, "there is no memory for the message") : 0;
}

static bool header_complete(const struct message *m)
{
    const struct strbuf *p = &m->pending;
    return m->eof || (p->len && p->data[0] == '\n') || memmem(p->data, p->len, "\n\n", 2);
}

static int do_header(struct message *m, const struct header_fill *fill, struct addresses *collect)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(2 * SENDMAIL_HEADER_MAX);
    int status = 0;
    while (!status && !header_complete(m) && m->pending.len < SENDMAIL_HEADER_MAX)
        status = read_more(m);
    if (status)
        return status;
    if (!header_complete(m))
        return complain(EX_DATAERR, "the header of the message is too long");
    ssize_t used = header_rewrite(strbuf_bytes(&m->pending), fill, collect, &out);
    if (used < 0 || out.overflow)
        return complain(EX_DATAERR, "the message has too many recipients or too long a header");
    strbuf_consume(&m->pending, (size_t)used);
    return write_out(m, strbuf_bytes(&out));
}

static int do_body(struct message *m)
{
    int status;
    for (;;) {
        if ((status = write_out(m, strbuf_bytes(&m->pending))))
            return status;
        strbuf_clear(&m->pending);
        if (m->eof)
            return 0;
        if ((status = read_more(m)))
            return status;
    }
}

/* ---- sending ---- */

static void fill_from(struct strbuf *address, const char *sender, const char *hostname)
{
    const struct passwd *pw = getpwuid(getuid());
    if (sender && *sender)
        strbuf_adds(address, sender);
    else
        strbuf_adds(address, pw ? pw->pw_name : "unknown");
    if (!strchr(address->data, '@'))
        strbuf_addf(address, "@%s", hostname);
}

static int read_message(struct message *m, const struct options *o, const char *hostname,
                        struct addresses *list)
{
    AUTO_STRBUF struct strbuf from = STRBUF_INIT(1024), date = STRBUF_INIT(100), id = STRBUF_INIT(1024);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    fill_from(&from, o->sender, hostname);
    trace_date(&date, now.tv_sec);
    strbuf_addf(&id, "<%llx.%lx.%x@%s>", (unsigned long long)now.tv_sec, now.tv_nsec, (unsigned)getpid(),
                hostname);
    struct header_fill fill = {o->from_name, from.data, date.data, id.data};
    int status = do_header(m, &fill, o->collect ? list : NULL);
    return status ? status : do_body(m);
}

static int send_message(const struct options *o, char **args, const char *hostname, const char *socket,
                        const char *drop_dir)
{
    struct message m = {.filter = {.ignore_dots = o->ignore_dots}};
    struct addresses list = {.n = 0};
    int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    strbuf_init(&m.pending, SENDMAIL_HEADER_MAX + 2 * CHUNK);
    AUTO_CLOSE int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    m.fd = fd;
    for (; *args; args++)
        if (!addresses_add(&list, bytes_of(*args)))
            return complain(EX_USAGE, "too many recipients");
    if (!list.n && !o->collect)
        return complain(
            EX_USAGE, "no recipients: name them on the command line, or use -t to take those of the header");
    int status = fd < 0 ? complain(EX_OSERR, "there is no memory for the message")
                        : read_message(&m, o, hostname, &list);
    if (!status && !list.n)
        status = complain(EX_USAGE, "no recipients: the header has no To, Cc or Bcc");
    if (!status && fcntl(fd, F_ADD_SEALS, seals))
        status = complain(EX_OSERR, "the message cannot be sealed");
    struct submission s = {.socket = socket,
                           .drop_dir = drop_dir,
                           .sender = o->sender,
                           .recipients = &list,
                           .ret = o->ret,
                           .notify = o->notify,
                           .envid = o->envid,
                           .fd = fd,
                           .verbose = o->verbose};
    if (!status)
        status = queue_submit(&s);
    addresses_done(&list);
    strbuf_done(&m.pending);
    return status;
}

/* ---- settings: where the queue is, and the host's name ---- */

static void print_complaint(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "sendmail: %s\n", text);
}

/* POSTHOUSE_CONF names another file; a file that we may not read is as good as none. */
static struct relay_conf *read_settings(void)
{
    const char *path = getenv("POSTHOUSE_CONF");
    if (!path || !*path)
        path = SYSCONFDIR "/posthouse.conf";
    AUTO_FCLOSE FILE *f = fopen(path, "re");
    struct relay_conf *conf = conf_read(f, path, &relay_conf_table, print_complaint, NULL);
    if (conf)
        site_conf_complete(&conf->site);
    return conf;
}

int main(int argc, char **argv)
{
    struct options o = {.mode = MODE_SEND};
    AUTO_STRBUF struct strbuf socket = STRBUF_INIT(4096), drop_dir = STRBUF_INIT(4096);
    log_init_stderr("sendmail");
    int status = parse_options(argc, argv, &o);
    if (status)
        return status;
    struct relay_conf *conf = read_settings();
    if (!conf)
        return EX_CONFIG;
    strbuf_addf(&socket, "%s/submit", conf->site.run_dir);
    strbuf_addf(&drop_dir, "%s" DROP_SUFFIX, conf->spool_dir);
    if (o.mode == MODE_LIST)
        status = queue_list(socket.data);
    else if (o.mode == MODE_ALIASES)
        status = aliases_check(conf->aliases);
    else if (o.mode == MODE_SESSION)
        status = session_serve(conf->site.hostname, socket.data, drop_dir.data);
    else if (o.mode == MODE_VERIFY)
        status = queue_verify(socket.data, argv + optind);
    else if (o.mode == MODE_FLUSH)
        status = queue_flush(socket.data);
    else
        status = send_message(&o, argv + optind, conf->site.hostname, socket.data, drop_dir.data);
    conf_free(conf, &relay_conf_table);
    return status;
}
