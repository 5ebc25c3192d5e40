/*
 * maildir_modseq.c - mod-sequences (RFC 7162) that never run backwards.
 *
 * One for each change of a folder's list, allotted under its lock: the wall clock in microseconds, but at least one more than the
 * last. The last one stands in the index, which may be lost, and the clock may jump back meanwhile; so posthouse-modseq in the
 * folder holds a mark that none is above that any client was ever told:
 *
 *   M1  no mark, or one that is too low for the next mod-sequence
 *   M2  .tmp with a mark a day ahead written and synced       a crash here: nothing was allotted
 *   M3  renamed over the old one, directory synced            the mark holds; now it is allotted
 *
 * An index that does not know the folder reads the mark and begins above it. So a folder is written to once a day, and after a lost
 * index its mod-sequences are at most a day ahead of the clock, which is of no consequence. Where the mark cannot be written
 * (disk full) changes go on without it, and it is tried again with the next one.
 */
#include "maildir/maildir_internal.h"

#include <errno.h>

#define HEADER   "posthouse-modseq 1 "
#define TMP_NAME MODSEQ_FILE ".tmp"
#define TEXT_MAX 64
#define AHEAD_US ((uint64_t)24 * 3600 * 1000000)
#define SANE_MAX                                                                                             \
    ((uint64_t)1 << 62) /* a larger mark was not written by us, and would end what 63 bits can hold */

bool modseq_mark_parse(struct bytes text, uint64_t *mark)
{
    struct bytes number = bytes_skip(text, sizeof HEADER - 1);
    if (!bytes_starts_nocase(text, BYTES(HEADER)) || !number.n || number.p[number.n - 1] != '\n')
        return false;
    number.n--;
    return bytes_to_u64(number, SANE_MAX, mark);
}

static uint64_t read_mark(int dir_fd)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(TEXT_MAX);
    struct err ignored; /* it is made anew */
    uint64_t mark;
    if (fs_read_file(dir_fd, MODSEQ_FILE, &text, &ignored) || !modseq_mark_parse(strbuf_bytes(&text), &mark))
        return 0;
    return mark;
}

static bool write_mark(int dir_fd, uint64_t mark)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(TEXT_MAX);
    struct err ignored;
    strbuf_addf(&text, HEADER "%llu\n", (unsigned long long)mark);
    return !fs_replace(dir_fd, MODSEQ_FILE, TMP_NAME, strbuf_bytes(&text), 0600, true, &ignored);
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t modseq_next(int dir_fd, struct index_head *head)
{
    uint64_t least = head->modseq, now = now_us();
    if (!head->modseq_mark)
        least = larger(least, read_mark(dir_fd));
    uint64_t next = now > least && now < SANE_MAX ? now : least + 1;
    if (next > head->modseq_mark && write_mark(dir_fd, next + AHEAD_US))
        head->modseq_mark = next + AHEAD_US;
    return next;
}
