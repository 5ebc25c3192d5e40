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
    struct wire_reader reader;
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

/* Everything behind the answer's first line, whose first block has been read. Once the answer has begun there is no way to say that it failed but
 * to break the connection. */
static void send_body(struct pop3 *s, struct sender *sender, char *block, ssize_t n)
{
    while (n > 0 && send_block(s, sender, bytes_from(block, (size_t)n)))
        n = wire_read(&sender->reader, block, BLOCK);
    if (n < 0) {
        log_error("%s: reading a message: %s", s->options->user, strerror(errno));
        s->io.dead = true;
    }
    strbuf_clear(&sender->out);
    pop3_stuff_end(&sender->stuff, &sender->out);
    imap_io_write(&s->io, sender->out.data, sender->out.len);
}

/* A block, or all there is if that is less; then it has been seen that nothing follows, and that this is no error. */
static ssize_t read_first(struct sender *sender, char *block)
{
    ssize_t n = wire_read(&sender->reader, block, BLOCK);
    ssize_t more = n > 0 && n < BLOCK ? wire_read(&sender->reader, block + n, (size_t)(BLOCK - n)) : 0;
    return more < 0 ? -1 : n + more;
}

/* A message that is read in less than a block has told its size. */
static void send_begin(struct pop3 *s, struct pop3_mail *mail, const struct sender *sender, ssize_t n)
{
    if (!sender->whole) {
        pop3_say(s, "+OK");
        return;
    }
    if (n < BLOCK && !mail->sized) {
        mail->size = (uint64_t)n;
        mail->sized = true;
    }
    pop3_size(s, mail);
    pop3_say(s, "+OK %llu octets", (unsigned long long)mail->size);
    mail->retrieved = true;
    s->did.sent++;
}

void pop3_send(struct pop3 *s, struct pop3_mail *mail, int64_t lines)
{
    struct sender sender = {.whole = lines < 0, .top.lines_left = (uint32_t)lines};
    struct stat st;
    struct err e;
    AUTO_FREE char *block = NULL;
    AUTO_CLOSE int fd = mailbox_message_open_stat(s->mailbox, mail->uid, &st, &e);
    if (fd < 0) {
        pop3_say_err(s, &e);
        return;
    }
    wire_open(&sender.reader, fd, 0, (uint64_t)st.st_size);
    block = xrealloc(NULL, BLOCK, 1);
    ssize_t n = read_first(&sender, block);
    if (n < 0) {
        err_errno(&e, errno, "reading a message");
        pop3_say_err(s, &e);
    } else {
        strbuf_init(&sender.out, 2 * BLOCK + 16);
        send_begin(s, mail, &sender, n);
        send_body(s, &sender, block, n);
        strbuf_done(&sender.out);
    }
    wire_close(&sender.reader);
}
