/*
 * address_normal.c - see address_normal.h. ASCII, which is nearly all, is folded here; libidn2 and libunistring are
 * asked about the rest.
 */
#include "relay/address_normal.h"

#include "relay/address.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <idn2.h>
#include <unicase.h>
#include <uninorm.h>

void address_cut(struct bytes path, struct bytes *local, struct bytes *domain)
{
    const char *at = path.n ? memrchr(path.p, '@', path.n) : NULL;
    *local = at ? bytes_from(path.p, (size_t)(at - path.p)) : path;
    *domain = at ? bytes_skip(path, local->n + 1) : BYTES("");
}

static bool has_control(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if ((unsigned char)b.p[i] < ' ' || b.p[i] == 127)
            return true;
    return false;
}

static void add_lower(struct strbuf *out, struct bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        strbuf_addc(out, ascii_lower(b.p[i]));
}

bool domain_normal(struct strbuf *out, struct bytes domain)
{
    if (!domain.n || domain.n > ADDRESS_DOMAIN_MAX || has_control(domain))
        return false;
    if (text_is_ascii(domain)) {
        add_lower(out, domain);
        return !out->overflow;
    }
    AUTO_FREE char *text = bytes_dup(domain);
    uint8_t *ascii = NULL;
    if (!text || !utf8_valid(domain) ||
        idn2_lookup_u8((const uint8_t *)text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return false;
    add_lower(out, bytes_of((const char *)ascii));
    idn2_free(ascii);
    return !out->overflow;
}

/* "john smith" is john smith. */
static bool unquote(struct strbuf *out, struct bytes local)
{
    if (!local.n || local.p[0] != '"')
        return strbuf_addb(out, local) && local.n;
    for (size_t i = 1; i < local.n; i++) {
        if (local.p[i] == '"')
            return i == local.n - 1 && out->len;
        if (local.p[i] == '\\' && ++i == local.n)
            return false;
        strbuf_addc(out, local.p[i]);
    }
    return false;
}

bool local_normal(struct strbuf *out, struct bytes local, bool exact)
{
    AUTO_STRBUF struct strbuf plain = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    if (!unquote(&plain, local) || plain.overflow || has_control(strbuf_bytes(&plain)))
        return false;
    if (text_is_ascii(strbuf_bytes(&plain))) {
        if (exact)
            strbuf_addb(out, strbuf_bytes(&plain));
        else
            add_lower(out, strbuf_bytes(&plain));
        return !out->overflow;
    }
    size_t n = 0;
    const uint8_t *u = (const uint8_t *)plain.data;
    if (!utf8_valid(strbuf_bytes(&plain)))
        return false;
    AUTO_FREE uint8_t *form = exact ? u8_normalize(UNINORM_NFC, u, plain.len, NULL, &n)
                                    : u8_tolower(u, plain.len, NULL, UNINORM_NFC, NULL, &n);
    return form && strbuf_add(out, form, n);
}

bool address_written(struct strbuf *out, struct bytes text)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(ADDRESS_NORMAL_MAX + 2);
    if (text.n >= 2 && text.p[0] == '<' && text.p[text.n - 1] == '>')
        text = bytes_from(text.p + 1, text.n - 2);
    strbuf_addc(&path, '<');
    strbuf_addb(&path, text);
    strbuf_addc(&path, '>');
    struct bytes in = strbuf_bytes(&path), local, domain;
    AUTO_STRBUF struct strbuf whole = STRBUF_INIT(ADDRESS_NORMAL_MAX);
    if (path.overflow || !text.n || text.p[0] == '@' || address_path_utf8(&in, &whole) || in.n || !whole.len)
        return false;
    address_cut(strbuf_bytes(&whole), &local, &domain);
    strbuf_addb(out, local);
    return !domain.n || (strbuf_addc(out, '@') && domain_normal(out, domain));
}
