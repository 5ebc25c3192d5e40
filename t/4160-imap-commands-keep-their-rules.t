#!/usr/bin/env python3
"""The table of commands: in which state each may be used, whether it may tell of removals, whether it changes the mailbox; and commands
that are sent without waiting for answers (RFC 9051 section 5.5)."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

# May removals be told while it runs? RFC 9051 section 7.5.1 forbids it where message numbers are in use.
TELLS = ["NOOP", "CHECK", "CAPABILITY", 'LIST "" *', "STATUS other (MESSAGES)", "CREATE new", "DELETE new", "SUBSCRIBE other", "UNSUBSCRIBE other", "RENAME other else",
         "RENAME else other", "ENABLE X", "ID NIL", "NAMESPACE", "UID FETCH 1:* (FLAGS)", "UID STORE 1 +FLAGS (\\Seen)", "UID COPY 1 other",
         "UID SEARCH ALL", "UID SORT (DATE) UTF-8 ALL", "UID THREAD REFERENCES UTF-8 ALL", "EXPUNGE", "UID EXPUNGE 1", "UID MOVE 1 other",
         "APPEND INBOX {3+}\r\nx\r\n"]
SILENT = ["FETCH 1 (FLAGS)", "STORE 1 +FLAGS (\\Seen)", "STORE 1 +FLAGS.SILENT (\\Flagged)", "SEARCH ALL", "SORT (DATE) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL",
          "COPY 1 other", "UID SEARCH 1:2"]
NEED_MAILBOX = ["CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "FETCH 1 (FLAGS)", "STORE 1 +FLAGS (\\Seen)", "SEARCH ALL", "SORT (DATE) UTF-8 ALL",
                "THREAD REFERENCES UTF-8 ALL", "COPY 1 other", "MOVE 1 other", "UID FETCH 1 (FLAGS)", "UID STORE 1 +FLAGS (\\Seen)", "UID SEARCH ALL",
                "UID COPY 1 other", "UID MOVE 1 other", "UID EXPUNGE 1", "UID SORT (DATE) UTF-8 ALL"]
CHANGE = ["STORE 1 +FLAGS (\\Seen)", "UID STORE 1 +FLAGS (\\Seen)", "EXPUNGE", "UID EXPUNGE 1", "MOVE 1 other", "UID MOVE 1 other"]


def filled(n):
    box = Maildir()
    for i in range(n):
        box.add(b"Subject: %d\n\nbody\n" % i, flags="")
    s = Session(box)
    s.ok("CREATE other")
    s.logout()
    return box


def told(reply):
    return bool(reply.untagged(r"^\* (\d+ EXPUNGE|VANISHED)"))


@test("removals by others are told while a command runs that permits it, and kept back while message numbers are in use")
def _():
    for enable in (None, "QRESYNC"):
        box = filled(60)
        a, b = Session(box), Session(box)
        if enable:
            a.ok("ENABLE " + enable)
        for s in (a, b):
            s.ok("SELECT INBOX")
        for command, may in [(c, True) for c in TELLS] + [(c, False) for c in SILENT]:
            last = len(b.search("ALL"))
            b.ok("STORE %d +FLAGS.SILENT (\\Deleted)" % last)
            a.ok("NOOP")
            b.ok("UID EXPUNGE 1:*") if not command.startswith(("EXPUNGE", "UID EXPUNGE", "UID MOVE")) else None
            if command.startswith(("EXPUNGE", "UID EXPUNGE", "UID MOVE")):
                b.ok("EXPUNGE")
            equal(told(a.do(command)), may, "%s (%s)" % (command, enable))
            a.ok("NOOP")
            b.ok("NOOP")


@test("what needs a mailbox is refused without one, and does nothing")
def _():
    s = Session(filled(2))
    for command in NEED_MAILBOX:
        s.bad(command)
        s.ok("NOOP")
    for command in ("LOGIN a b", "AUTHENTICATE PLAIN", "STARTTLS"):
        s.bad(command)


@test("what changes a mailbox is refused in one that was opened for reading")
def _():
    box = filled(2)
    s = Session(box)
    s.ok("EXAMINE INBOX")
    files = box.files()
    for command in CHANGE:
        s.no(command, "READ-ONLY")
    s.ok("FETCH 1 BODY[]")
    s.ok("COPY 1 other")
    s.ok("CLOSE")
    equal(box.files(), files)


def pipeline(s, *commands):
    tags = [b"p%d" % i for i in range(len(commands))]
    s.send(b"".join(b"%s %s\r\n" % (t, c if isinstance(c, bytes) else c.encode()) for t, c in zip(tags, commands)))
    return [s.finish(t) for t in tags]


@test("commands that are sent at once are run in order, each seeing what those before it did")
def _():
    s = Session(filled(5))
    s.ok("SELECT INBOX")
    r = pipeline(s, "STORE 2 +FLAGS.SILENT (\\Deleted)", "SEARCH DELETED", "EXPUNGE", "FETCH 2 (UID)", "UID FETCH 3 (FLAGS)", "COPY 1 other",
                 "STATUS other (MESSAGES)", "SELECT other", "FETCH 1 (FLAGS)", "STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\\Seen)", "CLOSE", "FETCH 1 (FLAGS)", "NOOP")
    equal([x.status for x in r], ["OK"] * 11 + ["BAD", "OK"])
    equal(r[1].lines, [b"* SEARCH 2"])
    equal(r[2].lines, [b"* 2 EXPUNGE"])
    equal(fetched(r[3].lines)[2]["UID"], "3")
    equal(list(fetched(r[4].lines)), [2])
    equal(r[6].lines, [b"* STATUS other (MESSAGES 1)"])
    check(r[9].text.startswith("[MODIFIED 1]"), r[9].text)


@test("numbers in a pipeline mean what the client counted when it sent them, though others remove messages meanwhile")
def _():
    box = filled(30)
    a, b = Session(box), Session(box)
    for s in (a, b):
        s.ok("SELECT INBOX")
    for turn in range(8):
        uids = a.search("ALL", "UID SEARCH")
        b.ok("NOOP")
        b.ok("STORE 1,3 +FLAGS.SILENT (\\Deleted)")
        commands = ["FETCH %d (UID)" % n for n in range(1, len(uids) + 1)]
        tags = [b"p%d" % i for i in range(len(commands))]
        a.send(b"".join(b"%s %s\r\n" % (t, c.encode()) for t, c in zip(tags, commands)))
        b.ok("EXPUNGE")
        for n, t in enumerate(tags, 1):
            reply = a.finish(t)
            check(not told(reply), reply.lines)
            got = fetched(reply.untagged("UID")).get(n)
            check(reply.status == "NO" if got is None else int(got["UID"]) == uids[n - 1], (n, uids, reply.lines))
        a.ok("NOOP")


@test("UID EXPUNGE takes what a search found")
def _():
    s = Session(filled(4))
    s.ok("SELECT INBOX")
    s.ok("STORE 2:4 +FLAGS.SILENT (\\Deleted)")
    s.ok("UID SEARCH RETURN (SAVE) UID 1:3")
    equal(s.ok("UID EXPUNGE $").lines, [b"* 2 EXPUNGE", b"* 2 EXPUNGE"])
    s.bad("UID EXPUNGE x")


@test("IDLE and literals in a pipeline stand in their place")
def _():
    s = Session(filled(2))
    s.ok("SELECT INBOX")
    s.send(b"a NOOP\r\nb IDLE\r\nDONE\r\nc APPEND INBOX {3+}\r\nx\r\n\r\nd FETCH 3 (RFC822.SIZE)\r\n")
    for tag in (b"a", b"b", b"c"):
        equal(s.finish(tag).status, "OK")
    equal(fetched(s.finish(b"d").lines)[3]["RFC822.SIZE"], "3")


run()
