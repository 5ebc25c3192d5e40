/*
 * crash_log.h - the log that crash_fs writes and crash_power.py reads: one line for each change of the disk and each sync,
 * in the order in which they were answered.
 *
 *   create DIR INODE NAME       mkdir DIR INODE NAME      link DIR INODE NAME
 *   unlink DIR NAME             rmdir DIR NAME            rename DIR NAME DIR NAME
 *   write INODE OFFSET LENGTH   (the octets follow the line)
 *   truncate INODE SIZE         times INODE SECONDS
 *   sync INODE                  syncdir INODE
 *
 * DIR and INODE are inode numbers of the backing file system. Names are written with %XX for what is not printable, for ' ' and
 * '%'.
 */
#ifndef T_CRASH_LOG_H
#define T_CRASH_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int crash_log_open(const char *path); /* 0 or -1 with errno */
void log_entry(const char *verb, ino_t dir, ino_t inode, const char *name);
void log_removal(const char *verb, ino_t dir, const char *name);
void log_rename(ino_t dir, const char *name, ino_t to_dir, const char *to_name);
void log_write(ino_t inode, off_t offset, const void *p, size_t n);
void log_number(const char *verb, ino_t inode, int64_t number);
void log_sync(const char *verb, ino_t inode);

#endif
