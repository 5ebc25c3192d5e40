#include "maildir/message_param.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* Names are there and values too, both within the budget and the count; what was joined is found by its name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char room[64];
    AUTO_STRBUF struct strbuf flat = STRBUF_LENT(room, n);
    struct message_budget budget = {.params = 1000, .octets = 4096};
    struct lex lex = {.in = header_text(&flat, bytes_from(data, n))};
    size_t count, octets = 0;
    struct mime_param *params = params_parse(&lex, &count, &budget);
    require(count <= MESSAGE_PARAMS_MAX && count <= 1000 - budget.params && lex.at <= lex.in.n);
    for (size_t i = 0; i < count; i++) {
        require(params[i].name && *params[i].name && params[i].value);
        require(mime_param(params, count, params[i].name) != NULL);
        octets += strlen(params[i].name) + strlen(params[i].value);
    }
    require(octets <= 3 * (4096 - budget.octets) + 3 * count);
    params_free(params, count);
    return 0;
}
