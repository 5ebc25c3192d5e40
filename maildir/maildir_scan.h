/*
 * maildir_scan.h - one look at new/ and cur/: the steps share this. For the files maildir_scan*.c only.
 */
#ifndef MAILDIR_SCAN_H
#define MAILDIR_SCAN_H

#include "maildir/maildir_internal.h"

#define SCAN_NAMES_MAX 5000000 /* files of one folder */

/* A file whose message is to be found. */
struct found {
    const char *name;
    uint16_t name_len, base_len;
    bool in_new, recent; /* recent: we moved it out of new/ just now */
    uint32_t uid;        /* 0: not known (yet) */
    uint32_t listed;     /* place in the listing, plus 1; 0: not there */
};

struct arena {
    char **blocks;
    size_t n, left;
    char *at;
};

struct names {
    struct found *items;
    size_t n, size;
    struct arena arena;
};

/* A base that somebody touched while we looked, and the name under which it was last seen to appear. */
struct touched {
    struct found last;
    bool here; /* last is a name that appeared */
};

struct scan {
    struct mailbox *mb;
    struct maildir_lock *lock; /* NULL: no UIDs are given */
    bool full;        /* all names are read and joined with the uidlist; else what differs from the index */
    bool events_only; /* not even the directories are read */
    struct index_head head; /* as it will be: the stamps of this look */
    struct names names;
    uint64_t *seen;  /* bit seq - 1: this message's file is there, unchanged (not full) */
    uint64_t *dirty; /* bit seq - 1: renamed since the listing was written */
    struct {
        uint64_t *hashes;
        uint32_t *uids;
        size_t n, size;
        bool whole; /* of all of cur/ */
    } listing;      /* the names of cur/ in the order of the directory, for the next look */
    struct touched *touched;
    size_t ntouched;
    struct names touched_names;
    uint32_t *gone;
    size_t ngone;
    struct uidlist uidlist;
    struct mail_change *changes;
    size_t nchanges;
};

/* maildir_scan_names.c */
struct found *names_add(struct names *names, const char *name, bool in_new);
void names_done(struct names *names);
static inline struct bytes found_base(const struct found *f)
{
    return bytes_from(f->name, f->base_len);
}
static inline struct bytes found_name(const struct found *f)
{
    return bytes_from(f->name, f->name_len);
}
/* One of several names of one base: cur/ before new/. The rest is in the order of the bases. */
void names_sort_unique(struct names *names);
/* Read a directory's names. each() of them; stops if it returns an error. */
int names_read(int dir_fd, int (*each)(void *arg, const char *name, struct err *e), void *arg, struct err *e);

/* maildir_scan_look.c: fill names (and seen) from the directories or the events; move new/ to cur/. */
int scan_look(struct scan *s, struct err *e);
/* Whose names stand in the listing is known now. */
void scan_list_names(struct scan *s);
void scan_mark_seen(struct scan *s, uint32_t uid);

/* maildir_scan_touched.c */
/* The directories are locked for a moment: what was seen to be renamed before has queued its event. */
void scan_wait_for_renames(const struct scan *s);
void scan_touched_collect(struct scan *s);
/* Find the truth about each touched base: names (and seen) are set right. */
int scan_touched_settle(struct scan *s, struct err *e);

/* maildir_scan_masks.c: write posthouse-keywords anew if most of its messages are gone. */
int scan_tidy_masks(struct scan *s, struct err *e);

/* maildir_scan_join.c: give each name its UID. */
int scan_join(struct scan *s, struct err *e);

#endif
