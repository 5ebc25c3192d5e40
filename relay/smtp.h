/*
 * smtp.h - one client of posthouse-smtp, and what its files share.
 *
 * A session is in one state; smtp_session.c is the only place where states follow each other.
 *
 *   GREET --greeting_delay--> COMMAND, if it is set
 *   COMMAND --STARTTLS--> TLS --handshake done--> COMMAND
 *   COMMAND --AUTH--> AUTH --(CONTINUE)--> AUTH_LINE --line--> AUTH --verdict--> COMMAND
 *   COMMAND --MAIL, RCPT--> QUEUE --reply--> COMMAND
 *   COMMAND --DATA--> DATA_WAIT --place--> DATA --end of data--> COMMIT --verdict--> COMMAND
 *                                          DATA --place full--> GROW --larger place--> DATA
 *   COMMAND --BDAT--> DATA_WAIT --place--> CHUNK --its last octet--> COMMAND, or COMMIT after LAST
 *   COMMAND --BDAT out of place--> CHUNK (chunk_drop) --its last octet--> COMMAND
 *   any --QUIT, error, deadline--> gone
 */
#ifndef RELAY_SMTP_H
#define RELAY_SMTP_H

#include "auth/auth.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "relay/relay_conf.h"
#include "relay/smtp_chunk.h"
#include "relay/smtp_dots.h"

#define SMTP_LINE_MAX      4096 /* octets of a command */
#define SMTP_HELO_MAX      255
#define SMTP_ERRORS_MAX    20                  /* then the client is sent away */
#define SMTP_WAIT_MS       300000              /* for queue and auth, and for the end of a handshake */
#define SMTP_IDLE_COMMANDS 100                 /* that bring no message closer, between two messages */
#define SMTP_DATA_ALL_MS   7200000             /* for a whole message */
#define SMTP_DATA_MS       180000              /* between two pieces of a message */
#define SMTP_CHUNK_MAX     (UINT64_C(1) << 40) /* octets of a chunk whose end is waited for */
#define SMTP_AUTH_TRIES    5
#define SMTP_HEADER_MAX    (1u << 20) /* octets of a mail program's header, which is held whole to be repaired */
#define SMTP_LARGE_HEADER  65536      /* octets; so many of them are held at once: */
#define SMTP_LARGE_HEADERS 32

enum smtp_state {
    SMTP_GREET, /* the greeting waits */
    SMTP_COMMAND,
    SMTP_TLS,
    SMTP_AUTH,
    SMTP_AUTH_LINE,
    SMTP_QUEUE,
    SMTP_DATA_WAIT,
    SMTP_DATA,
    SMTP_CHUNK,
    SMTP_GROW,
    SMTP_COMMIT,
};

struct smtp_session {
    struct smtp_session *next; /* in its bucket */
    uint32_t id;               /* towards queue */
    struct io *io;
    enum smtp_state state;
    bool submission;         /* on 587 or 465 */
    bool lmtp;               /* RFC 2033: a reply for each recipient after the message */
    bool xclient;            /* may say who it speaks for */
    bool proxied_tls;        /* TLS ends at a proxy */
    bool greeting_owed;      /* 465: after the handshake */
    bool eof, opened, fatal; /* opened: queue knows the session */
    char peer[64];
    uint32_t place; /* in the census */
    char *helo;
    bool esmtp, has_mail, smtputf8;
    unsigned recipients, errors, auth_tries, idle_commands;
    uint64_t replied, data_since; /* loop_now */
    struct auth_request *auth;
    char *user;      /* account name, once queue has redeemed the ticket */
    char *candidate; /* the same before that */
    char *reverse_path;
    char *recipient; /* the only one, for `for` in Received */
    /* the message */
    int fd;
    uint64_t cap, written, received;
    struct smtp_dots dots;
    bool chunking; /* by BDAT: a place is there or asked for */
    bool chunk_last, chunk_drop;
    uint64_t chunk_left; /* octets of the chunk that are still to come */
    struct smtp_chunk chunk;
    bool nul;             /* there was one */
    struct strbuf text;   /* not yet written */
    bool large_header;    /* one of those that are counted */
    size_t looked_at;     /* octets of text in which the header does not end */
    bool in_header;       /* text holds the header until it is complete (submission only) */
    bool too_big, failed; /* read to the end, then refused */
};

extern const struct relay_conf *smtp_conf;

/* smtp_session.c */
struct sockaddr_storage;
/* tls: with the proxy that it comes through. */
void smtp_accepted(int fd, const char *service, const char *peer, bool tls);
/* The same for a listener on which proxies speak. */
void smtp_proxied(int fd, const char *service, const char *peer);
/* The address in text; IPv4 in IPv6's clothes is IPv4. */
void smtp_peer_text(const struct sockaddr_storage *ss, char *text, size_t size);
void smtp_reply(struct smtp_session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* How many replies a message gets at its end. */
unsigned smtp_verdicts(const struct smtp_session *s);
/* Count an error of the client's; at the limit it is sent away (s->fatal). */
void smtp_count_error(struct smtp_session *s);
/* Forget the transaction. */
void smtp_reset(struct smtp_session *s);
/* At the end of every callback: go on with what the client has sent meanwhile, or, if s->fatal, send what was
 * replied and close. s may be gone afterwards. */
void smtp_proceed(struct smtp_session *s);
struct smtp_session *smtp_find(uint32_t id);
void smtp_queue_lost(void);
unsigned smtp_sessions(void);
void smtp_drain(void);

/* smtp_commands.c: run one command line. */
void smtp_command(struct smtp_session *s, struct bytes line);
/* May this client send its password now? */
bool smtp_auth_allowed(const struct smtp_session *s);

/* smtp_auth.c */
void smtp_auth_start(struct smtp_session *s, struct bytes mechanism, struct bytes initial);
/* What is offered, each after a space. */
void smtp_auth_list(const struct smtp_session *s, struct strbuf *out);
void smtp_auth_line(struct smtp_session *s, struct bytes line);
void smtp_auth_redeemed(struct smtp_session *s, uint32_t code, struct bytes text);

/* smtp_xclient.c */
bool smtp_xclient_allowed(const char *peer);
/* Take the client's address; false: malformed. */
bool smtp_xclient(struct smtp_session *s, struct bytes text);

/* smtp_data.c */
void smtp_data_init(struct smtp_session *s);
void smtp_data_begin(struct smtp_session *s, int fd, uint64_t cap);
void smtp_data_grown(struct smtp_session *s, int fd, uint64_t cap);
/* Take input. */
void smtp_data_input(struct smtp_session *s);
void smtp_chunk_input(struct smtp_session *s);
/* Read over the rest of the chunk: it has its reply. */
void smtp_chunk_drop(struct smtp_session *s);
void smtp_data_forget(struct smtp_session *s);

/* smtp_link.c: the connection to queue. All return false if there is none. */
void smtp_link_start(struct loop *loop, const char *path);
bool smtp_link_open(struct smtp_session *s);
bool smtp_link_auth(struct smtp_session *s, struct bytes ticket);
struct mail_params;
struct rcpt_params;
bool smtp_link_mail(struct smtp_session *s, struct bytes path, const struct mail_params *params);
bool smtp_link_rcpt(struct smtp_session *s, struct bytes path, const struct rcpt_params *params);
bool smtp_link_data(struct smtp_session *s);
bool smtp_link_grow(struct smtp_session *s);
bool smtp_link_commit(struct smtp_session *s);
void smtp_link_reset(struct smtp_session *s);
void smtp_link_close(struct smtp_session *s);

/* smtp_main.c */
struct loop *smtp_loop(void);
struct auth_client *smtp_auth_client(void);
struct census *smtp_census(void);
/* Is there TLS, with us or with the proxy in between? */
bool smtp_secure(const struct smtp_session *s);
struct tls_context *smtp_tls(void); /* NULL while the signer cannot be asked */
void smtp_session_gone(void);       /* one less: the process may end when it drains */

/* smtp_trace.c: the Received line (RFC 5321 4.4), LF line ends. */
void smtp_trace(struct strbuf *out, struct smtp_session *s);
/* The header of a mail program's message, made whole (smtp_repair.h). */
void smtp_complete(struct strbuf *out, struct smtp_session *s, struct bytes header);

#endif
