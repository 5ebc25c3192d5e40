/*
 * auth_backends.c - the walk over the sources of accounts. See auth_backend.h.
 */
#include "auth/auth_backend.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

static const struct backend *const known[] = {&backend_file, &backend_system};

static const struct backend *order[AUTH_BACKENDS_MAX];
static size_t count;
static struct account_rules rules;
static char *default_mail;

const struct backend *backend_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(known[i]->name, name) == 0)
            return known[i];
    return NULL;
}

void backends_configure(char *const *names, const struct account_rules *new_rules)
{
    count = 0;
    for (; names && *names && count < ARRAY_LEN(order); names++) {
        order[count] = backend_named(*names);
        count += order[count] != NULL;
    }
    free(default_mail);
    default_mail = xstrdup(new_rules->default_mail);
    rules = *new_rules;
    rules.default_mail = default_mail;
}

const struct backend *backends_last(void)
{
    return count ? order[count - 1] : known[0];
}

struct walk {
    char *name; /* NULL: by uid */
    uid_t uid;
    size_t next;
    backends_found_fn *fn;
    void *arg;
};

static void finish(struct walk *w, enum auth_lookup_status status, const struct account *account)
{
    const struct backend *source = w->next ? order[w->next - 1] : backends_last();
    w->fn(status, source, account, w->arg);
    free(w->name);
    free(w);
}

static void step(struct walk *w);

static void on_found(enum auth_lookup_status status, const struct account *account, void *arg)
{
    struct walk *w = arg;
    if (status == AUTH_LOOKUP_NONE && w->next < count) {
        step(w);
        return;
    }
    struct account served = {0};
    struct err e;
    if (account) {
        account_copy(&served, account);
        if (!served.mail && account_set_mail(&served, rules.default_mail, &e) != 0)
            log_warn("account %s: %s", served.name, e.text);
        const char *refused = account_refused(&served, &rules);
        if (refused) {
            log_debug("account %s is not served: %s", served.name, refused);
            status = AUTH_LOOKUP_NONE;
        }
    }
    finish(w, status, status == AUTH_LOOKUP_FOUND ? &served : NULL);
    account_done(&served);
}

static void step(struct walk *w)
{
    if (w->next >= count) {
        finish(w, AUTH_LOOKUP_NONE, NULL);
        return;
    }
    const struct backend *source = order[w->next++];
    if (w->name)
        source->lookup_name(bytes_of(w->name), on_found, w);
    else
        source->lookup_uid(w->uid, on_found, w);
}

void backends_lookup_name(struct bytes name, backends_found_fn *fn, void *arg)
{
    struct walk *w = xcalloc(1, sizeof(*w));
    *w = (struct walk){.name = bytes_dup(name), .fn = fn, .arg = arg};
    if (w->name)
        step(w);
    else
        finish(w, AUTH_LOOKUP_NONE, NULL);
}

void backends_lookup_uid(uid_t uid, backends_found_fn *fn, void *arg)
{
    struct walk *w = xcalloc(1, sizeof(*w));
    *w = (struct walk){.uid = uid, .fn = fn, .arg = arg};
    step(w);
}
