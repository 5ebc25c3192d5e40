/*
 * log.c - four doors for one line, and the three ways that it can leave a process: standard error, a datagram
 * to the master, or the master's sink. It works on a fixed buffer and asks for no memory, so that running out
 * can be logged too.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    const char *program;
    int fd; /* of the child's datagram socket, -1: none */
    enum log_level level;
    unsigned long lost;
    void (*writer)(enum log_level level, const char *line);
} state = {.program = "posthouse", .fd = -1, .level = LOG_L_INFO};

void log_init_stderr(const char *program)
{
    state.program = program;
    state.fd = -1;
}

void log_init_child(const char *program, int fd)
{
    state.program = program;
    state.fd = fd;
}

void log_set_level(enum log_level most_verbose)
{
    state.level = most_verbose;
}

void log_set_writer(void (*fn)(enum log_level level, const char *line))
{
    state.writer = fn;
}

static void write_stderr(enum log_level level, const char *line)
{
    static const char *const words[] = {"error: ", "warning: ", "", "debug: "};
    char out[LOG_LINE_MAX + 100];
    int n = snprintf(out, sizeof(out), "%s: %s%s\n", state.program, words[level], line);
    ssize_t ignored = write(STDERR_FILENO, out, (size_t)n < sizeof(out) ? (size_t)n : sizeof(out) - 1);
    (void)ignored;
}

static bool send_line(enum log_level level, const char *line)
{
    char out[LOG_LINE_MAX + 100];
    int n = snprintf(out, sizeof(out), "%d %s: %s", (int)level, state.program, line);
    size_t len = (size_t)n < sizeof(out) ? (size_t)n : sizeof(out) - 1;
    ssize_t sent;
    do
        sent = send(state.fd, out, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

static void send_child(enum log_level level, const char *line)
{
    if (state.lost) {
        char note[80];
        snprintf(note, sizeof(note), "%lu log lines were lost before this one", state.lost);
        if (!send_line(LOG_L_WARN, note)) {
            state.lost++;
            return;
        }
        state.lost = 0;
    }
    if (!send_line(level, line))
        state.lost++;
}

static void log_line(enum log_level level, const char *fmt, va_list ap)
{
    char line[LOG_LINE_MAX + 1];
    if (level > state.level)
        return;
    int saved = errno;
    int n = vsnprintf(line, sizeof(line), fmt, ap);
    if (n < 0)
        snprintf(line, sizeof(line), "(a log line that could not be formatted: %s)", fmt);
    else if ((size_t)n >= sizeof(line))
        memcpy(line + sizeof(line) - 4, "...", 4);
    if (state.writer)
        state.writer(level, line);
    else if (state.fd >= 0)
        send_child(level, line);
    else
        write_stderr(level, line);
    errno = saved;
}

#define LOG_DOOR(name, level)                                                                                \
    void name(const char *fmt, ...)                                                                          \
    {                                                                                                        \
        va_list ap;                                                                                          \
        va_start(ap, fmt);                                                                                   \
        log_line(level, fmt, ap);                                                                            \
        va_end(ap);                                                                                          \
    }

LOG_DOOR(log_error, LOG_L_ERROR)
LOG_DOOR(log_warn, LOG_L_WARN)
LOG_DOOR(log_info, LOG_L_INFO)
LOG_DOOR(log_debug, LOG_L_DEBUG)

void log_fatal(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    log_line(LOG_L_ERROR, fmt, ap);
    va_end(ap);
    exit(1);
}

#ifdef WITH_SANITIZERS
/* A process that changed its uid cannot read the options in its environment: what would be a crash has to look like one. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "abort_on_error=1";
}
#endif
