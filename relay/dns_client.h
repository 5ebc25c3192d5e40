/*
 * dns_client.h - questions to the dns process, from sequential code.
 */
#ifndef RELAY_DNS_CLIENT_H
#define RELAY_DNS_CLIENT_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_RECORDS_MAX 100 /* of one answer */
#define DNS_ASK_MAX     64  /* questions at once */
#define DNS_NAME_MAX    253 /* octets of a name as text */

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28, DNS_TLSA = 52 };

/* What an answer is worth (RFC 4035 section 4.3). Only SECURE and ABSENT exclude that somebody on the way made it up. */
enum dns_status {
    DNS_SECURE, /* records, signed up to the root's key */
    DNS_INSECURE, /* records or none of them, from a zone that provably does not sign, or no validation is wanted */
    DNS_ABSENT,    /* the signed proof that there is none, or that there is no such name */
    DNS_BOGUS,     /* signatures are wrong or missing where they must be: not to be used */
    DNS_TEMPORARY, /* no answer in time, or no usable one: SERVFAIL, REFUSED, lame, loops */
};

struct dns_record {
    unsigned preference; /* MX */
    struct bytes data;   /* as in relay_msg.h */
};

struct dns_question {
    const char *name;
    enum dns_type type;
    /* the answer */
    enum dns_status status;
    bool no_such_name;
    uint32_t seconds;
    char *canonical; /* where CNAMEs have led: the name itself if there are none */
    char *why;
    struct dns_record *records;
    size_t n;
    void *buffer; /* what the records point into */
};

struct dns;

/* Connect to the process at that path, with the first question and again when it was restarted. Never NULL. */
struct dns *dns_new(const char *path);
void dns_free(struct dns *dns); /* NULL is fine */
/* Ask all n (at most DNS_ASK_MAX) at once and wait for all answers, at most timeout_ms: what has none then is DNS_TEMPORARY. Each
 * question has an answer afterwards, to be released by dns_forget. */
void dns_ask(struct dns *dns, struct dns_question *questions, size_t n, int timeout_ms);
void dns_forget(struct dns_question *questions, size_t n);

#endif
