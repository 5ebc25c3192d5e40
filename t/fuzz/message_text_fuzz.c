#include "maildir/message_text.h"

#include "base/text.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* Whatever the message: pieces of UTF-8, each with its end, the header's first. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct message_text t;
    int fd = memfd_create("message", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, n) == (ssize_t)n);
    message_text_init(&t);
    require(message_text_read(&t, fd, n) == 0);
    require(t.header <= t.text.len && (!t.header || t.text.data[t.header - 1] == MESSAGE_TEXT_END));
    for (struct bytes rest = strbuf_bytes(&t.text); rest.n;) {
        require(memchr(rest.p, MESSAGE_TEXT_END, rest.n) != NULL);
        require(utf8_valid(bytes_split(&rest, MESSAGE_TEXT_END)));
    }
    message_text_done(&t);
    close(fd);
    return 0;
}
