/*
 * imap_special.c - see imap_special.h.
 */
#include "access/imap_special.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "maildir/maildir_special.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 200

const char *const imap_special_uses[IMAP_SPECIAL_USES] = {"\\Archive", "\\Drafts", "\\Junk", "\\Sent",
                                                          "\\Trash"};

/* Of several candidates the one named first has the use. Apple's and Microsoft's names are among them: a second folder beside one of
 * these would be a nuisance. */
static const struct {
    const char *name, *use;
} names[] = {
    {"Sent", "\\Sent"},           {"Sent Messages", "\\Sent"},
    {"Sent Items", "\\Sent"},     {"Sent Mail", "\\Sent"},
    {"Drafts", "\\Drafts"},       {"Draft", "\\Drafts"},
    {"Trash", "\\Trash"},         {"Deleted Messages", "\\Trash"},
    {"Deleted Items", "\\Trash"}, {"Deleted", "\\Trash"},
    {"Junk", "\\Junk"},           {"Spam", "\\Junk"},
    {"Junk E-mail", "\\Junk"},    {"Junk Mail", "\\Junk"},
    {"Bulk Mail", "\\Junk"},      {"Archive", "\\Archive"},
    {"Archives", "\\Archive"},
};

struct imap_special {
    const struct mail_folder *owner[IMAP_SPECIAL_USES];    /* of each use, or NULL */
    const struct mail_folder *candidate[ARRAY_LEN(names)]; /* that goes by this row's name, or NULL */
    char text[IMAP_SPECIAL_USES][TEXT_MAX];                /* of each owner, at its first use */
};

size_t imap_special_index(struct bytes use)
{
    size_t i = 0;
    while (i < IMAP_SPECIAL_USES && !bytes_eq_nocase(use, bytes_of(imap_special_uses[i])))
        i++;
    return i;
}

static const struct mail_folder *find(const struct mail_folder *folders, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (folders[i].exists && bytes_eq_nocase(bytes_of(folders[i].name), bytes_of(name)))
            return &folders[i];
    return NULL;
}

/* What CREATE has said: "\\Sent,\\Drafts". */
static void take_given(struct imap_special *special, const struct mail_folder *f, const char *text)
{
    struct bytes rest = bytes_of(text);
    while (f && rest.n) {
        size_t end = bytes_index(rest, ',');
        size_t use = imap_special_index((struct bytes){rest.p, end});
        if (use < IMAP_SPECIAL_USES)
            special->owner[use] = f;
        rest = bytes_skip(rest, end < rest.n ? end + 1 : end);
    }
}

static void write_texts(struct imap_special *special)
{
    for (size_t i = 0; i < IMAP_SPECIAL_USES; i++) {
        size_t first = 0;
        while (special->owner[first] != special->owner[i])
            first++;
        size_t len = strlen(special->text[first]);
        snprintf(special->text[first] + len, TEXT_MAX - len, " %s", imap_special_uses[i]);
    }
}

struct imap_special *imap_special_new(struct mail_store *store, const struct mail_folder *folders, size_t n)
{
    struct imap_special *special = xcalloc(1, sizeof(*special));
    struct mail_uses given;
    mail_store_uses(store, &given);
    for (size_t i = 0; i < given.n; i++)
        take_given(special, find(folders, n, given.items[i].folder), given.items[i].uses);
    mail_uses_done(&given);
    for (size_t i = 0; i < n; i++) {
        size_t row = 0;
        while (row < ARRAY_LEN(names) &&
               !bytes_eq_nocase(bytes_of(names[row].name), bytes_of(folders[i].name)))
            row++;
        if (row < ARRAY_LEN(names) && folders[i].exists)
            special->candidate[row] = &folders[i];
    }
    for (size_t row = 0; row < ARRAY_LEN(names); row++) {
        size_t use = imap_special_index(bytes_of(names[row].use));
        if (!special->owner[use])
            special->owner[use] = special->candidate[row];
    }
    write_texts(special);
    return special;
}

void imap_special_free(struct imap_special *special)
{
    free(special);
}

const char *imap_special_of(const struct imap_special *special, const struct mail_folder *f)
{
    for (size_t i = 0; special && i < IMAP_SPECIAL_USES; i++)
        if (special->owner[i] == f)
            return special->text[i];
    return "";
}
