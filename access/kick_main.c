/*
 * kick_main.c - posthouse-kick, run by `posthouse kick`: ends sessions as a shutdown would. See who_list.h.
 */
#include "access/who_list.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_NONE = 1, EXIT_MISUSED = 100 };

static int usage(void)
{
    fprintf(
        stderr,
        "usage: posthouse kick [-c FILE] USER|PID ...\n"
        "A client that is still allowed to log in will do so again: `posthouse user disable` comes first.\n");
    return EXIT_MISUSED;
}

static bool is_meant(const struct who *w, const char *word)
{
    uint64_t pid;
    if (bytes_to_u64(bytes_of(word), INT32_MAX, &pid) && (pid_t)pid == w->pid)
        return true;
    return strcmp(w->user, word) == 0;
}

/* How many were asked to end. */
static size_t kick(const struct who_list *list, const char *word)
{
    struct err e;
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct who *w = &list->items[i];
        if (!is_meant(w, word))
            continue;
        if (who_end(w, &e))
            log_fatal("%s", e.text);
        printf("%s session of %s from %s is asked to end (process %d)\n", w->service, w->user, w->remote,
               (int)w->pid);
        n++;
    }
    if (!n)
        log_warn("%s: there is no such session; `posthouse who` lists them", word);
    return n;
}

int main(int argc, char **argv)
{
    const char *conf = SYSCONFDIR "/posthouse.conf";
    struct who_list list;
    struct err e;
    bool all = true;
    log_init_stderr("kick");
    for (int c; (c = getopt(argc, argv, "c:")) != -1;) {
        if (c != 'c')
            return usage();
        conf = optarg;
    }
    if (optind == argc)
        return usage();
    if (who_list_read(&list, conf, &e))
        log_fatal("%s", e.text);
    for (int i = optind; i < argc; i++)
        all &= kick(&list, argv[i]) > 0;
    who_list_done(&list);
    return all ? 0 : EXIT_NONE;
}
