#!/usr/bin/env python3
"""Clients of this server and of Dovecot change the same folders at the same time, while letters are delivered by both and by hand.
Each message bears a name of its own (X-Id). Whatever any session ever saw: a UID means one message for ever, messages that nobody
removed are there at the end, both servers tell the same of it, and Dovecot's log is clean.

Dovecot's COPY and MOVE keep the name of the file, and Dovecot warns of its own stale line ("Duplicate file entry") where a message
comes to a folder in which it was before. So its sessions take a message only to where it never was; this server's take it anywhere."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import random
import threading

from dovecot import *

SECONDS = float(os.environ.get("LOAD_SECONDS", 12))
SEED = int(os.environ.get("SEED", time.time()))
FOLDERS = ("INBOX", "Work", "Play", "Away")
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$Forwarded", "Work", "Later")
server = Sandbox(users=["anna"])
dovecot = Dovecot(server)
anna = server.user("anna")


class Books:
    """What all sessions have seen and done together."""

    def __init__(self):
        self.lock = threading.Lock()
        self.means = {}          # (folder, UID): X-Id
        self.made = {}           # X-Id: the folder to which it was added first
        self.been = set()        # (X-Id, folder)
        self.removable = set()   # X-Ids that somebody may remove
        self.wrong, self.done = [], {}
        self.serial = 0

    def fresh(self, kind, may_go):
        with self.lock:
            self.serial += 1
            ident = "%s%d" % (kind, self.serial)
            if may_go:
                self.removable.add(ident)
            return ident

    def added(self, ident, folder):
        with self.lock:
            self.made[ident] = folder
            self.been.add((ident, folder))

    def claim(self, ident, folder):
        """True for the first that takes a message to that folder."""
        with self.lock:
            if (ident, folder) in self.been:
                return False
            self.been.add((ident, folder))
            return True

    def saw(self, folder, uid, ident, who):
        with self.lock:
            self.been.add((ident, folder))
            before = self.means.setdefault((folder, uid), ident)
            if before != ident:
                self.wrong.append("%s: UID %d of %s was %s, is %s" % (who, uid, folder, before, ident))

    def did(self, what):
        with self.lock:
            self.done[what] = self.done.get(what, 0) + 1


books = Books()
stop = threading.Event()


class Worker(threading.Thread):
    """One client with one folder open after the other."""

    def __init__(self, number, where):
        threading.Thread.__init__(self, daemon=True)
        self.where, self.who = where, "%s %d" % (type(where).__name__, number)
        self.random = random.Random("%d %d" % (SEED, number))
        self.client, self.folder = Client(where, "anna"), None

    def run(self):
        try:
            while not stop.is_set():
                self.folder = self.random.choice(FOLDERS)
                self.client.ok("SELECT " + self.folder)
                for _ in range(self.random.randint(3, 15)):
                    if not stop.is_set():
                        self.step()
            self.client.logout()
        except BaseException:
            with books.lock:
                books.wrong.append("%s: %s" % (self.who, traceback.format_exc()))

    def look(self):
        """{UID: X-Id} of the folder that is open, all of it written into the books."""
        found = {}
        reply = self.client.do("UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (X-ID)])")
        for items in answers(reply):
            header = [v for k, v in items.items() if k.upper().startswith("BODY[")]
            ident = identity(header[0]) if header else None
            if ident:
                found[int(items["UID"])] = ident
                books.saw(self.folder, int(items["UID"]), ident, self.who)
        return found

    def step(self):
        what = self.random.choice(("append", "append", "flags", "flags", "flags", "copy", "move", "remove", "look"))
        known = self.look()
        goes = [u for u, i in known.items() if i in books.removable]
        uid = self.random.choice(sorted(known)) if known else None
        books.did("%s by %s" % (what, type(self.where).__name__))
        if what == "append":
            folder = self.random.choice(FOLDERS)
            ident = books.fresh("s" if self.random.random() < 0.5 else "g", False)
            may_go = ident[0] == "g"
            if may_go:
                books.removable.add(ident)
            reply = self.client.append(letter(ident), folder)
            books.added(ident, folder)
            m = re.search(r"\[APPENDUID \d+ (\d+)\]", reply.text)
            if m:
                books.saw(folder, int(m.group(1)), ident, self.who)
        elif what == "flags" and uid:
            flags = self.random.sample(FLAGS, 2)
            self.client.do("UID STORE %d %sFLAGS (%s)" % (uid, self.random.choice(("+", "-", "")), " ".join(flags)))
        elif what in ("copy", "move") and goes:
            to = self.random.choice(FOLDERS)
            chosen = sorted(self.random.sample(goes, min(len(goes), 3)))
            if self.where is dovecot:
                chosen = [u for u in chosen if books.claim(known[u], to)]
            if not chosen or (what == "move" and to == self.folder):
                return
            reply = self.client.do("UID %s %s %s" % (what.upper(), ",".join(map(str, chosen)), to))
            self.copied(reply, known, to)
        elif what == "remove" and goes:
            chosen = ",".join(map(str, sorted(self.random.sample(goes, min(len(goes), 4)))))
            self.client.do("UID STORE %s +FLAGS.SILENT (\\Deleted)" % chosen)
            self.client.do("UID EXPUNGE " + chosen)

    def copied(self, reply, known, to):
        for line in reply.lines + [reply.last]:
            m = re.search(rb"\[COPYUID \d+ (\S+) (\S+)\]", line)
            if m:
                for old, new in zip(numbers(m.group(1)), numbers(m.group(2))):
                    if old in known:
                        books.saw(to, new, known[old], self.who)


class Popper(threading.Thread):
    """POP3 sessions at both in turn, which take away what may go. The UIDL says the UID."""

    def __init__(self):
        threading.Thread.__init__(self, daemon=True)

    def run(self):
        try:
            while not stop.is_set():
                for s in (server, dovecot):
                    self.session(s)
                    stop.wait(0.3)
        except BaseException:
            with books.lock:
                books.wrong.append("POP3: " + traceback.format_exc())

    def session(self, where):
        session = pop3(where, "anna")
        listed = [line.decode().split() for line in session.uidl()[1]]
        for number, uidl in listed[-12:]:
            try:
                ident = identity(b"\r\n".join(session.top(int(number), 0)[1]))
            except poplib.error_proto:
                continue  # somebody else removed it
            books.saw("INBOX", int(uidl[:8], 16), ident, "POP3 of " + type(where).__name__)
            if ident in books.removable and len(listed) > 20:
                session.dele(int(number))
                books.did("POP3 deletion")
        try:
            session.quit()
        except poplib.error_proto:
            pass  # some were gone already


def numbers(text):
    """1:3,7 as a list."""
    found = []
    for part in text.decode().split(","):
        first, _, last = part.partition(":")
        found += range(int(first), int(last or first) + 1)
    return found


class Deliverer(threading.Thread):
    """Letters to INBOX that stay: by SMTP, by Dovecot's delivery agent, or by a rename into new/."""

    def __init__(self, way, pause):
        threading.Thread.__init__(self, daemon=True)
        self.way, self.pause = way, pause

    def run(self):
        while not stop.is_set():
            ident = books.fresh(self.way.__name__, False)
            try:
                self.way(ident)
                books.added(ident, "INBOX")
                books.did("delivery " + self.way.__name__)
            except BaseException:
                with books.lock:
                    books.wrong.append("%s: %s" % (self.way.__name__, traceback.format_exc()))
            stop.wait(self.pause)


def smtp(ident):
    matches(send(server, "anna", body=letter(ident)), "^250 ")


def lda(ident):
    dovecot.deliver("anna", letter(ident))


def rename(ident):
    name = "%d.M%dP%d.byhand" % (time.time(), time.time_ns() // 1000 % 1000000, os.getpid())
    path = os.path.join(anna.maildir, "tmp", name)
    with open(path, "wb") as f:
        f.write(letter(ident, line_end="\n"))
    os.chown(path, anna.uid, anna.uid)
    os.rename(path, os.path.join(anna.maildir, "new", name))


@test("sessions of both work on the same folders for %g s, and no UID ever means another message (seed %d)" % (SECONDS, SEED))
def _():
    first = Client(server, "anna")
    for name in FOLDERS[1:]:
        first.ok("CREATE " + name)
    first.logout()
    threads = [Worker(i, (server, dovecot)[i % 2]) for i in range(8)] + [Deliverer(smtp, 0.2), Deliverer(lda, 0.2), Deliverer(rename, 0.05), Popper()]
    for t in threads:
        t.start()
    time.sleep(SECONDS)
    stop.set()
    for t in threads:
        t.join(60)
        check(not t.is_alive(), "%s has not ended" % getattr(t, "who", t))
    diagnosis = ", ".join("%d %s" % (n, what) for what, n in sorted(books.done.items()))
    print("# " + diagnosis)
    check(not books.wrong, "\n".join(books.wrong[:10]))
    for s in ("Sandbox", "Dovecot"):
        check(all(books.done.get("%s by %s" % (w, s), 0) > 3 for w in ("append", "flags", "copy", "move", "remove")), diagnosis)


@test("both tell the same of it, and no UID means another message than before")
def _():
    now = agree(server, dovecot, "anna")
    for folder, (_validity, _next, mails) in now["folders"].items():
        for uid, (ident, *_rest) in mails.items():
            equal(books.means.get((folder, uid), ident), ident, "UID %d of %s" % (uid, folder))


@test("every message that nobody removed is there, once, in its folder")
def _():
    c = Client(server, "anna")
    there = {f: [m[0] for m in messages(c, f).values()] for f in FOLDERS}
    c.logout()
    for ident, folder in books.made.items():
        if ident not in books.removable:
            n = there[folder].count(ident)
            check(n == 1, "%s is in %s %d times" % (ident, folder, n))


@test("each file has one UID, and no two lines of a uidlist name one file")
def _():
    for folder in FOLDERS:
        directory = os.path.join(anna.maildir, "" if folder == "INBOX" else "." + folder)
        bases = [l.split(":", 1)[1] for l in open(os.path.join(directory, "dovecot-uidlist")).read().split("\n")[1:-1]]
        twice = {b for b in bases if bases.count(b) > 1}
        check(not twice, "%s: %r" % (folder, sorted(twice)[:5]))
        files = [f.split(":")[0] for f in os.listdir(directory + "/cur") + os.listdir(directory + "/new")]
        equal(sorted(set(files) - set(bases)), [], folder + ": files without a UID")
        equal(len(files), len(set(files)), folder + ": a file twice")


@test("Dovecot had nothing to complain about")
def _():
    dovecot.is_content()


run()
