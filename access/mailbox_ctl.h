/*
 * mailbox_ctl.h - posthouse-mailbox: what its verbs share.
 */
#ifndef ACCESS_MAILBOX_CTL_H
#define ACCESS_MAILBOX_CTL_H

#include "base/err.h"
#include "maildir/maildir_check.h"

#include <stdio.h>

enum { EXIT_FINE = 0, EXIT_PROBLEMS = 1, EXIT_MISUSED = 100, EXIT_FAILED = 111 };

struct ctl {
    const char *verb, *conf_path;
    const char *user;   /* NULL with --mail */
    const char *mail;   /* --mail, then the account's */
    const char *folder; /* NULL: all */
    bool json, uidlist, renumber, dry_run;
    bool progress; /* somebody is watching standard error */
    int64_t quota_bytes, quota_messages;
    char *quota_ignore, *autoexpunge;
    struct mail_store *store;
};

/* mailbox_ctl_account.c: find the account, and become its user: root touches no Maildir. */
int ctl_become(struct ctl *ctl, struct err *e);

/* mailbox_ctl_report.c */
void ctl_print_finding(FILE *out, const struct mail_finding *f, bool json);
void ctl_show_progress(void *ctl, const char *folder, size_t messages);
void ctl_end_progress(const struct ctl *ctl);

/* Run f on the folder that was named, or on all that exist; exit status. */
int ctl_each_folder(struct ctl *ctl, int (*f)(struct ctl *ctl, const char *folder, struct err *e));

/* The verbs: exit status. */
int ctl_import_courier(struct ctl *ctl);
int ctl_index(struct ctl *ctl);
int ctl_status(struct ctl *ctl);
int ctl_check(struct ctl *ctl);
int ctl_expire(struct ctl *ctl);
int ctl_rebuild(struct ctl *ctl);
/* Log it, and EXIT_FAILED. */
int ctl_failed(const struct ctl *ctl, const struct err *e);

#endif
