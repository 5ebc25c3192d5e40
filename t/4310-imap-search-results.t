#!/usr/bin/env python3
# What SEARCH returns: ESEARCH (RFC 4731), SEARCHRES (RFC 5182), PARTIAL (RFC 9394), WITHIN (RFC 5032), character sets.
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *


def filled(n=10):
    box = Maildir()
    for i in range(n):
        box.add(b"Subject: letter %d\nFrom: a@example.org\n\nText %d\n" % (i, i), flags="S" if i % 2 else "")
    s = Session(box)
    s.ok("SELECT INBOX")
    return box, s


def esearch(s, command):
    """The one ESEARCH answer behind its correlator."""
    reply = s.ok(command)
    lines = reply.untagged("ESEARCH")
    equal(len(lines), 1, str(reply.lines))
    m = re.match(r'^\* ESEARCH \(TAG "t%d"\)(.*)$' % s.n, lines[0].decode())
    check(m, "it does not name its command: %r" % lines[0])
    equal(reply.untagged("^\\* SEARCH"), [])
    return m[1].strip()


box, s = filled()
s.ok("STORE 3 +FLAGS.SILENT (\\Deleted)")
s.ok("EXPUNGE")  # UIDs 1 2 4 5 6 7 8 9 10; unseen: 1 5 7 9 = numbers 1 4 6 8


@test("MIN, MAX, COUNT and ALL, of numbers and of UIDs")
def _():
    equal(esearch(s, "SEARCH RETURN (MIN MAX COUNT ALL) UNSEEN"), "MIN 1 MAX 8 COUNT 4 ALL 1,4,6,8")
    equal(esearch(s, "UID SEARCH RETURN (MIN MAX COUNT ALL) UNSEEN"), "UID MIN 1 MAX 9 COUNT 4 ALL 1,5,7,9")
    equal(esearch(s, "SEARCH RETURN () ALL"), "ALL 1:9")
    equal(esearch(s, "SEARCH RETURN (COUNT) ALL"), "COUNT 9")
    equal(esearch(s, "UID SEARCH RETURN (ALL) UID 4:6"), "UID ALL 4:6")


@test("nothing found has a count and nothing else")
def _():
    equal(esearch(s, "SEARCH RETURN (MIN MAX COUNT ALL) FROM nobody"), "COUNT 0")
    equal(esearch(s, "UID SEARCH RETURN () FROM nobody"), "UID")
    s.bad("SEARCH RETURN (RUBBISH) ALL")
    s.bad("SEARCH RETURN ALL")
    equal(s.ok("SEARCH FROM nobody").lines, [b"* SEARCH"])


@test("PARTIAL gives a window, from either end")
def _():
    equal(esearch(s, "SEARCH RETURN (PARTIAL 1:3 COUNT) UNSEEN"), "COUNT 4 PARTIAL (1:3 1,4,6)")
    equal(esearch(s, "SEARCH RETURN (PARTIAL 3:500) UNSEEN"), "PARTIAL (3:500 6,8)")
    equal(esearch(s, "SEARCH RETURN (PARTIAL -1:-2) UNSEEN"), "PARTIAL (-1:-2 6,8)")
    equal(esearch(s, "UID SEARCH RETURN (PARTIAL -2:-1) UNSEEN"), "UID PARTIAL (-1:-2 7,9)")
    equal(esearch(s, "SEARCH RETURN (PARTIAL 100:200) UNSEEN"), "PARTIAL (100:200 NIL)")
    for wrong in ("PARTIAL", "PARTIAL 0:1", "PARTIAL 1", "PARTIAL 1:-1", "PARTIAL -1:1", "PARTIAL 1:99999999999", "PARTIAL 1:2 ALL"):
        s.bad("SEARCH RETURN (%s) ALL" % wrong)
        s.ok("NOOP")


@test("SAVE keeps what was found, and $ stands for it wherever a set may stand")
def _():
    equal(s.ok("SEARCH RETURN (SAVE) UNSEEN").lines, [])
    equal(sorted(s.fetch("$", "UID")), [1, 4, 6, 8])
    equal(s.search("$ UID 5:7"), [4, 6])
    equal(s.search("UID $"), [1, 4, 6, 8])
    equal(s.search("NOT $"), [2, 3, 5, 7, 9])
    s.ok("STORE $ +FLAGS ($Seen)")
    equal(s.search("KEYWORD $Seen"), [1, 4, 6, 8])
    equal(esearch(s, "UID SEARCH RETURN (SAVE COUNT) UID 1:4"), "UID COUNT 3")
    equal(sorted(s.fetch("$", "UID", command="UID FETCH")), [1, 2, 3])


@test("SAVE with MIN, MAX or PARTIAL keeps these only")
def _():
    esearch(s, "SEARCH RETURN (SAVE MIN) UNSEEN")
    equal(sorted(s.fetch("$", "UID")), [1])
    esearch(s, "SEARCH RETURN (SAVE MIN MAX) UNSEEN")
    equal(sorted(s.fetch("$", "UID")), [1, 8])
    esearch(s, "SEARCH RETURN (SAVE MIN COUNT) UNSEEN")
    equal(sorted(s.fetch("$", "UID")), [1, 4, 6, 8])
    esearch(s, "SEARCH RETURN (SAVE PARTIAL 2:3) UNSEEN")
    equal(sorted(s.fetch("$", "UID")), [4, 6])


@test("what is removed leaves $, numbers follow, and an empty $ is no error")
def _():
    box, s = filled()
    s.ok("SEARCH RETURN (SAVE) UID 2:4")
    other = Session(box)
    other.ok("SELECT INBOX")
    other.ok("STORE 1,3 +FLAGS.SILENT (\\Deleted)")
    other.ok("EXPUNGE")
    s.ok("NOOP")
    equal(sorted(s.fetch("$", "UID")), [1, 2])
    equal([v["UID"] for v in s.fetch("$", "UID").values()], ["2", "4"])
    s.no("SEARCH RETURN (SAVE) CHARSET NOBODY SUBJECT x", "BADCHARSET")
    equal(s.ok("FETCH $ UID").lines, [])
    s.ok("STORE $ +FLAGS (\\Seen)")
    s.ok("COPY $ INBOX")
    s.ok("SEARCH RETURN (SAVE) ALL")
    s.bad("SEARCH RETURN (SAVE) RUBBISH")
    check(s.fetch("$", "UID"), "BAD leaves it")
    s.ok("SELECT INBOX")
    equal(s.ok("FETCH $ UID").lines, [])


@test("$ works in a pipeline")
def _():
    s.send("p1 SEARCH RETURN (SAVE) UID 1:2\r\np2 FETCH $ UID\r\np3 SEARCH RETURN (COUNT) $\r\n")
    lines = [s.line().decode() for _ in range(6)]
    matches(lines[0], "^p1 OK")
    equal(lines[1:3], ["* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)"])
    matches(lines[3], "^p2 OK")
    equal(lines[4], '* ESEARCH (TAG "p3") COUNT 2')


@test("OLDER and YOUNGER count seconds from now")
def _():
    box = Maildir()
    now = time.time()
    for age in (10, 4000, 100000):
        box.add(b"Subject: x\n\n", flags="", date=now - age)
    s = Session(box)
    s.ok("SELECT INBOX")
    equal(s.search("YOUNGER 3600"), [1])
    equal(s.search("OLDER 3600"), [2, 3])
    equal(s.search("YOUNGER 86400 OLDER 3600"), [2])
    for wrong in ("OLDER 0", "OLDER -1", "YOUNGER x", "YOUNGER", "OLDER 99999999999"):
        s.bad("SEARCH " + wrong)


@test("strings come in any character set that iconv has")
def _():
    box = Maildir()
    box.add("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\n".encode(), flags="")
    box.add("Subject: =?utf-8?b?0J/RgNC40LLQtdGC?=\n\n".encode(), flags="")
    s = Session(box)
    s.ok("SELECT INBOX")
    for charset, word, number in (("ISO-8859-1", "GR\u00dc\u00df", 1), ("windows-1252", "gr\u00fc", 1), ("koi8-r", "\u043f\u0440\u0438\u0432\u0435\u0442", 2),
                                  ("UTF-16BE", "\u041f\u0420\u0418", 2), ("IBM850", "gr\u00fc", 1), ("UTF-8", "gr\u00fc", 1)):
        data = word.encode(charset)
        equal(s.ok(b"SEARCH CHARSET %s SUBJECT {%d+}\r\n%s" % (charset.encode(), len(data), data)).lines, [b"* SEARCH %d" % number])
    s.no(b"SEARCH CHARSET UTF-16BE SUBJECT {1+}\r\nx", "BADCHARSET")


run()
