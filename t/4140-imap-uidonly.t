#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *


def filled(n=5):
    box = Maildir()
    for i in range(n):
        box.add(b"Subject: %d\n\nbody\n" % i, flags="")
    return box


def opened(box, *enable):
    s = Session(box)
    for name in enable:
        equal(s.ok("ENABLE " + name).lines, [b"* ENABLED " + name.encode()])
    s.selected = s.ok("SELECT INBOX")
    return s


def uidfetched(reply):
    result = {}
    for line in reply.lines:
        check(b" FETCH " not in line and b" EXPUNGE" not in line, line)
        m = re.match(rb"\* (\d+) UIDFETCH (.*)$", line, re.S)
        if m:
            values, rest = parse(m.group(2))
            result.setdefault(int(m.group(1)), {}).update(zip(values[::2], values[1::2]))
    return result


def gap(box):
    """UIDs 3 to 5, so that numbers and UIDs differ."""
    s = opened(box)
    s.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    s.ok("EXPUNGE")
    s.logout()


@test("answers carry UIDs where numbers stood, without a second UID that was not asked for")
def _():
    box = filled()
    gap(box)
    s = opened(box, "UIDONLY")
    equal(uidfetched(s.ok("UID FETCH 1:* (FLAGS)")), {u: {"FLAGS": []} for u in (3, 4, 5)})
    equal(uidfetched(s.ok("UID FETCH 4 (UID RFC822.SIZE)"))[4]["UID"], "4")
    equal(uidfetched(s.ok("UID STORE 5 +FLAGS (\\Seen)")), {5: {"FLAGS": ["\\Seen"]}})
    equal(uidfetched(s.ok("UID FETCH 3 (BODY[TEXT])"))[3]["FLAGS"], ["\\Seen"])
    check(not s.selected.untagged("UNSEEN"), s.selected.lines)


@test("commands with message numbers are refused with UIDREQUIRED, and nothing is done")
def _():
    box = filled()
    gap(box)
    s = opened(box, "UIDONLY", "QRESYNC CONDSTORE")
    s.ok("CREATE there")
    v = int(re.search(rb"UIDVALIDITY (\d+)", b"\n".join(s.selected.lines)).group(1))
    for command in ("FETCH 1 (FLAGS)", "FETCH * (FLAGS)", "STORE 1 +FLAGS (\\Deleted)", "COPY 1 there", "MOVE 1 there", "SEARCH ALL",
                    "UID SEARCH 1:2", "UID SEARCH OR SEEN NOT 1", "SELECT INBOX (QRESYNC (%d 1 1:5 (1 3)))" % v):
        check(s.bad(command).text.startswith("[UIDREQUIRED]"), command)
        s.ok("NOOP")
    equal(s.search("ALL", "UID SEARCH"), [3, 4, 5])
    equal(s.search("UID 4:*", "UID SEARCH"), [4, 5])


@test("removals vanish by UID, also without QRESYNC, and arrivals are counted")
def _():
    box = filled()
    gap(box)
    a, b = opened(box, "UIDONLY"), opened(box)
    b.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    equal(uidfetched(a.ok("NOOP")), {4: {"FLAGS": ["\\Deleted"]}})
    b.ok("EXPUNGE")
    b.append(b"Subject: new\r\n\r\n")
    lines = a.ok("NOOP").lines
    equal(lines[0], b"* VANISHED 4")
    check(b"* 3 EXISTS" in lines, lines)
    a.ok("UID STORE 3 +FLAGS.SILENT (\\Deleted)")
    equal(a.ok("EXPUNGE").lines, [b"* VANISHED 3"])
    a.ok("UID STORE 5 +FLAGS.SILENT (\\Deleted)")
    equal(a.ok("UID EXPUNGE 5").lines, [b"* VANISHED 5"])


@test("with CONDSTORE and QRESYNC, conditions are answered by UID")
def _():
    box = filled()
    gap(box)
    s = opened(box, "UIDONLY", "QRESYNC")
    v, since = (int(re.search(rb"%s (\d+)" % k, b"\n".join(s.selected.lines)).group(1)) for k in (b"UIDVALIDITY", b"HIGHESTMODSEQ"))
    equal(sorted(uidfetched(s.ok("UID STORE 4 +FLAGS.SILENT (\\Seen)"))[4]), ["MODSEQ"])
    reply = s.ok("UID STORE 3:4 (UNCHANGEDSINCE %d) +FLAGS.SILENT (\\Flagged)" % since)
    check(reply.text.startswith("[MODIFIED 4]"), reply.text)
    s.ok("UNSELECT")
    reply = s.ok("SELECT INBOX (QRESYNC (%d %d 1:5))" % (v, since))
    equal(sorted(uidfetched(reply)), [3, 4])
    check(b"* VANISHED (EARLIER) 1:2" in s.ok("SELECT INBOX (QRESYNC (%d 1 1:5))" % v).lines)


run()
