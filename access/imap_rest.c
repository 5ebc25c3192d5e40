/*
 * imap_rest.c - a session that waits is a small one: what it can make again is given back.
 *
 * imap_io asks for it when a client has said nothing for a while. Besides buffers there are two hidden hoards: pages that malloc
 * keeps, and pages of the stack that the largest command so far has touched.
 */
#include "access/imap_message.h"
#include "access/imap_session.h"
#include "base/cleanup.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_DEPTH_MAX ((size_t)1 << 20) /* octets below this frame that a command may have touched */
#define STACK_SPARED    ((size_t)1024)    /* below this frame: the system call, and the red zone */

/* Below the stack's mapping there is nothing; madvise gives back the pages before the hole and complains: fine. */
__attribute__((noinline)) static void give_back_stack(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t top = (here - STACK_SPARED) & ~(page - 1), bottom = top - STACK_DEPTH_MAX;
    madvise((void *)bottom, top - bottom, MADV_DONTNEED);
}

void imap_session_rest(void *arg)
{
    struct imap *s = arg;
    if (!imap_message_rest(s->message))
        imap_message_free(TAKE_PTR(s->message));
    strbuf_done(&s->reply.text);
    mail_store_give_back(s->store);
    if (imap_parse_idle(&s->parse))
        imap_parse_done(&s->parse);
    malloc_trim(0);
    give_back_stack();
}
