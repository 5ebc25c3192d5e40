#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *


def filled(n=5):
    box = Maildir()
    for i in range(n):
        box.add(b"Subject: %d\n\nbody\n" % i, flags="")
    return box


def two(n=5):
    box = filled(n)
    a, b = Session(box), Session(box)
    a.ok("SELECT INBOX")
    b.ok("SELECT INBOX")
    return a, b


@test("flags are set, added and removed, and the client is told")
def _():
    s = Session(filled())
    s.ok("SELECT INBOX")
    for command, flags in (("FLAGS (\\Seen \\Flagged)", ["\\Flagged", "\\Seen"]), ("+FLAGS \\Deleted", ["\\Deleted", "\\Flagged", "\\Seen"]),
                           ("-FLAGS (\\Seen \\Draft)", ["\\Deleted", "\\Flagged"]), ("FLAGS ()", [])):
        got = fetched(s.ok("STORE 2 " + command).lines)
        equal(sorted(f for f in got[2]["FLAGS"] if f != "\\Recent"), flags, command)
        equal(list(got), [2])
    got = fetched(s.ok("UID STORE 3:4 +FLAGS (\\Answered)").lines)
    equal([got[n]["UID"] for n in (3, 4)], ["3", "4"])


@test("a silent change is not repeated to its client, but told to others")
def _():
    a, b = two()
    equal(a.ok("STORE 1:3 +FLAGS.SILENT (\\Seen)").lines, [])
    equal(a.ok("NOOP").lines, [])
    got = fetched(b.ok("NOOP").lines)
    equal(sorted(got), [1, 2, 3])
    check("\\Seen" in got[1]["FLAGS"])


@test("changes are in the file names")
def _():
    box = filled(1)
    s = Session(box)
    s.ok("SELECT INBOX")
    s.ok("STORE 1 +FLAGS (\\Seen \\Flagged \\Draft \\Answered \\Deleted)")
    check(box.files()[0].endswith(":2,DFRST"), box.files()[0])


@test("keywords are announced before they are used, and kept by name")
def _():
    a, b = two()
    lines = a.ok("STORE 1 +FLAGS ($Forwarded Work)").lines
    check(lines[0].startswith(b"* FLAGS (") and b"Work" in lines[0], lines)
    check(any(b"PERMANENTFLAGS" in l for l in lines), lines)
    got = fetched(lines)[1]["FLAGS"]
    check("Work" in got and "$Forwarded" in got, got)
    lines = b.ok("NOOP").lines
    check(lines[0].startswith(b"* FLAGS (") and "Work" in fetched(lines)[1]["FLAGS"], lines)
    b.ok("STORE 1 -FLAGS (work)")
    got = fetched(a.ok("NOOP").lines)[1]["FLAGS"]
    check("Work" not in got and "$Forwarded" in got, got)


@test("flags that cannot be are refused")
def _():
    s = Session(filled(1))
    s.ok("SELECT INBOX")
    for flags in ("(\\Recent)", "(\\Foo)", '("x")', "", "(a%b)", "(a]b)", "(%s)" % ("x" * 51)):
        s.bad("STORE 1 +FLAGS " + flags)
        s.ok("NOOP")
    s.bad("STORE 1 FOO (\\Seen)")


@test("at most 64 keywords fit, 26 of them letters that other servers know; the next is refused")
def _():
    box = filled(2)
    s = Session(box)
    s.ok("SELECT INBOX")
    for i in range(64):
        s.ok("STORE 1 +FLAGS.SILENT (k%d)" % i)
    s.no("STORE 1 +FLAGS.SILENT (one-more)", "LIMIT")
    s.ok("STORE 2 +FLAGS.SILENT (k3 k40)")
    equal(len(open(os.path.join(box.path, "dovecot-keywords")).readlines()), 26)
    s = Session(box)
    s.ok("SELECT INBOX")
    equal(set(s.fetch("1:2", "FLAGS")[1]["FLAGS"]) - {"\\Recent"}, {"k%d" % i for i in range(64)})
    equal(set(s.fetch("1:2", "FLAGS")[2]["FLAGS"]) - {"\\Recent"}, {"k3", "k40"})
    s.ok("STORE 1 -FLAGS.SILENT (k41 k2)")
    s.ok("STORE 2 FLAGS.SILENT (k50)")
    s = Session(box)
    s.ok("SELECT INBOX")
    equal(set(s.fetch("1:2", "FLAGS")[1]["FLAGS"]), {"k%d" % i for i in range(64)} - {"k2", "k41"})
    equal(set(s.fetch("1:2", "FLAGS")[2]["FLAGS"]), {"k50"})
    equal(s.search("KEYWORD k50"), [1, 2])


@test("keywords of other programs are shown if they can be")
def _():
    box = filled(1)
    path = box.files()[0]
    os.rename(path, path + "abcde")
    open(os.path.join(box.path, "dovecot-keywords"), "wb").write(b"0 Good\n1 b d\n2 a(b\n3 \xc3\xa4\n4 Fine\n")
    s = Session(box)
    s.ok("SELECT INBOX")
    flags = s.fetch("1", "FLAGS")[1]["FLAGS"]
    check("Good" in flags and "Fine" in flags, flags)
    equal(len(flags), 2)


@test("EXPUNGE removes what is marked, from the highest number that is told down to the files")
def _():
    box = filled()
    s = Session(box)
    s.ok("SELECT INBOX")
    s.ok("STORE 2,4:5 +FLAGS.SILENT (\\Deleted)")
    equal(s.ok("EXPUNGE").lines, [b"* 2 EXPUNGE", b"* 3 EXPUNGE", b"* 3 EXPUNGE"])
    equal(len(box.files()), 2)
    equal(s.search("ALL", "UID SEARCH"), [1, 3])


@test("UID EXPUNGE removes only those named")
def _():
    s = Session(filled())
    s.ok("SELECT INBOX")
    s.ok("STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    equal(s.ok("UID EXPUNGE 2,5").lines, [b"* 2 EXPUNGE"])
    equal(s.search("ALL", "UID SEARCH"), [1, 3, 4, 5])


@test("CLOSE removes without a word, UNSELECT removes nothing")
def _():
    box = filled()
    s = Session(box)
    s.ok("SELECT INBOX")
    s.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    equal(s.ok("UNSELECT").lines, [])
    equal(len(box.files()), 5)
    s.bad("FETCH 1 FLAGS")
    s.ok("SELECT INBOX")
    equal(s.ok("CLOSE").lines, [])
    equal(len(box.files()), 4)
    s.bad("CLOSE")


@test("numbers stand while another session removes messages")
def _():
    a, b = two()
    b.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    b.ok("EXPUNGE")
    equal(a.fetch("3", "UID")[3]["UID"], "3")
    equal(a.search("ALL"), [1, 3, 4, 5])
    a.no("FETCH 2 (FLAGS BODY.PEEK[])", "EXPUNGEISSUED")
    a.no("STORE 1:2 +FLAGS (\\Seen)", "EXPUNGEISSUED")
    a.no("COPY 2 INBOX", "EXPUNGEISSUED")
    equal(a.ok("NOOP").lines[0], b"* 2 EXPUNGE")
    equal(a.fetch("2", "UID")[2]["UID"], "3")
    equal(a.fetch("1", "FLAGS")[1]["FLAGS"][0], "\\Seen")


@test("new mail is told with EXISTS and RECENT")
def _():
    box = filled(2)
    s = Session(box)
    s.ok("SELECT INBOX")
    box.add(b"Subject: new\n\n\n")
    lines = s.ok("NOOP").lines
    equal(lines, [b"* 3 EXISTS", lines[1]])
    check(lines[1].endswith(b" RECENT"))
    equal(s.fetch("3", "UID FLAGS")[3], {"UID": "3", "FLAGS": ["\\Recent"]})


@test("a message is recent to one session only")
def _():
    box = Maildir()
    box.add(b"Subject: new\n\n\n")
    a = Session(box)
    check(b"* 1 RECENT" in a.ok("SELECT INBOX").lines)
    b = Session(box)
    check(b"* 0 RECENT" in b.ok("SELECT INBOX").lines)


@test("changes made by other programs are seen")
def _():
    box = filled(3)
    s = Session(box)
    s.ok("SELECT INBOX")
    files = box.files()
    os.rename(files[0], files[0] + "F")
    os.unlink(files[1])
    lines = []
    eventually(lambda: lines.extend(s.ok("NOOP").lines) or b"* 2 EXPUNGE" in lines and fetched(lines))
    check("\\Flagged" in fetched(lines)[1]["FLAGS"])
    equal(s.search("ALL", "UID SEARCH"), [1, 3])


@test("SELECT says what a client must know")
def _():
    box = filled(3)
    files = box.files()
    os.rename(files[0], files[0] + "S")
    s = Session(box)
    reply = s.ok("SELECT inbox")
    text = b"\n".join(reply.lines).decode()
    matches(text, r"^\* FLAGS \(.*\\Answered.*\)$")
    matches(text, r"^\* OK \[PERMANENTFLAGS \(.*\\\*\)\]")
    matches(text, r"^\* 3 EXISTS$")
    matches(text, r"^\* \d RECENT$")
    matches(text, r"^\* OK \[UNSEEN 2\]")
    matches(text, r"^\* OK \[UIDVALIDITY \d+\]")
    matches(text, r"^\* OK \[UIDNEXT 4\]")
    check(reply.text.startswith("[READ-WRITE]"))
    s.no("SELECT nowhere", "NONEXISTENT")
    s.bad("FETCH 1 FLAGS")


@test("a session whose mailbox another one deletes is told BYE")
def _():
    box = Maildir()
    a, b = Session(box), Session(box)
    a.ok("CREATE x")
    a.append(b"Subject: x\r\n\r\n", "x")
    b.ok("SELECT x")
    a.ok("DELETE x")
    b.send(b"y NOOP\r\n")
    line = b.line()
    while not line.startswith((b"* BYE", b"y ")):
        line = b.line()
    check(line.startswith(b"* BYE ") or line.startswith(b"y OK"), line)
    a.ok("NOOP")


@test("UIDs stay over sessions")
def _():
    box = filled(4)
    s = Session(box)
    first = [l for l in s.ok("SELECT INBOX").lines if b"UIDVALIDITY" in l]
    s.ok("STORE 1 +FLAGS (\\Deleted)")
    s.ok("EXPUNGE")
    s.logout()
    s = Session(box)
    equal([l for l in s.ok("SELECT INBOX").lines if b"UIDVALIDITY" in l], first)
    equal(s.search("ALL", "UID SEARCH"), [2, 3, 4])


run()
