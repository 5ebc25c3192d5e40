/*
 * uid_runs_test.c - runs of UIDs against a plain list of bits.
 */
#include "maildir/uid_runs.h"

#include "base/strbuf.h"
#include "t/unit/unit.h"

#include <stdlib.h>

#define LARGEST 200

static void fill(struct uid_runs *r, const bool *there)
{
    uid_runs_done(r);
    for (uint32_t uid = 1; uid <= LARGEST; uid++)
        if (there[uid])
            uid_runs_push(r, uid);
}

static void agrees(const struct uid_runs *r, const bool *there)
{
    uint32_t seq = 0, last = 0;
    for (uint32_t uid = 1; uid <= LARGEST; uid++) {
        ck_assert_uint_eq(uid_runs_from(r, uid), seq + 1);
        if (!there[uid]) {
            ck_assert_uint_eq(uid_runs_seq(r, uid), 0);
            continue;
        }
        last = uid;
        ck_assert_uint_eq(uid_runs_seq(r, uid), ++seq);
        ck_assert_uint_eq(uid_runs_at(r, seq), uid);
    }
    ck_assert_uint_eq(r->count, seq);
    ck_assert_uint_eq(uid_runs_last(r), last);
    ck_assert_uint_eq(uid_runs_at(r, 0), 0);
    ck_assert_uint_eq(uid_runs_at(r, seq + 1), 0);
}

static void scatter(bool *there, unsigned one_in)
{
    for (uint32_t uid = 1; uid <= LARGEST; uid++)
        there[uid] = rand() % (int)one_in == 0;
}

START_TEST(successive_uids_are_one_run)
{
    struct uid_runs r = {0};
    for (uint32_t uid = 5; uid < 100005; uid++)
        uid_runs_push(&r, uid);
    ck_assert_uint_eq(r.n, 1);
    ck_assert_uint_eq(r.count, 100000);
    ck_assert_uint_eq(uid_runs_seq(&r, 100004), 100000);
    uid_runs_done(&r);
}
END_TEST

START_TEST(what_is_put_in_and_taken_out_is_in_and_out)
{
    struct uid_runs r = {0};
    bool there[LARGEST + 1], go[LARGEST + 1], come[LARGEST + 1];
    uint32_t out[LARGEST], in[LARGEST];
    srand(1);
    for (int round = 0; round < 500; round++) {
        size_t nout = 0, nin = 0;
        scatter(there, 1 + (unsigned)round % 5);
        scatter(go, 1 + (unsigned)round % 7);
        scatter(come, 2 + (unsigned)round % 3);
        fill(&r, there);
        for (uint32_t uid = 1; uid <= LARGEST; uid++) {
            if (go[uid])
                out[nout++] = uid; /* whether it is there or not */
            if (come[uid] && !go[uid])
                in[nin++] = uid;
            there[uid] = (there[uid] && !go[uid]) || (come[uid] && !go[uid]);
        }
        uid_runs_edit(&r, out, nout, in, nin);
        agrees(&r, there);
    }
    uid_runs_done(&r);
}
END_TEST

static void note(void *arg, uint32_t uid)
{
    bool *gone = arg;
    ck_assert(!gone[uid]);
    gone[uid] = true;
}

START_TEST(what_is_missing_is_told_once)
{
    struct uid_runs a = {0}, b = {0};
    bool in_a[LARGEST + 1], in_b[LARGEST + 1];
    srand(2);
    for (int round = 0; round < 500; round++) {
        bool gone[LARGEST + 1] = {false};
        scatter(in_a, 1 + (unsigned)round % 4);
        scatter(in_b, 1 + (unsigned)round % 5);
        fill(&a, in_a);
        fill(&b, in_b);
        uid_runs_missing(&a, &b, note, gone);
        for (uint32_t uid = 1; uid <= LARGEST; uid++)
            ck_assert(gone[uid] == (in_a[uid] && !in_b[uid]));
    }
    uid_runs_done(&a);
    uid_runs_done(&b);
}
END_TEST

START_TEST(the_flat_form_comes_back_and_nonsense_is_refused)
{
    struct uid_runs r = {0}, back = {0};
    bool there[LARGEST + 1];
    srand(3);
    scatter(there, 2);
    fill(&r, there);
    uint32_t *pairs = xcalloc(r.n, 2 * sizeof *pairs);
    uid_runs_pack(&r, pairs);
    ck_assert(uid_runs_unpack(&back, pairs, r.n));
    agrees(&back, there);
    const uint32_t wrong[][4] = {{5, 3, 6, 1}, {0, 1, 5, 1}, {5, 0, 9, 1}, {4294967290u, 100, 1, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert(!uid_runs_unpack(&back, wrong[i], 2));
        ck_assert_uint_eq(back.count, 0);
    }
    free(pairs);
    uid_runs_done(&r);
    uid_runs_done(&back);
}
END_TEST

static bool missing[LARGEST + 2];

static void on_gap(void *arg, uint32_t first, uint32_t last)
{
    uint32_t *before = arg;
    ck_assert(first <= last && first > *before);
    for (*before = last; first <= last; first++)
        missing[first] = true;
}

START_TEST(gaps_are_what_is_not_there)
{
    struct uid_runs r = {0};
    bool there[LARGEST + 1];
    for (int turn = 0; turn < 200; turn++) {
        uid_runs_done(&r);
        for (uint32_t uid = 1; uid <= LARGEST; uid++)
            if ((there[uid] = rand() % 3 != 0))
                uid_runs_push(&r, uid);
        uint32_t lo = 1 + (uint32_t)rand() % LARGEST, hi = lo + (uint32_t)rand() % (LARGEST + 1 - lo),
                 before = 0;
        memset(missing, 0, sizeof missing);
        uid_runs_gaps(&r, lo, hi, on_gap, &before);
        for (uint32_t uid = 1; uid <= LARGEST; uid++)
            ck_assert_int_eq(missing[uid], uid >= lo && uid <= hi && !there[uid]);
    }
    uid_runs_done(&r);
}
END_TEST

static void on_last_gap(void *arg, uint32_t first, uint32_t last)
{
    uint32_t *range = arg;
    range[0] = first;
    range[1] = last;
}

START_TEST(the_gap_behind_all_reaches_to_the_largest_uid)
{
    struct uid_runs r = {0};
    uint32_t range[2] = {0, 0};
    uid_runs_gaps(&r, 1, UINT32_MAX, on_last_gap, range);
    ck_assert(range[0] == 1 && range[1] == UINT32_MAX);
    uid_runs_push(&r, UINT32_MAX - 1);
    uid_runs_gaps(&r, 5, UINT32_MAX, on_last_gap, range);
    ck_assert(range[0] == UINT32_MAX && range[1] == UINT32_MAX);
    uid_runs_done(&r);
}
END_TEST

UNIT_MAIN("uid_runs", successive_uids_are_one_run, what_is_put_in_and_taken_out_is_in_and_out,
          what_is_missing_is_told_once, the_flat_form_comes_back_and_nonsense_is_refused,
          gaps_are_what_is_not_there, the_gap_behind_all_reaches_to_the_largest_uid)
