/*
 * pop3_send.c - RETR and TOP: a message's file in wire form, dots doubled, in blocks.
 */
#include "access/pop3_session.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "maildir/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK 65536

struct sender {
    struct pop3_stuff stuff;
    struct pop3_top top;
    bool whole;
    struct strbuf out;
};

/* One block; false when nothing more is wanted. */
static bool send_block(struct pop3 *s, struct sender *sender, struct bytes block)
{
    if (!sender->whole)
        block.n = pop3_top(&sender->top, block);
    strbuf_clear(&sender->out);
    pop3_stuff(&sender->stuff, block, &sender->out);
    imap_io_write(&s->io, sender->out.data, sender->out.len);
    return !sender->top.done && !s->io.dead;
}

/* 0, or -1 with errno if the file could not be read to its end. */
static int send_blocks(struct pop3 *s, struct sender *sender, struct wire_reader *reader)
{
    AUTO_FREE char *block = xrealloc(NULL, BLOCK, 1);
    ssize_t n;
    while ((n = wire_read(reader, block, BLOCK)) > 0)
        if (!send_block(s, sender, bytes_from(block, (size_t)n)))
            return 0;
    return n < 0 ? -1 : 0;
}

/* Once the answer has begun there is no way to say that it failed but to break the connection. */
static void send_body(struct pop3 *s, struct sender *sender, int fd, uint64_t size)
{
    struct wire_reader reader;
    wire_open(&reader, fd, 0, size);
    if (send_blocks(s, sender, &reader) != 0) {
        log_error("%s: reading a message: %s", s->options->user, strerror(errno));
        s->io.dead = true;
    }
    wire_close(&reader);
    strbuf_clear(&sender->out);
    pop3_stuff_end(&sender->stuff, &sender->out);
    imap_io_write(&s->io, sender->out.data, sender->out.len);
}

void pop3_send(struct pop3 *s, struct pop3_mail *mail, int64_t lines)
{
    struct sender sender = {.whole = lines < 0};
    struct stat st;
    struct err e;
    AUTO_CLOSE int fd = mailbox_message_open_stat(s->mailbox, mail->uid, &st, &e);
    if (fd < 0) {
        pop3_say_err(s, &e);
        return;
    }
    if (sender.whole) {
        pop3_size(s, mail);
        pop3_say(s, "+OK %llu octets", (unsigned long long)mail->size);
        mail->retrieved = true;
        s->did.sent++;
    } else {
        sender.top.lines_left = (uint32_t)lines;
        pop3_say(s, "+OK");
    }
    strbuf_init(&sender.out, 2 * BLOCK + 16);
    send_body(s, &sender, fd, (uint64_t)st.st_size);
    strbuf_done(&sender.out);
}
