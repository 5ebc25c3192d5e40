/*
 * auth_ticket.c - see auth_ticket.h. A search compares with every ticket in constant time: 4096 comparisons
 * of 16 bytes are less work than the record that asks for them, and nothing can be learned from how long they
 * take.
 */
#include "auth/auth_ticket.h"

#include "base/strbuf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct ticket {
    unsigned char random[TICKET_RANDOM];
    char service[TICKET_SERVICE_MAX + 1];
    uint64_t expires; /* 0: free */
    struct account account;
};

struct ticket_table {
    struct ticket tickets[TICKETS_MAX];
    size_t next; /* where to look first for a free one: tickets expire in the order they were made */
};

struct ticket_table *ticket_table_new(void)
{
    return xcalloc(1, sizeof(struct ticket_table));
}

static void ticket_void(struct ticket *ticket)
{
    account_done(&ticket->account);
    explicit_bzero(ticket, sizeof(*ticket));
}

void ticket_table_free(struct ticket_table *t)
{
    for (size_t i = 0; t && i < TICKETS_MAX; i++)
        ticket_void(&t->tickets[i]);
    free(t);
}

static struct ticket *free_place(struct ticket_table *t, uint64_t now)
{
    for (size_t i = 0; i < TICKETS_MAX; i++) {
        struct ticket *ticket = &t->tickets[(t->next + i) % TICKETS_MAX];
        if (ticket->expires > now)
            continue;
        t->next = (t->next + i + 1) % TICKETS_MAX;
        ticket_void(ticket);
        return ticket;
    }
    return NULL;
}

bool ticket_issue(struct ticket_table *t, const unsigned char random[TICKET_RANDOM], const char *service,
                  const struct account *account, uint64_t now, char text[AUTH_TICKET_LEN + 1])
{
    struct ticket *ticket = strlen(service) <= TICKET_SERVICE_MAX ? free_place(t, now) : NULL;
    if (!ticket)
        return false;
    memcpy(ticket->random, random, TICKET_RANDOM);
    strcpy(ticket->service, service);
    ticket->expires = now + TICKET_LIFE_MS;
    account_copy(&ticket->account, account);
    AUTO_STRBUF struct strbuf hex = STRBUF_INIT(AUTH_TICKET_LEN);
    hex_encode(&hex, random, TICKET_RANDOM);
    memcpy(text, hex.data, AUTH_TICKET_LEN + 1);
    return true;
}

static struct ticket *ticket_find(struct ticket_table *t, struct bytes random)
{
    struct ticket *found = NULL;
    for (size_t i = 0; i < TICKETS_MAX; i++) {
        struct ticket *ticket = &t->tickets[i];
        bool same = bytes_eq_secret(bytes_from(ticket->random, TICKET_RANDOM), random);
        if (same && ticket->expires)
            found = ticket;
    }
    return found;
}

bool ticket_redeem(struct ticket_table *t, struct bytes text, struct bytes service, uint64_t now,
                   struct account *account)
{
    AUTO_STRBUF struct strbuf random = STRBUF_INIT(TICKET_RANDOM);
    *account = (struct account){0};
    if (text.n != AUTH_TICKET_LEN || !hex_decode(&random, text))
        return false;
    struct ticket *ticket = ticket_find(t, strbuf_bytes(&random));
    if (!ticket)
        return false;
    bool good = ticket->expires > now && bytes_eq(service, bytes_of(ticket->service));
    if (good) {
        *account = ticket->account;
        ticket->account = (struct account){0};
    }
    ticket_void(ticket);
    return good;
}
