/*
 * imap_rest.c - a session that waits is a small one: what it can make again is given back.
 *
 * imap_io asks for it when a client has said nothing for a while. Besides buffers there are hidden hoards: pages that malloc
 * keeps, pages that LMDB wrote, and pages of the stack that the largest command so far has touched. And malloc learns: once a large block
 * that was mapped by itself is freed, the next one of its size comes from the heap, where clearing it makes all of its pages our own (LMDB
 * clears 2 MB whenever it is opened).
 */
#include "access/imap_message.h"
#include "access/imap_session.h"
#include "access/session_status.h"
#include "base/cleanup.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_DEPTH_MAX ((size_t)1 << 20) /* octets below this frame that a command may have touched */
#define MAPPED_FROM     (1 << 19) /* octets of a block that is always mapped by itself: larger than our buffers */
#define STACK_SPARED    ((size_t)1024) /* below this frame: the system call, and the red zone */

/* Below the stack's mapping there is nothing; madvise gives back the pages before the hole and complains: fine. */
__attribute__((noinline)) static void give_back_stack(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t top = (here - STACK_SPARED) & ~(page - 1), bottom = top - STACK_DEPTH_MAX;
    madvise((void *)bottom, top - bottom, MADV_DONTNEED);
}

void imap_rest_begin(void)
{
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
}

void imap_session_rest(void *arg)
{
    struct imap *s = arg;
    session_status_idle(s->mb ? mailbox_name(s->mb) : NULL);
    if (!imap_message_rest(s->message))
        imap_message_free(TAKE_PTR(s->message));
    strbuf_done(&s->reply.text);
    mail_store_give_back(s->store);
    if (imap_parse_idle(&s->parse))
        imap_parse_done(&s->parse);
    malloc_trim(0);
    give_back_stack();
}
