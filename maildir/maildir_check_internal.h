/*
 * maildir_check_internal.h - one folder under examination. For the files maildir_check*.c only.
 */
#ifndef MAILDIR_CHECK_INTERNAL_H
#define MAILDIR_CHECK_INTERNAL_H

#include "maildir/maildir_check.h"
#include "maildir/maildir_internal.h"

struct checked_file {
    char *name;
    uint16_t base_len;
    bool in_new;
    uint32_t uid; /* by the uidlist; 0: none yet */
};

struct check {
    struct mail_store *store;
    const struct mail_observer *observer;
    struct mail_checked *sums;
    struct index *index; /* as it is on disk; NULL: there is none to be looked at */
    const char *folder, *dir;
    int fd;
    struct checked_file *files; /* by base */
    size_t n, size;
    uint32_t letters; /* that files carry */
    struct uidlist uidlist;
    bool has_uidlist;
};

enum { NOTE, PROBLEM };
/* `file` is relative to the folder's directory. */
void check_found(struct check *c, int problem, const char *file, const char *way_out, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
struct bytes checked_base(const struct checked_file *f);

/* maildir_check_files.c: fill files, and tell what is odd about them. */
void check_files(struct check *c);
/* maildir_check_index.c: does the index say what is true, if it claims to be up to date? */
void check_index(struct check *c);
/* maildir_check_store.c: what is the account's. */
void check_store(struct check *c);

#endif
