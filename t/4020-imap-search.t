#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

DAY = 86400
box = Maildir()
box.add(b"""From: Anna <anna@example.org>
To: ben@example.org
Cc: carl@example.org
Bcc: dora@example.org
Subject: =?ISO-8859-1?Q?Gr=FC=DFe?= from Zurich
Date: Tue, 1 Feb 1994 23:30:00 -0800
X-Mark: one

The quick brown fox.
""", flags="S", date=761000000)
box.add(b"""From: ben@example.org
To: Anna <anna@example.org>
Subject: second
Date: Wed, 2 Feb 1994 12:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

w4RQRkVMIHVuZCBCaXJuZW4=
--b
Content-Type: application/octet-stream; name="invoice.bin"
Content-Transfer-Encoding: base64

c2VjcmV0d29yZA==
--b--
""", flags="FR", date=761000000 + DAY)
box.add(b"From: carl@example.org\nSubject: third\n\n" + b"x" * 5000 + b"\nneed" + b"le in the hay\n", flags="DT",
        date=761000000 + 2 * DAY)
box.add(b"Subject: fourth\n\nnew one\n")
s = Session(box)
s.ok("SELECT INBOX")
s.ok("STORE 3 +FLAGS (Work $Label1)")


def finds(keys, *numbers):
    equal(s.search(keys), list(numbers), keys)


@test("flags are found")
def _():
    finds("ALL", 1, 2, 3, 4)
    finds("SEEN", 1)
    finds("UNSEEN", 2, 3, 4)
    finds("ANSWERED", 2)
    finds("UNANSWERED", 1, 3, 4)
    finds("FLAGGED", 2)
    finds("UNFLAGGED", 1, 3, 4)
    finds("DRAFT", 3)
    finds("UNDRAFT", 1, 2, 4)
    finds("DELETED", 3)
    finds("UNDELETED", 1, 2, 4)
    finds("RECENT", 4)
    finds("NEW", 4)
    finds("OLD", 1, 2, 3)


@test("keywords are found in any case")
def _():
    finds("KEYWORD work", 3)
    finds("UNKEYWORD Work", 1, 2, 4)
    finds("KEYWORD nothing")


@test("header fields are found, decoded and in any case")
def _():
    finds("FROM anna", 1)
    finds('TO "anna"', 2)
    finds("CC CARL", 1)
    finds("BCC dora", 1)
    finds(b"CHARSET UTF-8 SUBJECT \"gr\xc3\xbc\xc3\x9fe FROM\"", 1)
    finds(b"CHARSET UTF-8 SUBJECT {9+}\r\nGR\xc3\x9cSSE f", 1)
    finds("HEADER X-Mark ONE", 1)
    finds('HEADER X-Mark ""', 1)
    finds("HEADER X-None x")


@test("bodies are found decoded, and what is no text is not searched")
def _():
    finds('BODY "QUICK BROWN"', 1)
    finds(b"CHARSET UTF-8 BODY \"\xc3\xa4pfel\"", 2)
    finds("BODY secretword")
    finds("BODY needle", 3)
    finds('BODY "gr"')
    finds("BODY invoice.bin", 2)


@test("TEXT looks at headers and bodies")
def _():
    finds("TEXT zurich", 1)
    finds("TEXT fox", 1)
    finds("TEXT example.org", 1, 2, 3)


@test("dates are compared by day, of arrival and of sending")
def _():
    finds("ON 11-Feb-1994", 1)
    finds("BEFORE 12-Feb-1994", 1)
    finds("SINCE 13-Feb-1994", 3, 4)
    finds("SENTON 1-Feb-1994", 1)
    finds("SENTBEFORE 2-Feb-1994", 1)
    finds('SENTSINCE "2-Feb-1994"', 2)


@test("sizes are compared")
def _():
    finds("LARGER 5000", 3)
    finds("SMALLER 100", 4)


@test("numbers and UIDs are found")
def _():
    finds("1,3:*", 1, 3, 4)
    finds("UID 2:3", 2, 3)
    finds("*", 4)
    equal(s.search("2:3", "UID SEARCH"), [2, 3])


@test("keys are joined by AND, OR, NOT and parentheses")
def _():
    finds("UNSEEN UNDELETED", 2, 4)
    finds("OR SEEN FLAGGED", 1, 2)
    finds("NOT OR SEEN FLAGGED", 3, 4)
    finds("NOT NOT SEEN", 1)
    finds("(OR (SEEN FROM anna) (KEYWORD Work)) NOT DELETED", 1)
    finds("OR OR 1 2 4", 1, 2, 4)
    finds("NOT (SEEN)", 2, 3, 4)


@test("character sets that we do not have are named as such")
def _():
    for name in ("X-NOBODY-KNOWS-IT", "UTF-8//IGNORE", '""', '"a b"'):
        s.no("SEARCH CHARSET %s SUBJECT x" % name, "BADCHARSET (US-ASCII UTF-8")
    s.no(b"SEARCH CHARSET UTF-8 SUBJECT {1+}\r\n\xff", "BADCHARSET")
    s.bad(b"SEARCH CHARSET UTF-8 SUBJECT \"\xff\"")
    s.ok("SEARCH CHARSET US-ASCII SUBJECT x")


@test("what is no search is refused")
def _():
    for keys in ("", "FOO", "OR SEEN", "NOT", "()", "(SEEN", "ON yesterday", "LARGER x", "UID x", "HEADER x", "1;2",
                 "CHARSET UTF-8"):
        s.bad("SEARCH " + keys)
        s.ok("NOOP")
    s.bad("SEARCH " + "(" * 60 + "ALL" + ")" * 60)
    s.ok("SEARCH " + "NOT " * 1000 + "ALL")
    s.bad("SEARCH " + "TEXT x " * 1000)


@test("a string is found across the pieces in which a body is read")
def _():
    for at in range(32760, 32775):
        big = Maildir()
        big.add(b"Subject: x\n\n" + b"y" * at + b"border\n" + b"z" * 40000)
        b = Session(big)
        b.ok("SELECT INBOX")
        equal(b.search("BODY yborder"), [1])
        b.end()


run()
