/*
 * auth_ticket.h - proof of a login: given out once, redeemed once, for one service, within seconds. Pure:
 * told the time and handed the random bits.
 */
#ifndef AUTH_AUTH_TICKET_H
#define AUTH_AUTH_TICKET_H

#include "auth/auth.h"

enum {
    TICKET_RANDOM = 16, /* bytes */
    TICKET_LIFE_MS = 20000,
    TICKETS_MAX = 4096,      /* given out and neither redeemed nor expired */
    TICKET_SERVICE_MAX = 15, /* octets of a service name */
};

struct ticket_table;
struct ticket_table *ticket_table_new(void);
void ticket_table_free(struct ticket_table *t);

/* Make a ticket for a copy of this account. text gets AUTH_TICKET_LEN hex digits and a NUL. False if the
 * table is full. */
bool ticket_issue(struct ticket_table *t, const unsigned char random[TICKET_RANDOM], const char *service,
                  const struct account *account, uint64_t now, char text[AUTH_TICKET_LEN + 1]);
/* Take the account out of the ticket, which is void afterwards, even when it was presented for another
 * service. False if there is no such ticket for this service now. The caller account_dones *account. */
bool ticket_redeem(struct ticket_table *t, struct bytes text, struct bytes service, uint64_t now,
                   struct account *account);

#endif
