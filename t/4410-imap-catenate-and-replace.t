#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

PARTS = b"""From: anna@example.org\r
Subject: two parts\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
first part\r
--b\r
Content-Type: application/octet-stream\r
Content-Transfer-Encoding: base64\r
\r
c2Vjb25kIHBhcnQ=\r
--b--\r
"""


def with_parts(*options):
    box = Maildir()
    s = Session(box, *options)
    s.ok("CREATE Drafts")
    s.append(PARTS, "Drafts")
    return box, s


def uidvalidity(s, mailbox):
    return int(re.search(rb"UIDVALIDITY (\d+)", s.ok("STATUS %s (UIDVALIDITY)" % mailbox).lines[0]).group(1))


def text(octets):
    return b"TEXT {%d+}\r\n%s" % (len(octets), octets)


@test("CATENATE puts texts and parts of messages together, without \\Seen for those")
def _():
    box, s = with_parts()
    v = uidvalidity(s, "Drafts")
    url = lambda rest: b'URL "/Drafts;UIDVALIDITY=%d/;UID=1%s"' % (v, rest)
    s.ok(b'APPEND INBOX (\\Flagged) "17-Jul-1996 02:44:25 -0700" CATENATE (' +
         b" ".join([url(b"/;section=HEADER"), text(b"--b\r\n"), url(b"/;SECTION=1.MIME"), url(b"/;Section=1"), text(b"\r\n--b--\r\n")]) + b")")
    s.ok("SELECT INBOX")
    got = s.fetch("1", "FLAGS INTERNALDATE BODY.PEEK[] BODY.PEEK[1]")[1]
    equal(got["BODY[]"], PARTS[:PARTS.index(b"--b")] + b"--b\r\nContent-Type: text/plain\r\n\r\nfirst part\r\n--b--\r\n")
    equal(got["BODY[1]"], b"first part")
    check("\\Flagged" in got["FLAGS"], got)
    equal(got["INTERNALDATE"], b"17-Jul-1996 09:44:25 +0000")
    s.ok("SELECT Drafts")
    check("\\Seen" not in s.fetch("1", "FLAGS")[1]["FLAGS"])


@test("a URL may be relative to the selected mailbox, partial, percent-encoded, a literal, and name header fields")
def _():
    box, s = with_parts()
    s.ok("CREATE {5+}\r\na b c")
    s.append(PARTS, '"a b c"')
    s.ok("SELECT Drafts")
    for url, wanted in ((b'";UID=1/;SECTION=1"', b"first part"), (b'"/;UID=1/;SECTION=1/;PARTIAL=2.3"', b"rst"), (b'"Drafts/;UID=1/;SECTION=1/;PARTIAL=6"', b"part"),
                        (b'"/a%20b%20c/;UID=1/;SECTION=1"', b"first part"), (b"{25+}\r\n/Drafts/;UID=1/;SECTION=1", b"first part"),
                        (b'"/Drafts/;UID=1/;SECTION=HEADER.FIELDS%20(FROM)"', b"From: anna@example.org\r\n\r\n"), (b"/Drafts/;UID=1", PARTS)):
        reply = s.ok(b"APPEND INBOX CATENATE (URL " + url + b")")
        uid = re.search(r"APPENDUID \d+ (\d+)", reply.text).group(1)
        s.ok("SELECT INBOX")
        equal(s.fetch(uid, "BODY.PEEK[]", "UID FETCH").popitem()[1]["BODY[]"], wanted, url)
        s.ok("SELECT Drafts")


@test("a URL that is wrong gives BADURL, and nothing is stored")
def _():
    box, s = with_parts()
    before = box.files()
    for url in ("/Drafts/;UID=2", "/Drafts;UIDVALIDITY=7/;UID=1", "/nowhere/;UID=1", "/Drafts/;UID=1/;SECTION=9", "/Drafts/;UID=1/;SECTION=1.HEADER",
                "/Drafts/;UID=0", "/Drafts/;UID=4294967296", "/Drafts/;UID=1/;SECTION=", "/Drafts/;UID=1/;SECTION=X", "/Drafts", ";UID=1",
                "imap://example.org/Drafts/;UID=1", "//example.org/Drafts/;UID=1", "/Drafts/;UID=1/;PARTIAL=a", "/%zz/;UID=1", "/Drafts/;UID=1/;SECTION=1%0d%0ax"):
        reply = s.no('APPEND INBOX CATENATE (%s URL "%s")' % (text(b"x").decode(), url), "BADURL " + url + "]")
    s.no('APPEND INBOX CATENATE (URL "\\"]")', "BADURL ?]")
    equal(box.files(), before)
    equal(os.listdir(os.path.join(box.path, "tmp")), [])


@test("a refused CATENATE swallows what still comes, and what is malformed is BAD")
def _():
    box, s = with_parts()
    s.no(b'APPEND INBOX CATENATE (URL "/x/;UID=1" ' + text(b"y LOGOUT\r\n") + b' URL "/Drafts/;UID=1")', "BADURL")
    for rest in (b"CATENATE", b"CATENATE ()", b"CATENATE (TEXT)", b"CATENATE (URL)", b"CATENATE (FOO x)", b"CATENATE (" + text(b"x") + b" URL)", b"CATENATE x",
                 b"CATENATE (" + text(b"x") + b") (\\Seen)", b"CATENATE (" + text(b"x") + b") foo", b"(\\Seen) (\\Seen) {1+}\r\nx", b'"x" {1+}\r\nx',
                 b"CATENATE ((" + text(b"x") + b"))", b"CATENATE ({3+}\r\nabc)", b"CATENATE (TEXT TEXT {1+}\r\nx)", b"CATENATE (TEXT ~{1+}\r\nx"):
        reply = s.do(b"APPEND INBOX " + rest)
        check(reply.status in ("BAD", "NO"), "%r: %r" % (rest, reply.last))
        s.ok("NOOP")
    equal(box.files(), [])
    s.send(b'x APPEND INBOX CATENATE (URL "/x/;UID=1" TEXT {10}\r\n')
    matches(s.line(), r"^x NO \[BADURL")
    s.ok("NOOP")


@test("CATENATE and MULTIAPPEND go together: all or nothing")
def _():
    box, s = with_parts()
    one = b"CATENATE (" + text(b"Subject: ") + b" " + text(b"x\r\n\r\n") + b")"
    reply = s.ok(b"APPEND INBOX " + one + b" (\\Seen) {5+}\r\nplain \"17-Jul-1996 02:44:25 -0700\" " + one)
    matches(reply.text, r"APPENDUID \d+ 1:3\]")
    s.no(b"APPEND INBOX " + one + b' CATENATE (URL "/Drafts/;UID=77")', "BADURL")
    s.ok("SELECT INBOX")
    got = s.fetch("1:*", "FLAGS BODY.PEEK[]")
    equal([got[i]["BODY[]"] for i in (1, 2, 3)], [b"Subject: x\r\n\r\n", b"plain", b"Subject: x\r\n\r\n"])
    equal(["\\Seen" in got[i]["FLAGS"] for i in (1, 2, 3)], [False, True, False])
    equal(len(got), 3)


@test("messages and commands that are too large are refused with TOOBIG, and CAPABILITY and STATUS name the limit")
def _():
    box, s = with_parts("--append-limit", "1000")
    matches(s.ok("CAPABILITY").lines[0], r" APPENDLIMIT=1000( |$)")
    equal(s.ok("STATUS Drafts (APPENDLIMIT)").lines, [b"* STATUS Drafts (APPENDLIMIT 1000)"])
    s.append(b"x" * 1000)
    s.no(b"APPEND INBOX {1001+}\r\n" + b"x" * 1001, "TOOBIG")
    s.bad("APPEND INBOX {18446744073709551617}")
    s.no("APPEND INBOX {4294967297}", "TOOBIG")
    s.no(b"APPEND INBOX CATENATE (" + b" ".join([text(b"x" * 400)] * 3) + b")", "TOOBIG")
    s.no(b"APPEND INBOX CATENATE (" + b" ".join([b'URL "/Drafts/;UID=1"'] * 5) + b")", "TOOBIG")
    s.no(b"APPEND INBOX" + (b" {1000+}\r\n" + b"x" * 1000) * 5, "TOOBIG")
    s.ok(b"APPEND INBOX" + (b" {1000+}\r\n" + b"x" * 1000) * 4)
    equal(len(box.files()), 5)


@test("REPLACE stores the new message and removes the old one, and tells of both")
def _():
    box, s = with_parts()
    s.append(PARTS, "Drafts")
    s.append(PARTS, "Drafts")
    check(" REPLACE" in s.ok("CAPABILITY").lines[0].decode())
    s.bad("REPLACE 1 Drafts {5+}\r\nhello")
    s.ok("SELECT Drafts")
    other = Session(box)
    other.ok("SELECT Drafts")
    reply = s.ok("REPLACE 2 Drafts (\\Draft \\Seen) {14+}\r\nSubject: n\r\n\r\n")
    matches(reply.lines[0], r"^\* OK \[APPENDUID \d+ 4\]")
    check(b"* 2 EXPUNGE" in reply.lines and any(l.endswith(b" EXISTS") for l in reply.lines), reply.lines)
    check(not any(b"\\Deleted" in l for l in reply.lines), reply.lines)
    got = s.fetch("1:*", "UID FLAGS")
    equal([got[i]["UID"] for i in sorted(got)], ["1", "3", "4"])
    check("\\Draft" in got[3]["FLAGS"], got)
    lines = other.ok("NOOP").lines
    check(b"* 2 EXPUNGE" in lines, lines)
    reply = s.ok(b'UID REPLACE 4 Drafts CATENATE (' + text(b"To: m@example.org\r\n") + b' URL "/Drafts/;UID=4")')
    matches(reply.lines[0], r"^\* OK \[APPENDUID \d+ 5\]")
    equal(s.fetch("5", "BODY.PEEK[]", "UID FETCH")[3]["BODY[]"], b"To: m@example.org\r\nSubject: n\r\n\r\n")
    s.ok("CREATE Sent")
    reply = s.ok("UID REPLACE 5 Sent {5+}\r\nhello")
    matches(reply.lines[0], r"^\* OK \[APPENDUID \d+ 1\]")
    check(b"* 3 EXPUNGE" in reply.lines, reply.lines)
    equal([len(box.files("Drafts")), len(box.files("Sent"))], [2, 1])


@test("a REPLACE that fails changes nothing")
def _():
    box, s = with_parts()
    s.ok("SELECT Drafts")
    s.no("REPLACE 1 nowhere {5+}\r\nhello", "TRYCREATE")
    s.bad("REPLACE 2 Drafts {5+}\r\nhello")
    s.bad("REPLACE 1:2 Drafts {5+}\r\nhello")
    s.bad("REPLACE * Drafts {5+}\r\nhello")
    s.no("UID REPLACE 99 Drafts {5+}\r\nhello")
    s.bad("REPLACE 1 Drafts {5+}\r\nhello {5+}\r\nhello")
    s.bad("REPLACE 1 Drafts")
    s.bad("REPLACE 1 Drafts {5+}\r\nhello foo")
    equal(len(box.files("Drafts")), 1)
    other = Session(box)
    other.ok("SELECT Drafts")
    s.send(b"x REPLACE 1 Drafts {5}\r\n")
    check(s.line().startswith(b"+ "))
    other.ok("STORE 1 +FLAGS (\\Deleted)")
    other.ok("EXPUNGE")
    s.send(b"hello\r\n")
    line = s.line()
    while not line.startswith(b"x "):
        line = s.line()
    matches(line, r"^x NO \[EXPUNGEISSUED\]")
    equal(box.files("Drafts"), [])
    s.append(PARTS, "Drafts")
    s.ok("EXAMINE Drafts")
    s.no("REPLACE 1 Drafts {5+}\r\nhello", "READ-ONLY")
    s.ok("NOOP")
    equal(len(box.files("Drafts")), 1)


@test("REPLACE is an EXPUNGE for QRESYNC, and UID REPLACE all that UIDONLY leaves")
def _():
    box, s = with_parts()
    s.ok("ENABLE QRESYNC UIDONLY")
    s.ok("SELECT Drafts")
    s.bad("REPLACE 1 Drafts {5+}\r\nhello")
    reply = s.ok("UID REPLACE 1 Drafts {5+}\r\nhello")
    check(b"* VANISHED 1" in reply.lines, reply.lines)
    check(reply.text.startswith("[HIGHESTMODSEQ "), reply.text)


@test("REPLACE needs room for the difference only")
def _():
    box = Maildir()
    s = Session(box, "--quota-bytes", "1000", "--quota-messages", "1")
    s.ok("SELECT INBOX")
    s.append(b"a" * 900)
    s.no(b"APPEND INBOX {900+}\r\n" + b"b" * 900, "OVERQUOTA")
    s.no(b"REPLACE 1 INBOX {1001+}\r\n" + b"b" * 1001, "OVERQUOTA")
    s.ok(b"REPLACE 1 INBOX {950+}\r\n" + b"b" * 950)
    s.ok(b"REPLACE 1 INBOX {950+}\r\n" + b"c" * 950)
    equal(len(box.files()), 1)
    lines = open(os.path.join(box.path, "maildirsize")).read().split("\n")[1:]
    equal(sum(int(l.split()[0]) for l in lines if l.strip()), 950)


run()
