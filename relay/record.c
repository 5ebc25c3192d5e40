/*
 * record.c - writing and reading the records of spool files and journals. See record.h.
 */
#include "relay/record.h"

static void put_le(struct strbuf *out, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        strbuf_addc(out, (char)(v >> (8 * i)));
}

static uint64_t get_le(struct bytes *b, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)(unsigned char)b->p[i] << (8 * i);
    *b = bytes_skip(*b, n);
    return v;
}

size_t record_begin(struct strbuf *out, uint8_t type)
{
    size_t start = out->len;
    strbuf_addc(out, (char)type);
    put_le(out, 0, 4);
    return start;
}

void record_end(struct strbuf *out, size_t start)
{
    if (out->overflow)
        return;
    size_t n = out->len - start - RECORD_HEAD;
    for (size_t i = 0; i < 4; i++)
        out->data[start + 1 + i] = (char)(n >> (8 * i));
}

void record_put_u32(struct strbuf *out, uint32_t v)
{
    put_le(out, v, 4);
}

void record_put_u64(struct strbuf *out, uint64_t v)
{
    put_le(out, v, 8);
}

void record_put_bytes(struct strbuf *out, struct bytes b)
{
    put_le(out, b.n, 4);
    strbuf_addb(out, b);
}

bool record_next(struct bytes *rest, struct record *r)
{
    if (rest->n < RECORD_HEAD)
        return false;
    struct bytes b = *rest;
    r->type = (uint8_t)b.p[0];
    b = bytes_skip(b, 1);
    size_t n = get_le(&b, 4);
    if (n > b.n)
        return false;
    r->content = bytes_from(b.p, n);
    *rest = bytes_skip(b, n);
    return true;
}

bool record_get_u32(struct bytes *content, uint32_t *v)
{
    if (content->n < 4)
        return false;
    *v = (uint32_t)get_le(content, 4);
    return true;
}

bool record_get_u64(struct bytes *content, uint64_t *v)
{
    if (content->n < 8)
        return false;
    *v = get_le(content, 8);
    return true;
}

bool record_get_bytes(struct bytes *content, struct bytes *b)
{
    struct bytes rest = *content;
    uint32_t n;
    if (!record_get_u32(&rest, &n) || n > rest.n)
        return false;
    *b = bytes_from(rest.p, n);
    *content = bytes_skip(rest, n);
    return true;
}
