/*
 * auth_account.c - how a struct account is copied and ends.
 */
#include "auth/auth.h"

#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

void account_done(struct account *a)
{
    if (!a)
        return;
    free(a->name);
    free(a->home);
    free(a->mail);
    free(a->forward);
    memset(a, 0, sizeof(*a));
}

static char *copy(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

void account_copy(struct account *to, const struct account *from)
{
    *to = *from;
    to->name = copy(from->name);
    to->home = copy(from->home);
    to->mail = copy(from->mail);
    to->forward = copy(from->forward);
}
