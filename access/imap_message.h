/*
 * imap_message.h - one message while it is fetched or searched: what was asked for is found out once, and not
 * before.
 */
#ifndef ACCESS_IMAP_MESSAGE_H
#define ACCESS_IMAP_MESSAGE_H

#include "maildir/maildir.h"
#include "maildir/message.h"

struct imap_binary;

struct imap_message {
    struct mailbox *mb;
    uint32_t uid;
    /* inside: filled on demand */
    int fd;
    struct stat st; /* of it */
    bool has_info, has_header, has_length, wire_open;
    bool uncached; /* what could be kept of it is too large (imap_cache.c) */
    struct mail_info info;
    uint64_t length;      /* in wire form */
    struct strbuf header; /* the message's header as on disk */
    struct mime_part *tree;
    struct wire_reader wire;    /* where the last section was read */
    struct imap_binary *binary; /* the part that was decoded last, or NULL (imap_binary.c) */
    struct err err;             /* why the last of these functions failed */
};

struct imap_message *imap_message_new(struct mailbox *mb, uint32_t uid);
void imap_message_free(struct imap_message *m); /* NULL is fine */
/* The client pauses. True: what is kept of this large message is small, and the next piece of it needs no second look at the whole. False:
 * free it. */
bool imap_message_rest(struct imap_message *m);

/* All return NULL or -1 on failure, with the reason in m->err (ERR_NOTFOUND: the message is gone). */
const struct mail_info *imap_message_info(struct imap_message *m);
int imap_message_fd(struct imap_message *m);
/* False if the file was edited in place since it was opened. */
bool imap_message_is_current(const struct imap_message *m);
/* The whole message's length in wire form, counted: a name that lies about its size (,W=) must not break an
 * answer in the middle. */
const uint64_t *imap_message_length(struct imap_message *m);
/* The header with its empty line. */
const struct strbuf *imap_message_header(struct imap_message *m);
const struct mime_part *imap_message_tree(struct imap_message *m);
/* The header of a part as on disk, appended. */
int imap_message_part_header(struct imap_message *m, const struct mime_part *part, struct strbuf *out);
/* A reader over [start, end) of the file, standing at wire position `at`. The same run read before goes on
 * without a rescan. */
struct wire_reader *imap_message_wire(struct imap_message *m, uint64_t start, uint64_t end, uint64_t at);

#endif
