/*
 * crash_log.c - see crash_log.h.
 */
#include "t/crash/crash_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define NAME_ROOM (3 * 255 + 1)

static int log_fd = -1;

int crash_log_open(const char *path)
{
    log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return log_fd < 0 ? -1 : 0;
}

/* A record that is not written would be a change that never gets lost: the tests would prove nothing. */
static void put(const char *line, int n, const void *data, size_t data_n)
{
    struct iovec parts[2] = {{(void *)line, (size_t)n}, {(void *)data, data_n}};
    if (writev(log_fd, parts, data_n ? 2 : 1) == n + (ssize_t)data_n)
        return;
    perror("crash_fs: writing the log");
    abort();
}

static const char *encode(const char *name, char out[NAME_ROOM])
{
    char *to = out;
    for (size_t i = 0; name[i] && i < 255; i++)
        if (name[i] > ' ' && name[i] < 0x7f && name[i] != '%')
            *to++ = name[i];
        else
            to += sprintf(to, "%%%02X", (unsigned char)name[i]);
    *to = '\0';
    return out;
}

void log_entry(const char *verb, ino_t dir, ino_t inode, const char *name)
{
    char line[NAME_ROOM + 100], text[NAME_ROOM];
    put(line, sprintf(line, "%s %lu %lu %s\n", verb, dir, inode, encode(name, text)), NULL, 0);
}

void log_removal(const char *verb, ino_t dir, const char *name)
{
    char line[NAME_ROOM + 100], text[NAME_ROOM];
    put(line, sprintf(line, "%s %lu %s\n", verb, dir, encode(name, text)), NULL, 0);
}

void log_rename(ino_t dir, const char *name, ino_t to_dir, const char *to_name)
{
    char line[2 * NAME_ROOM + 100], text[NAME_ROOM], to_text[NAME_ROOM];
    int n =
        sprintf(line, "rename %lu %s %lu %s\n", dir, encode(name, text), to_dir, encode(to_name, to_text));
    put(line, n, NULL, 0);
}

void log_write(ino_t inode, off_t offset, const void *p, size_t n)
{
    char line[100];
    put(line, sprintf(line, "write %lu %lld %zu\n", inode, (long long)offset, n), p, n);
}

void log_number(const char *verb, ino_t inode, int64_t number)
{
    char line[100];
    put(line, sprintf(line, "%s %lu %lld\n", verb, inode, (long long)number), NULL, 0);
}

void log_sync(const char *verb, ino_t inode)
{
    char line[100];
    put(line, sprintf(line, "%s %lu\n", verb, inode), NULL, 0);
}
