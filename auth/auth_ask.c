/*
 * auth_ask.c - see auth_ask.h.
 */
#include "auth/auth_ask.h"

#include <errno.h>

enum { ANSWER_MS = 15000 };

int auth_ask_connect(const char *run_dir, struct err *e)
{
    AUTO_STRBUF struct strbuf path = STRBUF_INIT(4095);
    strbuf_addf(&path, "%s/auth-master", run_dir);
    int fd = msg_connect(path.data);
    if (fd < 0)
        err_errno(e, errno, "%s: does posthouse-authd run, and are you root?", path.data);
    return fd;
}

int auth_ask_send(int fd, const struct auth_record *r, struct err *e)
{
    AUTO_MSG struct msg m;
    auth_record_write(r, &m);
    return msg_send(fd, &m) == 0 ? 0 : err_errno(e, errno, "asking posthouse-auth");
}

int auth_ask_receive(int fd, struct strbuf *buf, struct auth_record *r, uint16_t type, struct err *e)
{
    struct msg_in in;
    strbuf_clear(buf);
    int got = msg_recv(fd, buf, &in, ANSWER_MS);
    if (got < 0)
        return err_errno(e, errno, "waiting for posthouse-auth");
    if (got == 0)
        return err_set(e, ERR_TEMP, "posthouse-auth closed the connection");
    bool good = auth_record_read(&in, r) && r->type == type;
    msg_in_done(&in);
    return good ? 0 : err_set(e, ERR_INTERNAL, "an answer of posthouse-auth makes no sense");
}
