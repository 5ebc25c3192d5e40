/* maildir_courier_uiddb_fuzz.c - courierimapuiddb with any octets: UIDs ascend below the next. */
#include "maildir/maildir_courier.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct courier_uiddb db;
    struct err e;
    if (courier_uiddb_parse(&db, bytes_from(data, size), &e))
        return 0;
    if (!db.validity || !db.next)
        abort();
    for (size_t i = 0; i < db.n; i++)
        if (!db.uids[i].uid || db.uids[i].uid >= db.next || !db.uids[i].base.n ||
            (i && db.uids[i].uid <= db.uids[i - 1].uid))
            abort();
    courier_uiddb_done(&db);
    return 0;
}
