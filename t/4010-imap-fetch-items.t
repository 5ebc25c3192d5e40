#!/usr/bin/env python3
import email
import email.policy
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

PLAIN = b"""From: Anna Example <anna@example.org>
To: "Ben, B." <ben@example.org>, carl@example.net
Cc: friends: dora@example.org, Emil <emil@example.org>;
Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= and
 more
Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
Message-Id: <1@example.org>
In-Reply-To: <0@example.org>
Received: from somewhere

Line one
Line two without an end"""

NESTED = b"""From: anna@example.org
Subject: nested
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: quoted-printable
Content-ID: <part1@example.org>
Content-Description: first

Hello =C3=A4
--outer
Content-Type: message/rfc822

From: inner@example.org
Subject: inside
Content-Type: multipart/alternative; boundary=inner

--inner

plain text
two lines
--inner
Content-Type: text/html
Content-Language: de, en

<p>html</p>
--inner--
--outer
Content-Type: application/octet-stream; name="a b.bin"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="a b.bin"; size=3
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
Content-Location: http://example.org/a

AAEC
--outer--
epilogue
"""

box = Maildir()
box.add(PLAIN, date=837596665)
box.add(NESTED, flags="FS")
box.add(b"Subject: empty\n\n")
box.add(b"no header at all\n")
s = Session(box)
s.ok("SELECT INBOX")


@test("flags, date, size and UID are those of the file")
def _():
    got = s.fetch("1:2", "UID FLAGS INTERNALDATE RFC822.SIZE")
    equal(got[1]["FLAGS"], ["\\Recent"])
    equal(sorted(got[2]["FLAGS"]), ["\\Flagged", "\\Seen"])
    equal(got[1]["INTERNALDATE"], b"17-Jul-1996 09:44:25 +0000")
    equal(int(got[1]["RFC822.SIZE"]), len(crlf(PLAIN)))
    equal([got[1]["UID"], got[2]["UID"]], ["1", "2"])


@test("the macros stand for their items")
def _():
    for macro, names in (("ALL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE"), ("FAST", "FLAGS INTERNALDATE RFC822.SIZE"),
                         ("FULL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY")):
        equal(list(fetched(s.ok("FETCH 1 " + macro).lines)[1]), names.split())
    s.bad("FETCH 1 (FAST)")


@test("the envelope names date, subject, people and ids")
def _():
    env = s.fetch("1", "ENVELOPE")[1]["ENVELOPE"]
    equal(env[0], b"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)")
    equal(env[1], b"=?UTF-8?Q?Gr=C3=BC=C3=9Fe?= and more")
    anna = [b"Anna Example", None, b"anna", b"example.org"]
    equal(env[2:5], [[anna], [anna], [anna]])
    equal(env[5], [[b"Ben, B.", None, b"ben", b"example.org"], [None, None, b"carl", b"example.net"]])
    equal(env[6], [[None, None, b"friends", None], [None, None, b"dora", b"example.org"],
                   [b"Emil", None, b"emil", b"example.org"], [None, None, None, None]])
    equal(env[7:], [None, b"<0@example.org>", b"<1@example.org>"])


@test("an envelope of nothing is made of NILs")
def _():
    equal(s.fetch("4", "ENVELOPE")[4]["ENVELOPE"], [None] * 10)


@test("a whole message comes out as it went in, with CRLF line ends")
def _():
    equal(s.fetch("1", "BODY.PEEK[]")[1]["BODY[]"], crlf(PLAIN))
    equal(s.fetch("2", "BODY.PEEK[]")[2]["BODY[]"], crlf(NESTED))
    equal(s.fetch("3", "BODY.PEEK[]")[3]["BODY[]"], b"Subject: empty\r\n\r\n")


@test("header and text make up the message")
def _():
    for n, message in ((1, PLAIN), (2, NESTED)):
        head, body = crlf(message).split(b"\r\n\r\n", 1)
        got = s.fetch(n, "BODY.PEEK[HEADER] BODY.PEEK[TEXT] RFC822.HEADER")[n]
        equal(got["BODY[HEADER]"], head + b"\r\n\r\n")
        equal(got["BODY[TEXT]"], body)
        equal(got["RFC822.HEADER"], head + b"\r\n\r\n")


@test("chosen header fields come with the empty line, in the order of the message")
def _():
    got = s.fetch("1", "BODY.PEEK[HEADER.FIELDS (subject FROM x-none)]")[1]
    (name, value), = got.items()
    equal(name.upper(), "BODY[HEADER.FIELDS (SUBJECT FROM X-NONE)]")
    equal(value, b"From: Anna Example <anna@example.org>\r\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= and\r\n more\r\n\r\n")
    got = s.fetch("1", 'BODY.PEEK[HEADER.FIELDS.NOT ("To" Cc Subject Date Message-Id In-Reply-To)]')[1]
    equal(list(got.values())[0], b"From: Anna Example <anna@example.org>\r\nReceived: from somewhere\r\n\r\n")


@test("parts are found by number, inside an enclosed message too")
def _():
    got = s.fetch("2", "BODY.PEEK[1] BODY.PEEK[2] BODY.PEEK[2.1] BODY.PEEK[2.2] BODY.PEEK[3] BODY.PEEK[2.TEXT]")[2]
    equal(got["BODY[1]"], b"Hello =C3=A4")
    equal(got["BODY[2.1]"], b"plain text\r\ntwo lines")
    equal(got["BODY[2.2]"], b"<p>html</p>")
    equal(got["BODY[3]"], b"AAEC")
    inner = email.message_from_bytes(crlf(NESTED), policy=email.policy.SMTP).get_payload(1).get_payload(0)
    check(got["BODY[2]"].startswith(b"From: inner@example.org\r\n"), got["BODY[2]"])
    check(got["BODY[2]"].endswith(b"--inner--"), got["BODY[2]"])
    equal(got["BODY[2.TEXT]"], got["BODY[2]"].split(b"\r\n\r\n", 1)[1])
    equal(inner["Subject"], "inside")


@test("headers of parts and of enclosed messages are found")
def _():
    got = s.fetch("2", "BODY.PEEK[2.HEADER] BODY.PEEK[2.MIME] BODY.PEEK[2.1.MIME] BODY.PEEK[3.MIME]")[2]
    equal(got["BODY[2.HEADER]"], b"From: inner@example.org\r\nSubject: inside\r\n"
          b"Content-Type: multipart/alternative; boundary=inner\r\n\r\n")
    equal(got["BODY[2.MIME]"], b"Content-Type: message/rfc822\r\n\r\n")
    equal(got["BODY[2.1.MIME]"], b"\r\n")
    check(b"Content-MD5" in got["BODY[3.MIME]"])
    got = s.fetch("2", "BODY.PEEK[2.HEADER.FIELDS (Subject)]")[2]
    equal(list(got.values()), [b"Subject: inside\r\n\r\n"])


@test("part 1 of a message without parts is its text; a part that is not there is NIL")
def _():
    equal(s.fetch("1", "BODY.PEEK[1]")[1]["BODY[1]"], b"Line one\r\nLine two without an end")
    equal(s.fetch("1", "BODY.PEEK[2]")[1]["BODY[2]"], None)
    equal(s.fetch("2", "BODY.PEEK[9.9.9]")[2]["BODY[9.9.9]"], None)
    equal(s.fetch("2", "BODY.PEEK[1.HEADER]")[2]["BODY[1.HEADER]"], None)


@test("pieces are those of the whole")
def _():
    whole = crlf(NESTED)
    for offset, count in ((0, 1), (0, 10), (3, 50), (60, 4000), (len(whole) - 1, 9), (len(whole), 9), (9999, 9)):
        got = s.fetch("2", "BODY.PEEK[]<%d.%d>" % (offset, count))[2]
        equal(got, {"BODY[]<%d>" % offset: whole[offset:offset + count]})
    got = s.fetch("2", "BODY.PEEK[2.1]<6.6>")[2]
    equal(got, {"BODY[2.1]<6>": b"text\r\n"})
    got = s.fetch("2", "BODY.PEEK[HEADER.FIELDS (Subject)]<2.5>")[2]
    equal(list(got.values()), [b"bject"])
    s.bad("FETCH 1 BODY[]<0.0>")


@test("the structure shows types, parameters, sizes and lines")
def _():
    body = s.fetch("2", "BODY")[2]["BODY"]
    equal([str(body[3].decode()).lower(), len(body)], ["mixed", 4])
    first, second, third = body[:3]
    equal([first[0].lower(), first[1].lower()], [b"text", b"plain"])
    equal([x.lower() for x in first[2]], [b"charset", b"utf-8", b"format", b"flowed"])
    equal(first[3:], [b"<part1@example.org>", b"first", first[5], "12", "0"][:3] + first[6:])
    equal(int(first[6]), len(b"Hello =C3=A4"))
    equal([second[0].lower(), second[1].lower()], [b"message", b"rfc822"])
    equal(second[7][1], b"inside")
    equal(second[8][2].lower(), b"alternative")
    equal(int(second[6]), len(s.fetch("2", "BODY.PEEK[2]")[2]["BODY[2]"]))
    equal([third[0].lower(), third[5].lower(), int(third[6])], [b"application", b"base64", 4])


@test("the extended structure shows disposition, language, location and MD5")
def _():
    body = s.fetch("2", "BODYSTRUCTURE")[2]["BODYSTRUCTURE"]
    third = body[2]
    equal(third[7], b"Q2hlY2sgSW50ZWdyaXR5IQ==")
    equal([third[8][0].lower(), third[8][1]], [b"attachment", [b"filename", b"a b.bin", b"size", b"3"]])
    equal(third[9:], [None, b"http://example.org/a"])
    html = body[1][8][1]
    equal(html[10], [b"de", b"en"])
    equal([x.lower() for x in body[4]], [b"boundary", b"outer"])


@test("a text without a type is text/plain in US-ASCII")
def _():
    body = s.fetch("1", "BODY")[1]["BODY"]
    equal([b.lower() if b else b for b in body[:2]], [b"text", b"plain"])
    equal([x.lower() for x in body[2]], [b"charset", b"us-ascii"])
    equal(body[5].upper(), b"7BIT")
    equal(int(body[6]), len(b"Line one\r\nLine two without an end"))


@test("reading a body sets \\Seen and says so; peeking does not")
def _():
    s.ok("STORE 1:3 -FLAGS.SILENT (\\Seen)")
    for item in ("BODY.PEEK[]", "RFC822.HEADER", "BODYSTRUCTURE", "ENVELOPE"):
        s.fetch("1", item)
    check("\\Seen" not in s.fetch("1", "FLAGS")[1]["FLAGS"])
    for item in ("BODY[TEXT]", "RFC822", "RFC822.TEXT", "BODY[1]"):
        s.ok("STORE 1 -FLAGS.SILENT (\\Seen)")
        got = s.fetch("1", item)[1]
        check("\\Seen" in got["FLAGS"], "%s: %r" % (item, got))
    check(any(":2," in f and "S" in f.rsplit(",", 1)[1] for f in box.files()), "no file with S")


@test("a mailbox opened for reading is left as it is")
def _():
    r = Session(box)
    s.ok("STORE 3 -FLAGS.SILENT (\\Seen)")
    reply = r.ok("EXAMINE INBOX")
    check("READ-ONLY" in reply.text)
    equal(r.fetch("3", "BODY[]")[3]["BODY[]"], b"Subject: empty\r\n\r\n")
    check("\\Seen" not in r.fetch("3", "FLAGS")[3]["FLAGS"])
    r.no("STORE 3 +FLAGS (\\Seen)", "READ-ONLY")
    r.no("EXPUNGE", "READ-ONLY")
    equal(r.logout(), 0)


@test("UID FETCH answers with UIDs, whether asked for or not, and skips those that are not there")
def _():
    got = s.fetch("2:1000", "FLAGS", "UID FETCH")
    equal(sorted(got), [2, 3, 4])
    equal([got[n]["UID"] for n in sorted(got)], ["2", "3", "4"])
    equal(fetched(s.ok("UID FETCH 500 FLAGS").lines), {})
    equal(sorted(s.fetch("500:*", "UID", "UID FETCH")), [4])
    s.ok("UID FETCH 1 (UID FLAGS)")


@test("items that do not exist are refused")
def _():
    for items in ("FOO", "(FLAGS FOO)", "()", "", "BODY[FOO]", "BODY[1", "BODY[0]", "BODY[1.]", "BODY[MIME]", "BODY[]<1>",
                  "BODY[HEADER.FIELDS]", "BODY[HEADER.FIELDS ()]", "FLAGS UID", "BODY[]<0.5", "BODY[HEADER (a)]"):
        s.bad("FETCH 1 " + items)
        s.ok("NOOP")
    s.bad("FETCH 99 FLAGS")
    s.bad("FETCH 0 FLAGS")
    s.ok("FETCH 1:* UID")


@test("a file name that lies about the size does no harm")
def _():
    liar = Maildir()
    text = b"Subject: liar\n\n" + b"line\n" * 100
    for wire in (len(text), len(text) + 50, 999999):
        path = liar.add(text, flags="")
        os.rename(path, path.replace(":2,", ",S=%d,W=%d:2," % (len(text), wire)))
    for wrong in (0, 5, 99999999999):
        path = liar.add(text, flags="")
        os.rename(path, path.replace(":2,", ",S=%d:2," % wrong))
    b = Session(liar)
    b.ok("SELECT INBOX")
    for n in range(1, 7):
        equal(b.fetch(n, "BODY.PEEK[]")[n]["BODY[]"], crlf(text))
        equal(b.fetch(n, "BODY.PEEK[TEXT]")[n]["BODY[TEXT]"], b"line\r\n" * 100)


@test("a message of 20 MB comes out whole and in pieces")
def _():
    body = b"".join(b"%09d 0123456789 the quick brown fox\n" % i for i in range(430000))
    whole = crlf(b"Subject: large\n\n" + body)
    box.add(b"Subject: large\n\n" + body)
    s.ok("NOOP")
    equal(s.fetch("5", "RFC822.SIZE")[5]["RFC822.SIZE"], str(len(whole)))
    check(s.fetch("5", "BODY.PEEK[]")[5]["BODY[]"] == whole, "not the same octets")
    parts = [s.fetch("5", "BODY.PEEK[]<%d.3000001>" % at)[5]["BODY[]<%d>" % at] for at in range(0, len(whole), 3000001)]
    check(b"".join(parts) == whole, "not the same octets in pieces")


run()
