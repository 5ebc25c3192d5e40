/*
 * crash_operations.c - delivery and APPEND, and the table of all operations that are swept, by the library's public menu.
 */
#include "t/crash/crash_driver.h"

#include "base/cleanup.h"

#include <string.h>

/* ---- delivery and append ---- */

static int deliver(struct run *run, int n, struct err *e)
{
    static const char *const unique[LETTERS] = {"aa1", "aa2", "aa3"};
    struct mail_delivery d[LETTERS] = {{0}};
    for (int i = 0; i < n; i++)
        d[i] = (struct mail_delivery){.fd = run->letters[i].fd,
                                      .size = (off_t)run->letters[i].size,
                                      .unique = unique[i],
                                      .again = run->retry || run->stubborn};
    size_t failed = mail_deliver(run->store, "INBOX", d, (size_t)n);
    for (int i = 0; i < n; i++)
        if (!d[i].result)
            say("have INBOX 0 0 %s", letter_id(i));
        else
            *e = d[i].err;
    return failed ? -1 : 0;
}

static int append_one(struct mail_append *append, int i, struct err *e)
{
    static const char *const keywords[] = {"$Appended"};
    size_t size, at = 0;
    AUTO_FREE char *text = letter_text(letter_id(i), &size);
    if (mail_append_add(append, MAIL_SEEN, keywords, 1, 1000000000, e))
        return -1;
    for (size_t part = 5000; at < size; at += part) {
        part = size - at < part ? size - at : part;
        if (mail_append_write(append, text + at, part, e))
            return -1;
    }
    return 0;
}

static int append(struct run *run, int n, struct err *e)
{
    struct mail_append *append;
    AUTO_FREE uint32_t *uids = NULL;
    uint32_t validity;
    size_t made;
    if (mail_append_begin(&append, run->store, "Sent", e))
        return -1;
    for (int i = 0; i < n; i++)
        if (append_one(append, i, e)) {
            mail_append_abort(append);
            return -1;
        }
    if (mail_append_commit(append, &validity, &uids, &made, e))
        return -1;
    for (size_t i = 0; i < made; i++) {
        say("have Sent %u %u %s", validity, uids[i], letter_id((int)i));
        say("flags Sent %u S+$Appended", uids[i]);
    }
    return 0;
}

/* ---- the table ---- */

static int nothing(struct run *run, int argument, struct err *e)
{
    (void)run;
    (void)argument;
    (void)e;
    return 0;
}

static const struct operation operations[] = {
    {"deliver", deliver, 1, 0},
    {"deliver-3", deliver, 3, 0},
    {"deliver-quota", deliver, 3, 50000000},
    {"append", append, 1, 0},
    {"append-3", append, 3, 0},
    {"append-quota", append, 1, 50000000},
    {"copy", crash_copy, false, 0},
    {"move", crash_copy, true, 0},
    {"store", crash_store, 0, 0},
    {"store-keyword", crash_store_keyword, 0, 0},
    {"session", crash_session, 12, 0},
    {"expunge", crash_expunge, 0, 0},
    {"expunge-quota", crash_expunge, 0, 50000000},
    {"rewrite", crash_open, CRASH_BIG, 0},
    {"number", crash_open, CRASH_FRESH, 0},
    {"number-courier", crash_open, CRASH_COURIER, 0},
    {"create", crash_create, 0, 0},
    {"recreate", crash_recreate, 0, 0},
    {"rename", crash_rename, 0, 0},
    {"rename-inbox", crash_rename_inbox, 0, 0},
    {"delete", crash_delete, 0, 0},
    {"subscribe", crash_subscribe, true, 0},
    {"unsubscribe", crash_subscribe, false, 0},
    {"look", nothing, 0, 0},
};

const struct operation *operation_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        if (!strcmp(operations[i].name, name))
            return &operations[i];
    return NULL;
}
