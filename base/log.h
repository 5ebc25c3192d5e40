/*
 * log.h - one line for the operator, from any process.
 *
 * A master writes to its sink (standard error, a file, syslog; log_sink.h). Its children, chrooted or
 * running as a user, hold one end of a datagram socket instead, and the master stamps the pid and uid which
 * the kernel gives it, so that no child can speak as another. Bytes outside printable ASCII are escaped as
 * \xNN at the sink: a stranger's name cannot forge a line.
 * Libraries return errors; programs log.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_L_ERROR, LOG_L_WARN, LOG_L_INFO, LOG_L_DEBUG };

#define LOG_LINE_MAX 2000 /* bytes; longer lines are cut and end in "..." */

/* Before this, and for tools, lines go to standard error. `program` is kept by reference. */
void log_init_stderr(const char *program);
/* Lines go as datagrams "<level digit> <program>: text" to fd; sends never block: what cannot be
 * sent is counted and the number reported with the next line that gets through. */
void log_init_child(const char *program, int fd);
void log_set_level(enum log_level most_verbose);
/* Used by a master: hand every line of this process to fn instead. */
void log_set_writer(void (*fn)(enum log_level level, const char *line));

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* log_error, then exit(1): for what must not happen in a process that will be restarted. */
void log_fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
