/*
 * record.h - the typed, length-prefixed records of spool files and journals. Pure.
 *
 * A record: type octet, length u32 little-endian, that many octets.
 */
#ifndef RELAY_RECORD_H
#define RELAY_RECORD_H

#include "base/bytes.h"
#include "base/strbuf.h"

#define RECORD_HEAD 5 /* octets in front of the content */

struct record {
    uint8_t type;
    struct bytes content;
};

/* Start a record; returns where it began, for record_end. */
size_t record_begin(struct strbuf *out, uint8_t type);
void record_end(struct strbuf *out, size_t start);
void record_put_u32(struct strbuf *out, uint32_t v);
void record_put_u64(struct strbuf *out, uint64_t v);
void record_put_bytes(struct strbuf *out, struct bytes b); /* with its length in front */

/* Cut the next record off *rest. 1; 0 if *rest ends before the record does. */
bool record_next(struct bytes *rest, struct record *r);
/* Cut a field off a content; false (and nothing taken) if it is too short. */
bool record_get_u32(struct bytes *content, uint32_t *v);
bool record_get_u64(struct bytes *content, uint64_t *v);
bool record_get_bytes(struct bytes *content, struct bytes *b);

#endif
