/*
 * err.c - making, extending and naming errors.
 */
#include "base/err.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const struct {
    int errnum;
    enum err_code code;
} errno_codes[] = {
    {ENOENT, ERR_NOTFOUND}, {ENOTDIR, ERR_NOTFOUND}, {EEXIST, ERR_EXISTS},      {ENOTEMPTY, ERR_EXISTS},
    {EACCES, ERR_ACCESS},   {EPERM, ERR_ACCESS},     {EROFS, ERR_ACCESS},       {ELOOP, ERR_ACCESS},
    {EDQUOT, ERR_QUOTA},    {ENOSPC, ERR_SPACE},     {EMFILE, ERR_SPACE},       {ENFILE, ERR_SPACE},
    {ENOMEM, ERR_SPACE},    {EFBIG, ERR_LIMIT},      {ENAMETOOLONG, ERR_LIMIT}, {EMSGSIZE, ERR_LIMIT},
    {EINVAL, ERR_INVALID},  {EILSEQ, ERR_INVALID},   {EBUSY, ERR_BUSY},         {EAGAIN, ERR_BUSY},
    {ETXTBSY, ERR_BUSY},    {EBADF, ERR_INTERNAL},   {EADDRINUSE, ERR_BUSY},
};

static const char *const words[] = {
    [ERR_OK] = "no error",          [ERR_NOTFOUND] = "not found",     [ERR_EXISTS] = "exists already",
    [ERR_ACCESS] = "not permitted", [ERR_QUOTA] = "over quota",       [ERR_SPACE] = "no space",
    [ERR_LIMIT] = "over a limit",   [ERR_INVALID] = "invalid",        [ERR_CORRUPT] = "corrupt",
    [ERR_BUSY] = "in use",          [ERR_TEMP] = "temporary failure", [ERR_INTERNAL] = "internal error",
};

static void set_text(struct err *e, const char *fmt, va_list ap)
{
    if (e)
        vsnprintf(e->text, sizeof(e->text), fmt, ap);
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set_text(e, fmt, ap);
    va_end(ap);
    if (e)
        e->code = code;
    return -1;
}

static enum err_code code_of_errno(int errnum)
{
    for (size_t i = 0; i < ARRAY_LEN(errno_codes); i++)
        if (errno_codes[i].errnum == errnum)
            return errno_codes[i].code;
    return ERR_TEMP;
}

int err_errno(struct err *e, int errnum, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set_text(e, fmt, ap);
    va_end(ap);
    if (!e)
        return -1;
    size_t n = strlen(e->text);
    const char *reason = strerrordesc_np(errnum);
    if (reason)
        snprintf(e->text + n, sizeof(e->text) - n, ": %s", reason);
    else
        snprintf(e->text + n, sizeof(e->text) - n, ": error %d", errnum);
    e->code = code_of_errno(errnum);
    return -1;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
    if (!e)
        return -1;
    struct err old = *e;
    va_list ap;
    va_start(ap, fmt);
    set_text(e, fmt, ap);
    va_end(ap);
    size_t n = strlen(e->text);
    int cut = (int)(sizeof(e->text) - n);
    snprintf(e->text + n, sizeof(e->text) - n, ": %.*s", cut, old.text);
    return -1;
}

const char *err_word(enum err_code code)
{
    return (size_t)code < ARRAY_LEN(words) ? words[code] : "unknown error";
}
