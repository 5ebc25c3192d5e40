#include "maildir/message.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* A file read in wire form, in pieces and from any place, is what message_add_crlf makes of its bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_STRBUF struct strbuf wanted = STRBUF_INIT(2 * n), got = STRBUF_INIT(2 * n + 16);
    int fd = memfd_create("letter", 0);
    require(fd >= 0 && write(fd, data, n) == (ssize_t)n);
    message_add_crlf(&wanted, bytes_from(data, n));
    struct wire_reader r;
    wire_open(&r, fd, 0, n);
    for (size_t piece = n ? data[0] % 7 + 1 : 1;;) {
        char *room = strbuf_room(&got, piece);
        ssize_t len = room ? wire_read(&r, room, piece) : -1;
        require(len >= 0);
        strbuf_extend(&got, (size_t)len);
        if (len == 0)
            break;
    }
    require(bytes_eq(strbuf_bytes(&got), strbuf_bytes(&wanted)));
    for (size_t i = 0; i < n && i < 16; i++) {
        char c;
        size_t at = data[i] * 3U;
        require(wire_seek(&r, at) == 0);
        require(wire_read(&r, &c, 1) == (at < wanted.len) && (at >= wanted.len || c == wanted.data[at]));
    }
    wire_close(&r);
    close(fd);
    return 0;
}
