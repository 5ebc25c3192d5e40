#!/usr/bin/env python3
"""model_storm.py - eight sessions and a deliverer at the same time, each as fast as it can; then all stand still, and what they
know is compared with what is there.

    model_storm.py [--seconds N] [--rounds N] [--seed N]

While it storms, each client's own books (model_client.py) must never be contradicted, and
  - a message never has another one's content under its UID;
  - of the sessions that store on one condition (UNCHANGEDSINCE), one wins;
  - a keyword that only one session sets and removes is as that session left it (no flag change is lost);
  - nothing goes that nobody has marked \\Deleted or removed.
When it is over all clients know the same, and those with QRESYNC find it again from any state that they had on the way.
"""
import argparse
import random
import threading

from model_client import *
from model_truth import *

FOLDERS = ("INBOX", "One")
SHARED = ("\\Seen", "\\Flagged", "\\Answered", "\\Draft")
KINDS = ("plain", "condstore", "qresync", "uidonly", "qresync", "rev2", "uidonly", "condstore")


class Storm:
    def __init__(self, seed):
        self.seed, self.box, self.lock = seed, Maildir(), threading.Lock()
        self.ident_of, self.won, self.doomed, self.there, self.serial = {}, {}, set(), set(), 0
        self.failures, self.over = [], False
        self.clients = [Player(self, i, kind) for i, kind in enumerate(KINDS)]
        self.clients[0].c.do("CREATE One")
        for p in self.clients:
            p.c.select(p.rnd.choice(FOLDERS))
            p.forget()

    def ident(self):
        with self.lock:
            self.serial += 1
            self.there.add("s%d" % self.serial)
            return "s%d" % self.serial

    def content(self, folder, uid, ident):
        """This was read under that UID: it must always be the same."""
        with self.lock:
            was = self.ident_of.setdefault((folder, uid), ident)
        equal(ident, was, "content of UID %d of %s" % (uid, folder))

    def doom(self, folder, uids):
        """These may go."""
        with self.lock:
            self.doomed |= {(folder, u) for u in uids}

    def run_one(self, action):
        try:
            while not self.over:
                action()
        except BaseException as why:
            self.failures.append("%s" % why if isinstance(why, AssertionError) else traceback.format_exc())
            self.over = True

    def deliver(self):
        self.box.add(letter(self.ident()), folder=random.choice(("", "One")))
        time.sleep(0.02)

    def storm(self, seconds):
        self.over = False
        actions = [p.act for p in self.clients] + [self.deliver]
        threads = [threading.Thread(target=self.run_one, args=(a,)) for a in actions]
        [t.start() for t in threads]
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.over:
            time.sleep(0.05)
        self.over = True
        [t.join(60) for t in threads]
        check(not self.failures, "\n".join(self.failures))

    def compare(self):
        """Everybody stands still."""
        truth = {}
        for name in FOLDERS:
            s = Client(self.box, "condstore")
            s.select(name)
            s.learn(s.ok("NOOP"))
            s.know()
            truth[name] = {u: s.flags[u] for u in s.view}
            s.learn(s.ok("FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (X-ID)])")) if s.view else None
            for uid, items in s.answers:
                if "BODY[HEADER.FIELDS (X-ID)]" in items:
                    self.content(name, uid, items["BODY[HEADER.FIELDS (X-ID)]"].split()[1].decode())
            equal(len(self.box.files("" if name == "INBOX" else name)), len(truth[name]), "files in " + name)
            s.end()
        here = {self.ident_of[name, u] for name in FOLDERS for u in truth[name]}
        lost = self.there - here - {self.ident_of.get(k) for k in self.doomed}
        check(not lost, "lost: %r" % lost)
        self.there &= here
        for p in self.clients:
            p.compare(truth)


class Player:
    """One session at play."""

    def __init__(self, storm, number, kind):
        self.storm, self.number, self.kind = storm, number, kind
        self.rnd, self.c, self.own = random.Random(storm.seed * 100 + number), Client(storm.box, kind), {}

    def forget(self):
        self.left = {}

    def reconnect(self):
        snapshots = self.c.snapshots
        self.c.end()
        self.c = Client(self.storm.box, self.kind)
        self.c.snapshots = snapshots
        self.select()

    def select(self):
        old = self.rnd.choice(self.c.snapshots) if self.c.snapshots and self.rnd.random() < 0.7 else None
        self.c.select(old[0] if old else self.rnd.choice(FOLDERS), resync=old)

    def pick(self):
        known = [u for u in self.c.view if u and u in self.c.flags]
        return self.rnd.choice(known) if known else None

    def store(self, uid, what, keeps=False):
        c = self.c
        by_uid = not c.numbered or self.rnd.random() < 0.5
        reply = c.do("%sSTORE %d %s" % ("UID " if by_uid else "", uid if by_uid else c.view.index(uid) + 1, what))
        c.learn(reply, keeps=not by_uid)
        return reply

    def act(self):
        c, uid = self.c, self.pick()
        what = self.rnd.choice(("noop", "noop", "append", "own", "own", "shared", "claim", "fetch", "delete", "expunge", "copy", "move", "select",
                                "break", "snapshot", "idle"))
        if None in c.view and self.rnd.random() < 0.8:
            c.know()
        elif uid is None or what == "noop":
            c.learn(c.ok("NOOP"))
        elif what == "snapshot":
            c.snapshot()
        elif what == "append":
            text = crlf(letter(self.storm.ident()))
            c.learn(c.ok(b"APPEND %s {%d+}\r\n%s" % (self.rnd.choice(FOLDERS).encode(), len(text), text)))
        elif what == "own":
            self.keep_own(uid)
        elif what == "shared":
            self.store(uid, "%sFLAGS (%s)" % (self.rnd.choice("+-"), self.rnd.choice(SHARED)))
        elif what == "claim" and c.condstore and c.modseq.get(uid):
            self.claim(uid)
        elif what == "fetch":
            self.fetch(uid)
        elif what == "delete" and self.rnd.random() < 0.6:
            self.delete(uid)
        elif what == "expunge":
            c.learn(c.ok("EXPUNGE"))
        elif what in ("copy", "move"):
            self.transfer(uid, what.upper())
        elif what == "select" and self.rnd.random() < 0.3:
            self.select()
        elif what == "break" and self.rnd.random() < 0.3:
            self.reconnect()
        elif what == "idle":
            tag = c.start("IDLE")
            time.sleep(self.rnd.random() * 0.05)
            c.send(b"DONE\r\n")
            reply = c.finish(tag)
            reply.lines = [l for l in reply.lines if not l.startswith(b"+")]
            c.learn(reply)

    def delete(self, uid):
        self.fetch(uid)  # so that everybody knows what goes
        if (self.c.folder, uid) in self.storm.ident_of and uid in self.c.view:
            self.storm.doom(self.c.folder, [uid])
            self.store(uid, "+FLAGS.SILENT (\\Deleted)")
            if uid in self.c.flags:
                self.c.flags[uid].add("\\Deleted")  # whatever else has changed the client is told

    def keep_own(self, uid):
        how = self.rnd.choice("+-")
        key = (self.c.folder, uid)
        if self.store(uid, "%sFLAGS (own%d)" % (how, self.number)).status == "OK":
            self.own[key] = how == "+"

    def claim(self, uid):
        c, word = self.c, "claim%d" % self.number
        modseq, how = c.modseq[uid], "-" if word in c.flags[uid] else "+"
        reply = self.store(uid, "(UNCHANGEDSINCE %d) %sFLAGS (%s)" % (modseq, how, word))
        done = reply.status == "OK" and "MODIFIED" not in reply.text and any(u == uid and word in i.get("FLAGS", []) or how == "-" for u, i in c.answers)
        if done and uid in [u for u, _ in c.answers]:
            with self.storm.lock:
                other = self.storm.won.setdefault((c.folder, uid, modseq), self.number)
            equal(other, self.number, "two won: UID %d of %s at mod-sequence %d" % (uid, c.folder, modseq))

    def fetch(self, uid):
        c = self.c
        by_uid = not c.numbered or self.rnd.random() < 0.5
        number = uid if by_uid else c.view.index(uid) + 1
        reply = c.do("%sFETCH %d (UID FLAGS BODY.PEEK[HEADER.FIELDS (X-ID)])" % ("UID " if by_uid else "", number))
        c.learn(reply, keeps=not by_uid)
        for u, items in c.answers:
            if "BODY[HEADER.FIELDS (X-ID)]" in items:
                self.storm.content(c.folder, u, items["BODY[HEADER.FIELDS (X-ID)]"].split()[1].decode())

    def transfer(self, uid, command):
        c = self.c
        to = self.rnd.choice([n for n in FOLDERS if n != c.folder])
        reply = c.do("UID %s %d %s" % (command, uid, to))
        c.learn(reply)
        m = re.search(r"\[COPYUID \d+ (\d+) (\d+)\]", reply.text + b"\n".join(reply.lines).decode("latin-1"))
        if not m:
            return
        with self.storm.lock:
            source = self.storm.ident_of.get((c.folder, uid))
            if (c.folder, uid) in self.storm.doomed:
                self.storm.doomed.add((to, int(m.group(2))))
        if source:
            self.storm.content(to, int(m.group(2)), source)

    def compare(self, truth):
        c = self.c
        c.learn(c.ok("NOOP"))
        c.know()
        c.learn(c.ok("NOOP"))
        equal(sorted(c.view), sorted(truth[c.folder]), "%s: UIDs that session %d knows" % (self.kind, self.number))
        for uid, flags in truth[c.folder].items():
            known = c.flags.get(uid)
            check(known is None or known == flags, "%s: flags of UID %d that session %d knows\n  got    %r\n  wanted %r" % (
                self.kind, uid, self.number, known, flags))
        for (folder, uid), on in self.own.items():
            if uid in truth[folder]:
                equal("own%d" % self.number in truth[folder][uid], on, "a flag change is lost: own%d of UID %d of %s" % (self.number, uid, folder))
        self.own = {}
        for old in c.snapshots:
            c.select(old[0], resync=old)
            c.know()
            equal(sorted(c.view), sorted(truth[old[0]]), "UIDs found again")
            equal({u: c.flags[u] for u in c.view}, truth[old[0]], "flags found again")
        c.snapshots = []


def storm(seed, seconds, rounds):
    s = Storm(seed)
    try:
        for _ in range(rounds):
            s.storm(seconds)
            s.compare()
    except BaseException:
        print("# seed %s" % seed)
        raise
    for p in s.clients:
        p.c.end()
    return sum(p.c.n for p in s.clients)


if __name__ == "__main__":
    a = argparse.ArgumentParser()
    a.add_argument("--seconds", type=float, default=5, help="of one round")
    a.add_argument("--rounds", type=int, default=4)
    a.add_argument("--seed", type=int, default=int(time.time()))
    a = a.parse_args()
    print("%d commands without a deviation" % storm(a.seed, a.seconds, a.rounds))
