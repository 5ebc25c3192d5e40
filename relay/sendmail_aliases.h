/*
 * sendmail_aliases.h - newaliases, and sendmail -bi: nothing has to be made, but the file is looked at.
 */
#ifndef RELAY_SENDMAIL_ALIASES_H
#define RELAY_SENDMAIL_ALIASES_H

/* Says which lines of the file (NULL: none is configured) do not count. EX_OK, EX_DATAERR or EX_NOINPUT. */
int aliases_check(const char *path);

#endif
