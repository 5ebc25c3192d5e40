/*
 * session_status.c - see session_status.h. The file is written when a session falls silent and when it is heard again, not for each
 * command: a system call for each pause.
 */
#include "access/session_status.h"

#include "base/log.h"
#include "base/strbuf.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int fd = -1;
static time_t begun, heard;
static bool idle;

static void tell(const char *folder)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(SESSION_STATUS_MAX);
    strbuf_addf(&text, "%s %lld %s\n", idle ? "idle" : "busy", (long long)heard, folder ? folder : "-");
    if (fd < 0 || text.overflow || pwrite(fd, text.data, text.len, 0) < 0 || ftruncate(fd, (off_t)text.len))
        return; /* then nothing is known of it */
}

void session_status_begin(void)
{
    begun = heard = time(NULL);
    fd = memfd_create(SESSION_STATUS_NAME, MFD_CLOEXEC);
    tell(NULL);
}

void session_status_heard(void)
{
    heard = time(NULL);
    if (idle && fd >= 0 && pwrite(fd, "busy", 4, 0) < 0)
        return;
    idle = false;
}

void session_status_idle(const char *folder)
{
    idle = true;
    tell(folder);
}

void session_status_end(const struct session_options *o, uint64_t in, uint64_t out,
                        const struct session_did *did, const char *why)
{
    log_info("logout user=%s service=%s remote=%s tls=%s seconds=%lld in=%llu out=%llu sent=%llu stored=%llu "
             "removed=%llu why=\"%s\"",
             o->user, o->service, o->remote, o->secure ? "yes" : "no", (long long)(time(NULL) - begun),
             (unsigned long long)in, (unsigned long long)out, (unsigned long long)did->sent,
             (unsigned long long)did->stored, (unsigned long long)did->removed, why);
}
