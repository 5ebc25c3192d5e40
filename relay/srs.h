/*
 * srs.h - the Sender Rewriting Scheme: a forwarded message has an envelope sender of ours, whose bounces find their way back.
 * Pure.
 *
 *   anna@example.org                  -> SRS0=hash=day=example.org=anna@ours
 *   SRS0=hash=day=a=b@example.net     -> SRS1=hash=example.net==hash=day=a=b@ours   (the first forwarder is kept, those
 *   SRS1=hash=example.net==...@other  -> SRS1=hash=example.net==...@ours             between are not)
 *
 * The hash is keyed, so that nobody can send to anywhere through us; the day counts in base 32 and wraps after 1024.
 */
#ifndef RELAY_SRS_H
#define RELAY_SRS_H

#include "base/siphash.h"
#include "base/strbuf.h"

#include <time.h>

#define SRS_LOCAL_MAX 250 /* octets of a local part of ours */
#define SRS_DAYS      21  /* that a bounce may take */

/* Append the sender to forward with. false: it stays as it is (the null path, one whose local part is quoted, or too long). */
bool srs_encode(struct strbuf *out, const struct siphash_key *key, time_t now, struct bytes reverse_path,
                const char *domain);
enum srs_verdict { SRS_NONE, SRS_OK, SRS_FORGED, SRS_EXPIRED };
/* What a local part at our domain stands for, appended if SRS_OK. */
enum srs_verdict srs_decode(struct strbuf *out, const struct siphash_key *key, time_t now,
                            struct bytes local);

#endif
