/*
 * maildir_subscriptions.h - the `subscriptions` file at the root.
 */
#ifndef MAILDIR_SUBSCRIPTIONS_H
#define MAILDIR_SUBSCRIPTIONS_H

#include "base/err.h"
#include "base/strbuf.h"

struct subscriptions {
    char **names; /* UTF-8, '.' between levels */
    size_t n;
    char **unread; /* lines that we cannot read (a UTF-8 name of Courier, say), kept as they are */
    size_t nunread;
    bool old_form; /* no header: one name per line with '.' */
};

void subscriptions_done(struct subscriptions *s);
/* Parse (pure). Lines that cannot be read are carried over. An empty text is a new file of version 2. */
void subscriptions_parse(struct subscriptions *s, struct bytes text);
void subscriptions_format(const struct subscriptions *s, struct strbuf *out);
int subscriptions_read(struct subscriptions *s, int root_fd, struct err *e);

#endif
