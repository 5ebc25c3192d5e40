/*
 * auth.h - all that relay and access see of authentication: start, continue, look up, redeem.
 *
 * The daemon behind it (authd with auth, signer, nss and PAM workers) listens on three local sockets below the run directory:
 *
 *   net/auth      for login and smtp (inside their chroot): SASL exchanges; answers with a ticket, never with a uid
 *   auth-lookup   for queue: does this account exist, and whose is this ticket (service smtp only)
 *   auth-master   for root (accessd, relayd): look up, redeem a ticket
 *
 * A ticket is 36 hex digits, 32 of them random, valid once, for 20 seconds, for one service and for one redeeming process.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/event.h"

#include <stdbool.h>
#include <sys/types.h>

#define AUTH_NAME_MAX     255   /* octets of a user name */
#define AUTH_PASSWORD_MAX 1024  /* octets of a password */
#define AUTH_SASL_MAX     12288 /* octets of one base64 SASL message (RFC 4954 section 4) */
#define AUTH_TICKET_LEN   36
#define AUTH_FORWARD_MAX  2000  /* octets of forward= */

/* An account, as looked up. Strings malloc'ed. */
#define ACCOUNT_SEND_LIMITS 4

struct account {
    char *name; /* canonical: what it is called in logs and Delivered-To */
    uid_t uid;
    gid_t gid;
    char *home;
    char *mail;                          /* absolute path of the Maildir */
    int64_t quota_bytes, quota_messages; /* 0: none */
    /* messages and recipients in an hour, the same in a day, that it may send; 0: as configured, -1: any number */
    int64_t send_limits[ACCOUNT_SEND_LIMITS];
    char *forward;                       /* addresses that its mail goes to instead; NULL: none */
    bool no_shell;                       /* of the system, with a shell that lets nobody in */
    bool shared; /* other accounts have its uid, too: their processes are to be kept apart (base/confine.h) */
};
void account_done(struct account *a);
/* A copy of its own; to is overwritten. */
void account_copy(struct account *to, const struct account *from);

/* ---- in an event loop: login and smtp ---- */

struct auth_client; /* one connection to net/auth, reopened by itself when the daemon restarts */
struct auth_client *auth_client_new(struct loop *loop, const char *path);
void auth_client_free(struct auth_client *client);
/* Is this address (text form) banned, by its failures or by the operator? Asked at accept; no question goes out. */
bool auth_client_banned(const struct auth_client *client, const char *remote);

enum auth_status {
    AUTH_CONTINUE, /* send `text` (base64, may be empty) to the client and call auth_continue with its answer
                    */
    AUTH_OK,       /* `text` is the ticket; `name` the account's name, for logs only */
    AUTH_FAILED,   /* wrong name or password, or account refused */
    AUTH_INVALID,  /* malformed SASL message, unknown mechanism */
    AUTH_EXPIRED,  /* the password is right, but it, or the account, has expired; `text` may say more */
    AUTH_TEMPFAIL, /* the authentication service is not there or broken: say "try again later" */
};
struct auth_result {
    enum auth_status status;
    struct bytes text;
    const char *name;
};
typedef void auth_fn(const struct auth_result *result, void *arg);

struct auth_request;
/* What the daemon is told about the connection. */
struct auth_peer {
    const char *service;  /* "imap", "pop3", "smtp" */
    const char *remote;   /* address in text */
    bool secure;          /* TLS */
    struct bytes binding; /* tls-exporter (RFC 9266); empty: there is none */
};
/* Start an exchange. initial.p == NULL: no initial response; else base64 text ("=" is an empty one). Answers
 * come through fn, never from inside this call; after any answer but AUTH_CONTINUE the request is gone. */
struct auth_request *auth_start(struct auth_client *client, const struct auth_peer *peer,
                                struct bytes mechanism, struct bytes initial, auth_fn *fn, void *arg);
/* The client's answer, base64 text; "*" cancels (fn is told AUTH_INVALID). */
void auth_continue(struct auth_request *request, struct bytes response);
/* For IMAP LOGIN, POP3 USER/PASS: name and password as plain bytes. */
struct auth_request *auth_plain(struct auth_client *client, const struct auth_peer *peer, struct bytes name,
                                struct bytes password, auth_fn *fn, void *arg);
/* The connection went away: no answer will come. */
void auth_cancel(struct auth_request *request);

/* ---- in an event loop: queue and the masters ---- */

struct auth_lookup; /* a connection to auth-lookup or auth-master */
struct auth_lookup *auth_lookup_new(struct loop *loop, const char *path);
void auth_lookup_free(struct auth_lookup *l);
/* status: 1 found, 0 no such account, -1 temporary failure. account is borrowed. Never from inside the call.
 */
typedef void auth_lookup_fn(int status, const struct account *account, void *arg);
/* Answers about names may be given again for so long, without asking. */
void auth_lookup_remember(struct auth_lookup *l, unsigned ms);
/* An account by name (a local part, or user@domain as in the passwd-file). */
void auth_lookup_name(struct auth_lookup *l, struct bytes name, auth_lookup_fn *fn, void *arg);
/* Redeem a ticket for this service. Once. */
void auth_redeem(struct auth_lookup *l, struct bytes ticket, const char *service, auth_lookup_fn *fn,
                 void *arg);
/* Forget the callbacks of this arg (its owner is gone). */
void auth_lookup_forget(struct auth_lookup *l, void *arg);
/* The account of a uid (submission by `sendmail`). */
void auth_lookup_uid(struct auth_lookup *l, uid_t uid, auth_lookup_fn *fn, void *arg);

#endif
