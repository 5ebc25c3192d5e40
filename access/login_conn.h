/*
 * login_conn.h - one client before its login, and after it if bytes must go through us.
 *
 * The two protocols are two values of struct login_protocol. What they decide they say through the verbs
 * below; states follow each other in login_enter only.
 */
#ifndef ACCESS_LOGIN_CONN_H
#define ACCESS_LOGIN_CONN_H

#include "access/access_msg.h"
#include "access/imap_parse.h"
#include "auth/auth.h"
#include "base/io.h"

#include <netinet/in.h>

#define LOGIN_STRIKES_MAX 10 /* failed logins of one connection */
#define LOGIN_BAD_MAX     20 /* commands that make no sense, of one connection */
#define LOGIN_UNCOUNTED   UINT32_MAX

struct login;

enum login_state {
    LOGIN_TLS,     /* a handshake is going on */
    LOGIN_COMMAND, /* a command is expected */
    LOGIN_SASL,    /* the client's answer to a challenge is expected */
    LOGIN_AUTH,    /* auth is thinking */
    LOGIN_SESSION, /* accessd is starting the session */
    LOGIN_PUMP,    /* the session runs and its bytes go through us */
    LOGIN_END,     /* over: freed when we are out of its callbacks */
};

/* Answers to the command that wanted to log in. */
enum login_answer {
    ANSWER_FAILED,    /* wrong name or password */
    ANSWER_INVALID,   /* malformed or cancelled exchange */
    ANSWER_MECHANISM, /* unknown mechanism */
    ANSWER_TEMPFAIL,  /* authentication or session not available */
    ANSWER_REFUSED,   /* accessd will not have it; its own words */
    ANSWER_LIMIT,     /* too many sessions of this account */
    ANSWER_EXPIRED,   /* the password is right, but no longer good */
    ANSWER_PLAINTEXT, /* a password in clear is not accepted from there */
    LOGIN_ANSWERS
};

struct login_protocol {
    const char *service;                /* "imap" */
    const char *bye;                    /* what stands before the last words: "* BYE " */
    const char *limit;                  /* behind it, the code of a limit: "[LIMIT] " */
    const char *answers[LOGIN_ANSWERS]; /* code of the answer: "NO [AUTHENTICATIONFAILED]" */
    void (*greet)(struct login *l);     /* the first line */
    bool (*input)(struct login *l);     /* take one step in state COMMAND; false: more bytes are needed */
    void (*forget)(struct login *l);    /* TLS starts: what the client said so far does not count */
    void (*done)(struct login *l);      /* free what `begin` or `input` made */
    void (*begin)(struct login *l);     /* set up what `input` needs */
};
extern const struct login_protocol login_imap, login_pop3;

struct login {
    struct login_list *list; /* that it stands in */
    struct login *next, *previous;
    const struct login_protocol *protocol;
    struct io *io;
    enum login_state state;
    bool implicit_tls, first_seen, eof, goodbye;
    char peer[INET6_ADDRSTRLEN];   /* who connects, through a proxy perhaps */
    char remote[INET6_ADDRSTRLEN]; /* on whose behalf: the same, unless a trusted peer says otherwise */
    uint64_t net;                  /* of the address: what is counted as one */
    uint32_t place;                /* in the census, or LOGIN_UNCOUNTED */
    uint64_t since;                /* on the loop's clock */
    const char *refused;           /* why it may not come in: told when TLS is there */
    bool loopback, trusted;        /* the peer */
    bool proxied_tls;              /* TLS ends at the proxy */
    unsigned strikes, bad;
    struct auth_request *request;
    uint64_t id;    /* of the session asked for */
    int session_fd; /* our end of the pair, or -1: the session has the client's own socket */
    /* IMAP */
    struct imap_parse parse;
    char tag[ACCESS_TAG_MAX + 1];
    /* POP3 */
    char *user;
    bool utf8;
};

/* ---- for the protocols ---- */

/* A trusted peer says on whose behalf it comes (IMAP ID x-originating-ip); others are not listened to. */
void login_originates(struct login *l, struct bytes address);
/* The mechanisms offered here, each between these two, appended. */
void login_sasl_list(const struct login *l, const char *before, const char *after, struct strbuf *out);
/* May a password be sent on this connection? */
bool login_may_auth(const struct login *l);
/* Is TLS on, or can it be had? */
bool login_secure(const struct login *l);
bool login_tls_offered(const struct login *l);
/* Say the answer to the login command (with text of one's own, or NULL). */
void login_answer(struct login *l, enum login_answer answer, const char *text);
/* After the positive answer to STARTTLS or STLS has been written. */
void login_start_tls(struct login *l);
/* Both refuse with the right answer by themselves. initial.p == NULL: none. */
void login_sasl(struct login *l, struct bytes mechanism, struct bytes initial);
void login_plain(struct login *l, struct bytes name, struct bytes password);
/* Last words (NULL: already said), then the end. */
void login_bye(struct login *l, const char *text);
/* The client talks nonsense; too much of it ends the connection. */
void login_count_bad(struct login *l);

/* ---- between login_conn.c and login_door.c ---- */

struct io *login_io_new(struct login *l, int fd, size_t in_cap, size_t out_cap);
/* It takes its leave of lists and counts. */
void login_gone(struct login *l);
/* Failed logins get no further chance. */
void login_no_more(void);

/* ---- between login_conn.c and login_session.c ---- */

/* The one place where states follow each other. */
void login_enter(struct login *l, enum login_state state);
/* A login failed: one more chance, or the end. */
void login_strike(struct login *l);
/* Go on as far as the input reaches. l may be gone afterwards. */
void login_run(struct login *l);
void login_free(struct login *l);
/* The login that asked for this session, or NULL. */
struct login *login_waiting_for(uint64_t id);
/* It has logged in, and stays with us. */
void login_is_in(struct login *l);
/* Ask accessd for a session. */
void login_hand_over(struct login *l, struct bytes ticket);

/* ---- for login_main.c ---- */

struct login_accepted {
    const char *service; /* "imaps" */
    int fd;
    struct sockaddr_storage peer;
    bool tls; /* with the proxy that it comes through */
};
void login_accept(const struct login_accepted *a);
/* The same for a listener on which proxies speak. */
void login_proxied(const struct login_accepted *a);
/* An address in text. IPv4 in IPv6's clothes is IPv4. */
void login_address(const struct sockaddr_storage *ss, char *text, size_t size);
unsigned login_count(void);
/* No more logins; those under way may still succeed, running sessions go on. */
void login_drain(void);
/* A record from accessd. */
void login_session_message(struct msg_in *in);

#endif
