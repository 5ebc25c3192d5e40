#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *


def filled(n=5):
    box = Maildir()
    for i in range(n):
        box.add(b"Subject: %d\n\nbody\n" % i, flags="")
    return box


def opened(box, *enable, how="SELECT INBOX"):
    s = Session(box)
    for name in enable:
        s.ok("ENABLE " + name)
    s.selected = s.ok(how)
    return s


def highest(reply):
    """The last HIGHESTMODSEQ that an answer told, or None."""
    found = re.findall(rb"\[HIGHESTMODSEQ (\d+)\]", b"\n".join(reply.lines + [reply.last]))
    return int(found[-1]) if found else None


def modseq(values):
    return int(values["MODSEQ"][0])


@test("SELECT tells HIGHESTMODSEQ, which every change makes larger, and CLOSED when another mailbox was open")
def _():
    box = filled(3)
    s = opened(box)
    first = highest(s.selected)
    check(first and first < 2 ** 63, s.selected.lines)
    check(not s.selected.untagged("CLOSED"))
    s.ok("STORE 1 +FLAGS.SILENT (\\Seen)")
    reply = s.ok("SELECT INBOX")
    equal(reply.lines[0].startswith(b"* OK [CLOSED]"), True, reply.lines)
    second = highest(reply)
    check(second > first)
    s.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    third = highest(s.ok("SELECT INBOX"))
    s.ok("EXPUNGE")
    fourth = highest(s.ok("EXAMINE INBOX"))
    check(second < third < fourth)
    box.add(b"Subject: new\n\n\n", flags="")
    check(highest(s.ok("SELECT INBOX")) > fourth)


@test("each STORE command has a mod-sequence of its own, and one that changes nothing none")
def _():
    s = opened(filled(4))
    s.ok("STORE 1:2 +FLAGS.SILENT (\\Seen)")
    s.ok("STORE 3 +FLAGS.SILENT (\\Seen)")
    before = {n: modseq(v) for n, v in s.fetch("1:4", "MODSEQ").items()}
    check(before[4] < before[1] == before[2] < before[3], before)
    s.ok("STORE 1:3 +FLAGS.SILENT (\\Seen)")
    equal({n: modseq(v) for n, v in s.fetch("1:4", "MODSEQ").items()}, before)
    s.ok("STORE 1 +FLAGS.SILENT (Work)")
    check(modseq(s.fetch("1", "MODSEQ")[1]) > before[3])


@test("mod-sequences go along with flags only after the client has shown that it knows them")
def _():
    for enabling in ("SELECT INBOX (CONDSTORE)", "STATUS INBOX (HIGHESTMODSEQ)", "FETCH 1 (MODSEQ)", "FETCH 1 (FLAGS) (CHANGEDSINCE 1)",
                     "STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\\Seen)", "ENABLE CONDSTORE"):
        box = filled(2)
        a, b = opened(box), opened(box)
        b.ok("STORE 2 +FLAGS.SILENT (\\Flagged)")
        equal(fetched(a.ok("NOOP").lines), {2: {"FLAGS": ["\\Flagged"]}})
        reply = a.ok(enabling)
        check(highest(reply), "%s: no HIGHESTMODSEQ: %r" % (enabling, reply.lines))
        check(highest(a.ok("FETCH 1 (MODSEQ)")) is None, "told twice")
        b.ok("STORE 2 -FLAGS.SILENT (\\Flagged)")
        got = fetched(a.ok("NOOP").lines)[2]
        equal(sorted(got), ["FLAGS", "MODSEQ", "UID"], enabling)
        equal(got["UID"], "2")
        equal(modseq(got), modseq(a.fetch("2", "MODSEQ")[2]))
        equal(sorted(fetched(a.ok("STORE 1 +FLAGS.SILENT (\\Answered)").lines)[1]), ["MODSEQ", "UID"], enabling)
        equal(sorted(fetched(a.ok("FETCH 2 (BODY[])").lines)[2]), ["BODY[]", "FLAGS", "MODSEQ", "UID"], enabling)


@test("STATUS tells the same HIGHESTMODSEQ as SELECT")
def _():
    box = filled(2)
    s = opened(box)
    b = Session(box)
    equal(int(re.search(rb"HIGHESTMODSEQ (\d+)", b.ok("STATUS INBOX (HIGHESTMODSEQ MESSAGES)").lines[0]).group(1)), highest(s.selected))


@test("FETCH CHANGEDSINCE answers what changed since, with its mod-sequence")
def _():
    s = opened(filled(5))
    since = highest(s.selected)
    equal(s.ok("FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % since).untagged(" FETCH "), [])
    s.ok("STORE 2,4 +FLAGS.SILENT (\\Seen)")
    got = fetched(s.ok("FETCH 1:3 (FLAGS) (CHANGEDSINCE %d)" % since).lines)
    equal(sorted(got), [2])
    equal(sorted(got[2]), ["FLAGS", "MODSEQ"])
    equal(sorted(fetched(s.ok("UID FETCH 1:* FLAGS (CHANGEDSINCE %d)" % since).lines)), [2, 4])
    equal(sorted(fetched(s.ok("FETCH 1:* (FLAGS) (CHANGEDSINCE 1)").lines)), [1, 2, 3, 4, 5])
    for wrong in ("FETCH 1 (FLAGS) (CHANGEDSINCE)", "FETCH 1 (FLAGS) (CHANGEDSINCE 9223372036854775808)", "FETCH 1 (FLAGS) (FOO 1)",
                  "FETCH 1 (FLAGS) ()", "FETCH 1 (FLAGS) (CHANGEDSINCE 1 VANISHED)", "UID FETCH 1 (FLAGS) (CHANGEDSINCE 1 VANISHED)"):
        s.bad(wrong)
        s.ok("NOOP")


@test("UNCHANGEDSINCE stores in what is unchanged and names the rest, by number or UID, with what it is now")
def _():
    box = filled(6)
    a, b = opened(box), opened(box)
    a.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    a.ok("EXPUNGE")
    b.ok("NOOP")
    since = highest(a.ok("SELECT INBOX"))
    b.ok("STORE 2,4 +FLAGS.SILENT (\\Flagged)")
    reply = a.ok("STORE 1:5 (UNCHANGEDSINCE %d) +FLAGS.SILENT (\\Seen)" % since)
    check(reply.text.startswith("[MODIFIED 2,4]"), reply.text)
    got = fetched(reply.lines)
    equal(sorted(got), [1, 2, 3, 4, 5])
    for n in (1, 3, 5):
        check(modseq(got[n]) > since and "FLAGS" not in got[n], got[n])
    equal(got[2]["FLAGS"], ["\\Flagged"])
    b.ok("NOOP")
    b.ok("STORE 3 +FLAGS.SILENT (Work)")
    reply = a.ok("UID STORE 3:5 (UNCHANGEDSINCE %d) FLAGS (\\Answered)" % modseq(got[1]))
    check(reply.text.startswith("[MODIFIED 4]"), reply.text)
    equal(a.search("ANSWERED", "UID SEARCH"), [3, 5])
    check("Work" in fetched(reply.lines)[3]["FLAGS"], reply.lines)
    check(a.ok("STORE 1 (UNCHANGEDSINCE 0) +FLAGS (\\Seen)").text.startswith("[MODIFIED 1]"))
    for wrong in ("(UNCHANGEDSINCE)", "(UNCHANGEDSINCE x)", "(UNCHANGEDSINCE 9223372036854775808)", "(FOO 1)", "(UNCHANGEDSINCE 1 2)"):
        a.bad("STORE 1 %s +FLAGS (\\Seen)" % wrong)
        a.ok("NOOP")


@test("what a condition keeps back is told with its flags, silent or not, also where others did the same change")
def _():
    box = filled(2)
    a, b = opened(box), opened(box)
    since = highest(a.selected)
    b.ok("STORE 1:2 +FLAGS.SILENT (\\Seen)")
    for _ in range(2):  # the first time before the client was told
        got = fetched(a.ok("STORE 1:2 (UNCHANGEDSINCE %d) +FLAGS.SILENT (\\Seen)" % since).lines)
        equal([got[n]["FLAGS"] for n in (1, 2)], [["\\Seen"]] * 2)


@test("a set that names messages which are gone fails, but says which of the others were changed")
def _():
    box = filled(4)
    a, b = opened(box), opened(box)
    since = highest(a.selected)
    b.ok("STORE 2 +FLAGS.SILENT (\\Flagged)")
    b.ok("STORE 4 +FLAGS.SILENT (\\Deleted)")
    b.ok("EXPUNGE")
    reply = a.no("STORE 1:4 (UNCHANGEDSINCE %d) +FLAGS (\\Seen)" % since, "MODIFIED 2]")
    equal(sorted(fetched(reply.lines)), [1, 2, 3])
    check(b"* 4 EXPUNGE" in a.ok("NOOP").lines)


@test("of many sessions that store on one condition, each time one wins")
def _():
    import threading
    box = filled(1)
    sessions = [opened(box, "CONDSTORE") for _ in range(6)]
    for turn in range(25):
        now = modseq(sessions[0].fetch("1", "MODSEQ")[1])
        replies = [None] * len(sessions)
        def one(i):
            replies[i] = sessions[i].do("STORE 1 (UNCHANGEDSINCE %d) FLAGS (w%d r%d)" % (now, i, turn % 2))
        threads = [threading.Thread(target=one, args=(i,)) for i in range(len(sessions))]
        [t.start() for t in threads]
        [t.join() for t in threads]
        won = [i for i, r in enumerate(replies) if "MODIFIED" not in r.text]
        flags = sessions[0].fetch("1", "FLAGS")[1]["FLAGS"]
        equal(len(won), 1 if "w%d" % won[0] in flags else -1, "%r %r" % (won, flags))


@test("a flag that a program without lock sets counts as a change")
def _():
    box = filled(2)
    s = opened(box)
    since = highest(s.selected)
    path = box.files()[0]
    os.rename(path, path + "F")
    reply = s.ok("STORE 1 (UNCHANGEDSINCE %d) +FLAGS (\\Seen)" % since)
    check(reply.text.startswith("[MODIFIED 1]"), reply.text)
    equal(fetched(reply.lines)[1]["FLAGS"], ["\\Flagged"])


@test("mod-sequences survive sessions, and never run backwards when the index is lost")
def _():
    box = filled(3)
    s = opened(box)
    s.ok("STORE 2 +FLAGS.SILENT (\\Seen)")
    before = {n: modseq(v) for n, v in s.fetch("1:3", "MODSEQ").items()}
    s.logout()
    s = opened(box)
    equal({n: modseq(v) for n, v in s.fetch("1:3", "MODSEQ").items()}, before)
    last = highest(s.selected)
    s.logout()
    shutil.rmtree(os.path.join(box.path, "posthouse-index"))
    with open(os.path.join(box.path, "posthouse-modseq"), "w") as f:
        f.write("posthouse-modseq 1 %d\n" % (last + 10 ** 15))  # as if the clock had stood there
    s = opened(box)
    check(highest(s.selected) > last + 10 ** 15)
    check(all(modseq(v) > last + 10 ** 15 for v in s.fetch("1:3", "MODSEQ").values()))


@test("SEARCH MODSEQ finds what changed, and answers the highest mod-sequence of what it found")
def _():
    box = filled(4)
    a, b = opened(box), opened(box)
    b.ok("STORE 2 +FLAGS.SILENT (\\Seen)")
    since = modseq(b.fetch("2", "MODSEQ")[2])
    b.ok("STORE 3 +FLAGS.SILENT (\\Seen)")
    last = modseq(b.fetch("3", "MODSEQ")[3])
    a.ok("NOOP")
    for keys, found, highest_found in (("MODSEQ %d" % since, b"2 3", last), ('MODSEQ "/flags/\\\\seen" all %d' % since, b"2 3", last),
                                       ("MODSEQ %d 1:2" % since, b"2", since), ("OR MODSEQ %d 1" % last, b"1 3", last)):
        equal(a.ok("SEARCH " + keys).untagged("SEARCH"), [b"* SEARCH %s (MODSEQ %d)" % (found, highest_found)], keys)
    equal(a.ok("UID SEARCH MODSEQ %d" % (last + 1)).lines, [b"* SEARCH"])
    equal(a.ok("SEARCH SEEN").lines, [b"* SEARCH 2 3"])
    for wrong in ("MODSEQ", "MODSEQ x", 'MODSEQ "/flags/x" 1', "MODSEQ 9223372036854775808"):
        a.bad("SEARCH " + wrong)


@test("where the index cannot be kept there is NOMODSEQ, and what needs mod-sequences is refused")
def _():
    box = filled(2)
    open(os.path.join(box.path, "posthouse-index"), "w").close()
    s = opened(box, how="SELECT INBOX (CONDSTORE)")
    check(s.selected.untagged("NOMODSEQ") and highest(s.selected) is None, s.selected.lines)
    s.bad("FETCH 1 (MODSEQ)")
    s.bad("FETCH 1 (FLAGS) (CHANGEDSINCE 1)")
    s.bad("STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\\Seen)")
    equal(s.fetch("1", "FLAGS"), {1: {"FLAGS": []}})
    equal(s.ok("STATUS INBOX (HIGHESTMODSEQ)").lines, [b"* STATUS INBOX (HIGHESTMODSEQ 0)"])
    s.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    equal(s.ok("EXPUNGE").lines, [b"* 1 EXPUNGE"])


run()
