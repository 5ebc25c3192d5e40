/*
 * queue_place.c - memfds and scratch files. See queue_place.h.
 */
#include "relay/queue_place.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define CHUNK 65536

static uint64_t memory_in_use;

void place_close(struct place *p)
{
    if (p->fd < 0)
        return;
    close(p->fd);
    if (p->memory)
        memory_in_use -= PLACE_MEMORY;
    *p = (struct place){.fd = -1};
}

static int open_file(struct place *p, struct store *store, uint64_t limit, struct err *e)
{
    int fd = store_scratch(store, e);
    if (fd < 0)
        return -1;
    *p = (struct place){.fd = fd, .cap = limit};
    return 0;
}

static int open_memory(struct place *p, struct err *e)
{
    AUTO_CLOSE int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || fchmod(fd, 0600) || ftruncate(fd, PLACE_MEMORY) ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK))
        return err_errno(e, errno, "no memory for a message");
    *p = (struct place){.fd = TAKE_FD(fd), .memory = true, .cap = PLACE_MEMORY};
    memory_in_use += PLACE_MEMORY;
    return 0;
}

int place_open(struct place *p, struct store *store, uint64_t limit, struct err *e)
{
    if (memory_in_use + PLACE_MEMORY > PLACE_MEMORY_ALL || open_memory(p, e))
        return open_file(p, store, limit, e);
    return 0;
}

int place_copy(int to, int from, uint64_t offset, uint64_t size)
{
    AUTO_FREE char *buf = xcalloc(1, CHUNK);
    for (uint64_t at = 0; at < size;) {
        ssize_t n = fs_pread_all(from, buf, size - at < CHUNK ? size - at : CHUNK, (off_t)(offset + at));
        if (n <= 0 || fs_write_all(to, buf, (size_t)n))
            return -1;
        at += (uint64_t)n;
    }
    return 0;
}

int place_grow(struct place *p, struct store *store, uint64_t size, uint64_t limit, struct err *e)
{
    struct place file;
    if (p->fd < 0 || !p->memory || size > p->cap)
        return err_set(e, ERR_LIMIT, "the message has no room left");
    if (open_file(&file, store, limit, e))
        return -1;
    if (place_copy(file.fd, p->fd, 0, size)) {
        err_errno(e, errno, "cannot write a spool file");
        place_close(&file);
        return -1;
    }
    place_close(p);
    *p = file;
    return 0;
}

void place_release(uint64_t memory)
{
    memory_in_use -= memory;
}

int place_finish(struct place *p, struct store *store, uint64_t size, uint64_t *memory, struct err *e)
{
    struct stat st;
    if (p->fd < 0 || size > p->cap || fstat(p->fd, &st) || (uint64_t)st.st_size < size)
        return err_set(e, ERR_INVALID, "the message is shorter than its writer says");
    if (p->memory && fcntl(p->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL))
        return err_errno(e, errno, "the message is still being written");
    int fd = store_reopen(store, p->fd);
    if (fd < 0)
        return err_errno(e, errno, "cannot open the message for reading");
    *memory = p->memory ? PLACE_MEMORY : 0; /* its pages live on behind the read-only descriptor */
    memory_in_use += *memory;
    place_close(p);
    return fd;
}
