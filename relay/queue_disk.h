/*
 * queue_disk.h - writing and syncing away from the loop: a few threads, whose syncs share what the disk does.
 */
#ifndef RELAY_QUEUE_DISK_H
#define RELAY_QUEUE_DISK_H

#include "base/event.h"

#define DISK_THREADS 8

struct disk;

/* Embedded by its owner, who keeps everything that run touches alive and alone until done. */
struct disk_job {
    void (*run)(struct disk_job *job);  /* in a thread: must not log, nor touch what the loop has */
    void (*done)(struct disk_job *job); /* in the loop, never from inside disk_start */
    struct disk_job *next;
};

struct disk *disk_new(struct loop *loop);
void disk_start(struct disk *d, struct disk_job *job);

#endif
