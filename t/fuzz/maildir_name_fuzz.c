/* maildir_name_fuzz.c - file names of any octets: the base stays, flags that were set are read back. */
#include "maildir/maildir.h"
#include "maildir/maildir_name.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(MAILDIR_NAME_MAX);
    struct bytes name = bytes_from(data, size);
    uint32_t flags, keywords, wanted = MAIL_SEEN | MAIL_DELETED, letters = 5;
    uint64_t octets;
    maildir_name_flags(name, &flags, &keywords);
    maildir_name_size(name, 'S', &octets);
    maildir_name_time(name);
    maildir_name_is_usual(name);
    if (!maildir_name_with_flags(&out, name, wanted, letters))
        return 0;
    if (!bytes_eq(maildir_name_base(strbuf_bytes(&out)), maildir_name_base(name)))
        abort();
    maildir_name_flags(strbuf_bytes(&out), &flags, &keywords);
    if (flags != wanted || keywords != letters)
        abort();
    return 0;
}
