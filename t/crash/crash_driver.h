/*
 * crash_driver.h - between the driver's main and its table of operations.
 */
#ifndef T_CRASH_DRIVER_H
#define T_CRASH_DRIVER_H

#include "maildir/maildir.h"

#include <stdio.h>

#define ACK_FD  3 /* where acknowledgements go: one write(2) a line */
#define LETTERS 3 /* each operation that makes messages makes at most so many */

struct run {
    struct mail_store *store;
    struct {
        int fd;
        size_t size;
    } letters[LETTERS]; /* memory files, made before the sweep begins */
    bool stubborn;      /* what failed is tried once more, in the same session */
    bool retry;         /* the operation may have been done before, in part or wholly */
};

/* One operation, and the line of acknowledgement for each thing that it promises. 0 or -1 with e. */
struct operation {
    const char *name;
    int (*act)(struct run *run, int argument, struct err *e);
    int argument;
    int64_t quota; /* octets; 0: no limit, and no maildirsize */
};
const struct operation *operation_find(const char *name);

/* The message number i that operations make, its identity in its first line: "X-Crash: <id>". */
const char *letter_id(int i);
/* What a message with this id ("NAME-<lines>") has to be, malloc'ed. */
char *letter_text(const char *id, size_t *n);
/* Write one line of acknowledgement. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Every folder and message as the library sees it, into the acknowledgements. */
int look(struct run *run, struct err *e);
int say_messages(struct mailbox *mb, struct err *e);

/* crash_mailbox.c */
enum crash_folder { CRASH_BIG, CRASH_FRESH, CRASH_COURIER };
int crash_copy(struct run *run, int move, struct err *e);
int crash_store(struct run *run, int argument, struct err *e);
int crash_store_keyword(struct run *run, int argument, struct err *e);
int crash_session(struct run *run, int rounds, struct err *e);
int crash_expunge(struct run *run, int argument, struct err *e);
int crash_open(struct run *run, int which, struct err *e);
/* crash_folders.c */
int crash_create(struct run *run, int argument, struct err *e);
int crash_delete(struct run *run, int argument, struct err *e);
int crash_recreate(struct run *run, int argument, struct err *e);
int crash_rename(struct run *run, int argument, struct err *e);
int crash_rename_inbox(struct run *run, int argument, struct err *e);
int crash_subscribe(struct run *run, int on, struct err *e);

#endif
