/*
 * address_normal.h - the one form of an address in which two of them are compared. Pure.
 */
#ifndef RELAY_ADDRESS_NORMAL_H
#define RELAY_ADDRESS_NORMAL_H

#include "base/strbuf.h"

#define ADDRESS_NORMAL_MAX 512 /* octets */

/* Append the domain as A-labels in lower case (RFC 5891), an address literal as it is. false: it is none. */
bool domain_normal(struct strbuf *out, struct bytes domain);
/* Append a local part without its quotes, in NFC, and in lower case unless `exact`. false: it is empty, malformed, or
 * has a control character. */
bool local_normal(struct strbuf *out, struct bytes local, bool exact);
/* Cut at the last '@' ("" where there is none). */
void address_cut(struct bytes path, struct bytes *local, struct bytes *domain);
/* Append a path as configuration files and users write it, in the form in which SMTP may be told it: no control
 * character, no blank outside quotes; the domain as A-labels. <> around it go. false: it is no address. */
bool address_written(struct strbuf *out, struct bytes text);

#endif
