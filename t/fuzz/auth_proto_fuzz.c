#include "auth/auth_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What was read writes back to the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct msg_in in = {.nfds = 0};
    struct auth_record r;
    if (n < sizeof(in.type) || n > MSG_MAX)
        return 0;
    memcpy(&in.type, data, sizeof(in.type));
    in.rest = bytes_from(data + sizeof(in.type), n - sizeof(in.type));
    if (!auth_record_read(&in, &r))
        return 0;
    AUTO_MSG struct msg m;
    auth_record_write(&r, &m);
    if (m.bad || m.buf.len != n || memcmp(m.buf.data, data, n) != 0)
        __builtin_trap();
    return 0;
}
