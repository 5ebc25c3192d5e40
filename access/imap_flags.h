/*
 * imap_flags.h - flags between their names on the wire and the library's bits; keywords by name.
 */
#ifndef ACCESS_IMAP_FLAGS_H
#define ACCESS_IMAP_FLAGS_H

#include "access/imap_parse.h"
#include "maildir/maildir.h"

/* The flags named in a STORE or APPEND. */
struct imap_flags {
    uint32_t flags;
    char *keywords[MAIL_KEYWORDS_MAX];
    size_t nkeywords;
};

/* Read the names up to the end of `list`. False: *why says what is wrong with them (static text). */
bool imap_flags_parse(struct imap_flags *flags, struct imap_args *list, const char **why);
void imap_flags_done(struct imap_flags *flags);
#define AUTO_IMAP_FLAGS __attribute__((cleanup(imap_flags_done)))

/* "\Seen" and the like to its bit; 0 if it is none. */
uint32_t imap_flag_bit(struct bytes name);
/* A message's flags: (\Recent \Seen $Forwarded). IMAP4rev2 has no \Recent. */
void imap_flags_write(struct strbuf *out, const struct mailbox *mb, const struct mail *mail,
                      bool with_recent);
/* All that can be: system flags and the keywords in use; with `more` followed by \* while there is room for
 * others. */
void imap_flags_write_all(struct strbuf *out, const struct mailbox *mb, bool more);
/* Bits of the keywords that have names. */
uint64_t imap_flags_keywords(const struct mailbox *mb);

#endif
