/*
 * message_part.c - what the fields of a part's header say (RFC 2045, 2183, 3282, 2557, 1864), and the tree of
 * parts.
 *
 * A Content-Type that cannot be read means text/plain (RFC 2045 5.2); text of any kind without a charset is
 * shown as us-ascii.
 */
#include "maildir/message_part.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>

enum { FIELD_TEXT_MAX = 1 << 20, STACK_ROOM = 512 };

bool part_is(const struct mime_part *part, const char *type, const char *subtype)
{
    return bytes_eq_nocase(bytes_of(part->type), bytes_of(type)) &&
           (!subtype || bytes_eq_nocase(bytes_of(part->subtype), bytes_of(subtype)));
}

static void set_type(struct mime_part *part, const char *type, const char *subtype)
{
    free(part->type);
    free(part->subtype);
    part->type = xstrdup(type);
    part->subtype = xstrdup(subtype);
}

void part_retype(struct mime_part *part, const char *type, const char *subtype)
{
    set_type(part, type, subtype);
    params_free(part->params, part->nparams);
    part->params = NULL;
    part->nparams = 0;
    part->multipart = part->rfc822 = false;
    if (part_is(part, "text", NULL))
        part->params = params_add(NULL, &part->nparams, BYTES("charset"), BYTES("us-ascii"));
}

/* ---- fields ---- */

static void read_type(struct mime_part *part, struct bytes value, struct message_budget *budget)
{
    struct lex lex = {.in = value};
    if (part->type)
        return;
    lex_blanks(&lex, NULL);
    struct bytes type = lex_word(&lex, LEX_TOKEN);
    lex_blanks(&lex, NULL);
    bool slash = lex_take(&lex, '/');
    lex_blanks(&lex, NULL);
    struct bytes subtype = slash ? lex_word(&lex, LEX_TOKEN) : BYTES("");
    bool good = type.n && subtype.n && type.n + subtype.n <= budget->octets;
    part->type = good ? budget_dup(budget, type) : xstrdup("text");
    part->subtype = good ? budget_dup(budget, subtype) : xstrdup("plain");
    part->params = params_parse(&lex, &part->nparams, budget);
}

static void read_disposition(struct mime_part *part, struct bytes value, struct message_budget *budget)
{
    struct lex lex = {.in = value};
    if (part->disposition)
        return;
    lex_blanks(&lex, NULL);
    part->disposition = budget_dup(budget, lex_word(&lex, LEX_TOKEN));
    if (part->disposition)
        part->disposition_params = params_parse(&lex, &part->ndisposition_params, budget);
}

static void read_encoding(struct mime_part *part, struct bytes value, struct message_budget *budget)
{
    struct lex lex = {.in = value};
    lex_blanks(&lex, NULL);
    if (!part->encoding)
        part->encoding = budget_dup(budget, lex_word(&lex, LEX_TOKEN));
}

/* Tokens between commas, comments gone. */
static void read_language(struct mime_part *part, struct bytes value, struct message_budget *budget)
{
    AUTO_STRBUF struct strbuf list = STRBUF_INIT(FIELD_TEXT_MAX);
    struct lex lex = {.in = value};
    while (!lex_end(&lex)) {
        lex_blanks(&lex, NULL);
        struct bytes tag = lex_word(&lex, LEX_TOKEN);
        if (tag.n && list.len)
            strbuf_addc(&list, ',');
        strbuf_addb(&list, tag);
        if (tag.n == 0 && !lex_end(&lex))
            lex.at++;
    }
    if (!part->language)
        part->language = budget_dup(budget, strbuf_bytes(&list));
}

static void read_text(char **to, struct bytes value, struct message_budget *budget)
{
    if (!*to)
        *to = budget_dup(budget, value);
}

static void read_id(struct mime_part *part, struct bytes value, struct message_budget *budget)
{
    read_text(&part->id, value, budget);
}
static void read_description(struct mime_part *part, struct bytes value, struct message_budget *budget)
{
    read_text(&part->description, value, budget);
}
static void read_md5(struct mime_part *part, struct bytes value, struct message_budget *budget)
{
    read_text(&part->md5, value, budget);
}
static void read_location(struct mime_part *part, struct bytes value, struct message_budget *budget)
{
    read_text(&part->location, value, budget);
}

static const struct {
    struct bytes name;
    void (*read)(struct mime_part *part, struct bytes value, struct message_budget *budget);
} fields[] = {
    {BYTES_OF("Content-Type"), read_type},
    {BYTES_OF("Content-Transfer-Encoding"), read_encoding},
    {BYTES_OF("Content-Disposition"), read_disposition},
    {BYTES_OF("Content-ID"), read_id},
    {BYTES_OF("Content-Description"), read_description},
    {BYTES_OF("Content-MD5"), read_md5},
    {BYTES_OF("Content-Language"), read_language},
    {BYTES_OF("Content-Location"), read_location},
};

void part_field(struct mime_part *part, struct bytes field, struct message_budget *budget)
{
    char room[STACK_ROOM];
    AUTO_STRBUF struct strbuf scratch = STRBUF_LENT(room, FIELD_TEXT_MAX);
    struct header_field f;
    if (!header_next(&field, &f))
        return;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!bytes_eq_nocase(f.name, fields[i].name))
            continue;
        fields[i].read(part, header_text(&scratch, f.value), budget);
    }
}

void part_defaults(struct mime_part *part)
{
    bool in_digest = part->parent && part->parent->multipart && part_is(part->parent, "multipart", "digest");
    if (!part->type)
        set_type(part, in_digest ? "message" : "text", in_digest ? "rfc822" : "plain");
    if (!part->encoding)
        part->encoding = xstrdup("7BIT");
    if (part_is(part, "text", NULL) && !mime_param(part->params, part->nparams, "charset"))
        part->params = params_add(part->params, &part->nparams, BYTES("charset"), BYTES("us-ascii"));
}

/* ---- the tree ---- */

static void part_free(struct mime_part *part)
{
    params_free(part->params, part->nparams);
    params_free(part->disposition_params, part->ndisposition_params);
    free(part->type);
    free(part->subtype);
    free(part->id);
    free(part->description);
    free(part->encoding);
    free(part->md5);
    free(part->disposition);
    free(part->language);
    free(part->location);
    free(part);
}

/* Children first, each unhooked before it goes: no stack. */
void mime_free(struct mime_part *root)
{
    struct mime_part *part = root;
    while (part) {
        if (part->first_child) {
            struct mime_part *child = part->first_child;
            part->first_child = child->next;
            part = child;
            continue;
        }
        struct mime_part *parent = part == root ? NULL : part->parent;
        part_free(part);
        part = parent;
    }
}

static const struct mime_part *nth_child(const struct mime_part *part, unsigned number)
{
    const struct mime_part *child = part->first_child;
    while (child && number > 1) {
        child = child->next;
        number--;
    }
    return number ? child : NULL;
}

/* The first number counts the parts of the message; a later one those of the part, or of the message that is
 * its content. A message that is no multipart has one part: itself. */
const struct mime_part *mime_find(const struct mime_part *root, const unsigned *numbers, size_t n)
{
    const struct mime_part *part = root;
    for (size_t i = 0; part && i < n; i++) {
        const struct mime_part *whole = i > 0 && part->rfc822 ? part->first_child : part;
        bool is_message = i == 0 || part->rfc822;
        if (whole->multipart)
            part = nth_child(whole, numbers[i]);
        else
            part = is_message && numbers[i] == 1 ? whole : NULL;
    }
    return part;
}
