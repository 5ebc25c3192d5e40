/*
 * maildir_modseq_fuzz.c - the file posthouse-modseq, and object identifiers of any name.
 */
#include "maildir/maildir_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool allowed(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint64_t mark;
    struct bytes text = bytes_from(data, n < INDEX_NAME_MAX ? n : INDEX_NAME_MAX);
    AUTO_STRBUF struct strbuf id = STRBUF_INIT(MAILBOX_ID_MAX);
    if (modseq_mark_parse(text, &mark) && mark > (uint64_t)INT64_MAX)
        abort();
    object_id_write(&id, 'M', text);
    if (id.overflow || !id.len)
        abort();
    for (size_t i = 0; i < id.len; i++)
        if (!allowed(id.data[i]))
            abort();
    return 0;
}
