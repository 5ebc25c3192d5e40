/*
 * smtp_params.h - the parameters of MAIL and RCPT: SIZE (RFC 1870), BODY (RFC 6152), AUTH (RFC 4954), SMTPUTF8 (RFC 6531), RET,
 * ENVID, NOTIFY and ORCPT (RFC 3461 4). Pure.
 *
 * What comes through is written into spool files and into the commands of other sessions, so each value is held to
 * its grammar: xtext and atoms, and no octet that could be syntax further on.
 */
#ifndef RELAY_SMTP_PARAMS_H
#define RELAY_SMTP_PARAMS_H

#include "relay/envelope.h"

struct mail_params {
    uint64_t size;
    uint64_t size_max; /* given: what is taken here */
    bool body8bit, smtputf8;
    enum envelope_ret ret;
    struct bytes envid; /* xtext; empty: none */
    unsigned seen;      /* of the table in smtp_params.c */
};

struct rcpt_params {
    bool smtputf8;      /* given: said with MAIL */
    unsigned notify;    /* enum recipient_notify */
    struct bytes orcpt; /* "rfc822;xtext"; empty: none */
    unsigned seen;
};

/* Read what stands behind the path, blanks between the words. A reply that refuses, or NULL. */
const char *mail_params_parse(struct bytes text, struct mail_params *params);
const char *rcpt_params_parse(struct bytes text, struct rcpt_params *params);

#endif
