/*
 * census_take.c - a process takes the memory that its master made (census_master.h). Apart from the master's side, which not every program links.
 */
#include "base/census_master.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdlib.h>

struct census *census_take(struct msg_in *in)
{
    uint32_t number = msg_get_u32(in), n = msg_get_u32(in);
    if (n > CENSUS_PROCESSES_MAX)
        return NULL;
    AUTO_FREE uint32_t *living = xcalloc(n + 1, sizeof(*living));
    for (uint32_t i = 0; i < n; i++)
        living[i] = msg_get_u32(in);
    AUTO_CLOSE int fd = msg_get_fd(in);
    struct census *census = msg_end(in) && fd >= 0 ? census_open(fd, number) : NULL;
    if (census)
        census_tidy(census, living, n, number);
    return census;
}
