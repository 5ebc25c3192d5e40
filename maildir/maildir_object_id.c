/*
 * maildir_object_id.c - what stays with a message or folder for ever: object identifiers (RFC 8474) and the save date (RFC 8514).
 *
 * MAILBOXID is field G in the uidlist's header, which moves along when the folder is renamed. EMAILID is field G of the message's
 * line, by default the base of its file name; COPY and MOVE write it into the copy's line (maildir_copy.c), Dovecot does so too.
 * The characters that RFC 8474 does not allow are written as _ and two hexadecimal digits.
 *
 * The save date is the time in the unique part of the file name: every server makes a new name when it puts a message into a
 * folder, and none renames it afterwards. COPY and MOVE therefore give a new save date, as RFC 8514 section 3 wants. A file
 * of another origin without a time in its name has its mtime, which does not change either (the ctime changes with each flag).
 */
#include "maildir/maildir_internal.h"

#define TIME_LEAST 100000000  /* 1973: smaller numbers in names are no times */
#define TIME_MOST  4102444800 /* 2100 */

static bool is_object_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

void object_id_write(struct strbuf *out, char prefix, struct bytes guid)
{
    char room[4 * MAILBOX_ID_MAX];
    struct strbuf id = {.data = room, .size = sizeof room, .max = sizeof room - 1};
    strbuf_addc(&id, prefix);
    for (size_t i = 0; i < guid.n; i++) {
        if (is_object_id_char(guid.p[i]))
            strbuf_addc(&id, guid.p[i]);
        else
            strbuf_addf(&id, "_%02x", (unsigned char)guid.p[i]);
    }
    if (id.len > MAILBOX_ID_MAX) { /* the end, which tells names of one program apart, becomes a number */
        strbuf_truncate(&id, MAILBOX_ID_MAX - 32);
        strbuf_addf(&id, "%016llx%016llx", (unsigned long long)index_hash(guid),
                    (unsigned long long)index_hash(bytes_skip(guid, 1)));
    }
    strbuf_addb(out, strbuf_bytes(&id));
}

void mailbox_id(const struct mailbox *mb, struct strbuf *out)
{
    if (*mb->head.guid)
        object_id_write(out, 'F', bytes_of(mb->head.guid));
    else /* a uidlist that we may not write to */
        strbuf_addf(out, "I%llx-%u", (unsigned long long)mb->ino, mb->head.validity);
}

bool mailbox_emailid(struct mailbox *mb, uint32_t uid, struct strbuf *out)
{
    struct index_mail mail;
    if (!mailbox_record(mb, uid, &mail))
        return false;
    struct bytes guid = mail.base;
    uidlist_field(mail.fields, 'G', &guid);
    object_id_write(out, 'M', guid.n ? guid : mail.base);
    return true;
}

int mailbox_save_date(struct mailbox *mb, uint32_t uid, time_t *date, struct err *e)
{
    struct index_mail mail;
    struct mail_info info;
    if (!mailbox_record(mb, uid, &mail))
        return err_set(e, ERR_NOTFOUND, "message %u is gone", uid);
    uint64_t seconds = maildir_name_time(mail.base).seconds;
    if (seconds >= TIME_LEAST && seconds < TIME_MOST) {
        *date = (time_t)seconds;
        return 0;
    }
    if (mailbox_message_info(mb, uid, &info, e))
        return -1;
    *date = info.internal_date;
    return 0;
}
