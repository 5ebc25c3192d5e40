/*
 * maildir_name.h - file names of messages: unique part, size hints, flags. Pure.
 *
 *   base[,S=n][,W=n][:2,FLAGS[,other]]
 *
 * The base ends at the first ':' and is the identity of the message: `,S=` and `,W=` belong to it. Flags
 * stand behind the last ':' if "2," follows it. D F R S T are flags, a to z keywords; any other letter, and
 * everything from a second comma on, is kept where it is.
 */
#ifndef MAILDIR_NAME_H
#define MAILDIR_NAME_H

#include "base/strbuf.h"

#define MAILDIR_NAME_MAX 255

/* The part up to the first ':'. */
struct bytes maildir_name_base(struct bytes name);
/* Flags (enum mail_flag) and keyword letters of a name; both 0 if it carries none. */
void maildir_name_flags(struct bytes name, uint32_t *flags, uint32_t *keywords);
/* The number behind ",S=" or ",W=" (key 'S' or 'W') in the base; false if there is none that is followed by
 * the end, ',' or ':'. */
bool maildir_name_size(struct bytes name, char key, uint64_t *value);
/* Append the name with these flags and keywords instead of its own. false: it does not fit, out is rubbish.
 */
bool maildir_name_with_flags(struct strbuf *out, struct bytes name, uint32_t flags, uint32_t keywords);
/* Is it what maildir_name_with_flags makes of its base, flags and keywords? */
bool maildir_name_is_usual(struct bytes name);
/* May this directory entry be a message? Not if it starts with '.' or ':', or holds CR or LF. */
bool maildir_name_is_message(const char *name);
/* Order in which messages new to us get their UIDs: seconds, then microseconds (M) if both have them; then, where this is
 * equal, the bytes of the bases. */
struct maildir_name_time {
    uint64_t seconds, micro;
    bool has_micro;
};
struct maildir_name_time maildir_name_time(struct bytes base);
int maildir_name_time_order(const struct maildir_name_time *a, const struct maildir_name_time *b);
/* Append a fresh unique name <sec>.M<usec>P<pid>.<host>; strictly increasing within a process. */
void maildir_name_new(struct strbuf *out);
/* Append this machine's name as it may stand in file names ('/' and ':' replaced). */
void maildir_name_host(struct strbuf *out);

/* Rename that replaces nothing, where the file system can. 0 or -1 with errno. */
int maildir_rename(int from_fd, const char *from, int to_fd, const char *to);

#endif
