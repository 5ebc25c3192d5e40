/*
 * crash_look.c - what the library sees: each folder, each message with its UID, flags, keywords and whole content.
 */
#include "t/crash/crash_driver.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int read_id(struct mailbox *mb, uint32_t uid, char id[64], struct err *e)
{
    static char text[1 << 20];
    AUTO_CLOSE int fd = mailbox_message_open(mb, uid, e);
    if (fd < 0)
        return -1;
    ssize_t n = fs_pread_all(fd, text, sizeof text - 1, 0);
    if (n < 0)
        return err_errno(e, errno, "reading message %u", uid);
    text[n] = '\0';
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

int say_messages(struct mailbox *mb, struct err *e)
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
    say("modseq %s %llu", name, (unsigned long long)mailbox_sequence(mb));
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
