/*
 * auth_link.h - the connection of a client to the auth process, reopened by itself. Shared by auth_client.c
 * and auth_lookup.c.
 */
#ifndef AUTH_AUTH_LINK_H
#define AUTH_AUTH_LINK_H

#include "auth/auth_proto.h"

enum { LINK_RETRY_FIRST_MS = 50, LINK_RETRY_MAX_MS = 2000 };

struct auth_link_hooks {
    uint16_t expects, also; /* the types of record that the other side sends; also: 0 for none */
    void (*connected)(void *arg);
    void (*record)(void *arg, const struct auth_record *r);
    void (*lost)(void *arg); /* what was sent and not answered will not be */
};

struct auth_link {
    struct loop *loop;
    char *path;
    const struct auth_link_hooks *hooks;
    void *arg;
    struct chan *chan; /* NULL: not connected */
    struct timer retry;
    uint64_t delay;
};

/* Connects from the loop, soon. The hooks are called from the loop only. */
void auth_link_init(struct auth_link *link, struct loop *loop, const char *path,
                    const struct auth_link_hooks *hooks, void *arg);
void auth_link_done(struct auth_link *link);
bool auth_link_up(const struct auth_link *link);
/* m is the caller's to end. Nothing happens while the link is down. */
void auth_link_send(struct auth_link *link, struct msg *m);

#endif
