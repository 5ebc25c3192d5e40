/*
 * imap_session.h - one client after login: what all commands share.
 *
 * The way of a command: imap_session reads and parses it, imap_commands finds its row, its imap_cmd_*
 * function runs, writes untagged answers and settles the tagged one with imap_ok, imap_no or imap_bad; then
 * the session tells the client what has changed in the mailbox (as the row permits) and writes the tagged
 * answer.
 */
#ifndef ACCESS_IMAP_SESSION_H
#define ACCESS_IMAP_SESSION_H

#include "access/imap_io.h"
#include "access/imap_parse.h"
#include "access/imap_progress.h"
#include "access/imap_reply.h"
#include "access/imap_seqset.h"
#include "access/imap_view.h"
#include "access/session_status.h"
#include "maildir/maildir.h"

#define IMAP_IDLE_TIMEOUT_MS    (30 * 60 * 1000) /* between commands */
#define IMAP_COMMAND_TIMEOUT_MS (5 * 60 * 1000)  /* within a command that the client has begun */
#define IMAP_BAD_COMMANDS_MAX   10               /* in a row */

/* What the client has switched on, by ENABLE or by using it (RFC 7162 section 3.1). */
enum imap_enabled {
    IMAP_ENABLED_CONDSTORE = 1,
    IMAP_ENABLED_QRESYNC = 2,
    IMAP_ENABLED_UTF8 = 4,
    IMAP_ENABLED_REV2 = 8,
    IMAP_ENABLED_UIDONLY = 16,
};

struct imap_message;
struct imap_append;
struct imap_command;
struct imap_notify;

struct imap {
    const struct session_options *options;
    struct imap_io io;
    struct imap_parse parse;
    struct mail_store *store;
    struct mailbox *mb; /* the selected mailbox, or NULL */
    struct imap_view view;
    unsigned enabled; /* enum imap_enabled */
    bool has_modseqs; /* the selected mailbox was told to have mod-sequences (HIGHESTMODSEQ) */
    uint32_t *saved;  /* UIDs that "$" stands for (RFC 5182), ascending */
    size_t nsaved;
    uint64_t keywords_told; /* bits of the keywords that FLAGS has named */
    struct imap_message
        *message; /* the message looked at last, kept open for the next partial fetch; or NULL */
    struct imap_append *append; /* messages on their way into a mailbox, or NULL */
    struct imap_notify *notify; /* what NOTIFY asked for, or NULL */
    int64_t news_looked;        /* when news were looked for last, in ms (imap_news.c) */
    struct imap_reply reply;
    struct imap_args args; /* of the running command */
    bool by_uid;           /* it is the UID form */
    bool keeps_numbers;    /* its arguments have message numbers: no removals are told */
    bool by_alias;         /* its latest mailbox name was given as INBOX.name, as Courier has it */
    bool sync_done;        /* it has told the changes itself (or there must be none) */
    bool compress;         /* the stream is compressed behind this command's answer */
    bool ending;           /* after this command the session ends */
    const char *bye;       /* why, if not at the client's wish; told once */
    unsigned bad_in_row;
    struct imap_progress work; /* of the store, on many messages */
    struct session_did did;
    const char *lost;  /* why input ended without LOGOUT; or NULL */
    uint32_t sent_uid; /* of the message that was sent last */
};

/* Names and strings go to the client in UTF-8. */
static inline bool imap_speaks_utf8(const struct imap *s)
{
    return s->enabled & (IMAP_ENABLED_UTF8 | IMAP_ENABLED_REV2);
}

/* The whole session, from greeting to BYE. */
void imap_session_run(struct imap *s);
/* Look for changes by others and tell the client. `skip` as in imap_view_sink. */
void imap_session_sync(struct imap *s, bool may_expunge, const uint32_t *skip, size_t nskip);
/* The same without looking again at the directories. */
void imap_session_tell(struct imap *s, bool may_expunge, const uint32_t *skip, size_t nskip);
/* Leave the selected mailbox, if there is one. */
void imap_session_deselect(struct imap *s);
/* Once, before anything: blocks of memory can be given back. */
void imap_rest_begin(void);
/* Give back what the next command can make again (arg: the session). */
void imap_session_rest(void *arg);
/* May this command be run now? False: the answer is settled. */
bool imap_session_allows(struct imap *s, const struct imap_command *c);
/* Wait for input inside a command; on anything else the session ends. */
bool imap_session_more(struct imap *s);

/* The UIDs (malloc'ed, ascending) of the messages that the next argument names, by number or UID as the
 * command has it, and that the client counts. False if the set is malformed or names numbers that are not
 * there: the answer is then settled. */
bool imap_session_targets(struct imap *s, uint32_t **uids, size_t *n);
/* Only the set; nothing is allocated if it is false. */
bool imap_session_read_set(struct imap *s, struct imap_seqset *set);
/* The same of a set that was parsed already. */
void imap_session_resolve(const struct imap *s, const struct imap_seqset *set, bool by_uid, uint32_t **uids,
                          size_t *n);
/* A mailbox name (or pattern) from the wire in UTF-8, appended. It is modified UTF-7, or UTF-8: 8-bit octets are always that, and so is
 * everything once the client has enabled it. False: it is neither. */
bool imap_session_decode_name(const struct imap *s, struct bytes text, struct strbuf *out);
/* Next argument as the name of a mailbox in UTF-8, malloc'ed; NULL if it is none: the answer is then settled.
 */
char *imap_session_mailbox(struct imap *s);
/* The keys of SEARCH and its relatives, up to the end. False: the answer is settled. Either way *root is to be freed. */
struct imap_search_node;
bool imap_session_search_keys(struct imap *s, bool charset_first, struct imap_search_node **root);
/* The same of a mailbox that is about to be: 8-bit names must be Net-Unicode (RFC 9051 5.1). */
char *imap_session_new_mailbox(struct imap *s);
/* Nothing may follow; else the answer is settled. */
bool imap_session_no_more_args(struct imap *s);

#endif
