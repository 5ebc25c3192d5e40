/*
 * passwd_edit.c - see passwd_edit.h.
 */
#include "auth/passwd_edit.h"

enum { PASSWORD_FIELD = 1, EXTRA_FIELD = 7 };

struct bytes passwd_edit_find(struct bytes text, struct bytes name)
{
    while (text.p && text.n) {
        struct bytes line = bytes_split(&text, '\n'), rest = line;
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        if (line.n && line.p[0] != '#' && bytes_eq(bytes_split(&rest, ':'), name))
            return line;
    }
    return (struct bytes){0};
}

void passwd_edit_replace(struct strbuf *out, struct bytes text, struct bytes line, struct bytes fresh)
{
    size_t before = (size_t)(line.p - text.p);
    struct bytes rest = bytes_skip(text, before + line.n);
    strbuf_add(out, text.p, before);
    if (fresh.p)
        strbuf_addb(out, fresh);
    else
        rest = bytes_skip(rest, bytes_index(rest, '\n') + 1);
    strbuf_addb(out, rest);
}

void passwd_edit_append(struct strbuf *out, struct bytes text, struct bytes fresh)
{
    if (text.n)
        strbuf_addb(out, text);
    if (text.n && text.p[text.n - 1] != '\n')
        strbuf_addc(out, '\n');
    strbuf_addb(out, fresh);
    strbuf_addc(out, '\n');
}

/* What stands before field n, its colon included; colons that are missing are added. rest: the field and what follows. */
static void copy_fields(struct strbuf *out, struct bytes line, int n, struct bytes *rest)
{
    *rest = line;
    for (int i = 0; i < n; i++) {
        if (rest->p)
            strbuf_addb(out, bytes_split(rest, ':'));
        strbuf_addc(out, ':');
    }
    if (!rest->p)
        *rest = BYTES("");
}

void passwd_edit_password(struct strbuf *out, struct bytes line, struct bytes password)
{
    struct bytes rest;
    copy_fields(out, line, PASSWORD_FIELD, &rest);
    strbuf_addb(out, password);
    strbuf_addb(out, bytes_skip(rest, bytes_index(rest, ':')));
}

void passwd_edit_extra(struct strbuf *out, struct bytes line, const char *name, const char *value)
{
    struct bytes rest;
    bool first = true;
    copy_fields(out, line, EXTRA_FIELD, &rest);
    while (rest.p && rest.n) {
        struct bytes field = bytes_split(&rest, ' ');
        struct bytes key = bytes_from(field.p, bytes_index(field, '='));
        if (field.n == 0 || bytes_eq(key, bytes_of(name)))
            continue;
        if (!first)
            strbuf_addc(out, ' ');
        first = false;
        strbuf_addb(out, field);
    }
    if (!value)
        return;
    strbuf_adds(out, first ? "" : " ");
    strbuf_adds(out, name);
    strbuf_adds(out, *value ? "=" : "");
    strbuf_adds(out, value);
}
