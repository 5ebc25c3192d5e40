/*
 * maildir_subscriptions.h - the `subscriptions` file at the root.
 */
#ifndef MAILDIR_SUBSCRIPTIONS_H
#define MAILDIR_SUBSCRIPTIONS_H

#include "base/err.h"
#include "base/strbuf.h"

struct subscriptions {
    char **names; /* UTF-8, '.' between levels */
    char **lines; /* as the file has them; NULL: it is a new one */
    size_t n;
    char **unread; /* lines that we cannot read, kept as they are */
    size_t nunread;
    bool old_form;     /* no header: one name per line with '.' */
    bool from_courier; /* there is no file: this is what courierimapsubscribed says */
};

void subscriptions_done(struct subscriptions *s);
/* Parse (pure). Lines that cannot be read are carried over. An empty text is a new file of version 2. */
void subscriptions_parse(struct subscriptions *s, struct bytes text);
/* The same from courierimapsubscribed. */
void subscriptions_parse_courier(struct subscriptions *s, struct bytes text);
void subscriptions_format(const struct subscriptions *s, struct strbuf *out);
int subscriptions_read(struct subscriptions *s, int root_fd, struct err *e);
/* The same; what comes from Courier is written to `subscriptions`, if that is possible. */
int subscriptions_take(struct subscriptions *s, int root_fd, struct err *e);

#endif
