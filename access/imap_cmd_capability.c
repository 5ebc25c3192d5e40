/*
 * imap_cmd_capability.c - CAPABILITY: what a session can do after login. (Before it: login_imap.c.)
 *
 * IMAP4rev1 stands first: clients exist that take the first word for the only revision.
 */
#include "access/imap_commands.h"
#include "base/cleanup.h"

static bool always(const struct imap *s)
{
    (void)s;
    return true;
}

static bool uncompressed(const struct imap *s)
{
    return !s->io.zip;
}

/* RFC 7889: the same for all mailboxes. */
static void add_limit(const struct imap *s, struct strbuf *out)
{
    strbuf_addf(out, "=%llu", (unsigned long long)s->options->append_limit);
}

static const struct {
    const char *name;
    bool (*offered)(const struct imap *s);
    void (*add)(const struct imap *s, struct strbuf *out); /* what follows the name, or NULL */
} capabilities[] = {
    /* clang-format off */
    {"IMAP4rev1", always},
    {"IMAP4rev2", always},
    {"APPENDLIMIT", always, add_limit},
    {"BINARY", always},
    {"CATENATE", always},
    {"CHILDREN", always},
    {"COMPRESS=DEFLATE", uncompressed},
    {"CONDSTORE", always},
    {"CREATE-SPECIAL-USE", always},
    {"ENABLE", always},
    {"ESEARCH", always},
    {"ESORT", always},
    {"I18NLEVEL=1", always},
    {"ID", always},
    {"IDLE", always},
    {"INPROGRESS", always},
    {"LIST-EXTENDED", always},
    {"LIST-METADATA", always},
    {"LIST-STATUS", always},
    {"LITERAL+", always},
    {"METADATA", always},
    {"MOVE", always},
    {"MULTIAPPEND", always},
    {"NAMESPACE", always},
    {"NOTIFY", always},
    {"OBJECTID", always},
    {"PARTIAL", always},
    {"PREVIEW", always},
    {"QRESYNC", always},
    {"QUOTA", always},
    {"QUOTA=RES-MESSAGE", always},
    {"QUOTA=RES-STORAGE", always},
    {"REPLACE", always},
    {"SAVEDATE", always},
    {"SEARCHRES", always},
    {"SORT", always},
    {"SORT=DISPLAY", always},
    {"SPECIAL-USE", always},
    {"STATUS=SIZE", always},
    {"THREAD=ORDEREDSUBJECT", always},
    {"THREAD=REFERENCES", always},
    {"UIDONLY", always},
    {"UIDPLUS", always},
    {"UNSELECT", always},
    {"UTF8=ACCEPT", always},
    {"WITHIN", always},
    /* clang-format on */
};

void imap_capabilities_write(const struct imap *s, struct strbuf *out)
{
    strbuf_adds(out, "CAPABILITY");
    for (size_t i = 0; i < ARRAY_LEN(capabilities); i++)
        if (capabilities[i].offered(s)) {
            strbuf_addf(out, " %s", capabilities[i].name);
            if (capabilities[i].add)
                capabilities[i].add(s, out);
        }
}

enum imap_status imap_cmd_capability(struct imap *s)
{
    AUTO_STRBUF struct strbuf can = STRBUF_INIT(IMAP_CAPABILITIES_MAX);
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    imap_capabilities_write(s, &can);
    imap_untagged(s, "%s", can.data);
    return imap_ok(s, "These are what the server can do");
}
