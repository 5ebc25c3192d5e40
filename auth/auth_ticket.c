/*
 * auth_ticket.c - see auth_ticket.h. A ticket's text says its place in the table and then what nobody can guess, which is compared in
 * constant time: finding it is one comparison, and how long that takes tells nothing.
 */
#include "auth/auth_ticket.h"

#include "base/strbuf.h"
#include "base/text.h"

#include <endian.h>
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
    uint16_t place = htobe16((uint16_t)(ticket - t->tickets));
    memcpy(ticket->random, random, TICKET_RANDOM);
    strcpy(ticket->service, service);
    ticket->expires = now + TICKET_LIFE_MS;
    account_copy(&ticket->account, account);
    AUTO_STRBUF struct strbuf hex = STRBUF_INIT(AUTH_TICKET_LEN);
    hex_encode(&hex, (unsigned char *)&place, sizeof place);
    hex_encode(&hex, random, TICKET_RANDOM);
    memcpy(text, hex.data, AUTH_TICKET_LEN + 1);
    return true;
}

static struct ticket *ticket_find(struct ticket_table *t, struct bytes text)
{
    AUTO_STRBUF struct strbuf octets = STRBUF_INIT(AUTH_TICKET_LEN / 2);
    uint16_t place;
    if (text.n != AUTH_TICKET_LEN || !hex_decode(&octets, text))
        return NULL;
    memcpy(&place, octets.data, sizeof place);
    if (be16toh(place) >= TICKETS_MAX)
        return NULL;
    struct ticket *ticket = &t->tickets[be16toh(place)];
    struct bytes random = bytes_skip(strbuf_bytes(&octets), sizeof place);
    bool same = bytes_eq_secret(bytes_from(ticket->random, TICKET_RANDOM), random);
    return same && ticket->expires ? ticket : NULL;
}

bool ticket_redeem(struct ticket_table *t, struct bytes text, struct bytes service, uint64_t now,
                   struct account *account)
{
    *account = (struct account){0};
    struct ticket *ticket = ticket_find(t, text);
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
