#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import base64
import quopri
import random

from imapsession import *

OCTETS = bytes(range(256)) * 20
LARGE = random.Random(1).randbytes(3_000_001)
TEXT = b"Gr\xc3\xbc\xc3\x9fe = \r\nzweite Zeile " + b"lang " * 40 + b"\r\n"


def part(encoding, body, type=b"application/octet-stream"):
    return b"--b\nContent-Type: " + type + b"\nContent-Transfer-Encoding: " + encoding + b"\n\n" + body + b"\n"


MESSAGE = b"Subject: parts\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" + b"".join([
    part(b"base64", base64.encodebytes(OCTETS)),
    part(b"Quoted-Printable", quopri.encodestring(TEXT.replace(b"\r\n", b"\n")).rstrip(b"\n"), b"text/plain; charset=utf-8"),
    part(b"base64", base64.encodebytes(b"no zero octet here\n")),
    part(b"7bit", b"plain\ntext", b"text/plain"),
    part(b"x-uuencode", b"begin 644 x\n`\nend"),
    part(b"7bit", b"Subject: inner\nContent-Transfer-Encoding: base64\n\naW5uZXI=", b"message/rfc822"),
    part(b"base64", base64.encodebytes(LARGE)),
    part(b"base64", b""),
]) + b"--b--\n"

box = Maildir()
box.add(MESSAGE, flags="")
box.add(b"Subject: single\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(OCTETS), flags="")
s = Session(box)
s.ok("SELECT INBOX")


def fetch(items, n=1):
    """{item: (octets, was it a literal8)}"""
    reply = s.start("FETCH %d (%s)" % (n, items))
    found = {}
    while True:
        line = b""
        while not line.endswith(b"\r\n"):
            while b"\n" not in s.buffer:
                s._fill()
            at = s.buffer.index(b"\n") + 1
            line, s.buffer = line + s.buffer[:at], s.buffer[at:]
        if line.startswith(reply):
            return found, line
        for name, tilde, size in re.findall(rb"(BINARY\[[\d.]*\](?:<\d+>)?) (~?)\{(\d+)\}\r\n", line):
            while len(s.buffer) < int(size) + 3:
                s._fill()
            found[name.decode()] = (s.buffer[:int(size)], bool(tilde))
            s.buffer = s.buffer[int(size):]
        for name, value in re.findall(rb"(BINARY(?:\.SIZE)?\[[\d.]*\]) (NIL|\d+)", line):
            found[name.decode()] = None if value == b"NIL" else int(value)


@test("BINARY is offered, and gives octets decoded: as a literal8 where a NUL is among them")
def _():
    check(b" BINARY " in s.ok("CAPABILITY").lines[0] + b" ")
    equal(fetch("BINARY.PEEK[1]")[0], {"BINARY[1]": (OCTETS, True)})
    equal(fetch("BINARY.PEEK[2]")[0], {"BINARY[2]": (TEXT[:-2], False)})
    equal(fetch("BINARY.PEEK[3]")[0], {"BINARY[3]": (b"no zero octet here\n", False)})
    equal(fetch("BINARY.PEEK[4]")[0], {"BINARY[4]": (b"plain\r\ntext", False)})
    equal(fetch("BINARY.PEEK[8]")[0], {"BINARY[8]": (b"", False)})
    check(fetch("BINARY.PEEK[7]")[0]["BINARY[7]"] == (LARGE, True), "not the same octets")
    equal(fetch("BINARY.PEEK[1]", 2)[0], {"BINARY[1]": (OCTETS, True)})


@test("BINARY.SIZE is the size of what BINARY gives")
def _():
    found = fetch(" ".join("BINARY.SIZE[%d]" % i for i in (1, 2, 3, 4, 7, 8)))[0]
    equal(found, {"BINARY.SIZE[1]": len(OCTETS), "BINARY.SIZE[2]": len(TEXT) - 2, "BINARY.SIZE[3]": 19, "BINARY.SIZE[4]": 11,
                  "BINARY.SIZE[7]": len(LARGE), "BINARY.SIZE[8]": 0})


@test("partial BINARY counts decoded octets, in any order")
def _():
    for i in (1, 7):
        whole = OCTETS if i == 1 else LARGE
        for at, n in ((0, 10), (10, 5000), (len(whole) - 3, 100), (100, 1), (len(whole), 5), (4294967295, 1), (1, 70000), (70001, 70000)):
            got = fetch("BINARY.PEEK[%d]<%d.%d>" % (i, at, n))[0]
            check(got == {"BINARY[%d]<%d>" % (i, at): (whole[at:at + n], True)}, "part %d, %d.%d: %.200r" % (i, at, n, got))


@test("an encoding that is not known is UNKNOWN-CTE, and the other items come")
def _():
    found, last = fetch("BINARY.PEEK[5] BINARY.PEEK[4]")
    equal(found, {"BINARY[4]": (b"plain\r\ntext", False)})
    matches(last, r" NO \[UNKNOWN-CTE\]")
    matches(fetch("BINARY.SIZE[5]")[1], r" NO \[UNKNOWN-CTE\]")


@test("a part that is not there is NIL; messages have no encoding of their own")
def _():
    equal(fetch("BINARY.PEEK[9] BINARY.PEEK[1.1]")[0], {"BINARY[9]": None, "BINARY[1.1]": None})
    equal(fetch("BINARY.PEEK[6]")[0], {"BINARY[6]": (b"Subject: inner\r\nContent-Transfer-Encoding: base64\r\n\r\naW5uZXI=", False)})
    equal(fetch("BINARY.PEEK[6.1]")[0], {"BINARY[6.1]": (b"inner", False)})
    check(fetch("BINARY.PEEK[]")[0]["BINARY[]"][0] == crlf(MESSAGE), "not the same octets")
    equal(fetch("BINARY.SIZE[]")[0], {"BINARY.SIZE[]": len(crlf(MESSAGE))})


@test("BINARY sets \\Seen, BINARY.PEEK and BINARY.SIZE do not")
def _():
    check("\\Seen" not in s.fetch("1", "FLAGS")[1]["FLAGS"])
    line = [l for l in s.ok("FETCH 1 (BINARY[4])").lines if b"\\Seen" in l]
    check(line and "\\Seen" in s.fetch("1", "FLAGS")[1]["FLAGS"], line)


@test("what is no BINARY item is refused")
def _():
    for item in ("BINARY", "BINARY[HEADER]", "BINARY[1.MIME]", "BINARY[1", "BINARY.SIZE[1]<0.1>", "BINARY[1]<0.0>", "BINARY.SIZE", "BINARY.PEEK[TEXT]", "BINARY[0]"):
        s.bad("FETCH 1 (%s)" % item)
        s.ok("NOOP")


@test("APPEND takes a literal8; a NUL, or an LF alone, cannot be kept: UNKNOWN-CTE")
def _():
    before = len(box.files())
    s.ok(b"APPEND INBOX ~{19+}\r\nSubject: \xe4\r\n\r\n\xff\xfe\r\n")
    s.send(b"x APPEND INBOX ~{14}\r\n")
    check(s.line().startswith(b"+ "))
    s.send(b"Subject: x\r\n\r\n\r\n")
    while not s.line().startswith(b"x OK [APPENDUID"):
        pass
    equal(len(box.files()), before + 2)
    for octets in (b"Subject: x\r\n\r\na\0b", b"Subject: x\r\n\r\na\nb", b"\n", b"x" * 40000 + b"\0" + b"x" * 40000):
        s.no(b"APPEND INBOX ~{%d+}\r\n%s" % (len(octets), octets), "UNKNOWN-CTE")
    many = b"x\r\n" * 30000
    s.ok(b"APPEND INBOX ~{%d+}\r\n%s" % (len(many), many))
    equal(len(box.files()), before + 3)
    equal(os.listdir(os.path.join(box.path, "tmp")), [])


run()
