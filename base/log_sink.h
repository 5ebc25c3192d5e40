/*
 * log_sink.h - where a master's log lines go, its own and its children's.
 *
 * A line on standard error and in files reads `2026-11-23T05:17:00.123Z host smtp[4711]: text`; errors and
 * warnings carry the word. Each child has a socket of its own to write to: none can shut, fill or read
 * another's. The kernel stamps every line with pid and uid; what the child calls itself is only a word. A
 * line from a uid that is not one of ours ends in " (uid N)".
 */
#ifndef BASE_LOG_SINK_H
#define BASE_LOG_SINK_H

#include "base/err.h"
#include "base/log.h"

#include <sys/types.h>

struct log_sink;

/* where: "stderr", "syslog" or "file:/path" (appended to, made with mode 0640). program names this process.
 * NULL with e. */
struct log_sink *log_sink_open(const char *where, const char *program, struct err *e);
/* On a reload: write there from now on. -1: it goes on as it was. */
int log_sink_move(struct log_sink *sink, const char *where, struct err *e);
/* Open the file again (SIGUSR1). A file that was moved or deleted is noticed anyway, within a second. */
int log_sink_reopen(struct log_sink *sink, struct err *e);
void log_sink_free(struct log_sink *sink);

/* Let log_error and friends of this process write here (log_set_writer). There is one sink in a process. */
void log_sink_use(struct log_sink *sink);
/* The uids that are ours, besides this process's own. */
void log_sink_own_uids(struct log_sink *sink, const uid_t *uids, size_t n);

/* A new descriptor for one child to write to, which closes it (close-on-exec here) after starting the child.
 * -1 with errno. */
int log_sink_child(struct log_sink *sink);
/* Readable when lines are waiting: watch it, and call log_sink_receive. */
int log_sink_fd(const struct log_sink *sink);
/* Write out what is waiting; a child that floods us is left for the next call. */
void log_sink_receive(struct log_sink *sink);

#endif
