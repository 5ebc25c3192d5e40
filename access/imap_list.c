/*
 * imap_list.c - see imap_list.h.
 */
#include "access/imap_list.h"

#include "base/cleanup.h"

#define LINE_MAX_OCTETS 32768

void imap_list_tell(struct imap *s, const struct mail_folder *f, const char *old_name)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(LINE_MAX_OCTETS);
    strbuf_adds(&line, f->exists ? "LIST (" : "LIST (\\NonExistent ");
    strbuf_adds(&line, f->has_children ? "\\HasChildren" : "\\HasNoChildren");
    if (f->subscribed)
        strbuf_adds(&line, " \\Subscribed");
    strbuf_adds(&line, ") \".\" ");
    imap_mailbox_write(s, &line, f->name);
    if (old_name) {
        strbuf_adds(&line, " (\"OLDNAME\" (");
        imap_mailbox_write(s, &line, old_name);
        strbuf_adds(&line, "))");
    }
    imap_untagged(s, "%s", line.data);
}
