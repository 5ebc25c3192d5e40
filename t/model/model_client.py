"""model_client.py - an IMAP client that keeps books of what it was told, and finds fault with any answer that does not fit them.

Kinds: "plain"; "rev2" (IMAP4rev2); "condstore"; "qresync"; "uidonly" (with QRESYNC). `view` is the list of UIDs as the client counts messages; None stands
for one that it has been told of (EXISTS) and not asked about. `highest` is computed as RFC 7162 section 6 says.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from imapsession import *

ENABLE = {"plain": None, "rev2": "IMAP4rev2", "condstore": "CONDSTORE", "qresync": "QRESYNC", "uidonly": "QRESYNC UIDONLY"}


def ranges(uids):
    """[1, 2, 3, 7] as 1:3,7"""
    parts = []
    for u in sorted(uids):
        if parts and parts[-1][1] == u - 1:
            parts[-1][1] = u
        else:
            parts.append([u, u])
    return ",".join("%d" % a if a == b else "%d:%d" % (a, b) for a, b in parts)


def numbers(text):
    found = []
    for part in text.split(","):
        lo, _, hi = part.partition(":")
        found += range(int(lo), int(hi or lo) + 1)
    return found


def items_of(text):
    values, rest = parse(text)
    check(rest == b"", "rubbish behind an answer: %r" % rest)
    return dict(zip(values[::2], values[1::2]))


class Client(Session):
    def __init__(self, maildir, kind):
        Session.__init__(self, maildir)
        self.kind, self.numbered = kind, kind != "uidonly"
        self.condstore, self.vanishes = kind not in ("plain", "rev2"), kind in ("qresync", "uidonly")
        self.folder, self.idle_tag, self.snapshots = None, None, []
        self.forget()
        if ENABLE[kind]:
            self.ok("ENABLE " + ENABLE[kind])

    def forget(self):
        self.view, self.flags, self.modseq, self.highest, self.validity = [], {}, {}, 0, 0

    # ---- books ----

    def place(self, uid):
        """A UID that the client did not know yet: one of those that it has not asked about."""
        if uid in self.view:
            return
        check(None in self.view, "an answer about UID %d, which is none of %r" % (uid, self.view))
        known = sorted([u for u in self.view if u] + [uid])
        self.view = known + [None] * (len(self.view) - len(known))

    def gone(self, uid):
        if uid in self.view:
            self.view.remove(uid)
        else:
            fits = [i for i, u in enumerate(self.view) if u is None and not (self.numbered and (
                any(v and v > uid for v in self.view[:i]) or any(v and v < uid for v in self.view[i:])))]
            check(fits, "UID %d vanished, which is none of %r" % (uid, self.view))
            del self.view[fits[0]]
        self.flags.pop(uid, None)
        self.modseq.pop(uid, None)

    def on_fetch(self, number, kind, items, seen):
        if kind == b"FETCH":
            check(self.numbered, "a message number though UIDONLY is enabled")
            check(1 <= number <= len(self.view), "FETCH of number %d of %d" % (number, len(self.view)))
            if "UID" in items:
                uid = int(items["UID"])
                check(self.view[number - 1] in (None, uid), "number %d was UID %s and is %d" % (number, self.view[number - 1], uid))
                self.view[number - 1] = uid
            uid = self.view[number - 1]
        else:
            check(not self.numbered, "UIDFETCH though UIDONLY is not enabled")
            self.place(number)
            uid = number
        if uid and "FLAGS" in items:
            self.flags[uid] = set(items["FLAGS"]) - {"\\Recent"}
        if "MODSEQ" in items:
            seen.append(int(items["MODSEQ"][0]))
            if uid:
                check(seen[-1] >= self.modseq.get(uid, 0), "the mod-sequence of UID %d fell" % uid)
                self.modseq[uid] = seen[-1]
        return uid

    def on_line(self, line, keeps, earlier, seen, codes):
        m = re.match(rb"\* (\d+) (EXPUNGE|EXISTS|FETCH|UIDFETCH)(?: (.*))?$", line, re.S)
        v = re.match(rb"\* VANISHED (\(EARLIER\) )?(.*)$", line)
        if m and m.group(2) == b"EXPUNGE":
            n = int(m.group(1))
            check(not keeps, "EXPUNGE while numbers are in use")
            check(not self.vanishes, "EXPUNGE where VANISHED was wanted")
            check(1 <= n <= len(self.view), "EXPUNGE of number %d of %d" % (n, len(self.view)))
            uid = self.view.pop(n - 1)
            self.flags.pop(uid, None)
        elif m and m.group(2) == b"EXISTS":
            n = int(m.group(1))
            check(n >= len(self.view), "EXISTS %d after %d" % (n, len(self.view)))
            self.view += [None] * (n - len(self.view))
        elif m:
            items = items_of(m.group(3))
            self.answers.append((self.on_fetch(int(m.group(1)), m.group(2), items, seen), items))
        elif v:
            check(self.vanishes, "VANISHED, which this client does not know")
            check(bool(v.group(1)) == earlier or not v.group(1), "VANISHED (EARLIER) that nobody asked for")
            check(v.group(1) or not keeps, "VANISHED while numbers are in use")
            for uid in numbers(v.group(2).decode()):
                if not v.group(1) or uid in self.view:
                    self.gone(uid)
        else:
            codes += [int(x) for x in re.findall(rb"^\* OK \[HIGHESTMODSEQ (\d+)\]", line)]

    def learn(self, reply, keeps=False, earlier=False):
        """Take in an answer. keeps: it must not remove messages; earlier: VANISHED (EARLIER) was asked for."""
        seen, codes, self.answers = [], [], []
        for line in reply.lines:
            self.on_line(line, keeps, earlier, seen, codes)
        codes += [int(x) for x in re.findall(r"^\[HIGHESTMODSEQ (\d+)\]", reply.text)]
        if codes:
            self.highest = codes[-1]
        elif seen:
            self.highest = max(self.highest, max(seen))
        return reply

    def snapshot(self):
        """What the client would find in its cache if the connection broke now."""
        uids = {u for u in self.view if u in self.flags}
        known = self.view[:len(uids)] if self.numbered else self.view
        whole = self.folder and set(known) == uids  # what is not known comes behind what is
        if whole and self.vanishes:
            self.snapshots.append((self.folder, self.validity, self.highest, {u: set(self.flags[u]) for u in uids}))
            del self.snapshots[:-20]

    # ---- what every client does ----

    def select(self, folder, how="SELECT", resync=None):
        self.forget()
        self.folder = None
        parameters = ""
        if resync:
            _, validity, highest, flags = resync
            parameters = " (QRESYNC (%d %d%s))" % (validity, highest, " " + ranges(flags) if flags else "")
        reply = self.do("%s %s%s" % (how, folder, parameters))
        check(reply.status == "OK", "%s %s: %r" % (how, folder, reply.last))
        if resync:
            return self.resynchronise(folder, reply, flags)
        self.learn(reply)
        self.opened(folder, reply)
        return reply

    def opened(self, folder, reply):
        self.folder = folder
        self.validity = int(re.search(rb"UIDVALIDITY (\d+)", b"\n".join(reply.lines)).group(1))

    def resynchronise(self, folder, reply, flags):
        """The cache, less what vanished, with what changed; then what is new."""
        exists = int(re.search(rb"\* (\d+) EXISTS", b"\n".join(reply.lines)).group(1))
        vanished = [u for line in reply.lines for u in (numbers(line.split()[-1].decode()) if b"(EARLIER)" in line else [])]
        for line in reply.lines:
            check(not re.match(rb"\* VANISHED \d", line), "VANISHED without EARLIER in SELECT")
        self.flags = {u: f for u, f in flags.items() if u not in vanished}
        known = sorted(self.flags)
        check(exists >= len(known), "%d messages, but %r did not vanish" % (exists, known))
        self.view = known + [None] * (exists - len(known))
        reply.lines = [l for l in reply.lines if b" EXISTS" not in l and b"VANISHED" not in l]
        self.learn(reply)
        self.opened(folder, reply)
        return reply

    def know(self):
        """Ask about what is not known yet. Returns whether removals could not be told at the end of it."""
        keeps = True
        extra = " MODSEQ" if self.condstore else ""
        while None in self.view:
            first = self.view.index(None) + 1
            if self.numbered:
                reply = self.do("FETCH %d:%d (UID FLAGS%s)" % (first, len(self.view), extra))
            else:
                reply = self.do("UID FETCH 1:* (FLAGS%s)" % extra)
            self.learn(reply, keeps=self.numbered)
            if not self.numbered or reply.status == "NO":
                self.learn(self.ok("NOOP"))
                keeps = False
        return keeps
