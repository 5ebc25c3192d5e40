#!/usr/bin/env python3
"""A client that keeps what it knows (CONDSTORE, QRESYNC) goes away and comes back, while Dovecot serves the same Maildir to others."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dovecot import *

server = Sandbox(users=["anna", "ben", "cleo"])
dovecot = Dovecot(server)


def number(reply, what):
    return int(re.search(rb"\[%s (\d+)\]" % what, b"\n".join(reply.lines + [reply.last])).group(1))


def opened(name, folder="INBOX"):
    s = Client(server, name)
    s.ok("ENABLE QRESYNC")
    s.selected = s.ok("SELECT " + folder)
    return s


def flags_by_uid(reply):
    return {int(v["UID"]): set(v["FLAGS"]) - {"\\Recent"} for v in fetched(reply.lines).values() if "FLAGS" in v}


@test("what Dovecot's clients changed, removed and appended meanwhile is told by QRESYNC")
def _():
    d = Client(dovecot, "anna")
    for i in range(8):
        d.append(letter("q%d" % i))
    s = opened("anna")
    for turn in range(5):
        v, h = number(s.ok("SELECT INBOX"), b"UIDVALIDITY"), number(s.ok("SELECT INBOX"), b"HIGHESTMODSEQ")
        before = s.search("ALL", "UID SEARCH")
        s.ok("UNSELECT")
        d.ok("SELECT INBOX")
        d.ok("UID STORE %d +FLAGS.SILENT (\\Flagged Word%d)" % (before[1], turn))
        d.ok("UID STORE %d +FLAGS.SILENT (\\Deleted)" % before[0])
        d.ok("EXPUNGE")
        d.append(letter("n%d" % turn))
        reply = s.ok("SELECT INBOX (QRESYNC (%d %d 1:%d))" % (v, h, before[-1]))
        gone = re.findall(rb"\* VANISHED \(EARLIER\) (\S+)", b"\n".join(reply.lines))
        check(gone and re.search(rb"\b%d$" % before[0], gone[0].replace(b":", b",")), (before, gone))
        got = flags_by_uid(reply)
        check("Word%d" % turn in got[before[1]] and "\\Flagged" in got[before[1]], got)
        check(set(got) <= {before[1]} | set(before[2:]), got)
        now = s.search("ALL", "UID SEARCH")
        equal(now[:-1], before[1:])
    s.logout()
    d.logout()


@test("a condition fails when Dovecot has changed the flags, and holds when it has changed those of others")
def _():
    d = Client(dovecot, "ben")
    for i in range(3):
        d.append(letter("c%d" % i))
    s = opened("ben")
    h = number(s.selected, b"HIGHESTMODSEQ")
    d.ok("SELECT INBOX")
    d.ok("STORE 2 +FLAGS.SILENT (\\Answered)")
    reply = s.ok("STORE 1:3 (UNCHANGEDSINCE %d) +FLAGS.SILENT (\\Seen)" % h)
    check(reply.text.startswith("[MODIFIED 2]"), reply.text)
    equal(fetched(reply.lines)[2]["FLAGS"][0], "\\Answered")
    d.ok("NOOP")
    equal([set(v["FLAGS"]) - {"\\Recent"} for _, v in sorted(fetched(d.ok("FETCH 1:3 (FLAGS)").lines).items())],
          [{"\\Seen"}, {"\\Answered"}, {"\\Seen"}])
    s.logout()
    d.logout()


@test("a message keeps its EMAILID when Dovecot copies or moves it, and a mailbox its MAILBOXID when Dovecot renames it")
def _():
    d, s = Client(dovecot, "cleo"), Client(server, "cleo")
    for i in range(2):
        d.append(letter("e%d" % i))
    d.ok("CREATE There")
    s.ok("SELECT INBOX")
    ids = [v["EMAILID"][0] for _, v in sorted(fetched(s.ok("FETCH 1:2 (EMAILID)").lines).items())]
    d.ok("SELECT INBOX")
    d.ok("MOVE 2 There")
    s.ok("NOOP")
    box = s.ok("SELECT There").untagged("MAILBOXID")[0]
    equal([v["EMAILID"][0] for v in fetched(s.ok("FETCH 1 (EMAILID)").lines).values()], ids[1:])
    s.ok("UNSELECT")
    d.ok("RENAME There Elsewhere")
    equal(s.ok("SELECT Elsewhere").untagged("MAILBOXID")[0], box)
    s.logout()
    d.logout()


@test("Dovecot finds nothing to complain about")
def _():
    dovecot.is_content()


run()
