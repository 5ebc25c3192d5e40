/*
 * auth_app.c - see auth_app.h.
 *
 * Last uses stand in a file of lines of one length, "id seconds", each written over in place; who reads it meanwhile sees the old or the
 * new seconds. Ids of passwords that are gone stay until the file is removed.
 */
#include "auth/auth_app.h"

#include "auth/app_file.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum { USES_MAX = 1000000, NOTE_EVERY = 60 /* seconds */ };

struct use {
    char id[APP_ID_LEN + 1];
    uint64_t last;
};

static struct app_file *current;
static struct use *uses; /* in the order of the file */
static size_t nuses;
static int used_fd = -1;
static enum main_password main_password;

static void complain(void *arg, size_t line, const char *text)
{
    log_warn("%s:%zu: %s", (const char *)arg, line, text);
}

static bool read_all(int fd, struct strbuf *text)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size > (off_t)text->max)
        return false;
    char *room = st.st_size ? strbuf_room(text, (size_t)st.st_size) : NULL;
    ssize_t n = room ? fs_pread_all(fd, room, (size_t)st.st_size, 0) : 0;
    if (n > 0)
        strbuf_extend(text, (size_t)n);
    return n >= 0;
}

void app_load(int fd, const char *name)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(APP_FILE_MAX);
    if (fd >= 0 && !read_all(fd, &text)) {
        log_error("%s cannot be read: %m; application passwords stay as they were", name);
        return;
    }
    app_file_free(current);
    current = app_file_parse(strbuf_bytes(&text), complain, (void *)name);
}

static void add_use(const char *id, uint64_t last)
{
    uses = xgrow(uses, nuses, sizeof(*uses));
    uses[nuses].last = last;
    memcpy(uses[nuses].id, id, APP_ID_LEN);
    uses[nuses++].id[APP_ID_LEN] = '\0';
}

void app_take_used(int fd)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT((size_t)USES_MAX * APP_USED_LINE);
    cleanup_close(&used_fd);
    used_fd = fd;
    free(TAKE_PTR(uses));
    nuses = 0;
    if (!read_all(fd, &text))
        log_error("the file of last uses cannot be read: %m");
    for (size_t at = 0; at + APP_USED_LINE <= text.len; at += APP_USED_LINE) {
        uint64_t last = 0;
        bytes_to_u64(bytes_from(text.data + at + APP_ID_LEN + 1, 12), INT64_MAX, &last);
        add_use(text.data + at, last);
    }
}

void app_configure(enum main_password main)
{
    main_password = main;
}

static void note_use(const struct app_entry *entry)
{
    char line[APP_USED_LINE + 1];
    uint64_t now = (uint64_t)time(NULL);
    size_t i = 0;
    while (i < nuses && strcmp(uses[i].id, entry->id) != 0)
        i++;
    if (used_fd < 0 || i == USES_MAX || (i < nuses && uses[i].last + NOTE_EVERY > now))
        return;
    if (i == nuses)
        add_use(entry->id, now);
    uses[i].last = now;
    int n = snprintf(line, sizeof(line), "%s %012llu\n", entry->id, (unsigned long long)now);
    if (n != APP_USED_LINE ||
        pwrite(used_fd, line, APP_USED_LINE, (off_t)(i * APP_USED_LINE)) != APP_USED_LINE)
        log_error("the last use of an application password cannot be noted: %m");
}

const char *app_use(const char *user, const char *service, const char *password)
{
    const struct app_entry *entry = app_file_find(current, user, service, password);
    if (entry)
        note_use(entry);
    return entry ? entry->label : NULL;
}

bool app_main_barred(const char *user)
{
    return main_password == MAIN_NO || (main_password == MAIN_UNLESS_APP && app_file_has(current, user));
}
