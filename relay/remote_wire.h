/*
 * remote_wire.h - a connection to another server: blocking with deadlines, clear or TLS.
 */
#ifndef RELAY_REMOTE_WIRE_H
#define RELAY_REMOTE_WIRE_H

#include "relay/remote_reply.h"

#include "base/err.h"
#include "base/tls.h"

#include <stdbool.h>

struct wire;

/* Try each address of host in turn. NULL with a sentence. */
struct wire *wire_connect(const char *host, const char *port, unsigned seconds, struct err *e);
void wire_free(struct wire *w);
/* The other end is on this machine. */
bool wire_loopback(const struct wire *w);
/* Handshake; the certificate is checked against the system's authorities unless the other end is on this
 * machine. Bytes that came before it are an error: a reply in clear must not be taken for one under TLS. */
int wire_start_tls(struct wire *w, const char *host, unsigned seconds, struct err *e);
bool wire_secure(const struct wire *w);

/* All of it, within so many seconds. */
int wire_send(struct wire *w, struct bytes b, unsigned seconds, struct err *e);
/* The next reply. */
int wire_reply(struct wire *w, struct reply *r, unsigned seconds, struct err *e);

#endif
