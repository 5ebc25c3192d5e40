/*
 * user_ctl_password.c - the password comes from the terminal without echo, or as one line from a program; never as an argument, which
 * everybody on the machine could read.
 */
#include "auth/passwd_make.h"
#include "auth/user_ctl.h"
#include "base/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>

static struct termios shown;

static void show_again(int signal_number)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    if (signal_number) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
}

static int read_line(char *line, size_t size, struct err *e)
{
    if (!fgets(line, (int)size, stdin))
        return err_set(e, ERR_INVALID, "no password was given");
    size_t n = strcspn(line, "\n");
    if (!line[n] && n == size - 1)
        return err_set(e, ERR_INVALID, "the password is longer than %d octets", AUTH_PASSWORD_MAX);
    line[n] = '\0';
    return n ? 0
             : err_set(e, ERR_INVALID, "an empty password lets nobody in; use --no-password to have none");
}

static int ask(const char *prompt, char *line, size_t size, struct err *e)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    hidden.c_lflag |= ECHONL;
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        signal(signals[i], show_again);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    fprintf(stderr, "%s: ", prompt);
    int status = read_line(line, size, e);
    show_again(0);
    return status;
}

static int get(char *password, size_t size, struct err *e)
{
    char again[AUTH_PASSWORD_MAX + 2];
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &shown) != 0)
        return read_line(password, size, e);
    if (ask("New password", password, size, e) != 0 || ask("Again", again, sizeof(again), e) != 0)
        return -1;
    bool same = strcmp(password, again) == 0;
    explicit_bzero(again, sizeof(again));
    return same ? 0 : err_set(e, ERR_INVALID, "the two passwords differ");
}

static int scheme_of(const struct user_ctl *ctl, struct err *e)
{
    static const char *const names[] = {"yescrypt", "argon2id", "scram-sha-256"}; /* as the enum */
    if (!ctl->scheme)
        return (int)ctl->conf->password_scheme;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(ctl->scheme, names[i]) == 0)
            return (int)i;
    return err_set(e, ERR_INVALID, "--scheme is one of " PASSWD_MAKE_SCHEMES);
}

int user_password_field(struct user_ctl *ctl, struct strbuf *out, struct err *e)
{
    char password[AUTH_PASSWORD_MAX + 2];
    int scheme = scheme_of(ctl, e);
    if (ctl->no_password)
        return strbuf_adds(out, "!") ? 0 : -1;
    int status = scheme < 0 ? -1 : get(password, sizeof(password), e);
    if (status == 0)
        status = passwd_make(out, (enum passwd_make_scheme)scheme, password, e);
    explicit_bzero(password, sizeof(password));
    return status;
}
