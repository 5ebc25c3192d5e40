#!/usr/bin/env python3
"""Programs that know nothing of locks (mutt, procmail, mv, rsync) rename flags, move from new/ to cur/, deliver, link and copy at full
speed, while eight sessions watch by IDLE, NOOP and FETCH. No message is told to be gone that is there, no UID changes its message, none
is used twice."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import random
import select
import signal
import threading

from imapsession import *

SECONDS = float(os.environ.get("LOAD_SECONDS", 3))
SEED = int(os.environ.get("SEED", time.time()))


def letter(ident):
    return b"From: a@example.org\nX-Id: %s\n\nbody of %s\n" % (ident.encode(), ident.encode())


def identity(items):
    for key, value in items.items():
        if key.startswith("BODY["):
            m = re.search(rb"X-Id: (\S+)", value or b"")
            return m.group(1).decode() if m else None


def answers(reply):
    return [items for line in reply.lines for items in fetched([line]).values()]


def who(session):
    """{UID: X-Id} of the selected folder."""
    return {int(f["UID"]): identity(f) for f in answers(session.ok("UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (X-Id)])"))}


def no_base_twice(box):
    lines = open(box.path + "/dovecot-uidlist").read().split("\n")[1:-1]
    bases = [l.split(":", 1)[1] for l in lines]
    uids = [int(l.split()[0]) for l in lines]
    check(len(set(bases)) == len(bases), "a file with two UIDs: %r" % sorted(b for b in bases if bases.count(b) > 1)[:4])
    equal(uids, sorted(set(uids)), "UIDs of dovecot-uidlist")


# ---- writers, each in a process of its own ----

def base_of(name):
    return name.split(":")[0]


def listing(box, sub):
    return [n for n in os.listdir(os.path.join(box.path, sub)) if not n.startswith(".")]


def rename_flags(box, rnd):
    names = listing(box, "cur")
    for name in rnd.sample(names, min(50, len(names))):
        flags = "".join(sorted(rnd.sample("DFRS", rnd.randint(0, 4))))
        try:
            os.rename(box.path + "/cur/" + name, box.path + "/cur/" + base_of(name) + ":2," + flags)
        except FileNotFoundError:
            pass


def take_from_new(box, rnd):
    for name in listing(box, "new"):
        try:
            os.rename(box.path + "/new/" + name, box.path + "/cur/" + base_of(name) + ":2," + rnd.choice(("", "S")))
        except FileNotFoundError:
            pass


serial = 0


def deliver(box, rnd):
    global serial
    serial += 1
    name = "%d.M%dP%d.writer" % (time.time(), time.time_ns() // 1000 % 1000000, os.getpid() * 1000 + serial % 1000)
    ident = "%d-%d" % (os.getpid(), serial)
    with open(box.path + "/tmp/" + name, "wb") as f:
        f.write(letter(ident))
    way = rnd.randint(0, 2)
    if way == 0:
        os.rename(box.path + "/tmp/" + name, box.path + "/new/" + name)
    elif way == 1:  # as procmail does
        os.link(box.path + "/tmp/" + name, box.path + "/new/" + name)
        os.unlink(box.path + "/tmp/" + name)
    else:           # as rsync does
        os.rename(box.path + "/tmp/" + name, box.path + "/cur/." + name + ".Xy12Z")
        os.rename(box.path + "/cur/." + name + ".Xy12Z", box.path + "/cur/" + name + ":2,S")
    time.sleep(0.02)


def remove(box, rnd):
    """Tell first, then unlink."""
    names = listing(box, "cur")
    name = rnd.choice(names)
    if len(names) < 20:
        return
    try:
        ident = re.search(rb"X-Id: (\S+)", open(box.path + "/cur/" + name, "rb").read()).group(1)
        with open(box.dir + "/removed", "ab", buffering=0) as f:
            f.write(ident + b"\n")
        os.unlink(box.path + "/cur/" + name)
    except FileNotFoundError:
        pass
    time.sleep(0.02)


def copy_and_remove(box, rnd):
    """Flags by link and unlink: for a moment there are two names."""
    names = listing(box, "cur")
    for name in rnd.sample(names, min(5, len(names))):
        to = base_of(name) + ":2," + "".join(sorted(rnd.sample("DFRS", 2)))
        try:
            if to != name:
                os.link(box.path + "/cur/" + name, box.path + "/cur/" + to)
                os.unlink(box.path + "/cur/" + name)
        except (FileNotFoundError, FileExistsError):
            pass


class Writer:
    def __init__(self, box, *ways):
        self.pid = os.fork()
        if self.pid == 0:
            try:
                signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
                rnd = random.Random("%d %s" % (SEED, ways[0].__name__))
                while True:
                    for way in ways:
                        way(box, rnd)
            except BaseException:
                traceback.print_exc()
                os._exit(1)

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        check(os.waitpid(self.pid, 0)[1] == 0, "a writer failed")


# ---- sessions that watch ----

class Watcher(threading.Thread):
    """A session that keeps its books: which UID each number has, and which message each UID is."""

    def __init__(self, box, how, means):
        threading.Thread.__init__(self, daemon=True)
        self.session, self.how, self.means = Session(box), how, means
        self.wrong, self.expunged, self.looks, self.stopping = [], [], 0, False
        self.uids = []
        self.learn(self.session.ok("SELECT INBOX"))
        self.ask()

    def learn(self, reply):
        for line in reply.lines:
            m = re.match(rb"\* (\d+) (EXPUNGE|EXISTS|FETCH)", line)
            if not m:
                continue
            n, what = int(m.group(1)), m.group(2)
            if what == b"EXPUNGE":
                self.expunged.append(self.uids.pop(n - 1))
            elif what == b"EXISTS":
                if n < len(self.uids):
                    self.wrong.append("EXISTS %d after %d" % (n, len(self.uids)))
                self.uids += [None] * (n - len(self.uids))
            else:
                self.told(n, fetched([line])[n])

    def told(self, n, items):
        uid = int(items["UID"]) if "UID" in items else self.uids[n - 1]
        if self.uids[n - 1] not in (None, uid):
            self.wrong.append("number %d was UID %s, is %d" % (n, self.uids[n - 1], uid))
        self.uids[n - 1] = uid
        ident = identity(items)
        if ident and self.means.setdefault(uid, ident) != ident:
            self.wrong.append("UID %d was %s, is %s" % (uid, self.means[uid], ident))

    def ask(self):
        if self.uids:
            self.learn(self.session.ok("UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (X-Id)])"))

    def idle(self):
        tag = self.session.start("IDLE")
        before = [self.session.line()]
        while not before[-1].startswith(b"+"):
            before.append(self.session.line())
        self.learn(Reply(before + [tag + b" OK "]))
        select.select([self.session.sock], [], [], 0.2)
        self.session.send(b"DONE\r\n")
        self.learn(self.session.finish(tag))

    def body(self):
        known = [u for u in self.uids if u]
        uid = random.choice(known)
        reply = self.session.ok("UID FETCH %d (UID BODY.PEEK[])" % uid)
        got = [f for f in answers(reply) if "BODY[]" in f]
        self.learn(reply)
        if not got and uid not in self.expunged:
            self.wrong.append("UID %d has no body, and is not told to be gone: %r" % (uid, reply.lines))

    def run(self):
        ways = {"idle": (self.idle,), "noop": (lambda: self.learn(self.session.ok("NOOP")),), "fetch": (self.ask,),
                "body": (self.body, self.body, self.body, lambda: self.learn(self.session.ok("NOOP")))}[self.how]
        try:
            while not self.stopping:
                for way in ways:
                    way()
                self.looks += 1
            self.learn(self.session.ok("NOOP"))
            self.ask()
        except BaseException:
            self.wrong.append(traceback.format_exc())


def watched(box, *writers):
    """Eight sessions while these writers write. Returns what each UID means, and UIDs that were told to be gone."""
    means = {}
    watchers = [Watcher(box, how, means) for how in ("idle", "idle", "noop", "noop", "noop", "fetch", "fetch", "body")]
    running = [Writer(box, *w) for w in writers]
    try:
        for w in watchers:
            w.start()
        time.sleep(SECONDS)
    finally:
        for r in running:
            r.stop()
        for w in watchers:
            w.stopping = True
    for w in watchers:
        w.join(30)
        check(not w.is_alive(), "a session that watches by %s hangs" % w.how)
        check(not w.wrong, "%s (seed %d): %s" % (w.how, SEED, "\n".join(w.wrong[:5])))
        check(w.looks, "%s has not looked once" % w.how)
    for w in watchers[1:]:
        equal(w.uids, watchers[0].uids, "%s and %s know other UIDs at the end" % (w.how, watchers[0].how))
    for w in watchers:
        w.session.logout()
    return means, {u for w in watchers for u in w.expunged}


def filled(n=150):
    box = Maildir()
    for i in range(n):
        box.add(letter("first-%d" % i), flags="")
    return box


def all_there(box):
    s = Session(box)
    s.ok("SELECT INBOX")
    found = who(s)
    s.logout()
    files = sorted(re.search(rb"X-Id: (\S+)", open(f, "rb").read()).group(1).decode() for f in box.files()
                   if not os.path.basename(f).startswith("."))  # a writer was stopped halfway
    equal(sorted(found.values()), files, "what is served, and what is there")
    no_base_twice(box)
    return found


@test("flags renamed, letters delivered and taken from new/ all the time: nothing is told to be gone (seed %d)" % SEED)
def _():
    box = filled()
    means, gone = watched(box, (rename_flags,), (rename_flags, take_from_new), (deliver,))
    equal(sorted(gone, key=str), [], "UIDs that were told to be gone")
    found = all_there(box)
    equal({u: means.get(u) for u in found}, found)


@test("with a message removed now and then, only those are told to be gone")
def _():
    box = filled()
    open(box.dir + "/removed", "w").close()
    means, gone = watched(box, (rename_flags, take_from_new), (deliver,), (remove,))
    removed = set(open(box.dir + "/removed").read().split())
    check(gone, "nothing was told to be gone")
    equal(sorted(means[u] for u in gone if means.get(u) not in removed and u in means), [], "told to be gone, but never removed")
    all_there(box)


@test("flags changed by link and unlink: one message stays one")
def _():
    box = filled(60)
    means, gone = watched(box, (copy_and_remove,), (copy_and_remove, deliver))
    equal(sorted(gone, key=str), [], "UIDs that were told to be gone")
    s = Session(box)
    s.ok("SELECT INBOX")
    found = who(s)
    equal(len(set(found.values())), len(found), "a message is there twice")
    equal({u: means.get(u, i) for u, i in found.items()}, found)
    s.logout()
    no_base_twice(box)


# ---- single moments ----

def three():
    box = Maildir()
    for i in range(3):
        box.add(letter("m%d" % i), flags="")
    a, b = Session(box), Session(box)
    a.ok("SELECT INBOX")
    b.ok("SELECT INBOX")
    return box, a, b


@test("a file that is away for a moment has its old UID, if nobody was told")
def _():
    box, a, b = three()
    path = box.files()[1]
    os.rename(path, box.dir + "/elsewhere")
    os.rename(box.dir + "/elsewhere", path)
    for s in (a, b):
        equal(s.ok("NOOP").untagged("EXPUNGE|EXISTS"), [])
        equal(who(s), {1: "m0", 2: "m1", 3: "m2"})


@test("a file that returns with other flags keeps its UID, with nobody looking meanwhile")
def _():
    box, a, b = three()
    path = box.files()[1]
    os.rename(path, box.dir + "/elsewhere")
    os.rename(box.dir + "/elsewhere", path + "FS")
    for s in (a, b):
        equal(s.ok("NOOP").untagged("EXPUNGE|EXISTS"), [])
        equal(who(s), {1: "m0", 2: "m1", 3: "m2"})
    check({"\\Flagged", "\\Seen"} <= set(a.fetch("2", "FLAGS")[2]["FLAGS"]), "flags")


@test("a file that returns after a client was told that it is gone has a new UID, in every session")
def _():
    box, a, b = three()
    path = box.files()[1]
    os.rename(path, box.dir + "/elsewhere")
    equal(a.ok("NOOP").untagged("EXPUNGE"), [b"* 2 EXPUNGE"])
    os.rename(box.dir + "/elsewhere", path)
    for s in (a, b):
        s.ok("NOOP")
        found = who(s)
        equal(sorted(found.values()), ["m0", "m1", "m2"])
        equal((found[1], found[3]), ("m0", "m2"))
        check(2 not in found and max(found) > 3, "UIDs are %r" % found)
    c = Session(box)
    c.ok("SELECT INBOX")
    equal(who(c), who(a))
    no_base_twice(box)


@test("the same when all sessions have ended and the index is gone")
def _():
    box, a, b = three()
    b.logout()
    path = box.files()[1]
    os.rename(path, box.dir + "/elsewhere")
    equal(a.ok("NOOP").untagged("EXPUNGE"), [b"* 2 EXPUNGE"])
    a.append(b"X-Id: m3\r\n\r\n\r\n")
    a.logout()
    os.rename(box.dir + "/elsewhere", path)
    c = Session(box)
    c.ok("SELECT INBOX")
    found = who(c)
    equal(sorted(found.values()), ["m0", "m1", "m2", "m3"])
    check(found.get(2) is None, "UID 2 was told to be gone, and is there again: %r" % found)


@test("two names of one base are one message, none of them is removed, and it lasts as long as one of them")
def _():
    box, a, b = three()
    path = box.files()[1]
    os.link(path, path + "F")
    for s in (a, b):
        s.ok("NOOP")
        equal(who(s), {1: "m0", 2: "m1", 3: "m2"})
    equal(len(box.files()), 4)
    os.unlink(path)
    for s in (a, b):
        equal(s.ok("NOOP").untagged("EXPUNGE"), [])
        equal(who(s), {1: "m0", 2: "m1", 3: "m2"})
    os.link(path + "F", box.path + "/new/" + base_of(os.path.basename(path)))
    os.link(path + "F", path + "RS")
    os.unlink(path + "F")
    c = Session(box)
    c.ok("SELECT INBOX")
    for s in (a, b, c):
        equal(s.ok("NOOP").untagged("EXPUNGE"), [])
        equal(who(s), {1: "m0", 2: "m1", 3: "m2"})
    no_base_twice(box)


@test("of two names of one base the one that came later goes, and the message stays")
def _():
    box, a, b = three()
    path = box.files()[1]
    for s in (a, b):
        os.link(path, path + "F")
        s.ok("NOOP")
        os.unlink(path + "F")
        equal(s.ok("NOOP").untagged("EXPUNGE"), [])
        equal(who(s), {1: "m0", 2: "m1", 3: "m2"})
    for how in ("F", "S"):  # made, remade and removed between two looks, while another name stays
        os.link(path, path + how)
        os.unlink(path)
        os.link(path + how, path)
        os.unlink(path)
        for s in (a, b):
            equal(s.ok("NOOP").untagged("EXPUNGE"), [])
            equal(who(s), {1: "m0", 2: "m1", 3: "m2"})
        path += how
    no_base_twice(box)


@test("of two different files with one base, one is served and none is removed")
def _():
    box, a, b = three()
    path = box.files()[1]
    with open(path + "S", "wb") as f:
        f.write(letter("other"))
    c = Session(box)
    c.ok("SELECT INBOX")
    for s in (a, b, c):
        s.ok("NOOP")
        found = who(s)
        equal((sorted(found), found[1], found[3]), ([1, 2, 3], "m0", "m2"))
        check(found[2] in ("m1", "other"), found)
    equal(len(box.files()), 4)


@test("a message that is renamed between a look and its opening is served, again and again")
def _():
    box, a, b = three()
    for i in range(40):
        for path in box.files():
            os.rename(path, path.split(":2,")[0] + ":2," + ("F", "S", "FS", "")[i % 4])
        for s in (a, b):
            for uid in (1, 2, 3):
                equal([identity(f) for f in answers(s.ok("UID FETCH %d (BODY.PEEK[])" % uid)) if "BODY[]" in f], ["m%d" % (uid - 1)])


@test("a message that another program takes from new/ to cur/ keeps its UID")
def _():
    box, a, b = three()
    watch = Session(box)
    watch.ok("EXAMINE INBOX")  # leaves new/ alone
    for i in range(10):
        path = box.add(letter("n%d" % i))
        watch.ok("NOOP")
        before = who(watch)
        os.rename(path, path.replace("/new/", "/cur/") + ":2,S")
        equal(watch.ok("NOOP").untagged("EXPUNGE"), [])
        equal(who(watch), before)


def at_once(box, folder, sessions, command):
    """All of these wait for the lock, having looked at what is there: another server seems to hold it."""
    lock = os.path.join(box.folder(folder), "dovecot-uidlist.lock")
    with open(lock, "w") as f:
        f.write("%d:%s" % (os.getpid(), socket.gethostname()))
    tags = [s.start(command % {"n": i + 1, "i": i}) for i, s in enumerate(sessions)]
    time.sleep(0.1)
    os.unlink(lock)
    equal([s.finish(tag).status for s, tag in zip(sessions, tags)], ["OK"] * len(sessions))


def keywords(box, folder):
    return sorted(l.split()[1] for l in open(os.path.join(box.folder(folder), "dovecot-keywords")).read().split("\n")[:-1])


@test("sessions that add keywords at the same moment lose none, be it by STORE, COPY or APPEND")
def _():
    box = filled(8)
    sessions = [Session(box) for _ in range(8)]
    sessions[0].ok("CREATE To")
    sessions[0].append(b"X-Id: there\r\n\r\n", "To")
    for s in sessions:
        s.ok("SELECT INBOX")
    for turn in range(3):
        at_once(box, "", sessions, "UID STORE %%(n)d FLAGS.SILENT (Key%d-%%(i)d)" % turn)
        at_once(box, "To", sessions, "UID COPY %(n)d To")
    at_once(box, "To", sessions[:2], "APPEND To (Added%(i)d) {4+}\r\n\r\n\r\n")
    wanted = ["Key%d-%d" % (t, i) for t in range(3) for i in range(8)]
    equal(keywords(box, ""), wanted)
    equal(keywords(box, "To"), ["Added0", "Added1"] + wanted)
    c = Session(box)
    c.ok("SELECT To")
    found = [set(f["FLAGS"]) - {"\\Recent"} for _n, f in sorted(c.fetch("2:*", "FLAGS").items())]
    equal(sorted(tuple(f) for f in found), sorted((k,) for k in keywords(box, "To")))


@test("sessions that open new folders at the same moment number each with a UIDVALIDITY of its own")
def _():
    for _round in range(3):
        box = Maildir()
        sessions = [Session(box) for _ in range(8)]
        for i in range(8):
            sessions[0].ok("CREATE New%d" % i)
        tags = [s.start("SELECT New%d" % i) for i, s in enumerate(sessions)]
        replies = [s.finish(t) for s, t in zip(sessions, tags)]
        equal([r.status for r in replies], ["OK"] * 8)
        values = [re.search(rb"UIDVALIDITY (\d+)", b"\n".join(r.lines)).group(1) for r in replies]
        equal(len(set(values)), 8, "values of UIDVALIDITY: %r" % values)
        for s in sessions:
            s.logout()


run()
