/*
 * imap_cmd_id.c - ID (RFC 2971): the client's name goes into the log, ours into the answer.
 */
#include "access/imap_commands.h"
#include "base/log.h"

#define FIELDS_MAX 30  /* of RFC 2971 */
#define LOGGED_MAX 500 /* octets of what is logged */

static bool read_fields(struct imap_args *list, struct strbuf *out)
{
    struct bytes name, value;
    for (unsigned n = 0; !imap_args_end(list); n++) {
        if (n == FIELDS_MAX || !imap_args_string(list, &name) || !imap_args_nstring(list, &value))
            return false;
        if (value.p && (bytes_eq_nocase(name, BYTES("name")) || bytes_eq_nocase(name, BYTES("version"))))
            strbuf_addf(out, " " BYTES_FMT, BYTES_ARG(value));
    }
    return true;
}

enum imap_status imap_cmd_id(struct imap *s)
{
    AUTO_STRBUF struct strbuf client = STRBUF_INIT(LOGGED_MAX);
    struct imap_args list;
    bool fine =
        imap_args_list(&s->args, &list) ? read_fields(&list, &client) : imap_args_word(&s->args, "NIL");
    if (!fine)
        return imap_bad(s, "ID takes NIL or a list of names and values");
    if (!imap_session_no_more_args(s))
        return IMAP_BAD;
    if (client.len)
        log_info("%s: client is%s", s->options->user, client.data);
    imap_untagged(s, "ID (\"name\" \"Posthouse\")");
    return imap_ok(s, "Pleased to meet you");
}
