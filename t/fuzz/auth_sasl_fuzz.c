#include "auth/auth_sasl.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The first line names the mechanism, each further one is a message of the client. The exchange ends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes rest = bytes_from(data, n);
    struct sasl *s = sasl_new(bytes_split(&rest, '\n'), BYTES("0123456789abcdef0123456789abcdef"), true);
    enum sasl_status status = SASL_CONTINUE;
    AUTO_STRBUF struct strbuf out = STRBUF_INIT(1000);
    for (int i = 0; s && status == SASL_CONTINUE; i++) {
        if (i > 10)
            __builtin_trap();
        status = sasl_step(s, rest.p ? bytes_split(&rest, '\n') : bytes_from(NULL, 0), &out);
        if (status == SASL_VERIFIER) {
            struct scram_verifier v;
            scram_verifier_decoy(&v, (const unsigned char *)"0123456789abcdef0123456789abcdef", bytes_of(sasl_name(s)));
            status = sasl_give(s, &v, &out);
        }
        if (status == SASL_PROVEN) /* nobody knows this password */
            __builtin_trap();
        if (status == SASL_CREDENTIALS && (!sasl_name(s) || !sasl_password(s)))
            __builtin_trap();
    }
    sasl_free(s);
    return 0;
}
