/*
 * imap_match.h - the wildcards of LIST and LSUB. Pure, and linear in the name whatever the pattern.
 */
#ifndef ACCESS_IMAP_MATCH_H
#define ACCESS_IMAP_MATCH_H

#include "base/bytes.h"

#define IMAP_PATTERN_MAX 1023 /* octets of a pattern, runs of wildcards counted once */

struct imap_pattern;

/* "*" stands for any run of octets, "%" for one without the separator. NULL if the pattern is too long. */
struct imap_pattern *imap_pattern_new(struct bytes pattern, char separator);
void imap_pattern_free(struct imap_pattern *pattern); /* NULL is fine */
bool imap_pattern_match(const struct imap_pattern *pattern, struct bytes name);
/* The same, the first `nocase` octets of the name in any case: "INBOX" has no case. */
bool imap_pattern_match_inbox(const struct imap_pattern *pattern, struct bytes name, size_t nocase);

#endif
