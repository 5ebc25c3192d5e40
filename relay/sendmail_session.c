/*
 * sendmail_session.c - see sendmail_session.h. The caller is who it is by its uid, as with every other way of calling
 * sendmail: there is nothing to guard here, and no extension that needs an answer from the queue before the end of data.
 */
#include "relay/sendmail_session.h"

#include "relay/address.h"
#include "relay/sendmail_queue.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/mman.h>
#include <sysexits.h>

#define LINE_LENGTH_MAX 4096
#define SESSION_MAX     (1u << 30) /* octets of a message */

struct session {
    const char *hostname, *socket, *drop_dir;
    struct strbuf sender;
    struct addresses recipients;
    bool in_mail, quit;
};

static void reply(const char *text)
{
    printf("%s\r\n", text);
    fflush(stdout);
}

static void reset(struct session *s)
{
    addresses_done(&s->recipients);
    strbuf_clear(&s->sender);
    s->in_mail = false;
}

/* "FROM:<path> parameters": the parameters ask for nothing that would not be done anyway. */
static const char *take_path(const char *line, const char *word, struct strbuf *path)
{
    size_t n = strlen(word);
    while (*line == ' ')
        line++;
    if (strncasecmp(line, word, n))
        return "501 5.5.4 Syntax: MAIL FROM:<address> or RCPT TO:<address>";
    struct bytes in = bytes_trim(bytes_of(line + n));
    return address_path_utf8(&in, path) ? "501 5.1.3 Syntax: this is no address" : NULL;
}

static void do_mail(struct session *s, const char *line)
{
    reset(s);
    const char *wrong = take_path(line, "FROM:", &s->sender);
    s->in_mail = !wrong;
    reply(wrong ? wrong : "250 2.1.0 Ok");
}

static void do_rcpt(struct session *s, const char *line)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ADDRESS_PATH_MAX * 2);
    const char *wrong = s->in_mail ? take_path(line, "TO:", &path) : "503 5.5.1 MAIL first";
    if (!wrong && (!path.len || !addresses_add(&s->recipients, strbuf_bytes(&path))))
        wrong = path.len ? "452 4.5.3 Too many recipients" : "501 5.1.3 Syntax: this is no address";
    reply(wrong ? wrong : "250 2.1.5 Ok");
}

/* Lines up to the lone dot. false: the input has ended before, and nothing is sent. */
static bool copy_data(FILE *to)
{
    AUTO_FREE char *line = NULL;
    size_t room = 0;
    ssize_t got;
    while ((got = getline(&line, &room, stdin)) > 0) {
        size_t n = (size_t)got;
        if (n > 1 && line[n - 1] == '\n' && line[n - 2] == '\r')
            line[--n - 1] = '\n';
        if (n == 2 && !memcmp(line, ".\n", 2))
            return true;
        bool stuffed = line[0] == '.';
        fwrite(line + stuffed, 1, n - stuffed, to);
    }
    return false;
}

static void send_data(struct session *s, int fd)
{
    AUTO_STRBUF struct strbuf answer = STRBUF_INIT(4096);
    struct submission what = {.socket = s->socket,
                              .drop_dir = s->drop_dir,
                              .sender = s->sender.data,
                              .recipients = &s->recipients,
                              .fd = fd,
                              .answer = &answer};
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        strbuf_adds(&answer, "451 4.3.0 There is no memory for the message");
    else
        queue_submit(&what);
    for (char *c = answer.data; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    reply(answer.len ? answer.data : "451 4.3.2 The mail relay does not answer; nothing was sent");
}

static void do_data(struct session *s, const char *line)
{
    (void)line;
    if (!s->recipients.n) {
        reply("503 5.5.1 RCPT first");
        return;
    }
    int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    AUTO_CLOSE int kept = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    if (!to || kept < 0) {
        reply("451 4.3.0 There is no memory for the message");
        return;
    }
    reply("354 End with a dot alone on a line");
    bool whole = copy_data(to);
    off_t size = ftello(to);
    bool written = !fclose(to);
    if (!whole)
        s->quit = true;
    else if (!written || size > SESSION_MAX)
        reply("452 4.3.1 The message is too large");
    else
        send_data(s, kept);
    reset(s);
}

static void do_helo(struct session *s, const char *line)
{
    (void)line;
    reset(s);
    printf("250 %s\r\n", s->hostname);
    fflush(stdout);
}

static void do_ehlo(struct session *s, const char *line)
{
    (void)line;
    reset(s);
    printf("250-%s\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n",
           s->hostname);
    fflush(stdout);
}

static void do_rset(struct session *s, const char *line)
{
    (void)line;
    reset(s);
    reply("250 2.0.0 Ok");
}

static void do_noop(struct session *s, const char *line)
{
    (void)s;
    (void)line;
    reply("250 2.0.0 Ok");
}

static void do_quit(struct session *s, const char *line)
{
    (void)line;
    s->quit = true;
    reply("221 2.0.0 Bye");
}

static void do_line(struct session *s, const char *line)
{
    static const struct {
        const char *verb;
        void (*fn)(struct session *s, const char *line);
    } commands[] = {{"HELO", do_helo}, {"EHLO", do_ehlo}, {"MAIL", do_mail}, {"RCPT", do_rcpt},
                    {"DATA", do_data}, {"RSET", do_rset}, {"NOOP", do_noop}, {"QUIT", do_quit}};
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (!strncasecmp(line, commands[i].verb, 4) && strchr(" ", line[4])) {
            commands[i].fn(s, line + 4);
            return;
        }
    reply("500 5.5.2 Unknown command");
}

int session_serve(const char *hostname, const char *socket, const char *drop_dir)
{
    char line[LINE_LENGTH_MAX];
    struct session s = {.hostname = hostname, .socket = socket, .drop_dir = drop_dir};
    strbuf_init(&s.sender, ADDRESS_PATH_MAX * 2);
    printf("220 %s ESMTP Posthouse\r\n", hostname);
    fflush(stdout);
    while (!s.quit && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        do_line(&s, line);
    }
    reset(&s);
    strbuf_done(&s.sender);
    return EX_OK;
}
