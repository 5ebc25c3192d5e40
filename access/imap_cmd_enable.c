/*
 * imap_cmd_enable.c - ENABLE (RFC 5161): extensions that change what the server says unasked.
 *
 * What is not known is passed over in silence; what was enabled already is not named again.
 */
#include "access/imap_commands.h"
#include "access/imap_condstore.h"
#include "base/cleanup.h"

static const struct {
    const char *name;
    unsigned sets; /* enum imap_enabled, with what comes along */
} extensions[] = {
    {"CONDSTORE", IMAP_ENABLED_CONDSTORE},
    {"IMAP4rev2", IMAP_ENABLED_REV2},
    {"QRESYNC", IMAP_ENABLED_QRESYNC | IMAP_ENABLED_CONDSTORE},
    {"UIDONLY", IMAP_ENABLED_UIDONLY},
    {"UTF8=ACCEPT", IMAP_ENABLED_UTF8},
};

static unsigned find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
        if (bytes_eq_nocase(bytes_of(extensions[i].name), name))
            return extensions[i].sets;
    return 0;
}

enum imap_status imap_cmd_enable(struct imap *s)
{
    AUTO_STRBUF struct strbuf enabled = STRBUF_INIT(IMAP_CAPABILITIES_MAX);
    struct bytes name;
    unsigned all = 0;
    if (imap_args_end(&s->args))
        return imap_bad(s, "ENABLE needs the names of extensions");
    while (imap_args_atom(&s->args, &name)) {
        unsigned sets = find(name) & ~s->enabled;
        if (sets)
            strbuf_addf(&enabled, " " BYTES_FMT, BYTES_ARG(name));
        all |= sets;
    }
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    imap_untagged(s, "ENABLED%s", enabled.data);
    imap_condstore_enable(s, all);
    return imap_ok(s, "Enabled");
}
