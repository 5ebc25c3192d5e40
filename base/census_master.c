/*
 * census_master.c - see census_master.h. Root hands the memory on and never looks into it.
 */
#include "base/census_master.h"

#include "base/census.h"
#include "base/cleanup.h"
#include "base/log.h"

static struct process {
    struct chan *control;
    uint32_t number;
} * processes;
static size_t nprocesses;
static uint32_t last_number;

/* A channel that is gone may have left its address to the new one. */
static void forget_gone(const struct master *m, const struct chan *fresh)
{
    size_t left = 0;
    for (size_t i = 0; i < nprocesses; i++)
        if (processes[i].control != fresh && master_has_channel(m, processes[i].control))
            processes[left++] = processes[i];
    nprocesses = left;
}

static void add(struct chan *control)
{
    processes = xrealloc(processes, nprocesses + 1, sizeof(*processes));
    processes[nprocesses++] = (struct process){control, ++last_number};
}

void census_send(struct master *m, struct chan *to, uint16_t type)
{
    static int fd = -1;
    if (fd < 0)
        fd = census_make();
    if (fd < 0)
        log_fatal("no memory for counting connections: %m");
    forget_gone(m, to);
    AUTO_MSG struct msg msg;
    msg_init(&msg, type);
    msg_put_u32(&msg, last_number + 1);
    msg_put_u32(&msg, (uint32_t)nprocesses);
    for (size_t i = 0; i < nprocesses; i++)
        msg_put_u32(&msg, processes[i].number);
    msg_put_fd(&msg, fd);
    chan_send(to, &msg);
    add(to);
}
