/*
 * envelope.h - a message's sender, recipients and circumstances, and what they look like in a spool file.
 * Pure.
 *
 * A spool file is MAGIC, then records, then the message itself (LF line ends) to the end of the file. A
 * record is a type octet, a length (u32, little-endian) and that many octets: data never becomes syntax. See
 * posthouse-spool(5).
 */
#ifndef RELAY_ENVELOPE_H
#define RELAY_ENVELOPE_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/strbuf.h"

#define ENVELOPE_MAGIC     "PHSPOOL1"
#define ENVELOPE_MAX       (2u << 20) /* octets of all records together */
#define ENVELOPE_RCPT_MAX  5000       /* recipients of one message */
#define ENVELOPE_PATH_MAX  512        /* octets of one address */
#define ENVELOPE_ORCPT_MAX 500        /* octets of ORCPT (RFC 3461 4.2) */
#define ENVELOPE_ENVID_MAX 100        /* octets of ENVID (RFC 3461 4.4) */
#define ENVELOPE_STRANGER  UINT32_MAX /* owner: nobody of this machine */

enum recipient_kind {
    RECIPIENT_UNROUTED = 1, /* is looked up when its turn comes (a report to a sender) */
    RECIPIENT_LOCAL,
    RECIPIENT_REMOTE,
};

/* What the sender wants to be told of (RFC 3461 4.1), of one recipient. */
enum recipient_notify {
    NOTIFY_DEFAULT = 0, /* nothing was said: failures, and delays if we like */
    NOTIFY_NEVER = 1,
    NOTIFY_SUCCESS = 2,
    NOTIFY_FAILURE = 4,
    NOTIFY_DELAY = 8,
    NOTIFY_ALL = 15,
};

/* How much of the message a report returns (RFC 3461 4.3). */
enum envelope_ret { RET_DEFAULT, RET_HDRS, RET_FULL };

struct recipient {
    uint32_t number; /* stays with it for good: the name of its delivery is made from it */
    enum recipient_kind kind;
    char *address;   /* forward-path as given, without <> */
    char *account;   /* of RECIPIENT_LOCAL, else "" */
    unsigned notify; /* enum recipient_notify, or-ed */
    char *orcpt;     /* NULL or the original recipient as ORCPT has it: "rfc822;xtext" */
    char *folder;    /* NULL or the folder of RECIPIENT_LOCAL that is meant, if there is such */
    bool forwarded;  /* RECIPIENT_REMOTE by a rule of ours: the sender is rewritten */
    unsigned asked;  /* not part of the envelope: which RCPT it comes from, counted from 0 */
    /* Not part of the envelope: the latest verdict. 0: none yet; 2xx done, 4xx later, 5xx never. */
    int code;
    char *text;   /* NULL or its words, with the enhanced code */
    bool relayed; /* taken by a server that passes no reports of success on (RFC 3461 5.2.2) */
};

struct envelope {
    char *id;
    char *reverse_path; /* "": the null path, never answered by a report */
    uint64_t arrived;   /* seconds since 1970 */
    uint32_t owner;     /* uid that may see it in the listing, or ENVELOPE_STRANGER */
    uint64_t size;      /* octets of the message behind the records */
    enum envelope_ret ret;
    char *envid; /* "", or ENVID in xtext as it came (RFC 3461 4.4) */
    bool smtputf8, body8bit;
    char *login;  /* account that handed it in, "": a stranger, or a user without an account here */
    char *origin; /* "", or the directory in which the sendmail command was called */
    char *held;   /* "", or why it was put into the spool held: nothing is tried until it is released */
    struct recipient *rcpts;
    size_t nrcpts;
};

void envelope_init(struct envelope *env);
void envelope_done(struct envelope *env);
#define AUTO_ENVELOPE __attribute__((cleanup(envelope_done)))

/* A new last recipient, numbered after the highest; strings are copied. */
struct recipient *envelope_add(struct envelope *env, enum recipient_kind kind, struct bytes address,
                               const char *account);
/* envelope_add, and what RFC 3461 says of it; orcpt may be empty. */
struct recipient *envelope_add_dsn(struct envelope *env, enum recipient_kind kind, struct bytes address,
                                   const char *account, unsigned notify, struct bytes orcpt);
/* Note a verdict; text is made printable and cut to a line. */
void recipient_verdict(struct recipient *r, int code, const char *text);
static inline bool recipient_final(const struct recipient *r)
{
    return r->code >= 500 || (r->code >= 200 && r->code < 300);
}

/* Write the recipients that have no final verdict (all if `all`) and everything else. false: too large. */
bool envelope_encode(const struct envelope *env, bool all, struct strbuf *out);
/* Read the records at the start of a spool file. *used: where the message begins. ERR_CORRUPT with a
 * sentence, or ERR_LIMIT when b ends before the records do (read more, up to ENVELOPE_MAX). */
int envelope_decode(struct envelope *env, struct bytes b, size_t *used, struct err *e);

#endif
