#include "base/log_sink.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "t/unit/unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static char path[64];

static struct log_sink *open_sink(void)
{
    char where[80];
    struct err e = {0};
    snprintf(path, sizeof(path), "/tmp/log_sink_test.%ld", (long)getpid());
    snprintf(where, sizeof(where), "file:%s", path);
    struct log_sink *sink = log_sink_open(where, "testd", &e);
    ck_assert_msg(sink != NULL, "%s", e.text);
    log_sink_use(sink);
    return sink;
}

static void ck_file(const char *name, struct strbuf *content)
{
    struct err e = {0};
    strbuf_clear(content);
    ck_assert_int_eq(fs_read_file(AT_FDCWD, name, content, &e), 0);
}

START_TEST(stamps_and_escapes_a_line)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100000);
    struct log_sink *sink = open_sink();
    log_error("evil\nname \x1b[0m %s", "\xc3\xa4");
    ck_file(path, &out);
    char tail[100];
    snprintf(tail, sizeof(tail), " testd[%ld]: error: evil\\x0aname \\x1b[0m \\xc3\\xa4\n", (long)getpid());
    ck_assert_ptr_nonnull(strstr(out.data, tail));
    ck_assert_int_eq(out.data[10], 'T');
    ck_assert_int_eq(out.data[19], '.');
    ck_assert_int_eq(out.data[23], 'Z');
    log_sink_free(sink);
    unlink(path);
}
END_TEST

START_TEST(takes_the_pid_of_a_child_from_the_kernel)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100000);
    struct log_sink *sink = open_sink();
    int fd = log_sink_child(sink);
    pid_t pid = fork();
    if (pid == 0) {
        log_set_writer(NULL);
        log_init_child("smtp", fd);
        log_warn("hello");
        _exit(0);
    }
    close(fd);
    waitpid(pid, NULL, 0);
    log_sink_receive(sink);
    ck_file(path, &out);
    char tail[100];
    snprintf(tail, sizeof(tail), " smtp[%ld]: warning: hello\n", (long)pid);
    ck_assert_ptr_nonnull(strstr(out.data, tail));
    log_sink_free(sink);
    unlink(path);
}
END_TEST

START_TEST(names_the_uid_of_a_stranger)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100000);
    if (getuid() != 0)
        return;
    struct log_sink *sink = open_sink();
    uid_t ours = 4711;
    log_sink_own_uids(sink, &ours, 1);
    for (uid_t uid = 4711; uid <= 4712; uid++) {
        int fd = log_sink_child(sink);
        pid_t pid = fork();
        if (pid == 0) {
            ck_assert_int_eq(setuid(uid), 0);
            send(fd, "2 imap: text", 12, 0);
            _exit(0);
        }
        close(fd);
        waitpid(pid, NULL, 0);
    }
    log_sink_receive(sink);
    ck_file(path, &out);
    ck_assert_ptr_nonnull(strstr(out.data, "]: text\n"));
    ck_assert_ptr_nonnull(strstr(out.data, "]: text (uid 4712)\n"));
    log_sink_free(sink);
    unlink(path);
}
END_TEST

START_TEST(survives_what_a_hostile_child_sends)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000000);
    struct log_sink *sink = open_sink();
    int bad = log_sink_child(sink), good = log_sink_child(sink);
    send(bad, "9", 1, 0);
    send(bad, "2 : x", 5, 0);
    send(bad, "2 a", 3, 0);
    send(bad, "", 0, 0);
    char big[5000];
    memset(big, '\x01', sizeof(big));
    send(bad, big, sizeof(big), MSG_NOSIGNAL);
    shutdown(bad, SHUT_RDWR);
    send(good, "2 good: still here", 18, 0);
    for (int i = 0; i < 4; i++)
        log_sink_receive(sink);
    ck_file(path, &out);
    ck_assert_ptr_nonnull(strstr(out.data, "still here\n"));
    close(bad);
    close(good);
    log_sink_free(sink);
    unlink(path);
}
END_TEST

START_TEST(counts_lines_that_could_not_be_sent)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(10000000);
    struct log_sink *sink = open_sink();
    int fd = log_sink_child(sink);
    log_set_writer(NULL);
    log_init_child("chatty", fd);
    for (int i = 0; i < 10000; i++)
        log_info("line %d", i);
    for (int i = 0; i < 200; i++)
        log_sink_receive(sink);
    log_info("after");
    log_sink_receive(sink);
    ck_file(path, &out);
    ck_assert_ptr_nonnull(strstr(out.data, "log lines were lost before this one"));
    ck_assert_ptr_nonnull(strstr(out.data, "]: after\n"));
    close(fd);
    log_sink_free(sink);
    unlink(path);
}
END_TEST

START_TEST(follows_a_file_that_was_moved)
{
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(100000);
    struct log_sink *sink = open_sink();
    struct err e = {0};
    char moved[80];
    snprintf(moved, sizeof(moved), "%s.1", path);
    log_info("one");
    ck_assert_int_eq(rename(path, moved), 0);
    usleep(1100000);
    log_info("two");
    ck_file(path, &out);
    ck_assert_ptr_nonnull(strstr(out.data, "two"));
    unlink(path);
    ck_assert_int_eq(log_sink_reopen(sink, &e), 0);
    log_info("three");
    ck_file(path, &out);
    ck_assert_ptr_nonnull(strstr(out.data, "three"));
    ck_assert_ptr_null(strstr(out.data, "two"));
    log_sink_free(sink);
    unlink(path);
    unlink(moved);
}
END_TEST

START_TEST(stays_where_it_was_if_it_cannot_move)
{
    struct log_sink *sink = open_sink();
    struct err e = {0};
    ck_assert_int_eq(log_sink_move(sink, "file:/nonexistent/log", &e), -1);
    ck_assert_int_eq(log_sink_move(sink, "somewhere", &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "stderr, syslog or file:/path"));
    log_info("still written");
    log_sink_free(sink);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

UNIT_MAIN("log_sink", stamps_and_escapes_a_line, takes_the_pid_of_a_child_from_the_kernel,
          names_the_uid_of_a_stranger, survives_what_a_hostile_child_sends,
          counts_lines_that_could_not_be_sent, follows_a_file_that_was_moved,
          stays_where_it_was_if_it_cannot_move)
