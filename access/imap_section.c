/*
 * imap_section.c - the grammar of sections; imap_section_send.c finds and sends them.
 */
#include "access/imap_section.h"

#include "base/cleanup.h"
#include "base/text.h"

static const struct {
    const char *name;
    enum imap_section_text text;
    bool fields;     /* a list of field names follows */
    bool needs_part; /* only behind a part number */
} texts[] = {
    {"HEADER", IMAP_SECTION_HEADER, false, false},
    {"HEADER.FIELDS", IMAP_SECTION_FIELDS, true, false},
    {"HEADER.FIELDS.NOT", IMAP_SECTION_FIELDS_NOT, true, false},
    {"MIME", IMAP_SECTION_MIME, false, true},
    {"TEXT", IMAP_SECTION_TEXT, false, false},
};

/* "1.2." in front of a text, or "1.2" alone. */
static bool read_numbers(struct imap_section *section, struct bytes *text)
{
    while (text->n > 0 && ascii_digit(text->p[0])) {
        struct bytes rest = *text;
        struct bytes number = bytes_split(&rest, '.');
        uint64_t value;
        if (!bytes_to_u64(number, UINT32_MAX, &value) || value == 0 ||
            section->depth == IMAP_SECTION_DEPTH_MAX)
            return false;
        section->numbers[section->depth++] = (unsigned)value;
        if (rest.p && rest.n == 0) /* "1." */
            return false;
        *text = rest.p ? rest : BYTES("");
    }
    return true;
}

static bool read_text(struct imap_section *section, struct bytes text, bool *fields)
{
    *fields = false;
    section->text = IMAP_SECTION_ALL;
    if (text.n == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (bytes_eq_nocase(text, bytes_of(texts[i].name))) {
            section->text = texts[i].text;
            *fields = texts[i].fields;
            return !texts[i].needs_part || section->depth > 0;
        }
    }
    return false;
}

/* "<offset.count>" or nothing. */
static bool read_partial(struct imap_section *section, struct bytes text)
{
    uint64_t offset, count;
    section->partial = text.n > 0;
    if (text.n == 0)
        return true;
    if (text.n < 3 || text.p[0] != '<' || text.p[text.n - 1] != '>')
        return false;
    struct bytes rest = bytes_from(text.p + 1, text.n - 2);
    struct bytes first = bytes_split(&rest, '.');
    if (!rest.p || !bytes_to_u64(first, INT64_MAX, &offset) || !bytes_to_u64(rest, INT64_MAX, &count) ||
        count == 0)
        return false;
    section->offset = offset;
    section->count = count;
    return true;
}

static bool fields_are_strings(struct imap_args fields)
{
    struct bytes name;
    bool any = false;
    while (imap_args_astring(&fields, &name))
        any = true;
    return any && imap_args_end(&fields);
}

bool imap_section_parse(struct imap_section *section, struct bytes rest, struct imap_args *a)
{
    bool fields;
    *section = (struct imap_section){0};
    size_t bracket = bytes_index(rest, ']');
    struct bytes text = bytes_from(rest.p, bracket);
    if (!read_numbers(section, &text) || !read_text(section, text, &fields))
        return false;
    if (!fields)
        return bracket < rest.n && read_partial(section, bytes_skip(rest, bracket + 1));
    struct bytes end;
    return bracket == rest.n && imap_args_list(a, &section->fields) && fields_are_strings(section->fields) &&
           imap_args_atom(a, &end) && end.p[0] == ']' && read_partial(section, bytes_skip(end, 1));
}
