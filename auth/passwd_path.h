/*
 * passwd_path.h - where passwd-files are: option passwd_file names one file, or with %d one for each domain.
 */
#ifndef AUTH_PASSWD_PATH_H
#define AUTH_PASSWD_PATH_H

#include "base/bytes.h"
#include "base/err.h"

enum { PASSWD_DOMAINS_MAX = 20000 };

struct passwd_path {
    char *path;
    char *domain; /* NULL: the pattern has no %d */
};

/* The file for an account of this name, malloc'ed. NULL if the pattern asks for a domain that the name does not have. */
char *passwd_path_of(const char *pattern, struct bytes name);
/* Is %d there once at most, as a whole component or a part of one? */
int passwd_path_check(const char *pattern, struct err *e);
/* Those that there are, sorted by path, malloc'ed with their strings; one, there or not, if there is no %d. */
struct passwd_path *passwd_path_list(const char *pattern, size_t *count);
void passwd_path_list_free(struct passwd_path *list, size_t count);

#endif
