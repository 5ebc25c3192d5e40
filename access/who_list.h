/*
 * who_list.h - the sessions that run: for `posthouse who` and `posthouse kick`.
 *
 * They are read off /proc: accessd's children that are sessions, their arguments, and what each of them notes in its file (session_status.h).
 * So nobody has to listen to the operator, least of all root's processes. pid, uid, age come from the kernel; the rest a session that was
 * taken over could forge, of itself only.
 */
#ifndef ACCESS_WHO_LIST_H
#define ACCESS_WHO_LIST_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct who {
    pid_t pid;
    uid_t uid;
    int64_t since; /* seconds since 1970 */
    char *user, *service, *remote;
    bool tls;
    bool known;    /* what follows is */
    bool idle;     /* nothing has been heard for a while: */
    int64_t heard; /* since 1970 */
    char *folder;  /* NULL: none is selected */
};

struct who_list {
    struct who *items; /* in the order of users, then ages */
    size_t n;
};

/* The sessions of the accessd that this configuration starts. ERR_NOTFOUND: it does not run. */
int who_list_read(struct who_list *list, const char *conf_path, struct err *e);
void who_list_done(struct who_list *list);
/* Ask a session to end as at a shutdown, unless it has ended already. */
int who_end(const struct who *who, struct err *e);

#endif
