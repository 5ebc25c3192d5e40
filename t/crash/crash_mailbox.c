/*
 * crash_mailbox.c - operations on an open mailbox: COPY, MOVE, STORE, EXPUNGE, and opening one whose uidlist has to be written.
 */
#include "t/crash/crash_driver.h"

#include "base/bytes.h"
#include "base/cleanup.h"

#include <string.h>

#define SOME 3

/* Messages of the prepared INBOX (crash_maildir.py). */
static const uint32_t some[SOME] = {3, 5, 6};
static const char *const some_ids[SOME] = {"in3-300", "in5-3", "in6-3"};
static const char *const some_flags[SOME] = {"", "FS+$Important", "T"};

/* What was asked for is promised, whatever the result says of it. */
static void say_copied(const struct mail_copy_result *result, bool move)
{
    for (size_t j = 0; j < SOME; j++) {
        say("have Sent 0 0 %s", some_ids[j]);
        if (move)
            say("gone INBOX %u", some[j]);
        for (size_t i = 0; i < result->n; i++) {
            if (some[j] != result->source[i])
                continue;
            say("have Sent %u %u %s", result->uidvalidity, result->target[i], some_ids[j]);
            say("flags Sent %u %s", result->target[i], some_flags[j]);
        }
    }
}

int crash_copy(struct run *run, int move, struct err *e)
{
    struct mailbox *mb;
    struct mail_copy_result result;
    if (mailbox_open(&mb, run->store, "INBOX", false, e))
        return -1;
    int r = mailbox_copy(mb, some, SOME, "Sent", move, &result, e);
    if (r && run->stubborn)
        r = mailbox_copy(mb, some, SOME, "Sent", move, &result, e);
    if (!r) {
        say_copied(&result, move);
        mail_copy_result_done(&result);
    }
    mailbox_close(mb);
    return r;
}

static int store(struct run *run, const struct mail_flag_change *change, const char *const told[SOME],
                 struct err *e)
{
    struct mailbox *mb;
    if (mailbox_open(&mb, run->store, "INBOX", false, e))
        return -1;
    int r = mailbox_store(mb, some, SOME, change, e);
    if (r && run->stubborn)
        r = mailbox_store(mb, some, SOME, change, e);
    for (size_t i = 0; i < SOME && !r; i++)
        say("flags INBOX %u %s", some[i], told[i]);
    if (!r)
        say("modseq INBOX %llu", (unsigned long long)mailbox_sequence(mb));
    mailbox_close(mb);
    return r;
}

int crash_store(struct run *run, int argument, struct err *e)
{
    static const char *const told[SOME] = {"R", "FRS+$Important", "RT"};
    (void)argument;
    return store(run, &(struct mail_flag_change){.how = MAIL_FLAGS_ADD, .flags = MAIL_ANSWERED}, told, e);
}

int crash_store_keyword(struct run *run, int argument, struct err *e)
{
    static const char *const keywords[] = {"Project"}, *const told[SOME] = {"S+Project", "S+Project",
                                                                            "S+Project"};
    struct mail_flag_change change = {
        .how = MAIL_FLAGS_SET, .flags = MAIL_SEEN, .keywords = keywords, .nkeywords = ARRAY_LEN(keywords)};
    (void)argument;
    return store(run, &change, told, e);
}

/* Many changes in one session, each acknowledged by itself: the index is written many times between two syncs. */
int crash_session(struct run *run, int rounds, struct err *e)
{
    struct mailbox *mb;
    int r = 0;
    if (mailbox_open(&mb, run->store, "Big", false, e))
        return -1;
    for (int i = 0; i < rounds && !r; i++) {
        uint32_t uid = 1 + 2 * (uint32_t)i;
        r = mailbox_store(mb, &uid, 1,
                          &(struct mail_flag_change){.how = MAIL_FLAGS_ADD, .flags = MAIL_ANSWERED}, e);
        if (!r)
            say("flags Big %u R", uid);
    }
    mailbox_close(mb);
    return r;
}

int crash_expunge(struct run *run, int argument, struct err *e)
{
    static const uint32_t all[] = {1, 2, 3, 5, 6};
    struct mailbox *mb;
    (void)argument;
    if (mailbox_open(&mb, run->store, "INBOX", false, e))
        return -1;
    int r = mailbox_expunge(mb, all, ARRAY_LEN(all), false, e);
    if (r && run->stubborn)
        r = mailbox_expunge(mb, all, ARRAY_LEN(all), false, e);
    if (!r) { /* these two carry \\Deleted */
        say("gone INBOX 2");
        say("gone INBOX 6");
    }
    mailbox_close(mb);
    return r;
}

int crash_open(struct run *run, int which, struct err *e)
{
    static const char *const names[] = {
        [CRASH_BIG] = "Big", [CRASH_FRESH] = "Fresh", [CRASH_COURIER] = "Courier"};
    struct mailbox *mb;
    if (mailbox_open(&mb, run->store, names[which], false, e))
        return -1;
    say("open %s %u %u", names[which], mailbox_uidvalidity(mb), mailbox_uidnext(mb));
    int r = which == CRASH_BIG ? 0 : say_messages(mb, e);
    mailbox_close(mb);
    return r;
}
