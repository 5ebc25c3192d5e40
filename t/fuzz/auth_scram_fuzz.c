#include "auth/auth_scram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A client's first message: a name without NUL comes out, or nothing. A verifier: written, it is read again as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct strbuf name = STRBUF_INIT(255), authzid = STRBUF_INIT(255), text = STRBUF_INIT(1000);
    struct scram_verifier v, again;
    char flag = 0;
    if (scram_client_first(bytes_from(data, n), &name, &authzid, &flag))
        if (name.len == 0 || memchr(name.data, '\0', name.len) || memchr(authzid.data, '\0', authzid.len) ||
            (flag != 'n' && flag != 'y' && flag != 'p'))
            __builtin_trap();
    if (scram_verifier_parse(bytes_from(data, n), &v, NULL) == 0) {
        scram_verifier_write(&v, &text);
        if (scram_verifier_parse(strbuf_bytes(&text), &again, NULL) != 0 ||
            memcmp(&v, &again, sizeof(v)) != 0)
            __builtin_trap();
    }
    strbuf_done(&name);
    strbuf_done(&authzid);
    strbuf_done(&text);
    return 0;
}
