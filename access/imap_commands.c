/*
 * imap_commands.c - the table.
 */
#include "access/imap_commands.h"

#include "base/cleanup.h"

#define MAILBOX IMAP_NEEDS_MAILBOX
#define KEEPS   IMAP_KEEPS_NUMBERS
#define NUMBERS IMAP_TAKES_NUMBERS
#define QUIET   IMAP_QUIET
#define WRITES  IMAP_WRITES

static const struct imap_command commands[] = {
    {"APPEND", 0, imap_cmd_append},
    {"AUTHENTICATE", 0, imap_cmd_authenticated},
    {"CAPABILITY", 0, imap_cmd_capability},
    {"CHECK", MAILBOX, imap_cmd_check},
    {"CLOSE", MAILBOX | QUIET, imap_cmd_close},
    {"COMPRESS", 0, imap_cmd_compress},
    {"COPY", MAILBOX | KEEPS | NUMBERS, imap_cmd_copy},
    {"CREATE", 0, imap_cmd_create},
    {"DELETE", 0, imap_cmd_delete},
    {"ENABLE", 0, imap_cmd_enable},
    {"EXAMINE", QUIET, imap_cmd_examine},
    {"EXPUNGE", MAILBOX | WRITES, imap_cmd_expunge},
    {"FETCH", MAILBOX | KEEPS | NUMBERS, imap_cmd_fetch},
    {"GETMETADATA", 0, imap_cmd_getmetadata},
    {"GETQUOTA", 0, imap_cmd_getquota},
    {"GETQUOTAROOT", 0, imap_cmd_getquotaroot},
    {"ID", 0, imap_cmd_id},
    {"IDLE", 0, imap_cmd_idle},
    {"LIST", 0, imap_cmd_list},
    {"LOGIN", 0, imap_cmd_authenticated},
    {"LOGOUT", QUIET, imap_cmd_logout},
    {"LSUB", 0, imap_cmd_lsub},
    {"MOVE", MAILBOX | NUMBERS | WRITES, imap_cmd_move},
    {"NAMESPACE", 0, imap_cmd_namespace},
    {"NOOP", 0, imap_cmd_noop},
    {"NOTIFY", 0, imap_cmd_notify},
    {"RENAME", 0, imap_cmd_rename},
    {"REPLACE", MAILBOX | NUMBERS | WRITES, imap_cmd_replace},
    {"SEARCH", MAILBOX | KEEPS | NUMBERS, imap_cmd_search},
    {"SELECT", QUIET, imap_cmd_select},
    {"SETMETADATA", 0, imap_cmd_setmetadata},
    {"SETQUOTA", 0, imap_cmd_setquota},
    {"SORT", MAILBOX | KEEPS | NUMBERS, imap_cmd_sort},
    {"STARTTLS", 0, imap_cmd_authenticated},
    {"STATUS", 0, imap_cmd_status},
    {"STORE", MAILBOX | KEEPS | NUMBERS | WRITES, imap_cmd_store},
    {"SUBSCRIBE", 0, imap_cmd_subscribe},
    {"THREAD", MAILBOX | KEEPS | NUMBERS, imap_cmd_thread},
    {"UID COPY", MAILBOX, imap_cmd_copy},
    {"UID EXPUNGE", MAILBOX | WRITES, imap_cmd_uid_expunge},
    {"UID FETCH", MAILBOX, imap_cmd_fetch},
    {"UID MOVE", MAILBOX | WRITES, imap_cmd_move},
    {"UID REPLACE", MAILBOX | WRITES, imap_cmd_replace},
    {"UID SEARCH", MAILBOX, imap_cmd_search},
    {"UID SORT", MAILBOX, imap_cmd_sort},
    {"UID STORE", MAILBOX | WRITES, imap_cmd_store},
    {"UID THREAD", MAILBOX, imap_cmd_thread},
    {"UNSELECT", MAILBOX | QUIET, imap_cmd_unselect},
    {"UNSUBSCRIBE", 0, imap_cmd_unsubscribe},
};

static const struct imap_command *find(struct bytes name, bool uid)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct bytes row = bytes_of(commands[i].name);
        if (bytes_starts_nocase(row, BYTES("UID ")) != uid)
            continue;
        if (bytes_eq_nocase(bytes_skip(row, uid ? 4 : 0), name))
            return &commands[i];
    }
    return NULL;
}

const struct imap_command *imap_command_find(const struct imap_parse *p, struct imap_args *args)
{
    struct bytes second;
    *args = imap_args_of(p, 2);
    if (!bytes_eq_nocase(imap_parse_name(p), BYTES("UID")))
        return find(imap_parse_name(p), false);
    return imap_args_atom(args, &second) ? find(second, true) : NULL;
}
