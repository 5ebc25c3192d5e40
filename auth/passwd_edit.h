/*
 * passwd_edit.h - changing one line of a passwd-file and leaving every other byte of it alone. Pure.
 */
#ifndef AUTH_PASSWD_EDIT_H
#define AUTH_PASSWD_EDIT_H

#include "base/strbuf.h"

/* The first line of this user, without its end; p is NULL if there is none. */
struct bytes passwd_edit_find(struct bytes text, struct bytes name);
/* text with `line`, a part of it, exchanged for fresh; with fresh.p == NULL the line goes, with its end. */
void passwd_edit_replace(struct strbuf *out, struct bytes text, struct bytes line, struct bytes fresh);
/* text and one more line; the last one gets its end if it has none. */
void passwd_edit_append(struct strbuf *out, struct bytes text, struct bytes fresh);

/* The line with another password field; with another value of an extra field (NULL: without it; "": as a bare word). */
void passwd_edit_password(struct strbuf *out, struct bytes line, struct bytes password);
void passwd_edit_extra(struct strbuf *out, struct bytes line, const char *name, const char *value);

#endif
