#!/usr/bin/env python3
"""Mutt reads and changes the Maildir itself, without asking anybody, while sessions of this server have it open: flags, deletion, copies
and moves to another folder. What it did is told, and UIDs stay what they are."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pty
import select

from imapsession import *

if not shutil.which("mutt"):
    skip_all("mutt is not installed; as root: contrib/install-deps test")

RC = """
set mbox_type=Maildir
set quit=yes delete=yes move=no confirmappend=no confirmcreate=no wait_key=no sleep_time=0 save_name=no mark_old=no
set spoolfile=%(inbox)s folder=%(dir)s record='' postponed='' tmpdir=%(dir)s
push "%(keys)s"
"""


def mutt(box, keys, folder=""):
    """Run it with these keys on a terminal of its own, until it ends."""
    rc = os.path.join(box.dir, "muttrc")
    with open(rc, "w") as f:
        f.write(RC % {"inbox": box.path, "dir": box.dir, "keys": keys + "<quit>"})
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("mutt", ["mutt", "-n", "-F", rc, "-f", box.folder(folder)],
                   {"TERM": "vt100", "HOME": box.dir, "PATH": os.environ["PATH"], "LINES": "50", "COLUMNS": "100"})
    shown, end = b"", time.monotonic() + 20
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                data = b""
            if not data:
                break
            shown += data
    else:
        os.kill(pid, 9)
    os.close(terminal)
    status = os.waitpid(pid, 0)[1]
    check(status == 0, "mutt ended with %d:\n%s" % (status, shown[-1500:].decode("latin-1")))


def who(s):
    found = {}
    for line in s.ok("UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (Subject)])").lines:
        for f in fetched([line]).values():
            subject = [v for k, v in f.items() if k.startswith("BODY[")]
            if subject:
                found[int(f["UID"])] = (subject[0].split()[1].decode(), set(f["FLAGS"]) - {"\\Recent"})
    return found


box = Maildir()
for i in range(1, 9):
    box.add(b"From: a@example.org\nSubject: m%d\n\nbody\n" % i, flags="" if i < 5 else None)
watch = Session(box)
watch.ok("SELECT INBOX")
watch.ok("CREATE Work")
start = who(watch)


@test("all letters are known before")
def _():
    equal(sorted((u, s) for u, (s, _f) in start.items()), [(i, "m%d" % i) for i in range(1, 9)])


@test("flags that mutt sets are told, and no message moves")
def _():
    mutt(box, "<tag-pattern>~s m[1-3]<enter><tag-prefix><flag-message><untag-pattern>.<enter>"
              "<limit>~s m4<enter><set-flag>r<limit>.<enter><sync-mailbox>")
    reply = watch.ok("NOOP")
    equal(reply.untagged("EXPUNGE|EXISTS"), [])
    now = who(watch)
    equal({u: s for u, (s, _f) in now.items()}, {u: s for u, (s, _f) in start.items()})
    equal([u for u, (_s, f) in now.items() if "\\Flagged" in f], [1, 2, 3])
    equal([u for u, (_s, f) in now.items() if "\\Answered" in f], [4])


@test("what mutt deletes is told to be gone, and nothing else")
def _():
    mutt(box, "<delete-pattern>~s m[25]<enter><sync-mailbox>")
    equal(watch.ok("NOOP").untagged("EXPUNGE"), [b"* 2 EXPUNGE", b"* 4 EXPUNGE"])
    equal({u: s for u, (s, _f) in who(watch).items()}, {i: "m%d" % i for i in (1, 3, 4, 6, 7, 8)})


@test("what mutt copies and saves to another folder is there, with its flags")
def _():
    mutt(box, "<limit>~s m1<enter><copy-message>%s<enter><limit>~s m3<enter><save-message>%s<enter><limit>.<enter><sync-mailbox>" %
         (box.folder("Work"), box.folder("Work")))
    equal(watch.ok("NOOP").untagged("EXPUNGE"), [b"* 2 EXPUNGE"])
    other = Session(box)
    other.ok("SELECT Work")
    found = sorted(who(other).values(), key=str)
    equal([s for s, _f in found], ["m1", "m3"])
    check(all("\\Flagged" in f for _s, f in found), found)
    other.logout()


@test("flags that a session sets are kept by mutt, which changes others at the same time")
def _():
    for turn in range(3):
        watch.ok("UID STORE 6 %sFLAGS (\\Answered Word)" % "+-"[turn % 2])
        mutt(box, "<limit>~s m[67]<enter><first-entry><flag-message><limit>.<enter><sync-mailbox>")
        watch.ok("NOOP")
        now = who(watch)
        equal({u: s for u, (s, _f) in now.items()}, {i: "m%d" % i for i in (1, 4, 6, 7, 8)})
        check(({"\\Answered", "Word"} <= now[6][1]) == (turn % 2 == 0), "turn %d: %r" % (turn, now[6]))
    lines = open(box.path + "/dovecot-uidlist").read().split("\n")[1:-1]
    equal(len({l.split(":", 1)[1] for l in lines}), len(lines))


run()
