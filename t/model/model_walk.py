#!/usr/bin/env python3
"""model_walk.py - eight sessions walk at random over the folders of one Maildir, one command after the other, and each answer is
compared with what must be true.

    model_walk.py [--steps N | --seconds N] [--seed N]

The model is the sum of all that was done (model_truth.py); an observer for each folder, a session that does nothing else, learns
the mod-sequences, and tells by its own books whether every change was told. Each client's books (model_client.py) are compared
with the model after each of its commands. Ends with status 1 and the last commands at the first deviation.
"""
import argparse
import collections
import random
import time

from model_client import *
from model_truth import *

FOLDERS = ("INBOX", "One", "Two")
KINDS = ("plain", "rev2", "condstore", "qresync", "qresync", "uidonly")
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "\\Draft", "\\Deleted", "Work", "$Label1", "later")
SYSTEM = [f for f in FLAGS if f.startswith("\\")]
MESSAGES_MAX = 40


class Walk:
    def __init__(self, seed):
        self.rnd, self.box, self.serial = random.Random(seed), Maildir(), 0
        self.log = collections.deque(maxlen=40)
        self.outside = Outside(self.box)
        self.folders = {name: Folder(name) for name in FOLDERS}
        setup = Session(self.box)
        for name in FOLDERS[1:]:
            setup.ok("CREATE " + name)
        setup.logout()
        self.observers = {name: Client(self.box, "qresync") for name in FOLDERS}
        for name, o in self.observers.items():
            o.select(name, "EXAMINE")
        self.clients = [self.connect() for _ in range(8)]

    # ---- the model ----

    def ident(self):
        self.serial += 1
        return "m%d" % self.serial

    def observe(self, name):
        """The observer must see exactly what is true; it says which UIDs were given to what was delivered, and the mod-sequences."""
        o, f = self.observers[name], self.folders[name]
        before = o.highest
        o.learn(o.ok("NOOP"))
        o.know()
        for uid in o.view:
            if uid not in f.messages:
                self.arrived(o, f, uid)
        check(not f.pending, "%s: not seen: %r" % (name, f.pending))
        equal(o.view, f.uids(), "%s: UIDs that the observer was told of" % name)
        for uid, m in f.messages.items():
            equal(o.flags[uid], m.flags, "%s: flags of UID %d that the observer was told of" % (name, uid))
            check(o.modseq[uid] >= m.modseq, "the mod-sequence of UID %d fell" % uid)
            m.modseq = o.modseq[uid]
        check(o.highest >= before, "HIGHESTMODSEQ fell")

    def arrived(self, o, f, uid):
        values = o.ok("UID FETCH %d (BODY.PEEK[HEADER.FIELDS (X-ID)] EMAILID)" % uid)
        o.learn(values)
        items = o.answers[0][1]
        ident = items["BODY[HEADER.FIELDS (X-ID)]"].split()[1].decode()
        check(ident in f.pending, "%s: UID %d is %s, which nobody put there" % (f.name, uid, ident))
        f.pending.remove(ident)
        f.add(uid, Message(ident, [], items["EMAILID"][0]))

    def learn_emailid(self, name, uid):
        o = self.observers[name]
        o.learn(o.ok("NOOP"))
        o.know()
        o.learn(o.ok("UID FETCH %d (EMAILID)" % uid))
        self.folders[name].messages[uid].emailid = o.answers[0][1]["EMAILID"][0]

    # ---- clients ----

    def connect(self):
        c = Client(self.box, self.rnd.choice(KINDS))
        c.read_only, c.server_view = False, []
        return c

    def send(self, c, command, keeps=False, earlier=False):
        reply = c.do(command)
        self.log.append("%d %s: %s -> %s %s" % (self.clients.index(c), c.kind, command if isinstance(command, str) else command[:60], reply.lines,
                                              reply.last))
        c.learn(reply, keeps, earlier)
        return reply

    def verify(self, c, keeps):
        """After a command: what the client was told, against the truth."""
        f = self.folders[c.folder]
        now = f.uids()
        if keeps:
            now = sorted(set(now) | set(c.server_view))
        equal(len(c.view), len(now), "number of messages")
        for told, true in zip(c.view, now) if c.numbered else []:
            check(told in (None, true), "the client counts UID %s where there is %d\n%r\n%r" % (told, true, c.view, now))
        check(set(c.view) <= {None, *now}, "the client has UIDs %r, there are %r" % (c.view, now))
        c.server_view = now
        for uid, flags in c.flags.items():
            if uid in f.messages:
                equal(flags, f.messages[uid].flags, "flags of UID %d" % uid)
                if c.condstore and uid in c.modseq:
                    equal(c.modseq[uid], f.messages[uid].modseq, "mod-sequence of UID %d" % uid)

    def after(self, c, *others, keeps=False):
        for name in {c.folder, *others}:
            self.observe(name)
        self.verify(c, keeps)
        c.snapshot()

    def targets(self, c):
        """Some messages, as the set that names them and the UIDs behind it; by UID or by number."""
        picked = sorted(self.rnd.sample(range(len(c.server_view)), self.rnd.randint(1, min(6, len(c.server_view)))))
        uids = [c.server_view[i] for i in picked]
        by_uid = not c.numbered or self.rnd.random() < 0.5
        return ("UID " if by_uid else ""), ranges(uids if by_uid else [i + 1 for i in picked]), uids

    # ---- steps ----

    def step(self):
        if self.rnd.random() < 0.2:
            return self.step_outside()
        c = self.rnd.choice(self.clients)
        if c.idle_tag:
            return self.end_idle(c) if self.rnd.random() < 0.4 else None
        if not c.folder:
            return self.step_select(c)
        if None in c.view:
            self.after(c, keeps=c.know())
        steps = {"noop": 3, "store": 8, "conditional": 6 if c.condstore else 0, "fetch": 6, "body": 3, "search": 6, "copy": 3, "move": 3,
                 "append": 3, "expunge": 3, "uid_expunge": 2, "close": 1, "select": 2, "idle": 2, "break": 2, "status": 2, "changed": 3 if c.condstore else 0}
        name = self.rnd.choices(list(steps), list(steps.values()))[0]
        return getattr(self, "step_" + name)(c)

    def step_outside(self):
        f = self.folders[self.rnd.choice(FOLDERS)]
        what = self.rnd.choice(("deliver", "deliver", "flag", "remove"))
        uid = self.rnd.choice(f.uids()) if f.messages else None
        if what == "deliver" and len(f.messages) < MESSAGES_MAX:
            f.pending.append(self.ident())
            self.outside.deliver(f.name, f.pending[-1])
        elif what == "flag" and uid:
            flag, on = self.rnd.choice(SYSTEM), self.rnd.random() < 0.5
            if self.outside.flag(f.name, uid, flag, on):
                (f.messages[uid].flags.add if on else f.messages[uid].flags.discard)(flag)
        elif what == "remove" and uid and self.rnd.random() < 0.5:
            if self.outside.remove(f.name, uid):
                del f.messages[uid]
        self.log.append("outside: %s %s %s" % (what, f.name, uid))
        self.observe(f.name)

    def step_select(self, c):
        how = "EXAMINE" if self.rnd.random() < 0.15 else "SELECT"
        old = self.rnd.choice(c.snapshots) if c.snapshots and self.rnd.random() < 0.6 else None
        name = old[0] if old else self.rnd.choice(FOLDERS)
        self.log.append("%d %s: %s %s %r" % (self.clients.index(c), c.kind, how, name, old))
        reply = c.select(name, how, old)
        self.log.append("-> %r" % reply.lines)
        c.read_only, c.server_view = how == "EXAMINE", []
        if c.condstore:
            check(c.highest, "no HIGHESTMODSEQ")
        c.modseq = {u: m for u, m in c.modseq.items() if u in c.flags}
        self.after(c)

    def step_noop(self, c):
        self.send(c, "NOOP")
        self.after(c)

    def expected_after(self, how, old, flags):
        return set(flags) if how == "" else old | flags if how == "+" else old - flags

    def step_store(self, c, since=None):
        if not c.server_view:
            return self.step_noop(c)
        uid, which, uids = self.targets(c)
        how, flags = self.rnd.choice(("", "+", "-")), set(self.rnd.sample(FLAGS, self.rnd.randint(0, 2)))
        silent = ".SILENT" if self.rnd.random() < 0.4 else ""
        f = self.folders[c.folder]
        there = [u for u in uids if u in f.messages]
        modified = [u for u in there if since is not None and f.messages[u].modseq > since]
        changed = [] if c.read_only else [u for u in there if u not in modified]
        condition = " (UNCHANGEDSINCE %d)" % since if since is not None else ""
        reply = self.send(c, "%sSTORE %s%s %sFLAGS%s (%s)" % (uid, which, condition, how, silent, " ".join(sorted(flags))), keeps=not uid)
        if c.read_only:
            equal(reply.status, "NO")
            return self.after(c, keeps=not uid)
        for u in changed:
            f.messages[u].flags = self.expected_after(how, f.messages[u].flags, flags)
            if silent and u in c.flags and u not in [a for a, items in c.answers if "FLAGS" in items]:
                c.flags[u] = self.expected_after(how, c.flags[u], flags)
        equal(reply.status, "NO" if len(there) < len(uids) and not uid else "OK")
        m = re.match(r"\[MODIFIED ([\d:,]+)\]", reply.text)
        named = numbers(m.group(1)) if m else []
        equal(named if uid else [c.server_view[n - 1] for n in named], modified, "MODIFIED")
        if not silent or c.condstore:
            check(set(there) <= {u for u, _ in c.answers}, "no answer for some of %r" % there)
        self.after(c, keeps=not uid)

    def step_conditional(self, c):
        known = [m for u, m in c.modseq.items() if u in c.view] + [c.highest, c.highest, 0]
        return self.step_store(c, self.rnd.choice(known))

    def step_fetch(self, c):
        if not c.server_view:
            return self.step_noop(c)
        uid, which, uids = self.targets(c)
        f = self.folders[c.folder]
        reply = self.send(c, "%sFETCH %s (UID FLAGS BODY.PEEK[HEADER.FIELDS (X-ID)] EMAILID)" % (uid, which), keeps=not uid)
        there = [u for u in uids if u in f.messages]
        equal(reply.status, "NO" if len(there) < len(uids) and not uid else "OK")
        found = {u: items for u, items in c.answers if "EMAILID" in items}
        equal(sorted(found), there)
        for u, items in found.items():
            equal(items["BODY[HEADER.FIELDS (X-ID)]"].split()[1].decode(), f.messages[u].ident, "content of UID %d" % u)
            equal(items["EMAILID"][0], f.messages[u].emailid, "EMAILID of UID %d" % u)
        self.after(c, keeps=not uid)

    def step_body(self, c):
        if not c.server_view:
            return self.step_noop(c)
        uid, which, uids = self.targets(c)
        f = self.folders[c.folder]
        self.send(c, "%sFETCH %s BODY[TEXT]" % (uid, which), keeps=not uid)
        there = [u for u in uids if u in f.messages]
        found = {u: items["BODY[TEXT]"] for u, items in c.answers if "BODY[TEXT]" in items}
        equal(found, {u: b"body of %s\r\n" % f.messages[u].ident.encode() for u in there})
        for u in there if not c.read_only else []:
            f.messages[u].flags.add("\\Seen")
        self.after(c, keeps=not uid)

    def step_changed(self, c):
        """FETCH CHANGEDSINCE a mod-sequence that some message has; with VANISHED where the client knows that."""
        f = self.folders[c.folder]
        since = self.rnd.choice([m.modseq for m in f.messages.values()] + [c.highest]) - self.rnd.randint(0, 1)
        vanished = c.vanishes and self.rnd.random() < 0.7
        uid = "UID " if vanished or not c.numbered else ""
        self.send(c, "%sFETCH 1:* (UID FLAGS) (CHANGEDSINCE %d%s)" % (uid, since, " VANISHED" if vanished else ""), keeps=not uid, earlier=vanished)
        wanted = {u for u in c.server_view if u in f.messages and f.messages[u].modseq > since}
        check(wanted <= {u for u, _ in c.answers}, "changed since %d: %r, told: %r" % (since, wanted, c.answers))
        self.after(c, keeps=not uid)

    def key(self, c, depth=0):
        """A search key and what it means."""
        f, r = self.folders[c.folder], self.rnd
        what = r.choice(("flag", "flag", "uid", "number", "modseq", "emailid", "not", "or", "all"))
        if what == "flag":
            flag = r.choice(FLAGS)
            word = flag[1:].upper() if flag in SYSTEM else "KEYWORD " + flag
            if r.random() < 0.4:
                return "UN" + word, lambda u: flag not in f.messages[u].flags
            return word, lambda u: flag in f.messages[u].flags
        if what == "number" and c.numbered and c.server_view:
            lo = r.randint(1, len(c.server_view))
            hi = r.randint(lo, len(c.server_view))
            return "%d:%d" % (lo, hi), lambda u: lo <= c.server_view.index(u) + 1 <= hi
        if what == "modseq" and c.condstore and f.messages:
            m = r.choice(list(f.messages.values())).modseq + r.randint(0, 1)
            return "MODSEQ %d" % m, lambda u: f.messages[u].modseq >= m
        if what == "emailid" and f.messages:
            e = r.choice(list(f.messages.values())).emailid
            return "EMAILID " + e, lambda u: f.messages[u].emailid == e
        if what in ("not", "or") and depth < 3:
            a, is_a = self.key(c, depth + 1)
            if what == "not":
                return "NOT (%s)" % a, lambda u: not is_a(u)
            b, is_b = self.key(c, depth + 1)
            return "OR (%s) (%s)" % (a, b), lambda u: is_a(u) or is_b(u)
        if what == "uid":
            lo = r.randint(1, f.uidnext + 2)
            return "UID %d:%d" % (lo, lo + 10), lambda u: lo <= u <= lo + 10
        return "ALL", lambda u: True

    def step_search(self, c):
        f = self.folders[c.folder]
        (a, is_a), (b, is_b) = self.key(c), self.key(c)
        uid = "UID " if not c.numbered or self.rnd.random() < 0.5 else ""
        has_numbers = not uid or re.search(r"(^|[ (])\d+:\d+", re.sub(r"UID [\d:]+", "", a + " " + b)) is not None
        view = list(c.server_view)
        wanted = [u for u in view if u in f.messages and is_a(u) and is_b(u)]
        reply = self.send(c, "%sSEARCH %s %s" % (uid, a, b), keeps=has_numbers)
        if c.kind == "rev2":
            m = re.match(rb"\* ESEARCH \(TAG \"\w+\"\)( UID)?(?: ALL ([\d:,]+))?()$", reply.untagged(r"^\* ESEARCH")[0])
            equal(bool(m.group(1)), bool(uid))
            found, highest = numbers(m.group(2).decode()) if m.group(2) else [], None
        else:
            m = re.match(rb"\* SEARCH((?: \d+)*)(?: \(MODSEQ (\d+)\))?$", reply.untagged(r"^\* SEARCH")[0])
            found, highest = [int(x) for x in m.group(1).split()], m.group(2)
        equal(found if uid else [view[n - 1] for n in found], wanted, a + " " + b)
        equal(bool(highest), "MODSEQ" in a + b and bool(wanted), "MODSEQ in the answer")
        if highest:
            equal(int(highest), max(f.messages[u].modseq for u in wanted))
        self.after(c, keeps=has_numbers)

    def transfer(self, c, command):
        to = self.folders[self.rnd.choice(FOLDERS)]
        if not c.server_view or len(to.messages) > MESSAGES_MAX:
            return self.step_expunge(c)
        uid, which, uids = self.targets(c)
        f = self.folders[c.folder]
        there = [u for u in uids if u in f.messages]
        reply = self.send(c, "%s%s %s %s" % (uid, command, which, to.name), keeps=command == "COPY" and not uid)
        keeps = command == "COPY" and not uid
        if command == "MOVE" and c.read_only:
            equal(reply.status, "NO")
        elif len(there) < len(uids) and not uid:
            equal(reply.status, "NO")
        else:
            equal(reply.status, "OK")
            text = reply.text + b"\n".join(reply.lines).decode("latin-1")
            m = re.search(r"\[COPYUID \d+ (\S+) (\S+)\]", text)
            check(m or not there, "no COPYUID: %r" % text)
            pairs = list(zip(numbers(m.group(1)), numbers(m.group(2)))) if m else []
            equal([a for a, _ in pairs], there, "COPYUID")
            for a, b in pairs:
                old = f.messages[a]
                to.add(b, Message(old.ident, old.flags, old.emailid))
            for a, _ in pairs if command == "MOVE" else []:
                del f.messages[a]
        self.after(c, to.name, keeps=keeps)

    def step_copy(self, c):
        return self.transfer(c, "COPY")

    def step_move(self, c):
        return self.transfer(c, "MOVE")

    def step_append(self, c):
        f = self.folders[self.rnd.choice(FOLDERS)]
        if len(f.messages) > MESSAGES_MAX:
            return self.step_expunge(c)
        ident, flags = self.ident(), set(self.rnd.sample(FLAGS, self.rnd.randint(0, 2)))
        text = crlf(letter(ident))
        reply = self.send(c, b"APPEND %s (%s) {%d+}\r\n%s" % (f.name.encode(), " ".join(flags).encode(), len(text), text))
        uid = int(re.match(r"\[APPENDUID \d+ (\d+)\]", reply.text).group(1))
        f.add(uid, Message(ident, flags))
        self.learn_emailid(f.name, uid)
        self.after(c, f.name)

    def step_expunge(self, c, which=None):
        f = self.folders[c.folder]
        reply = self.send(c, "UID EXPUNGE " + ranges(which) if which else "EXPUNGE")
        if c.read_only:
            equal(reply.status, "NO")
        else:
            for u in [u for u, m in f.messages.items() if "\\Deleted" in m.flags and (not which or u in which)]:
                del f.messages[u]
        self.after(c)

    def step_uid_expunge(self, c):
        f = self.folders[c.folder]
        return self.step_expunge(c, self.rnd.sample(range(1, f.uidnext + 1), min(f.uidnext, 5)))

    def step_close(self, c):
        f, command = self.folders[c.folder], self.rnd.choice(("CLOSE", "UNSELECT"))
        c.snapshot()
        equal(self.send(c, command).status, "OK")
        if command == "CLOSE" and not c.read_only:
            f.messages = {u: m for u, m in f.messages.items() if "\\Deleted" not in m.flags}
        c.folder = None
        c.forget()
        self.observe(f.name)

    def step_idle(self, c):
        c.idle_tag = c.start("IDLE")
        self.log.append("%d IDLE" % self.clients.index(c))

    def end_idle(self, c):
        c.send(b"DONE\r\n")
        reply = c.finish(c.idle_tag)
        self.log.append("%d DONE -> %r" % (self.clients.index(c), reply.lines))
        c.idle_tag = None
        reply.lines = [l for l in reply.lines if not l.startswith(b"+")]
        c.learn(reply)
        self.after(c)

    def step_break(self, c):
        """The connection breaks; another one may go on from what this one has in its cache."""
        c.snapshot()
        (c.end if self.rnd.random() < 0.5 else c.logout)()
        new = self.connect()
        if new.vanishes:
            new.snapshots = c.snapshots
        self.clients[self.clients.index(c)] = new

    def step_status(self, c):
        f = self.folders[self.rnd.choice([n for n in FOLDERS if n != c.folder])]
        reply = self.send(c, "STATUS %s (MESSAGES UIDNEXT UNSEEN)" % f.name)
        equal(reply.untagged("STATUS")[0].decode(), "* STATUS %s (MESSAGES %d UIDNEXT %d UNSEEN %d)" % (
            f.name, len(f.messages), f.uidnext, sum("\\Seen" not in m.flags for m in f.messages.values())))
        self.after(c)


def walk(seed, steps=None, seconds=None):
    """Returns the number of steps; raises AssertionError at a deviation."""
    w = Walk(seed)
    end, n = time.monotonic() + (seconds or 1e9), 0
    try:
        while n < (steps or 1e9) and time.monotonic() < end:
            w.step()
            n += 1
    except BaseException:
        for line in w.log:
            print("# " + str(line)[:2000])
        print("# seed %s, step %d" % (seed, n))
        raise
    for c in w.clients + list(w.observers.values()):
        c.end()
    return n


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--steps", type=int)
    p.add_argument("--seconds", type=float)
    p.add_argument("--seed", type=int, default=int(time.time()))
    a = p.parse_args()
    print("%d steps without a deviation" % walk(a.seed, a.steps, a.seconds if a.seconds or a.steps else 60))
