#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

MESSAGE = b"Subject: appended\r\n\r\n.dot\r\n\xc3\xa4\xff 8 bit\r\nno end"


def code(reply, name):
    m = re.search(r"\[%s ([^]]*)\]" % name, reply.text if isinstance(reply, Reply) else reply.decode())
    check(m, "no %s in %r" % (name, reply))
    return m.group(1).split()


@test("APPEND stores the message with its flags and date, and names its UID")
def _():
    box = Maildir()
    s = Session(box)
    s.ok("SELECT INBOX")
    reply = s.append(MESSAGE, flags="\\Seen $Label", date="17-Jul-1996 02:44:25 -0700")
    equal(code(reply, "APPENDUID")[1], "1")
    check(b"* 1 EXISTS" in reply.lines, reply.lines)
    got = s.fetch("1", "UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]")[1]
    equal(got["BODY[]"], MESSAGE)
    equal(got["INTERNALDATE"], b"17-Jul-1996 09:44:25 +0000")
    equal(int(got["RFC822.SIZE"]), len(MESSAGE))
    check("\\Seen" in got["FLAGS"] and "$Label" in got["FLAGS"], got)
    (path,) = box.files()
    equal(open(path, "rb").read(), MESSAGE.replace(b"\r\n", b"\n"))


@test("a synchronising literal is asked for, and a mailbox name may be a literal too")
def _():
    s = Session(Maildir())
    s.send(b"x APPEND {5}\r\n")
    check(s.line().startswith(b"+ "))
    s.send(b"INBOX (\\Flagged) {%d}\r\n" % len(MESSAGE))
    check(s.line().startswith(b"+ "))
    s.send(MESSAGE + b"\r\n")
    check(s.line().startswith(b"x OK [APPENDUID"))


@test("without a date it is now; two-digit and one-digit days are read")
def _():
    s = Session(Maildir())
    s.append(MESSAGE)
    s.append(MESSAGE, date=" 1-Jan-2020 00:00:00 +0000")
    s.ok("SELECT INBOX")
    check(time.strftime("%Y") in s.fetch("1", "INTERNALDATE")[1]["INTERNALDATE"].decode())
    equal(s.fetch("2", "INTERNALDATE")[2]["INTERNALDATE"], b"01-Jan-2020 00:00:00 +0000")


@test("an APPEND that is refused is not sent, or thrown away if it comes unasked")
def _():
    s = Session(Maildir())
    s.no("APPEND nowhere {10}", "TRYCREATE")
    s.no(b"APPEND nowhere {14+}\r\nt9 NOOP\r\nt9 X\r\n"[:-2], "TRYCREATE")
    s.bad("APPEND INBOX (\\Foo) {10}")
    s.bad('APPEND INBOX "yesterday" {10}')
    s.bad(b"APPEND INBOX (\\Foo) {10+}\r\nx LOGOUT\r\n")
    s.no("APPEND INBOX {0}", "CANNOT")
    s.no("APPEND INBOX {4294967295}", "TOOBIG")
    s.bad("APPEND INBOX")
    s.ok("NOOP")


@test("rubbish behind the message leaves nothing behind")
def _():
    box = Maildir()
    s = Session(box)
    s.bad(b"APPEND INBOX {5+}\r\nhello foo")
    s.bad(b"APPEND INBOX {5+}\r\nhello {3+}\r\nabc foo")
    s.bad(b"APPEND INBOX {5+}\r\nhello (\\Foo) {3+}\r\nabc")
    s.bad(b"APPEND INBOX {5+}\r\nhello INBOX {3+}\r\nabc")
    equal(s.do(b"APPEND INBOX {5+}\r\nhello {0+}\r\n").status, "NO")
    s.send(b"x APPEND INBOX {500}\r\n")
    s.line()
    s.send(b"half of it")
    s.end()
    equal(box.files(), [])
    equal(os.listdir(os.path.join(box.path, "tmp")), [])


@test("several messages are appended as one, each with its flags and date")
def _():
    box = Maildir()
    s = Session(box)
    check("MULTIAPPEND" in s.ok("CAPABILITY").lines[0].decode(), "not offered")
    reply = s.ok(b'APPEND INBOX (\\Seen k1) "17-Jul-1996 02:44:25 -0700" {16+}\r\nSubject: a\r\n\r\na\r' +
                 b' {15+}\r\nSubject: b\r\n\r\nb (\\Flagged) {15+}\r\nSubject: c\r\n\r\nc')
    matches(reply.text, r"^\[APPENDUID \d+ 1:3\]")
    s.ok("SELECT INBOX")
    got = s.fetch("1:3", "FLAGS INTERNALDATE BODY.PEEK[]")
    equal([set(got[i]["FLAGS"]) - {"\\Recent"} for i in (1, 2, 3)], [{"\\Seen", "k1"}, set(), {"\\Flagged"}])
    check("17-Jul-1996" in str(got[1]["INTERNALDATE"]), got[1])
    check("1996" not in str(got[2]["INTERNALDATE"]), got[2])


@test("200 messages in one APPEND, of which one is over the quota, leave nothing")
def _():
    box = Maildir()
    s = Session(box, "--quota-bytes", "10000")
    one = b" {60+}\r\n" + b"Subject: x\r\n\r\n" + b"y" * 46
    reply = s.do(b"APPEND INBOX" + one * 200)
    equal(reply.status, "NO")
    check(reply.text.startswith("[OVERQUOTA]"), reply.text)
    equal(box.files(), [])
    equal(os.listdir(os.path.join(box.path, "tmp")), [])
    s.ok(b"APPEND INBOX" + one * 100)
    equal(len(box.files()), 100)


@test("APPEND over the quota is refused and keeps nothing")
def _():
    box = Maildir()
    s = Session(box, "--quota-bytes", "1000")
    s.append(b"a" * 800)
    reply = s.do(b"APPEND INBOX {800+}\r\n" + b"b" * 800)
    equal(reply.status, "NO")
    check(reply.text.startswith("[OVERQUOTA]"), reply.text)
    equal(len(box.files()), 1)


@test("COPY keeps flags, keywords, date and octets, and names both UIDs")
def _():
    box = Maildir()
    s = Session(box)
    s.ok("SELECT INBOX")
    for i in range(3):
        s.append(MESSAGE, flags="\\Flagged Work", date="17-Jul-1996 02:44:25 -0700")
    s.no("COPY 1:3 Copies", "TRYCREATE")
    s.ok("CREATE Copies")
    reply = s.ok("COPY 1,3 Copies")
    equal(code(reply, "COPYUID")[1:], ["1,3", "1:2"])
    s.ok("UID COPY 2 Copies")
    s.ok("UID COPY 77 Copies")
    s.ok("SELECT Copies")
    got = s.fetch("1:3", "FLAGS INTERNALDATE BODY.PEEK[]")
    equal(len(got), 3)
    for n in got:
        check("\\Flagged" in got[n]["FLAGS"] and "Work" in got[n]["FLAGS"], got[n]["FLAGS"])
        equal(got[n]["INTERNALDATE"], b"17-Jul-1996 09:44:25 +0000")
        equal(got[n]["BODY[]"], MESSAGE)


@test("COPY into the selected mailbox itself tells of the new message")
def _():
    s = Session(Maildir())
    s.ok("SELECT INBOX")
    s.append(MESSAGE)
    check(b"* 2 EXISTS" in s.ok("COPY 1 INBOX").lines)


@test("MOVE tells COPYUID, then EXPUNGE")
def _():
    box = Maildir()
    s = Session(box)
    s.ok("CREATE Archive")
    s.ok("SELECT INBOX")
    for i in range(4):
        s.append(MESSAGE)
    lines = s.ok("MOVE 2:3 Archive").lines
    equal(code(lines[0], "COPYUID")[1:], ["2:3", "1:2"])
    equal(lines[1:], [b"* 2 EXPUNGE", b"* 2 EXPUNGE"])
    lines = s.ok("UID MOVE 4 Archive").lines
    equal(lines[1:], [b"* 2 EXPUNGE"])
    equal([len(box.files()), len(box.files("Archive"))], [1, 3])
    s.no("MOVE 1 nowhere", "TRYCREATE")
    s.ok("UID MOVE 99 Archive")
    s.bad("MOVE 9 Archive")
    equal(len(box.files()), 1)


@test("a large message goes in and comes out whole")
def _():
    s = Session(Maildir())
    body = b"".join(b"%09d 0123456789 the quick brown fox\r\n" % i for i in range(400000))
    s.ok("SELECT INBOX")
    s.append(b"Subject: large\r\n\r\n" + body)
    check(s.fetch("1", "BODY.PEEK[TEXT]")[1]["BODY[TEXT]"] == body, "not the same octets")


run()
