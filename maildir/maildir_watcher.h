/*
 * maildir_watcher.h - the records between a session and the watcher process of its uid (posthouse-watch).
 *
 * The kernel grants a uid some 128 inotify instances, and virtual users may share one uid: then the watcher has the only one, and
 * sessions hand it the descriptors of the directories that they look at. Over a seqpacket pair, so that each side sees the other's end:
 *
 * session -> watcher
 *   WATCHER_ADD   id u32, fds new/, cur/ (opened for reading, O_PATH is refused): watch this folder
 *   WATCHER_DROP  id u32: no longer
 * watcher -> session
 *   one octet: something has happened in one of your folders (look at them). A socket that is full says so already.
 * accessd -> watcher, on descriptor 0
 *   WATCHER_SESSION  fd: the watcher's end of a new session's pair. When accessd is gone, the watcher ends with the last session.
 */
#ifndef MAILDIR_MAILDIR_WATCHER_H
#define MAILDIR_MAILDIR_WATCHER_H

#include <stdbool.h>
#include <stdint.h>

enum watcher_msg { WATCHER_ADD = 1, WATCHER_DROP, WATCHER_SESSION };

#define WATCHER_FOLDERS_MAX 5000 /* of one session */

/* The session's side; fd is its end of the pair. 0, or -1 when the watcher is gone. */
int watcher_add(int fd, uint32_t id, int new_fd, int cur_fd);
int watcher_drop(int fd, uint32_t id);
/* Take what it has said: 1 if it had said something, else 0; -1 when it is gone. */
int watcher_drain(int fd);

#endif
