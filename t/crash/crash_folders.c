/*
 * crash_folders.c - operations on the tree of folders.
 */
#include "t/crash/crash_driver.h"

#include "base/cleanup.h"

#include <stdlib.h>

int crash_create(struct run *run, int argument, struct err *e)
{
    (void)argument;
    if (mail_store_create(run->store, "Projects.2026", e))
        return -1;
    say("folder Projects.2026");
    return 0;
}

int crash_delete(struct run *run, int argument, struct err *e)
{
    (void)argument;
    if (mail_store_delete(run->store, "Work", e))
        return -1;
    say("nofolder Work");
    return 0;
}

/* A folder of the same name again: its UIDVALIDITY has to be another, and larger. */
int crash_recreate(struct run *run, int argument, struct err *e)
{
    struct mailbox *mb;
    struct err gone;
    (void)argument;
    if (mail_store_delete(run->store, "Work.A", &gone) && gone.code != ERR_NOTFOUND) {
        *e = gone;
        return -1;
    }
    if (mail_store_create(run->store, "Work.A", e) || mailbox_open(&mb, run->store, "Work.A", false, e))
        return -1;
    say("renewed Work.A %u", mailbox_uidvalidity(mb));
    mailbox_close(mb);
    return 0;
}

int crash_rename(struct run *run, int argument, struct err *e)
{
    (void)argument;
    if (mail_store_rename(run->store, "Work", "Done.Work", e))
        return -1;
    static const char *const tree[] = {"Work", "Work.A", "Work.B"};
    for (size_t i = 0; i < ARRAY_LEN(tree); i++) {
        say("nofolder %s", tree[i]);
        say("folder Done.%s", tree[i]);
    }
    return 0;
}

int crash_rename_inbox(struct run *run, int argument, struct err *e)
{
    static const char *const ids[] = {"in1-3", "in2-3", "in3-300", "in5-3", "in6-3", "in7-3", "in8-3"};
    static const uint32_t uids[] = {1, 2, 3, 5, 6};
    (void)argument;
    if (mail_store_rename(run->store, "INBOX", "Old", e))
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        say("have Old 0 0 %s", ids[i]);
    for (size_t i = 0; i < ARRAY_LEN(uids); i++)
        say("gone INBOX %u", uids[i]);
    return 0;
}

int crash_subscribe(struct run *run, int on, struct err *e)
{
    const char *name = on ? "Work.B" : "Sent";
    if (mail_store_subscribe(run->store, name, on, e))
        return -1;
    say("%s %s", on ? "subscribed" : "unsubscribed", name);
    return 0;
}
