/*
 * crash_operations.c - the operations that are swept, by the library's public menu alone.
 */
#include "t/crash/crash_driver.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- delivery and append ---- */

static int deliver(struct run *run, int n, struct err *e)
{
    static const char *const unique[LETTERS] = {"aa1", "aa2", "aa3"};
    struct mail_delivery d[LETTERS] = {{0}};
    for (int i = 0; i < n; i++)
        d[i] = (struct mail_delivery){.fd = run->letters[i].fd,
                                      .size = (off_t)run->letters[i].size,
                                      .unique = unique[i],
                                      .again = run->retry};
    size_t failed = mail_deliver(run->store, "INBOX", d, (size_t)n);
    for (int i = 0; i < n; i++)
        if (!d[i].result)
            say("have INBOX 0 0 %s", letter_id(i));
        else
            *e = d[i].err;
    return failed ? -1 : 0;
}

static int append_one(struct mail_append *append, int i, struct err *e)
{
    static const char *const keywords[] = {"$Appended"};
    size_t size, at = 0;
    AUTO_FREE char *text = letter_text(letter_id(i), &size);
    if (mail_append_add(append, MAIL_SEEN, keywords, 1, 1000000000, e))
        return -1;
    for (size_t part = 5000; at < size; at += part) {
        part = size - at < part ? size - at : part;
        if (mail_append_write(append, text + at, part, e))
            return -1;
    }
    return 0;
}

static int append(struct run *run, int n, struct err *e)
{
    struct mail_append *append;
    AUTO_FREE uint32_t *uids = NULL;
    uint32_t validity;
    size_t made;
    if (mail_append_begin(&append, run->store, "Sent", e))
        return -1;
    for (int i = 0; i < n; i++)
        if (append_one(append, i, e)) {
            mail_append_abort(append);
            return -1;
        }
    if (mail_append_commit(append, &validity, &uids, &made, e))
        return -1;
    for (size_t i = 0; i < made; i++) {
        say("have Sent %u %u %s", validity, uids[i], letter_id((int)i));
        say("flags Sent %u S+$Appended", uids[i]);
    }
    return 0;
}

/* ---- a message's identity, read through the library ---- */

static int read_id(struct mailbox *mb, uint32_t uid, char id[64], struct err *e)
{
    static char text[1 << 20];
    AUTO_CLOSE int fd = mailbox_message_open(mb, uid, e);
    if (fd < 0)
        return -1;
    ssize_t n = fs_pread_all(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    if (sscanf(text, "X-Crash: %63s", id) != 1)
        strcpy(id, "?");
    size_t size;
    AUTO_FREE char *whole = letter_text(id, &size);
    if ((ssize_t)size != n || memcmp(whole, text, size))
        strcpy(id, "broken");
    return 0;
}

static void flag_letters(const struct mailbox *mb, const struct mail *mail, char out[256])
{
    static const char letters[] = "DFRST";
    size_t n = 0;
    for (int i = 0; i < 5; i++)
        if (mail->flags & (1u << i))
            out[n++] = letters[i];
    out[n] = '\0';
    for (unsigned k = 0; k < MAIL_KEYWORDS_MAX; k++)
        if (mail->keywords & (1ull << k))
            n += (size_t)snprintf(out + n, 256 - n, "+%s", mailbox_keyword(mb, k) ?: "?");
}

static int say_messages(struct mailbox *mb, struct err *e)
{
    for (size_t i = 0; i < mailbox_count(mb); i++) {
        const struct mail *mail = mailbox_at(mb, i);
        char id[64], flags[256];
        if (read_id(mb, mail->uid, id, e))
            return -1;
        flag_letters(mb, mail, flags);
        say("have %s %u %u %s", mailbox_name(mb), mailbox_uidvalidity(mb), mail->uid, id);
        say("flags %s %u %s", mailbox_name(mb), mail->uid, flags);
    }
    return 0;
}

static int look_into(struct run *run, const char *name, struct err *e)
{
    struct mailbox *mb;
    if (mailbox_open(&mb, run->store, name, false, e))
        return -1;
    say("open %s %u %u", name, mailbox_uidvalidity(mb), mailbox_uidnext(mb));
    int r = say_messages(mb, e);
    mailbox_close(mb);
    return r;
}

int look(struct run *run, struct err *e)
{
    struct mail_folder *folders;
    size_t n;
    int r = 0;
    if (mail_store_folders(run->store, &folders, &n, e))
        return -1;
    say("look");
    for (size_t i = 0; i < n && !r; i++) {
        if (folders[i].subscribed)
            say("subscribed %s", folders[i].name);
        if (folders[i].exists)
            r = look_into(run, folders[i].name, e);
    }
    mail_folders_free(folders, n);
    return r;
}

/* ---- the table ---- */

static const struct operation operations[] = {
    {"deliver", deliver, 1},
    {"deliver-3", deliver, 3},
    {"append", append, 1},
    {"append-3", append, 3},
};

const struct operation *operation_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        if (!strcmp(operations[i].name, name))
            return &operations[i];
    return NULL;
}
