/*
 * auth_name.h - which names may be looked up at all. Pure.
 *
 * Names come from strangers and end up in file names, PAM modules, NSS queries and logs: only this set
 * passes, so that none of those has to think about the rest.
 */
#ifndef AUTH_AUTH_NAME_H
#define AUTH_AUTH_NAME_H

#include "base/bytes.h"

/* 1 to AUTH_NAME_MAX octets out of letters, digits and . _ - + = & ' ~ # ! $ with at most one @ that has both
 * sides; no side begins with '.' or '-'. */
bool auth_name_ok(struct bytes name);
/* The part before the @ (all, if there is none), and the part behind it (empty). */
struct bytes auth_name_local(struct bytes name);
struct bytes auth_name_domain(struct bytes name);

#endif
