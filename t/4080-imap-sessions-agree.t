#!/usr/bin/env python3
"""Several clients change one mailbox at random, and each keeps its own books of what the server told it. The books must always
be right: numbers never move without EXPUNGE, flags are those last told, and at the end all clients know the same."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import random
from imapsession import *

FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "Work", "$Label1"]


class Client(Session):
    """Keeps books: uids[i] is the UID of message number i + 1 (None: not yet known), flags by UID."""

    def __init__(self, box):
        Session.__init__(self, box)
        self.uids, self.flags = [], {}
        self.learn(self.ok("SELECT INBOX"))
        self.know()

    def learn(self, reply, may_expunge=True):
        for line in reply.lines:
            m = re.match(rb"\* (\d+) (EXPUNGE|EXISTS|FETCH)", line)
            if not m:
                continue
            n, what = int(m.group(1)), m.group(2)
            if what == b"EXPUNGE":
                check(may_expunge, "EXPUNGE at the wrong moment: %r" % reply.lines)
                check(1 <= n <= len(self.uids), "EXPUNGE of number %d of %d" % (n, len(self.uids)))
                del self.uids[n - 1]
            elif what == b"EXISTS":
                check(n >= len(self.uids), "EXISTS %d after %d" % (n, len(self.uids)))
                self.uids += [None] * (n - len(self.uids))
            else:
                self.fetched(n, fetched([line])[n])

    def fetched(self, n, items):
        check(n <= len(self.uids), "FETCH of number %d of %d" % (n, len(self.uids)))
        if "UID" in items:
            uid = int(items["UID"])
            check(self.uids[n - 1] in (None, uid), "number %d changed from UID %s to %d" % (n, self.uids[n - 1], uid))
            self.uids[n - 1] = uid
        if "FLAGS" in items and self.uids[n - 1]:
            self.flags[self.uids[n - 1]] = set(items["FLAGS"]) - {"\\Recent"}

    def know(self):
        """Ask about those of which nothing is known yet."""
        while None in self.uids:
            first = self.uids.index(None) + 1
            reply = self.do("FETCH %d:%d (UID FLAGS)" % (first, len(self.uids)))
            self.learn(reply, may_expunge=False)
            if reply.status == "NO":
                self.learn(self.ok("NOOP"))

    def act(self, rnd):
        what = rnd.choice(["append", "store", "silent", "uidstore", "delete", "expunge", "noop", "copy", "seen", "move"])
        n = len(self.uids)
        if what == "append" or n == 0:
            self.learn(self.append(b"Subject: x\r\n\r\nbody\r\n"))
        elif what in ("noop", "expunge"):
            self.learn(self.ok(what.upper()))
        else:
            self.change(what, rnd.randint(1, n), rnd)

    def change(self, what, n, rnd):
        uid, flags = self.uids[n - 1], rnd.sample(FLAGS, 2)
        if what == "store":
            self.learn(self.do("STORE %d %sFLAGS (%s)" % (n, rnd.choice("+- ").strip(), " ".join(flags))), False)
        elif what == "uidstore":
            self.learn(self.do("UID STORE %d FLAGS (%s)" % (uid, " ".join(flags))))
        elif what == "silent":
            reply = self.do("UID STORE %d +FLAGS.SILENT (%s)" % (uid, " ".join(flags)))
            self.flags[uid] = self.flags.get(uid, set()) | set(flags)
            self.learn(reply)
        elif what == "delete":
            self.learn(self.do("STORE %d +FLAGS (\\Deleted)" % n), False)
        elif what == "seen":
            self.learn(self.do("FETCH %d BODY[]" % n), False)
        elif what == "copy":
            self.learn(self.do("COPY %d INBOX" % n), False)
        else:
            self.learn(self.do("UID MOVE %d INBOX" % uid))


@test("what clients are told is always right")
def _():
    rnd = random.Random(int(os.environ.get("SEED", "4080")))
    box = Maildir()
    for i in range(20):
        box.add(b"Subject: %d\n\nbody\n" % i, flags="")
    clients = [Client(box) for i in range(4)]
    for step in range(int(os.environ.get("ROUNDS", "1200"))):
        c = rnd.choice(clients)
        c.know()
        c.act(rnd)
        if rnd.random() < 0.02:
            box.add(b"Subject: delivered\n\nbody\n")
    books = []
    for c in clients + clients:
        c.learn(c.ok("NOOP"))
        c.know()
        c.learn(c.ok("NOOP"))
    for c in clients:
        equal(c.uids, c.search("ALL", "UID SEARCH"))
        told = fetched(c.ok("FETCH 1:* (UID FLAGS)").lines) if c.uids else {}
        true = {int(v["UID"]): set(v["FLAGS"]) - {"\\Recent"} for v in told.values()}
        equal({u: c.flags[u] for u in c.uids}, true)
        books.append(true)
    check(all(b == books[0] for b in books), "clients do not agree")
    equal(len(box.files()), len(books[0]))


run()
