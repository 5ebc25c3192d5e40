#include "maildir/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* Groups begin and end in turns; an address always has a mailbox and a host; strings hold no more than what
 * was read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct address_list list;
    bool in_group = false;
    size_t octets = 0;
    address_parse(&list, bytes_from(data, n));
    require(list.n <= MESSAGE_ADDRS_MAX);
    for (size_t i = 0; i < list.n; i++) {
        const struct address *a = &list.items[i];
        if (!a->host) {
            require(!a->name && !a->route && in_group == !a->mailbox);
            in_group = a->mailbox != NULL;
        } else {
            require(a->mailbox != NULL);
        }
        const char *const strings[] = {a->name, a->route, a->mailbox, a->host};
        for (size_t k = 0; k < 4; k++)
            octets += strings[k] ? strlen(strings[k]) : 0;
    }
    require(!in_group && octets <= 2 * n);
    address_list_done(&list);
    return 0;
}
