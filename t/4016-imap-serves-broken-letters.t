#!/usr/bin/env python3
"""Letters made to hurt, and letters that are merely broken: each is served byte for byte and described, and search goes through it."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(10000))

LETTERS = {
    "nothing at all": b"",
    "one line end": b"\n",
    "no header": b"\nbody\n",
    "no body": b"Subject: x\n",
    "a header without an end": b"Subject: x\nFrom: a@b",
    "10,000 parts in each other": NESTED,
    "10,000 messages in each other": b"Content-Type: message/rfc822\n\n" * 10000 + b"Subject: innermost\n\nx\n",
    "100,000 parts beside each other": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100000,
    "100,000 lines that begin like boundaries": b"Content-Type: multipart/mixed; boundary=bound\n\n--bound\n\n" + b"--boun\n--bound-\n" * 50000,
    "300,000 addresses": b"From: a@b\nTo: " + b"x@example.org, " * 300000 + b"\n\nx\n",
    "100,000 parameters": b"Content-Type: text/plain" + b"".join(b";\n p%d=v" % i for i in range(100000)) + b"\n\nx\n",
    "100,000 pieces of a parameter": b"Content-Type: text/plain" + b"".join(b";\n name*%d=v" % i for i in range(100000)) + b"\n\nx\n",
    "a header of 500,000 fields": b"X: y\n" * 500000 + b"\nx\n",
    "a header line of 10 MB": b"Subject: " + b"long " * 2000000 + b"\nFrom: a@b\n\nx\n",
    "a folded line of a million pieces": b"Subject: a\n" + b" b\n" * 1000000 + b"\nx\n",
    "three million empty lines": b"Subject: x\n\n" + b"\n" * 3000000,
    "a quotation mark without an end": b'From: "open <a@b>\nTo: ' + b'"\\"' * 100000 + b'\nContent-Type: text/plain; x="y\n\nx\n',
    "100,000 comments in each other": b"From: " + b"(" * 100000 + b" a@b\nContent-Type: text/plain; " + b"(" * 60000 + b"\n\nx\n",
    "100,000 brackets in each other": b"To: " + b"<[" * 100000 + b"\n\nx\n",
    "encoded words split everywhere": b"Subject: " + b"=?utf-8?b?w?= =?utf-8?q?=A9\n ?=\n =?\n utf-8?q?x?= =?x" * 2000 + b"\n\nx\n",
    "NULs": b"Sub\0ject: a\nSubject: a\0b\nFrom: \0 <a\0@b>\nContent-Type: text/\0plain; x=\0\n\nbo\0dy\n\0",
    "8-bit everywhere": b"S\xfcbject: x\nSubject: Gr\xfc\xdfe \xe2\x82\nFrom: J\xf6rg <j\xf6rg@\xf6.example>\n"
                        b"Content-Type: text/pl\xe4in; n\xe4me=\"\xff\xfe\"\nContent-ID: \x80\n\n\xff\xfe\n",
    "only CR": b"Subject: x\rFrom: a@b\r\rbody\r",
    "CR LF and LF mixed": b"Subject: x\r\nFrom: a@b\n\r\nbody\r\nline\nline\r\r\n\n\r",
    "an mbox line in front": b"From anna@example.org Mon Jan  1 00:00:00 2001\nSubject: x\n\nbody\n",
    "a boundary never used": b"Content-Type: multipart/mixed; boundary=never\n\njust text\n",
    "a boundary never closed": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\nContent-Type: text/html\n\nsecond",
    "a multipart without a boundary": b"Content-Type: multipart/mixed\n\n--b\n\nx\n",
    "the same boundary inside": b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b--\n",
    "no type, no date, no sense": b"Content-Type: ;;;\nDate: never\nContent-Transfer-Encoding: \nContent-Disposition: ;\nMIME-Version: x\n: empty\n\nx\n",
    "a charset nobody knows": b"Subject: =?x-nobody?q?=FF?=\nContent-Type: text/plain; charset=x-nobody\n\n\xff\n",
}

TOKEN = re.compile(rb'[()]|"(?:[^"\\\r\n]|\\["\\])*"|NIL|\d+|\{(\d+)\}\r\n')


def items_of(line):
    """{item: its text}, of an answer of parenthesised items; every string whole, every parenthesis closed."""
    found, at = {}, line.index(b"(") + 1
    while line[at:at + 1] != b")":
        name = re.compile(rb"[A-Z0-9.]+(?:\[[^]]*\])?").match(line, at)
        check(name, "no item at %r" % line[at:at + 40])
        start = at = name.end() + 1
        depth = 0
        while True:
            token = TOKEN.match(line, at)
            check(token, "neither string, number, NIL nor parenthesis: %r" % line[at:at + 40])
            at = token.end() + int(token.group(1) or 0)
            depth += {b"(": 1, b")": -1}.get(token.group(0), 0)
            if line[at:at + 1] == b" " and depth:
                at += 1
            if depth == 0:
                break
        found[name.group(0).decode()] = line[start:at]
        at += line[at:at + 1] == b" "
    equal(line[at:], b")")
    return found


def value(text):
    """Of one string, as items_of gives it."""
    return parse(text)[0]


box = Maildir()
session = None
numbers = {name: i for i, name in enumerate(LETTERS, 1)}
for letter in LETTERS.values():
    box.add(letter, flags="")


def answer(number, items):
    reply = session.ok("FETCH %d (%s)" % (number, items))
    lines = [l for l in reply.lines if b" FETCH (" in l[:40]]
    equal(len(lines), 1, "answers")
    return items_of(lines[0])


@test("a folder of them opens")
def _():
    global session
    session = Session(box)
    check(session.ok("SELECT INBOX").untagged(r"\* %d EXISTS" % len(LETTERS)), "not all are there")


def described(name):
    @test("%s: served byte for byte, and described" % name)
    def _():
        wanted = crlf(LETTERS[name])
        got = answer(numbers[name], "RFC822.SIZE BODY.PEEK[]")
        check(value(got["BODY[]"]) == wanted, "BODY[] is not what lies on the disk")
        equal(int(got["RFC822.SIZE"]), len(wanted))
        halves = answer(numbers[name], "BODY.PEEK[HEADER] BODY.PEEK[TEXT]")
        check(value(halves["BODY[HEADER]"]) + value(halves["BODY[TEXT]"]) == wanted, "HEADER and TEXT are not the whole")
        told = answer(numbers[name], "ENVELOPE BODY BODYSTRUCTURE")
        equal(sorted(told), ["BODY", "BODYSTRUCTURE", "ENVELOPE"])
        equal(answer(numbers[name], "BODYSTRUCTURE ENVELOPE"), {k: told[k] for k in ("BODYSTRUCTURE", "ENVELOPE")}, "asked again")


for letter in LETTERS:
    described(letter)


@test("searches go through all of them")
def _():
    check(numbers["8-bit everywhere"] not in session.search("TEXT innermost"), "found where it is not")
    session.search("OR SUBJECT x OR FROM a TO b")
    session.search("OR BODY body SENTSINCE 1-Jan-2000")
    equal(session.search('HEADER Subject "Gr"'), [numbers["8-bit everywhere"]])


@test("the session never grew large, and ends well")
def _():
    status = open("/proc/%d/status" % session.process.pid).read()
    peak = int(re.search(r"VmHWM:\s+(\d+)", status).group(1))
    sanitized = "asan" in open("/proc/%d/maps" % session.process.pid).read()  # which keep memory of their own
    check(sanitized or peak < 64 * 1024, "%d KB at its peak" % peak)
    equal(session.logout(), 0)


run()
