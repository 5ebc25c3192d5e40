/*
 * imap_zip.h - DEFLATE in both directions for one connection (COMPRESS, RFC 4978). Pure: octets in, octets out.
 */
#ifndef ACCESS_IMAP_ZIP_H
#define ACCESS_IMAP_ZIP_H

#include <stdbool.h>
#include <stddef.h>

struct imap_zip;

struct imap_zip *imap_zip_new(void);
void imap_zip_free(struct imap_zip *zip); /* NULL is fine */

/* Inflate what lies at *p (*n octets) into `to`; both are moved forward. Returns how many octets were written (at most size: a
 * bomb goes off in portions), -1 if the client's stream is broken or has ended. */
long imap_zip_inflate(struct imap_zip *zip, const char **p, size_t *n, char *to, size_t size);
/* More would come out without more input. */
bool imap_zip_has_more(const struct imap_zip *zip);
/* Deflate n octets, to be taken out with imap_zip_take; flush: everything up to here must reach the client. */
void imap_zip_deflate(struct imap_zip *zip, const char *p, size_t n, bool flush);
/* The next portion of at most size octets; 0: the input is used up. */
size_t imap_zip_take(struct imap_zip *zip, char *to, size_t size);
/* Nothing is under way: keep as little memory as can be. */
void imap_zip_rest(struct imap_zip *zip);

#endif
