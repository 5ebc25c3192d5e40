#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *


def filled(n=5):
    box = Maildir()
    for i in range(n):
        box.add(b"Subject: %d\n\nbody\n" % i, flags="")
    return box


def opened(box, how="SELECT INBOX", enable="QRESYNC"):
    s = Session(box)
    if enable:
        s.ok("ENABLE " + enable)
    s.selected = s.ok(how)
    return s


def highest(reply):
    found = re.findall(rb"\[HIGHESTMODSEQ (\d+)\]", b"\n".join(reply.lines + [reply.last]))
    return int(found[-1]) if found else None


def validity(reply):
    return int(re.search(rb"\[UIDVALIDITY (\d+)\]", b"\n".join(reply.lines)).group(1))


def vanished(reply, earlier=False):
    """UIDs of all VANISHED answers."""
    uids = []
    for line in reply.lines:
        m = re.match(rb"\* VANISHED (\(EARLIER\) )?([\d:,]+)$", line)
        if m and bool(m.group(1)) == earlier:
            for part in m.group(2).split(b","):
                lo, _, hi = part.partition(b":")
                uids += range(int(lo), int(hi or lo) + 1)
    return uids


def by_uid(reply):
    return {int(v["UID"]): v for v in fetched(reply.lines).values()}


@test("what must be enabled first is refused before")
def _():
    s = Session(filled(2))
    s.bad("SELECT INBOX (QRESYNC (1 1))")
    s.bad("FETCH 1 FLAGS")
    s.ok("SELECT INBOX")
    s.bad("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)")
    equal(s.ok("ENABLE QRESYNC CONDSTORE").lines[0], b"* ENABLED QRESYNC CONDSTORE")
    s.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)")
    s.bad("FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)")
    s.bad("UID FETCH 1:* (FLAGS) (VANISHED)")


@test("malformed parameters of SELECT are refused, and the mailbox of before stays open")
def _():
    s = opened(filled(2))
    for wrong in ("(QRESYNC)", "(QRESYNC ())", "(QRESYNC (1))", "(QRESYNC (x 1))", "(QRESYNC (1 1 1:*))", "(QRESYNC (1 9223372036854775808))",
                  "(QRESYNC (1 1 1:2 (1)))", "(QRESYNC (1 1 1:2 (1:2 1)))", "(QRESYNC (1 1 1:2 (1:2 1:2) 3))", "(QRESYNC (1 1) QRESYNC (1 1))",
                  "(FOO)", "()", "QRESYNC (1 1)", "(QRESYNC (4294967296 1))"):
        s.bad("SELECT INBOX " + wrong)
        s.ok("FETCH 1 FLAGS")
    s.ok("SELECT INBOX (CONDSTORE QRESYNC (1 1 1:2 (1:2 1:2)))")


@test("EXPUNGE, UID EXPUNGE and MOVE answer VANISHED, and HIGHESTMODSEQ with their OK")
def _():
    s = opened(filled(9))
    s.ok("CREATE there")
    last = highest(s.selected)
    s.ok("STORE 2,4:5 +FLAGS.SILENT (\\Deleted)")
    for command, uids in (("UID EXPUNGE 4", [4]), ("EXPUNGE", [2, 5]), ("MOVE 1,3 there", [1, 6])):
        reply = s.ok(command)
        equal(vanished(reply), uids, command)
        equal(reply.untagged("EXPUNGE"), [])
        check(re.match(r"\[HIGHESTMODSEQ \d+\]", reply.text) and highest(reply) > last, reply.text)
        last = highest(reply)
    check(highest(s.ok("EXPUNGE")) is None, "nothing was removed")
    s.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    reply = s.ok("CLOSE")
    equal(reply.lines, [])
    check("HIGHESTMODSEQ" not in reply.text, reply.text)


@test("what vanishes by another session is told by UID, together with the new HIGHESTMODSEQ")
def _():
    box = filled(6)
    a, b = opened(box), opened(box, enable=None)
    b.ok("STORE 3:4 +FLAGS.SILENT (\\Deleted)")
    b.ok("EXPUNGE")
    reply = a.ok("NOOP")
    equal(vanished(reply), [3, 4])
    check(highest(reply) > highest(a.selected), reply.lines)
    equal(a.search("ALL", "UID SEARCH"), [1, 2, 5, 6])
    reply = a.ok("NOOP")
    equal(reply.lines, [])


@test("while a removal cannot be told, the client is kept from believing that it knows more")
def _():
    box = filled(6)
    a, b = opened(box), opened(box, enable=None)
    before = highest(a.selected)
    b.ok("STORE 3 +FLAGS.SILENT (\\Deleted)")
    a.ok("NOOP")
    known = int(a.fetch("3", "MODSEQ")[3]["MODSEQ"][0])
    b.ok("EXPUNGE")
    reply = a.ok("STORE 1 +FLAGS.SILENT (\\Seen)")  # no VANISHED here
    equal(vanished(reply), [])
    told = int(fetched(reply.lines)[1]["MODSEQ"][0])
    check(before < known <= highest(reply) < told, "%d %d %d %r" % (before, known, told, reply.lines))
    reply = a.ok("FETCH 2 (FLAGS)")
    check(highest(reply) < told, reply.lines)
    reply = a.ok("NOOP")
    equal(vanished(reply), [3])
    check(highest(reply) >= told, reply.lines)


@test("a client that comes back is told what vanished and what changed, of the UIDs that it knows")
def _():
    box = filled(10)
    a = opened(box)
    v, since = validity(a.selected), highest(a.selected)
    a.ok("UNSELECT")
    b = opened(box, enable=None)
    b.ok("STORE 2,5,9:10 +FLAGS.SILENT (\\Deleted)")
    b.ok("EXPUNGE")
    b.ok("STORE 1,6 +FLAGS.SILENT (\\Seen)")  # UIDs 1 and 8
    b.append(b"Subject: new\r\n\r\n")
    reply = a.ok("SELECT INBOX (QRESYNC (%d %d))" % (v, since))
    equal(vanished(reply, True), [2, 5, 9, 10])
    got = by_uid(reply)
    equal(sorted(got), [1, 8, 11])
    equal(sorted(got[1]), ["FLAGS", "MODSEQ", "UID"])
    reply = a.ok("SELECT INBOX (QRESYNC (%d %d 1:4,8:9))" % (v, since))
    equal(reply.lines[0].startswith(b"* OK [CLOSED]"), True)
    equal((vanished(reply, True), sorted(by_uid(reply))), ([2, 9], [1, 8]))
    lines = reply.lines
    check(max(i for i, l in enumerate(lines) if b"VANISHED" in l) < min(i for i, l in enumerate(lines) if b"FETCH" in l), lines)
    reply = a.ok("EXAMINE INBOX (QRESYNC (%d %d 1:10))" % (v, highest(reply)))
    equal(by_uid(reply), {})
    reply = a.ok("SELECT INBOX (QRESYNC (%d %d 1:10))" % (v + 1, since))
    equal((vanished(reply, True), by_uid(reply)), ([], {}), "another UIDVALIDITY")
    reply = a.ok("SELECT INBOX (QRESYNC (%d %d 1:4294967295))" % (v, since))
    equal(vanished(reply, True), [2, 5, 9, 10])


@test("gaps of long ago are not told while the removals since are remembered, and are when they are not")
def _():
    box = filled(10)
    b = opened(box, enable=None)
    b.ok("STORE 2,4 +FLAGS.SILENT (\\Deleted)")
    b.ok("EXPUNGE")
    a = opened(box)
    v, since = validity(a.selected), highest(a.selected)
    b.ok("UID STORE 7:8 +FLAGS.SILENT (\\Deleted)")
    b.ok("EXPUNGE")
    a.ok("UNSELECT")
    reply = a.ok("SELECT INBOX (QRESYNC (%d %d))" % (v, since))
    equal(reply.untagged("VANISHED"), [b"* VANISHED (EARLIER) 7:8"])
    equal(a.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % highest(reply)).lines, [])
    for i in range(300):
        b.ok("UID STORE 1 %sFLAGS.SILENT (\\Seen)" % "+-"[i % 2])
    equal(vanished(a.ok("SELECT INBOX (QRESYNC (%d %d))" % (v, since)), True), [2, 4, 7, 8])


@test("numbers that still belong to their UIDs keep the answer short")
def _():
    box = filled(30)
    b = opened(box, enable=None)
    b.ok("STORE 3,6,21 +FLAGS.SILENT (\\Deleted)")
    b.ok("EXPUNGE")
    a = opened(box)
    v, since = validity(a.selected), 1  # so long ago that nobody remembers
    a.ok("UNSELECT")
    b.ok("NOOP")
    b.ok("STORE 25 +FLAGS.SILENT (\\Deleted)")  # UID 28
    b.ok("EXPUNGE")
    for match, uids in (("(1,10,20 1,12,23)", [28]), ("(1,10,20,26 1,12,23,29)", [28]), ("(1:4 1:4)", [3, 6, 21, 28]), ("(4 5)", [6, 21, 28]),
                        ("(9:12,27 11:14,30)", [21, 28]), ("(100 100)", [3, 6, 21, 28])):
        reply = a.ok("SELECT INBOX (QRESYNC (%d %d 1:30 %s))" % (v, since, match))
        equal(vanished(reply, True), uids, match)
        reply = a.ok("SELECT INBOX (QRESYNC (%d %d %s))" % (v, since, match))
        equal(vanished(reply, True), uids, match)
    a.ok("SELECT INBOX (QRESYNC (%d %d 1:4294967295 (1:4294967295 1:4294967295)))" % (v, since))


@test("UID FETCH with VANISHED answers removals of the set first")
def _():
    box = filled(8)
    s = opened(box)
    since = highest(s.selected)
    s.ok("STORE 2,3,7 +FLAGS.SILENT (\\Deleted)")
    s.ok("EXPUNGE")
    s.ok("STORE 1 +FLAGS.SILENT (\\Seen)")
    reply = s.ok("UID FETCH 1:3 (FLAGS) (CHANGEDSINCE %d VANISHED)" % since)
    equal((vanished(reply, True), sorted(by_uid(reply))), ([2, 3], [1]))
    check(b"VANISHED" in reply.lines[0], reply.lines)
    reply = s.ok("UID FETCH 4:* UID (VANISHED CHANGEDSINCE %d)" % since)
    equal((vanished(reply, True), sorted(by_uid(reply))), ([7], []))


@test("new messages come to a client that comes back with their flags, and nothing is told twice")
def _():
    box = filled(2)
    a = opened(box)
    v, since = validity(a.selected), highest(a.selected)
    a.ok("UNSELECT")
    box.add(b"Subject: new\n\n\n", flags="F")
    reply = a.ok("SELECT INBOX (QRESYNC (%d %d 1:2))" % (v, since))
    equal(by_uid(reply), {})
    check(b"* 3 EXISTS" in reply.lines)
    reply = a.ok("UID FETCH 3:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % since)
    equal(by_uid(reply)[3]["FLAGS"], ["\\Flagged"])
    equal(a.ok("NOOP").lines, [])


@test("a lost index costs a client that comes back a full answer, never a wrong one")
def _():
    box = filled(5)
    a = opened(box)
    v, since = validity(a.selected), highest(a.selected)
    a.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    a.ok("EXPUNGE")
    a.logout()
    shutil.rmtree(os.path.join(box.path, "posthouse-index"))
    a = opened(box, "SELECT INBOX (QRESYNC (%d %d))" % (v, since))
    equal((vanished(a.selected, True), sorted(by_uid(a.selected))), ([2], [1, 3, 4, 5]))
    check(highest(a.selected) > since)


@test("an annotation makes HIGHESTMODSEQ larger, and changes no message")
def _():
    box = filled(2)
    a, b = opened(box), opened(box)
    before = highest(a.selected)
    b.ok('SETMETADATA INBOX (/private/comment "x")')
    equal(a.ok("NOOP").lines, [])
    reply = a.ok("SELECT INBOX (QRESYNC (%d %d))" % (validity(a.selected), before))
    check(highest(reply) > before)
    equal((vanished(reply, True), by_uid(reply)), ([], {}))


@test("many gaps come in lines of a reasonable length")
def _():
    box = filled(0)
    for i in range(3000):
        box.add(b"x\n", flags="T" if i % 2 else "")
    a = opened(box)
    v, since = validity(a.selected), highest(a.selected)
    reply = a.ok("EXPUNGE")
    equal(vanished(reply), list(range(2, 3001, 2)))
    check(max(map(len, reply.lines)) < 8200)
    reply = a.ok("SELECT INBOX (QRESYNC (%d %d))" % (v, since))
    equal(vanished(reply, True), list(range(2, 3001, 2)))


run()
