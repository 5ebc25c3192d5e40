/*
 * forward_file.h - what a user's ~/.forward says. Pure.
 *
 * Lists of targets as on the right of aliases(5), on any number of lines; # begins a comment line. An address; \user and
 * the own address, which keep a copy; a folder of the own Maildir by its path ("~/Maildir/.Lists/", "/home/anna/Maildir/").
 * Commands, other files and :include: are refused.
 */
#ifndef RELAY_FORWARD_FILE_H
#define RELAY_FORWARD_FILE_H

#include "relay/address_map.h"

#define FORWARD_MAX      100         /* targets */
#define FORWARD_FILE_MAX (64u << 10) /* octets */

struct forward_owner {
    const char *user;        /* the account's name */
    struct bytes address;    /* in Delivered-To; may be empty */
    const char *home, *root; /* root: of the Maildir */
};

struct forward {
    char **addresses, **folders; /* folders: '/' between them, "INBOX" for a copy */
    size_t naddresses, nfolders;
};

void forward_parse(struct forward *f, struct bytes text, const struct forward_owner *owner,
                   map_complain_fn *complain, void *arg);
void forward_done(struct forward *f);

#endif
