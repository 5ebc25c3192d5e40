#include "maildir/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        __builtin_trap();
}

struct tally {
    size_t n, octets;
    bool in_group;
};

static void check_address(void *arg, const struct address *a)
{
    struct tally *tally = arg;
    tally->n++;
    if (!a->host.p) {
        require(!a->name.p && !a->route.p && tally->in_group == !a->mailbox.p);
        tally->in_group = a->mailbox.p != NULL;
    } else {
        require(a->mailbox.p != NULL);
    }
    tally->octets += a->name.n + a->route.n + a->mailbox.n + a->host.n;
}

/* Groups begin and end in turns; an address always has a mailbox and a host; strings hold no more than what
 * was read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct tally tally = {0};
    address_parse(bytes_from(data, n), check_address, &tally);
    require(tally.n <= MESSAGE_ADDRS_MAX && !tally.in_group && tally.octets <= 2 * n);
    return 0;
}
