/* maildir_courier_subscribed_fuzz.c - courierimapsubscribed with any octets: names are UTF-8. */
#include "base/text.h"
#include "maildir/maildir_courier.h"

#include <stdlib.h>

static void each(void *arg, const char *name, struct bytes disk)
{
    (void)arg;
    if (!*name || !disk.n || !utf8_valid(bytes_of(name)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    courier_subscribed_parse(bytes_from(data, size), each, NULL);
    return 0;
}
