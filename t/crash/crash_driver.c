/*
 * crash_driver.c - the program under the sweep: one operation of the library on a prepared Maildir, acknowledged on
 * descriptor 3 when the library said that it is done.
 *
 *   crash_driver ROOT OPERATION   do it once. The lines "begin" and "end" fence the system calls that are swept.
 *   crash_driver ROOT recover OPERATION
 *                                 after a crash: do it again, then tell what every folder holds
 *   crash_driver ROOT stubborn OPERATION
 *                                 if it fails, do it once more in the same session: it has to be done then
 *
 * Lines: "have FOLDER VALIDITY UID ID" a message is there with its UID (0: none told); "gone FOLDER UID"; "flags FOLDER UID
 * LETTERS+KEYWORD..."; "folder NAME", "nofolder NAME"; "open FOLDER VALIDITY UIDNEXT"; "renewed FOLDER
 * VALIDITY"; "subscribed NAME", "unsubscribed NAME"; "failed TEXT"; "leak BEFORE AFTER".
 * Exit status: 0 done, 1 the library reported an error.
 */
#include "t/crash/crash_driver.h"

#include "base/cleanup.h"

#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOCK_PATIENCE 10 /* seconds after which a lock that is left over is said to block */

void say(const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line - 1, fmt, ap);
    va_end(ap);
    line[n] = '\n';
    if (write(ACK_FD, line, (size_t)n + 1) != n + 1)
        _exit(70);
}

char *letter_text(const char *id, size_t *n)
{
    char *text = NULL;
    const char *lines = strrchr(id, '-');
    FILE *f = open_memstream(&text, n);
    fprintf(f, "X-Crash: %s\nSubject: %s\n\n", id, id);
    for (int i = 0; i < (lines ? atoi(lines + 1) : 0); i++)
        fprintf(f, "%s line %05d of this letter\n", id, i);
    fprintf(f, "END %s\n", id);
    fclose(f);
    return text;
}

const char *letter_id(int i)
{
    static const char *const ids[LETTERS] = {"made1-20", "made2-2500", "made3-200"};
    return ids[i];
}

static void make_letters(struct run *run)
{
    for (int i = 0; i < LETTERS; i++) {
        size_t n;
        AUTO_FREE char *text = letter_text(letter_id(i), &n);
        run->letters[i].fd = memfd_create("letter", MFD_CLOEXEC);
        run->letters[i].size = n;
        if (write(run->letters[i].fd, text, n) != (ssize_t)n)
            _exit(70);
    }
}

static int count_descriptors(void)
{
    int n = 0;
    AUTO_CLOSEDIR DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        n++;
    return n;
}

static int act(struct run *run, const char *root, const struct operation *op, struct err *e)
{
    struct mail_store_options options = {.root = root, .quota_bytes = op->quota};
    if (mail_store_open(&run->store, &options, e) &&
        (!run->stubborn || mail_store_open(&run->store, &options, e)))
        return -1;
    int r = op->act(run, op->argument, e);
    if (r && run->stubborn)
        r = op->act(run, op->argument, e);
    if (!r && run->retry)
        r = look(run, e);
    mail_store_close(run->store);
    return r;
}

/* The words between ROOT and OPERATION. */
static bool read_mode(struct run *run, int argc, char **argv)
{
    run->retry = argc == 4 && !strcmp(argv[2], "recover");
    run->stubborn = argc == 4 && !strcmp(argv[2], "stubborn");
    return argc == 3 || run->retry || run->stubborn;
}

int main(int argc, char **argv)
{
    struct run run = {.retry = false};
    const struct operation *op = read_mode(&run, argc, argv) ? operation_find(argv[argc - 1]) : NULL;
    struct err e;
    if (!op) {
        fprintf(stderr, "usage: crash_driver ROOT [recover|stubborn] OPERATION\n");
        return 64;
    }
    if (run.retry)
        alarm(LOCK_PATIENCE);
    make_letters(&run);
    int before = count_descriptors();
    say("begin");
    int r = act(&run, argv[1], op, &e);
    say("end");
    int after = count_descriptors();
    if (after != before)
        say("leak %d %d", before, after);
    if (r)
        say("failed %s: %s", err_word(e.code), e.text);
    return r ? 1 : 0;
}
