/*
 * maildir_keyword_bits.c - the keywords of a folder, wherever they are kept: bits 0 to 25 are letters of file names
 * (dovecot-keywords), 26 to 63 stand in posthouse-keywords (maildir_sidecar.c).
 *
 * A new name gets a letter while there is one, so that other servers see it. Order of a change, under the lock:
 *
 *   K1  new letters in dovecot-keywords, durable
 *   K2  new names and masks in posthouse-keywords, durable   a crash here: keywords of an unacknowledged change are there
 *   K3  files renamed                                        (maildir_flags.c goes on)
 */
#include "maildir/maildir_internal.h"

int mailbox_read_keywords(struct mailbox *mb, struct err *e)
{
    bool changed;
    return keywords_read(&mb->keywords, mb->folder.fd, &changed, e) ||
                   sidecar_read(&mb->sidecar, mb->folder.fd, mb->sidecar.has_masks, &changed, e)
               ? -1
               : 0;
}

const char *mailbox_keyword(const struct mailbox *mb, unsigned n)
{
    return n < MAIL_LETTERS_MAX ? mb->keywords.names[n] : sidecar_name(&mb->sidecar, n);
}

/* Looks at all messages. */
static uint64_t bits_in_use(struct mailbox *mb)
{
    uint64_t all = 0;
    for (size_t i = 0; i < mailbox_count(mb); i++) {
        const struct mail *mail = mailbox_at(mb, i);
        all |= mail ? mail->keywords : 0;
    }
    return all;
}

static int make_keyword(struct mailbox *mb, const char *name, struct err *e)
{
    bool changed;
    uint64_t in_use = bits_in_use(mb);
    int number = keywords_get(&mb->keywords, name, (uint32_t)in_use & MAIL_LETTERS, e);
    if (number >= 0 || e->code != ERR_LIMIT)
        return number;
    if (!mb->sidecar.has_masks && sidecar_read(&mb->sidecar, mb->folder.fd, true, &changed, e))
        return -1;
    return sidecar_get(&mb->sidecar, name, in_use, e);
}

int mailbox_keyword_bits(struct mailbox *mb, const struct mail_flag_change *change, uint64_t *bits,
                         struct err *e)
{
    *bits = 0;
    for (size_t i = 0; i < change->nkeywords; i++) {
        int number = keywords_find(&mb->keywords, change->keywords[i]);
        if (number < 0)
            number = sidecar_find(&mb->sidecar, change->keywords[i]);
        if (number < 0 && change->how == MAIL_FLAGS_REMOVE)
            continue;
        if (number < 0)
            number = make_keyword(mb, change->keywords[i], e);
        if (number < 0)
            return -1;
        *bits |= (uint64_t)1 << number;
    }
    return keywords_save(&mb->keywords, mb->folder.fd, e);
}

bool mailbox_has_upper(const struct mailbox *mb)
{
    return mb->sidecar.exists || mb->sidecar.pending.len;
}

int mailbox_set_upper(struct mailbox *mb, struct bytes base, uint64_t keywords, struct err *e)
{
    bool changed;
    if (!mb->sidecar.has_masks && sidecar_read(&mb->sidecar, mb->folder.fd, true, &changed, e))
        return -1;
    sidecar_set(&mb->sidecar, base, keywords & SIDECAR_MASK);
    return 0;
}

int mailbox_save_upper(struct mailbox *mb, struct err *e)
{
    return sidecar_save(&mb->sidecar, mb->folder.fd, NULL, NULL, e);
}
