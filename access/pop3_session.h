/*
 * pop3_session.h - one POP3 session after the login.
 *
 * The mailbox is looked at once, at the beginning: numbers stay what they are, whatever others do meanwhile.
 */
#ifndef ACCESS_POP3_SESSION_H
#define ACCESS_POP3_SESSION_H

#include "access/imap_io.h"
#include "access/pop3_command.h"
#include "access/session_status.h"
#include "maildir/maildir.h"

#define POP3_IDLE_MS (10 * 60 * 1000)

/* Message n is mails[n - 1]. */
struct pop3_mail {
    uint32_t uid;
    uint32_t order; /* 0: none */
    uint64_t size;  /* octets as sent, before dot-stuffing */
    bool sized;
    bool deleted;   /* to be removed at QUIT */
    bool retrieved; /* to be marked \Seen at QUIT */
    bool seen;      /* it is already */
};

struct pop3 {
    const struct session_options *options;
    struct imap_io io;
    struct mail_store *store;
    struct mailbox *mailbox;
    struct pop3_mail *mails;
    size_t count;
    struct strbuf line;
    bool ended;
    struct session_did did;
    const char *why; /* it ended, if not by QUIT */
};

/* 0, or -1 with e. */
int pop3_open(struct pop3 *s, const struct session_options *options, struct err *e);
void pop3_close(struct pop3 *s);
/* Greets and serves until the end. */
void pop3_run(struct pop3 *s);

/* ---- between the files of the session ---- */

/* A line of an answer, CRLF added. */
void pop3_say(struct pop3 *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* -ERR for an error of the library; the operator reads of those that are not the client's. */
void pop3_say_err(struct pop3 *s, const struct err *e);
/* The message of this number, or NULL after saying why not. */
struct pop3_mail *pop3_mail(struct pop3 *s, uint32_t number);
/* Fills in mail->size; a message that is gone has none. */
void pop3_size(struct pop3 *s, struct pop3_mail *mail);
/* Do what a command asks. */
void pop3_execute(struct pop3 *s, const struct pop3_command *command);
/* Send a message, or its header and `lines` lines of its body (lines < 0: all). */
void pop3_send(struct pop3 *s, struct pop3_mail *mail, int64_t lines);

#endif
