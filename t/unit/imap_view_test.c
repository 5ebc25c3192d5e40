/*
 * imap_view_test.c - what a client is told, over a mailbox that is a plain list here.
 */
#include "access/imap_view.h"

#include "base/strbuf.h"
#include "t/unit/unit.h"

#include <string.h>

/* ---- the mailbox ---- */

static struct mail mails[2000];
static size_t nmails;
static uint64_t sequence;

static struct uid_runs runs;

const struct uid_runs *mailbox_uids(const struct mailbox *mb)
{
    (void)mb;
    uid_runs_done(&runs);
    for (size_t i = 0; i < nmails; i++)
        uid_runs_push(&runs, mails[i].uid);
    return &runs;
}

uint32_t mailbox_recent(const struct mailbox *mb)
{
    (void)mb;
    uint32_t n = 0;
    for (size_t i = 0; i < nmails; i++)
        n += mails[i].recent;
    return n;
}

const struct mail *mailbox_find(struct mailbox *mb, uint32_t uid)
{
    (void)mb;
    for (size_t i = 0; i < nmails; i++)
        if (mails[i].uid == uid)
            return &mails[i];
    return NULL;
}

/* A superset, as is allowed. */
int mailbox_changed(struct mailbox *mb, uint64_t since, uint32_t **changed, size_t *n, struct err *e)
{
    (void)mb, (void)since, (void)e;
    *changed = xcalloc(nmails + 1, sizeof(**changed));
    *n = nmails;
    for (size_t i = 0; i < nmails; i++)
        (*changed)[i] = mails[i].uid;
    return 0;
}

uint64_t mailbox_sequence(const struct mailbox *mb)
{
    (void)mb;
    return sequence;
}

uint32_t mailbox_uidnext(const struct mailbox *mb)
{
    (void)mb;
    return nmails ? mails[nmails - 1].uid + 1 : 1;
}

static void arrive(uint32_t uid, bool recent)
{
    mails[nmails++] = (struct mail){.uid = uid, .recent = recent, .changed = ++sequence};
}

static struct mail *find(uint32_t uid)
{
    return (struct mail *)mailbox_find(NULL, uid);
}

static void leave(uint32_t uid)
{
    struct mail *m = find(uid);
    memmove(m, m + 1, (size_t)(mails + nmails - m - 1) * sizeof(*m));
    nmails--;
    sequence++;
}

static void change(uint32_t uid)
{
    find(uid)->changed = ++sequence;
}

/* ---- the client ---- */

static char heard[10000];

static void on_expunge(void *arg, uint32_t seq)
{
    (void)arg;
    sprintf(heard + strlen(heard), "expunge %u;", seq);
}

static void on_exists(void *arg, uint32_t count, uint32_t recent)
{
    (void)arg;
    sprintf(heard + strlen(heard), "exists %u recent %u;", count, recent);
}

static void on_flags(void *arg, uint32_t seq, const struct mail *mail)
{
    (void)arg;
    sprintf(heard + strlen(heard), "flags %u uid %u;", seq, mail->uid);
}

static struct imap_view view;

static void tells(bool may_expunge, const char *expected, const uint32_t *skip, size_t nskip)
{
    struct imap_view_sink sink = {
        .expunge = on_expunge, .exists = on_exists, .flags = on_flags, .skip = skip, .nskip = nskip};
    heard[0] = '\0';
    imap_view_sync(&view, NULL, may_expunge, &sink);
    ck_assert_str_eq(heard, expected);
}

static void start(const uint32_t *uids, size_t n)
{
    nmails = 0;
    for (size_t i = 0; i < n; i++)
        arrive(uids[i], false);
    imap_view_start(&view, NULL);
}

static const uint32_t some[] = {3, 4, 5, 9, 10, 20};

START_TEST(numbers_follow_the_uids)
{
    start(some, 6);
    ck_assert_uint_eq(view.uids.count, 6);
    ck_assert_uint_eq(view.uids.n, 3);
    for (uint32_t i = 0; i < 6; i++) {
        ck_assert_uint_eq(imap_view_uid(&view, i + 1), some[i]);
        ck_assert_uint_eq(imap_view_seq(&view, some[i]), i + 1);
    }
    ck_assert_uint_eq(imap_view_uid(&view, 0), 0);
    ck_assert_uint_eq(imap_view_uid(&view, 7), 0);
    ck_assert_uint_eq(imap_view_seq(&view, 6), 0);
    ck_assert_uint_eq(imap_view_seq(&view, 21), 0);
    ck_assert_uint_eq(imap_view_from(&view, 1), 1);
    ck_assert_uint_eq(imap_view_from(&view, 6), 4);
    ck_assert_uint_eq(imap_view_from(&view, 10), 5);
    ck_assert_uint_eq(imap_view_from(&view, 21), 7);
    imap_view_done(&view);
}
END_TEST

START_TEST(says_nothing_when_nothing_has_changed)
{
    start(some, 6);
    tells(true, "", NULL, 0);
    imap_view_done(&view);
}
END_TEST

START_TEST(tells_removals_with_the_number_of_the_moment)
{
    start(some, 6);
    leave(3);
    leave(4);
    leave(10);
    tells(true, "expunge 1;expunge 1;expunge 3;", NULL, 0);
    ck_assert_uint_eq(view.uids.count, 3);
    ck_assert_uint_eq(imap_view_seq(&view, 20), 3);
    tells(true, "", NULL, 0);
    imap_view_done(&view);
}
END_TEST

START_TEST(keeps_numbers_while_removals_may_not_be_told)
{
    start(some, 6);
    leave(4);
    arrive(30, true);
    change(20);
    tells(false, "flags 6 uid 20;exists 7 recent 1;", NULL, 0);
    ck_assert_uint_eq(imap_view_seq(&view, 4), 2);
    tells(false, "", NULL, 0);
    tells(true, "expunge 2;", NULL, 0);
    ck_assert_uint_eq(imap_view_seq(&view, 30), 6);
    imap_view_done(&view);
}
END_TEST

START_TEST(a_message_that_came_and_went_untold_is_never_mentioned)
{
    start(some, 6);
    arrive(30, true);
    leave(30);
    tells(true, "", NULL, 0);
    arrive(31, false);
    tells(true, "exists 7 recent 0;", NULL, 0);
    leave(31);
    arrive(32, false);
    tells(true, "expunge 7;exists 7 recent 0;", NULL, 0);
    imap_view_done(&view);
}
END_TEST

START_TEST(does_not_repeat_what_the_client_knows)
{
    start(some, 6);
    change(3);
    change(9);
    tells(true, "flags 1 uid 3;", (const uint32_t[]){9}, 1);
    tells(true, "", NULL, 0);
    imap_view_done(&view);
}
END_TEST

START_TEST(agrees_with_a_plain_list_over_many_changes)
{
    unsigned seed = 1;
    uint32_t next = 1;
    start(some, 0);
    for (int round = 0; round < 300; round++) {
        for (int i = 0; i < 5; i++) {
            seed = seed * 1103515245 + 12345;
            if (nmails == 0 || seed >> 16 & 1)
                arrive(next += 1 + (seed >> 20 & 1), false);
            else
                leave(mails[(seed >> 17) % nmails].uid);
        }
        struct imap_view_sink sink = {.expunge = on_expunge, .exists = on_exists, .flags = on_flags};
        heard[0] = '\0';
        imap_view_sync(&view, NULL, true, &sink);
        ck_assert_uint_eq(view.uids.count, nmails);
        for (size_t i = 0; i < nmails; i++)
            ck_assert_uint_eq(imap_view_uid(&view, (uint32_t)i + 1), mails[i].uid);
    }
    imap_view_done(&view);
}
END_TEST

START_TEST(knows_up_to_where_removals_are_told_too)
{
    start(some, 6);
    uint64_t before = sequence;
    leave(4);
    change(9);
    tells(false, "flags 4 uid 9;", NULL, 0);
    ck_assert_uint_eq(view.told, sequence);
    ck_assert_uint_eq(view.complete, before);
    ck_assert(view.gone_pending && !view.gone_told);
    tells(true, "expunge 2;", NULL, 0);
    ck_assert_uint_eq(view.complete, sequence);
    ck_assert(!view.gone_pending && view.gone_told);
    imap_view_done(&view);
}
END_TEST

static void on_vanished(void *arg, const uint32_t *uids, size_t n)
{
    (void)arg;
    for (size_t i = 0; i < n; i++)
        sprintf(heard + strlen(heard), "vanished %u;", uids[i]);
}

START_TEST(tells_removals_by_uid_where_that_is_wanted)
{
    struct imap_view_sink sink = {.vanished = on_vanished, .exists = on_exists, .flags = on_flags};
    start(some, 6);
    leave(4);
    leave(10);
    arrive(21, false);
    heard[0] = '\0';
    imap_view_sync(&view, NULL, true, &sink);
    ck_assert_str_eq(heard, "vanished 4;vanished 10;exists 5 recent 0;");
    ck_assert_uint_eq(view.uidnext, 22);
    imap_view_done(&view);
}
END_TEST

UNIT_MAIN("imap_view", numbers_follow_the_uids, says_nothing_when_nothing_has_changed,
          tells_removals_with_the_number_of_the_moment, keeps_numbers_while_removals_may_not_be_told,
          a_message_that_came_and_went_untold_is_never_mentioned, does_not_repeat_what_the_client_knows,
          agrees_with_a_plain_list_over_many_changes, knows_up_to_where_removals_are_told_too,
          tells_removals_by_uid_where_that_is_wanted)
