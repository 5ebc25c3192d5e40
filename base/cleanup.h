/*
 * cleanup.h - let scope end lifetimes.
 *
 * A local marked with one of these is released on every way out of its block:
 *     AUTO_CLOSE int fd = -1;      AUTO_FREE char *path = NULL;
 * Give a value away with TAKE_PTR() or TAKE_FD(): they return it and leave NULL or -1 behind.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
    free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
    if (*f)
        fclose(*f);
}

static inline void cleanup_closedir(DIR **d)
{
    if (*d)
        closedir(*d);
}

#define AUTO_FREE     __attribute__((cleanup(cleanup_free)))
#define AUTO_CLOSE    __attribute__((cleanup(cleanup_close)))
#define AUTO_FCLOSE   __attribute__((cleanup(cleanup_fclose)))
#define AUTO_CLOSEDIR __attribute__((cleanup(cleanup_closedir)))

/* Move a pointer or a descriptor out of its variable. */
#define TAKE_PTR(p)                                                                                          \
    ({                                                                                                       \
        __auto_type take_value_ = (p);                                                                       \
        (p) = NULL;                                                                                          \
        take_value_;                                                                                         \
    })
#define TAKE_FD(fd)                                                                                          \
    ({                                                                                                       \
        int take_value_ = (fd);                                                                              \
        (fd) = -1;                                                                                           \
        take_value_;                                                                                         \
    })

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
