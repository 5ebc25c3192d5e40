#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import random

from imapsession import *

rng = random.Random(3)
LINES = b"".join(bytes(rng.choices(b"abcdefgh ", k=rng.randint(0, 120))) + b"\n" for i in range(1000))
LARGE = b"Subject: large\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" + LINES * 200 + b"\n--b\n\nsecond\n--b--\n"
box = Maildir()
box.add(LARGE, flags="S")
small = [b"Subject: %d\n\n" % i + LINES[rng.randrange(len(LINES)):][:rng.randint(0, 40000)] for i in range(200)]
for letter in small:
    box.add(letter, flags="S")
s = Session(box)
s.ok("SELECT INBOX")


def octets_read():
    """By system calls, of this session so far."""
    try:
        with open("/proc/%d/io" % s.process.pid) as f:
            return int(re.search(r"rchar: (\d+)", f.read()).group(1))
    except PermissionError:
        skip("what a session reads is shown to root only")


@test("all letters are downloaded, each whole")
def _():
    got = s.fetch("1:*", "BODY.PEEK[]")
    check(got[1]["BODY[]"] == crlf(LARGE), "not the large letter")
    check(all(got[i + 2]["BODY[]"] == crlf(letter) for i, letter in enumerate(small)), "not the small letters")


@test("a small letter is read once")
def _():
    before = octets_read()
    s.fetch("2:201", "RFC822.SIZE BODY.PEEK[]")
    read = octets_read() - before
    check(read < sum(map(len, small)) * 1.2 + 100000, "%d octets were read for %d" % (read, sum(map(len, small))))


@test("pieces of a large letter, in any order and after pauses, are read near where they lie")
def _():
    wire = crlf(LARGE)
    part = crlf(LINES * 200)
    for item, whole in (("BODY.PEEK[]", wire), ("BODY.PEEK[1]", part)):
        name = item.replace(".PEEK", "")
        s.fetch("1", item + "<0.100>")
        s.fetch("1", item + "<%d.100>" % (len(whole) - 50))
        before = octets_read()
        for i in range(20):
            at = rng.randrange(len(whole))
            got = s.fetch("1", "%s<%d.5000>" % (item, at))[1]["%s<%d>" % (name, at)]
            check(got == whole[at:at + 5000], "%s<%d.5000>" % (item, at))
            if i % 10 == 9:
                time.sleep(0.5)
        read = (octets_read() - before) / 20
        check(read < len(whole) / 10, "%d octets were read for a piece of 5000" % read)


run()
