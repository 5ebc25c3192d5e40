/*
 * maildir_courier.h - what Courier left in a Maildir, taken over when a folder has no state of Dovecot's kind yet.
 *
 * Courier's files are read once and left as they are, so that going back stays possible. Taking over:
 *
 *   C1  nothing done                                                          a crash here or before C4: it is done again, with
 *   C2  names of keywords in dovecot-keywords and posthouse-keywords, durable   the same end
 *   C3  letters in the names of files, cur/ synced
 *   C4  dovecot-uidlist written, with IMAP UIDs and POP3 UIDLs (field P), durable: taken over, Courier's files are not looked
 *       at again
 *
 * All of it under the uidlist lock. Without the lock messages that Courier numbered are served as it numbered them, and nothing
 * is written.
 */
#ifndef MAILDIR_COURIER_H
#define MAILDIR_COURIER_H

#include "base/err.h"
#include "base/strbuf.h"

#define COURIER_UIDDB        "courierimapuiddb"
#define COURIER_POP3         "courierpop3dsizelist"
#define COURIER_KEYWORDS     "courierimapkeywords"
#define COURIER_SUBSCRIBED   "courierimapsubscribed"
#define COURIER_MAX_BYTES    (256 << 20)
#define COURIER_KEYWORDS_MAX 256 /* names in one folder that are looked at */

/* ---- parsers (pure); what they return points into the text ---- */

/* Anything that is said of a message begins with its base. */
struct courier_uid {
    struct bytes base;
    uint32_t uid;
};
struct courier_uiddb {
    uint32_t validity, next;
    struct courier_uid *uids; /* ascending */
    size_t n;
};
/* "1 <validity> <next>", then "<uid> <base>". ERR_CORRUPT names the line. */
int courier_uiddb_parse(struct courier_uiddb *db, struct bytes text, struct err *e);
void courier_uiddb_done(struct courier_uiddb *db);

struct courier_pop3 {
    struct bytes base;
    struct bytes listed;       /* the base as it stands in the list */
    uint64_t number, validity; /* 0: none */
};
/* The lines of a list in all its versions; malformed ones are skipped, as Courier does. malloc'ed. */
struct courier_pop3 *courier_pop3_parse(struct bytes text, size_t *n);
/* What Courier's POP3 server showed as UIDL. */
void courier_pop3_uidl(struct strbuf *out, const struct courier_pop3 *line);

struct courier_marks {
    struct bytes base; /* malloc'ed */
    uint64_t rank;     /* whose word counts */
    uint64_t set[COURIER_KEYWORDS_MAX / 64];
};
struct courier_keywords {
    char *names[COURIER_KEYWORDS_MAX];
    size_t nnames;
    struct courier_marks *marks;
    size_t n, size;
};
/* The file ":list". */
void courier_keywords_parse(struct courier_keywords *kw, struct bytes text);
/* An update that waits: the file's name is "<base>" or ".<N>.<base>"; others say nothing. */
void courier_keywords_parse_update(struct courier_keywords *kw, struct bytes file, struct bytes text);
/* One line for each base: an update beats the list, a larger N a smaller, and one without N all. */
void courier_keywords_merge(struct courier_keywords *kw);
void courier_keywords_done(struct courier_keywords *kw);

/* Call each(arg, name, disk) for each folder in courierimapsubscribed: its name in UTF-8, and as it stands there, without the prefix
 * "INBOX.". Shared folders are skipped. */
void courier_subscribed_parse(struct bytes text, void (*each)(void *arg, const char *name, struct bytes disk),
                              void *arg);

/* ---- which file it is (maildir_courier_match.c) ---- */

struct courier_file {
    struct bytes base;
    char *name;
    bool in_new;
};
struct courier_files {
    struct courier_file *items;
    size_t n, size;
};
/* The files of new/ and cur/. */
int courier_files_read(struct courier_files *files, int dir_fd, struct err *e);
void courier_files_done(struct courier_files *files);
/* items: n structs of `size` bytes, each beginning with a base. Those for which there is a file get that file's base: the same,
 * or one that differs in ",S=" only. The order of items and files changes. */
void courier_match(void *items, size_t n, size_t size, const struct courier_files *files);
/* bsearch and qsort by the bases at the beginning of structs. */
int courier_by_base(const void *a, const void *b);

/* ---- taking over (maildir_courier_take.c, maildir_courier_letters.c) ---- */

/* The list of UIDLs, kept for files that have no IMAP UID yet. */
struct courier {
    struct strbuf text;
    struct courier_files files;
    struct courier_pop3 *pop3; /* by base; points into text and files */
    size_t n;
};
void courier_done(struct courier *courier); /* NULL is fine */
/* Field "P<uidl>" for a file, appended; nothing if Courier showed none. */
void courier_field(const struct courier *courier, struct bytes base, struct strbuf *out);

struct uidlist;
/* Fill ul, which is empty, from what Courier left in the folder (nothing, perhaps); ul->courier is set. */
int courier_take_uids(struct uidlist *ul, int dir_fd, struct err *e);

/* The same for the keywords, with what would be done to them; nothing is written. */
struct courier_plan;
int courier_plan_keywords(int dir_fd, struct courier_plan *plan, struct err *e);

struct keywords;
struct sidecar;
struct maildir_lock;
/* C2 and C3. */
int courier_take_keywords(int dir_fd, struct keywords *letters, struct sidecar *more,
                          struct maildir_lock *lock, struct err *e);

#endif
