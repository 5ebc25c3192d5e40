/*
 * who_main.c - posthouse-who, run by `posthouse who`: who is logged in, from where, and what they do. See who_list.h.
 */
#include "access/who_list.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { EXIT_MISUSED = 100, EXIT_SYSTEM = 111 };

static int usage(void)
{
    fprintf(stderr, "usage: posthouse who [-c FILE] [--json] [USER]\n");
    return EXIT_MISUSED;
}

/* "45s", "12m", "3h", "2d" */
static void age(char *out, size_t size, int64_t seconds)
{
    static const struct {
        int64_t from, unit;
        char letter;
    } units[] = {{172800, 86400, 'd'}, {7200, 3600, 'h'}, {120, 60, 'm'}, {INT64_MIN, 1, 's'}};
    size_t i = 0;
    while (seconds < units[i].from)
        i++;
    snprintf(out, size, "%lld%c", (long long)(seconds / units[i].unit), units[i].letter);
}

static void print_line(const struct who *w, int64_t now)
{
    char since[24], idle[24] = "-";
    age(since, sizeof since, now - w->since);
    if (w->known && w->idle)
        age(idle, sizeof idle, now - w->heard);
    text_print(stdout, w->user);
    printf("\t%s\t", w->service);
    text_print(stdout, w->remote);
    printf("\t%s\t%s\t%s\t%d\t", w->tls ? "tls" : "clear", since, idle, (int)w->pid);
    text_print(stdout, w->folder ? w->folder : "-");
    putchar('\n');
}

static void json_text(const char *name, const char *value)
{
    printf(", \"%s\": ", name);
    if (value)
        text_print_json(stdout, value);
    else
        printf("null");
}

static void print_json(const struct who *w, bool first)
{
    printf("%s{\"pid\": %d, \"uid\": %d", first ? "" : ",\n ", (int)w->pid, (int)w->uid);
    json_text("user", w->user);
    json_text("service", w->service);
    json_text("remote", w->remote);
    printf(", \"tls\": %s, \"since\": %lld", w->tls ? "true" : "false", (long long)w->since);
    if (w->known && w->idle)
        printf(", \"idle_since\": %lld", (long long)w->heard);
    json_text("folder", w->folder);
    printf("}");
}

static void print_all(const struct who_list *list, const char *user, bool json)
{
    size_t n = 0;
    fputs(json ? "[" : "user\tservice\taddress\ttls\tfor\tidle\tpid\tfolder\n", stdout);
    for (size_t i = 0; i < list->n; i++) {
        if (user && strcmp(user, list->items[i].user) != 0)
            continue;
        if (json)
            print_json(&list->items[i], n == 0);
        else
            print_line(&list->items[i], time(NULL));
        n++;
    }
    if (json)
        printf("]\n");
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
    const char *conf = SYSCONFDIR "/posthouse.conf";
    struct who_list list;
    struct err e;
    bool json = false;
    log_init_stderr("who");
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        if (c == 'j')
            json = true;
        else if (c == 'c')
            conf = optarg;
        else
            return usage();
    }
    if (argc - optind > 1)
        return usage();
    if (who_list_read(&list, conf, &e))
        log_fatal("%s", e.text);
    print_all(&list, argv[optind], json);
    who_list_done(&list);
    return fflush(stdout) ? EXIT_SYSTEM : 0;
}
