/*
 * imap_list.h - LIST answers: which mailboxes a LIST is about, and how each is written.
 *
 * imap_cmd_list.c reads the command into a listing; imap_list.c answers it (RFC 3501, RFC 5258, RFC 5819, RFC 6154). NOTIFY, SELECT and RENAME write
 * single answers that nobody asked for.
 */
#ifndef ACCESS_IMAP_LIST_H
#define ACCESS_IMAP_LIST_H

#include "access/imap_match.h"
#include "access/imap_metadata.h"
#include "access/imap_session.h"
#include "access/imap_special.h"

#define IMAP_LIST_PATTERNS_MAX 100

enum imap_list_option {
    IMAP_LIST_SUBSCRIBED = 1,
    IMAP_LIST_SPECIAL_USE = 2,
    IMAP_LIST_RECURSIVEMATCH = 4,
    IMAP_LIST_REMOTE = 8,
    IMAP_LIST_CHILDREN = 16,
};

struct imap_list {
    bool lsub;
    bool extended;         /* RFC 5258's form: \NonExistent instead of \Noselect for parents that are none */
    unsigned select, give; /* enum imap_list_option */
    unsigned status;       /* items for each, as imap_status_parse */
    struct imap_metadata_query metadata; /* entries for each; none: n == 0 (RFC 9590) */
    struct {
        struct imap_pattern *pattern;
        bool ends_in_percent;
        bool alias; /* it begins with "INBOX.", under which all folders can be found, too */
    } patterns[IMAP_LIST_PATTERNS_MAX];
    size_t npatterns;
};

void imap_list_done(struct imap_list *l);
#define AUTO_IMAP_LIST __attribute__((cleanup(imap_list_done)))
/* List all that l is about. -1 with e. */
int imap_list_run(struct imap *s, struct imap_list *l, struct err *e);

/* "* LIST (attributes) "." name", with ("OLDNAME" (old_name)) behind it if that is not NULL (RFC 5465 section 5.4). */
void imap_list_tell(struct imap *s, const struct mail_folder *f, const char *old_name);
/* The same of one folder by its name, with all of its attributes. */
void imap_list_tell_name(struct imap *s, const char *name, const char *old_name);

#endif
