/*
 * posthouse_main.c - `posthouse VERB ...`: the operator's one command. A verb is a program of its own,
 * posthouse-VERB among the other programs, which this one executes, or posthouse-VERB-ctl where a daemon has the
 * name; it knows nothing but names. Only `check` and `help` are done here.
 *
 * POSTHOUSE_SBINDIR and POSTHOUSE_LIBEXECDIR say where the masters and the programs are, if not where they
 * were installed.
 */
#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define VERB_MAX       40
#define COMPLAINTS_MAX (1 << 20)

enum { EXIT_MISUSED = 100, EXIT_SYSTEM = 111 };

static const char *directory(const char *variable, const char *fallback)
{
    const char *value = getenv(variable);
    return value && *value ? value : fallback;
}

static int help(FILE *out, int status)
{
    fprintf(out, "usage: posthouse VERB [argument ...]\n"
                 "  check [-c FILE]  check the configuration; complaints go to standard output\n"
                 "  help             this\n"
                 "Any other verb runs posthouse-VERB, see its manual page.\n");
    return status;
}

/* ---- check ---- */

static void run_master(const char *name, const char *conf, int output)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/posthouse-%s", directory("POSTHOUSE_SBINDIR", SBINDIR), name);
    char *argv[] = {path, (char *)"-t", conf ? (char *)"-c" : NULL, (char *)conf, NULL};
    if (dup2(output, STDERR_FILENO) < 0)
        _exit(EXIT_SYSTEM);
    execv(path, argv);
    fprintf(stderr, "posthouse: error: cannot execute %s: %s\n", path, strerror(errno));
    _exit(EXIT_SYSTEM);
}

static void read_all(int fd, struct strbuf *text)
{
    char block[4096];
    ssize_t n;
    while ((n = read(fd, block, sizeof(block))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            strbuf_add(text, block, (size_t)n);
}

/* What a master says about the file, appended. Its exit status, or -1. */
static int ask_master(const char *name, const char *conf, struct strbuf *text)
{
    int pair[2], status;
    if (pipe2(pair, O_CLOEXEC) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        run_master(name, conf, pair[1]);
    close(pair[1]);
    if (pid > 0)
        read_all(pair[0], text);
    close(pair[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

/* "authd: error: FILE:3: ..." without what stands before the file: the top level is checked by all three. Of a warning the
 * word stays. */
static struct bytes complaint_of(struct bytes line)
{
    static const struct {
        const char *mark;
        size_t skip;
    } marks[] = {{"error: ", 7}, {"warning: ", 0}};
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        const char *p = memmem(line.p, line.n, marks[i].mark, strlen(marks[i].mark));
        if (p)
            return bytes_skip(line, (size_t)(p - line.p) + marks[i].skip);
    }
    return line;
}

static bool said_before(const struct strbuf *said, struct bytes complaint)
{
    struct bytes rest = strbuf_bytes(said);
    while (rest.p)
        if (bytes_eq(bytes_split(&rest, '\n'), complaint))
            return true;
    return false;
}

static void print_complaints(struct bytes text, struct strbuf *said)
{
    static const char summary[] = "is not usable, see above";
    while (text.p && text.n > 0) {
        struct bytes complaint = complaint_of(bytes_split(&text, '\n'));
        if (memmem(complaint.p, complaint.n, summary, strlen(summary)) || said_before(said, complaint))
            continue;
        printf(BYTES_FMT "\n", BYTES_ARG(complaint));
        strbuf_addb(said, complaint);
        strbuf_addc(said, '\n');
    }
}

static int check(int argc, char **argv)
{
    static const char *const masters[] = {"authd", "relayd", "accessd"};
    AUTO_STRBUF struct strbuf said = STRBUF_INIT(COMPLAINTS_MAX);
    const char *conf = NULL;
    bool fine = true;
    for (int c; (c = getopt(argc, argv, "c:")) != -1;) {
        if (c != 'c')
            return help(stderr, EXIT_MISUSED);
        conf = optarg;
    }
    if (optind != argc)
        return help(stderr, EXIT_MISUSED);
    for (size_t i = 0; i < ARRAY_LEN(masters); i++) {
        AUTO_STRBUF struct strbuf text = STRBUF_INIT(COMPLAINTS_MAX);
        int status = ask_master(masters[i], conf, &text);
        print_complaints(strbuf_bytes(&text), &said);
        if (status != 0 && text.len == 0)
            printf("posthouse-%s -t failed without a word\n", masters[i]);
        fine = fine && status == 0;
    }
    if (fine)
        printf("configuration is fine\n");
    return fine ? 0 : 1;
}

/* ---- verbs ---- */

static bool is_verb(const char *word)
{
    size_t n = strlen(word);
    return n > 0 && n <= VERB_MAX && strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
           *word != '-';
}

static int execute(char **argv)
{
    char path[4096];
    if (!is_verb(argv[0]))
        return help(stderr, EXIT_MISUSED);
    const char *programs = directory("POSTHOUSE_LIBEXECDIR", PKGLIBEXECDIR);
    snprintf(path, sizeof(path), "%s/posthouse-%s-ctl", programs, argv[0]);
    if (access(path, X_OK) != 0)
        snprintf(path, sizeof(path), "%s/posthouse-%s", programs, argv[0]);
    execv(path, argv);
    if (errno == ENOENT)
        fprintf(stderr, "posthouse: there is no verb %s; `posthouse help` tells what there is\n", argv[0]);
    else
        fprintf(stderr, "posthouse: cannot execute %s: %s\n", path, strerror(errno));
    return errno == ENOENT ? EXIT_MISUSED : EXIT_SYSTEM;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr, EXIT_MISUSED);
    if (strcmp(argv[1], "help") == 0)
        return help(stdout, 0);
    if (strcmp(argv[1], "check") == 0)
        return check(argc - 1, argv + 1);
    return execute(argv + 1);
}
