/*
 * auth_proto.h - every record that authentication sends between processes, both directions in one table.
 *
 *   login, smtp  -> auth    START PLAIN CONTINUE CANCEL          auth -> RESULT
 *   queue, masters -> auth  LOOKUP                               auth -> ACCOUNT
 *   root -> auth            BAN_ASK EXPLAIN_ASK                  auth -> BAN, EXPLAIN; BAN to login and smtp unasked
 *   auth -> nss             LOOKUP (by name or uid)              nss  -> ACCOUNT
 *   auth -> PAM worker      PAM_TRY                              worker -> PAM_VERDICT
 *   authd -> auth           CTL_PASSWD_FILE CTL_PEER CTL_WORKER  auth -> authd CTL_WORKER_WANTED
 *   authd -> nss            CTL_PEER
 *   authd -> signer         CTL_CERTIFICATE                  signer -> authd CTL_CERTIFICATE_TAKEN
 *
 * Writing and reading walk the same rows (auth_proto.c), so that they cannot disagree. Descriptors travel
 * beside the fields and are put and taken by the callers. Pure but for them.
 */
#ifndef AUTH_AUTH_PROTO_H
#define AUTH_AUTH_PROTO_H

#include "auth/auth.h"
#include "base/child.h"
#include "base/msg.h"

enum auth_record_type {
    AUTH_REC_START = 1,
    AUTH_REC_PLAIN,
    AUTH_REC_CONTINUE,
    AUTH_REC_CANCEL,
    AUTH_REC_RESULT,
    AUTH_REC_LOOKUP,
    AUTH_REC_ACCOUNT,
    AUTH_REC_PAM_TRY,
    AUTH_REC_PAM_VERDICT,
    AUTH_REC_BAN,     /* a ban, or the end of an answer about bans */
    AUTH_REC_BAN_ASK, /* what posthouse ban wants */
    AUTH_REC_EXPLAIN_ASK,
    AUTH_REC_EXPLAIN, /* uid, gid: failures of the address, of the account; proven: it has logged in from there */
    /* on control channels */
    AUTH_CTL_PASSWD_FILE =
        CTL_USER, /* with the file open for reading, or without if that failed; name: its domain; status 1: it has gone, 2: it is that of master users */
    AUTH_CTL_PEER, /* with one end of the socket between auth and nss; the last of what auth needs to begin */
    AUTH_CTL_PAM_CHANGED, /* what decides about system accounts has changed: nothing is remembered */
    AUTH_CTL_WORKER_WANTED,
    AUTH_CTL_WORKER, /* with the socket to a fresh PAM worker, or without if there can be none now */
    AUTH_CTL_CERTIFICATE, /* with the chain and the key open for reading, or without if that failed; mail: the path, for the
                             log; name: its directory below tls_directory, empty: the default; has_text: it is no longer there;
                             of the default, text: the name of this machine. The first default is the last of what signer needs
                             to begin */
    AUTH_CTL_CERTIFICATE_TAKEN, /* one of these has been looked at */
    AUTH_CTL_APP_FILE, /* with the file of application passwords, or without if there is none; then perhaps that of their last uses */
    AUTH_CTL_STATE, /* with the files of bans and of who has logged in from where, open for reading and writing; binding: a secret
                       that outlives us */
};

enum auth_by { AUTH_BY_NAME, AUTH_BY_UID, AUTH_BY_TICKET };
enum auth_lookup_status { AUTH_LOOKUP_NONE, AUTH_LOOKUP_FOUND, AUTH_LOOKUP_TEMPFAIL };
enum auth_ban_status { BAN_SET, BAN_LIFTED, BAN_DONE, BAN_REFUSED };
enum auth_ban_by { BAN_BY_LIST, BAN_BY_ADD, BAN_BY_REMOVE };
enum auth_pam_status { AUTH_PAM_REFUSED, AUTH_PAM_OK, AUTH_PAM_ACCOUNT, AUTH_PAM_EXPIRED, AUTH_PAM_TEMPFAIL };

#define AUTH_PATH_MAX    4095
#define AUTH_SERVICE_MAX 32
#define AUTH_REMOTE_MAX  64

/* One record of any type; fields that the type does not have are zero. Bytes are borrowed. */
struct auth_record {
    uint16_t type;
    uint32_t id;     /* chosen by the asking side, comes back in the answer */
    uint32_t status; /* RESULT: enum auth_status; ACCOUNT: enum auth_lookup_status; PAM_VERDICT: enum
                        auth_pam_status */
    uint32_t by;     /* LOOKUP: enum auth_by */
    uint32_t secure, has_text, proven, session, shut; /* 0 or 1 */
    uint32_t uid, gid;
    uint64_t quota_bytes, quota_messages;
    uint64_t send_limits[ACCOUNT_SEND_LIMITS]; /* struct account's, plus one */
    uint32_t shared;
    uint64_t until; /* BAN: seconds of the wall clock, 0 for ever; BAN_ASK: seconds from now */
    struct bytes service, remote, mechanism;
    struct bytes binding; /* START: channel binding, or empty */
    struct bytes text;    /* SASL in base64; the ticket; the reason of a PAM verdict; ACCOUNT: struct account's forward */
    struct bytes name, password;
    struct bytes home, mail; /* mail also: the name of a file handed over */
};

/* Append the fields of r to a fresh m (initialised here). The caller ends it with msg_done, or with
 * auth_msg_done_secret if a password is in it. */
void auth_record_write(const struct auth_record *r, struct msg *m);
/* Overwrite and release. */
void auth_msg_done_secret(struct msg *m);
/* Read any record; false if the type is unknown, a field is malformed or over its limit, or bytes are left
 * over. */
bool auth_record_read(struct msg_in *in, struct auth_record *r);

#endif
