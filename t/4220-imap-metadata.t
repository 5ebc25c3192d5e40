#!/usr/bin/env python3
# METADATA (RFC 5464) and LIST-METADATA (RFC 9590).
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *


def session(*folders):
    box = Maildir()
    s = Session(box)
    for name in folders:
        s.ok("CREATE " + name)
    return box, s


def answer(s, command):
    lines = s.ok(command).untagged("METADATA")
    equal(len(lines), 1)
    return lines[0].decode()


@test("an entry is set, read, changed and removed, for a mailbox and for the server")
def _():
    box, s = session("a")
    for mailbox, shown in (("a", "a"), ("INBOX", "INBOX"), ('""', '""')):
        s.ok('SETMETADATA %s (/private/comment "one" /SHARED/Comment "two")' % mailbox)
        equal(answer(s, "GETMETADATA %s /private/comment" % mailbox), '* METADATA %s (/private/comment "one")' % shown)
        equal(answer(Session(box), "GETMETADATA %s (/shared/comment /private/comment)" % mailbox),
              '* METADATA %s (/shared/comment "two" /private/comment "one")' % shown)
        s.ok("SETMETADATA %s (/private/comment NIL /shared/comment {3+}\r\n3\r\n)" % mailbox)
        equal(answer(s, "GETMETADATA %s (/private/comment /shared/comment)" % mailbox).split("(")[1][:20], "/private/comment NIL")
    equal(answer(s, "GETMETADATA a /shared/comment"), "* METADATA a (/shared/comment {3}\r\n3\r\n)")


@test("values are octets: NULs, quotes, 8 bits, nothing")
def _():
    box, s = session()
    for value, shown in ((b"~{3+}\r\na\0b", b"~{3}\r\na\0b"), (b'"a\\"b"', b'"a\\"b"'), (b"{5+}\r\n\xff\n/ 5", b"{5}\r\n\xff\n/ 5"), (b'""', b'""')):
        s.ok(b"SETMETADATA INBOX (/private/vendor/x/y %s)" % value)
        equal(Session(box).ok("GETMETADATA INBOX /private/vendor/x/y").lines, [b"* METADATA INBOX (/private/vendor/x/y %s)" % shown])


@test("DEPTH and MAXSIZE choose among what is there")
def _():
    _, s = session()
    s.ok('SETMETADATA "" (/private/a "1" /private/a/b "22" /private/a/b/c "333" /private/ab "4444")')
    equal(answer(s, 'GETMETADATA (DEPTH 0) "" /private/a'), '* METADATA "" (/private/a "1")')
    equal(answer(s, 'GETMETADATA (DEPTH 1) "" /private/a'), '* METADATA "" (/private/a "1" /private/a/b "22")')
    equal(answer(s, 'GETMETADATA (DEPTH infinity) "" /private/a'), '* METADATA "" (/private/a "1" /private/a/b "22" /private/a/b/c "333")')
    equal(answer(s, 'GETMETADATA (DEPTH infinity) "" /private').count("/private/"), 4)
    reply = s.ok('GETMETADATA (MAXSIZE 2 DEPTH infinity) "" /private/a')
    equal(reply.lines, [b'* METADATA "" (/private/a "1" /private/a/b "22")'])
    matches(reply.text, r"^\[METADATA LONGENTRIES 3\]")
    equal(answer(s, 'GETMETADATA "" (DEPTH 1) /private/a').count("/private/"), 2)


@test("it stays when the folder is renamed, and goes when it is deleted")
def _():
    _, s = session("a")
    s.ok('SETMETADATA a (/private/comment "x")')
    s.ok("RENAME a b")
    equal(answer(s, "GETMETADATA b /private/comment"), '* METADATA b (/private/comment "x")')
    s.ok("DELETE b")
    s.ok("CREATE b")
    equal(answer(s, "GETMETADATA b /private/comment"), "* METADATA b (/private/comment NIL)")


@test("LIST gives entries of each mailbox")
def _():
    _, s = session("a", "b")
    s.ok('SETMETADATA a (/shared/color "red")')
    lines = [l.decode() for l in s.ok('LIST "" % RETURN (METADATA (/shared/color /private/comment))').lines]
    equal([l for l in lines if "METADATA" in l], ["* METADATA %s (/shared/color %s /private/comment NIL)" % (n, c) for n, c in
                                                  (("INBOX", "NIL"), ("a", '"red"'), ("b", "NIL"))])


@test("limits have names")
def _():
    _, s = session()
    s.no(b"SETMETADATA INBOX (/private/x {65537+}\r\n%s)" % (b"x" * 65537), "METADATA MAXSIZE 65536")
    s.ok(b"SETMETADATA INBOX (/private/x {65536+}\r\n%s)" % (b"x" * 65536))
    for n in range(99):
        s.ok('SETMETADATA INBOX (/private/n%d "")' % n)
    s.no('SETMETADATA INBOX (/private/x NIL /private/one "" /private/two "")', "METADATA TOOMANY")
    check("/private/one NIL" in answer(s, "GETMETADATA INBOX /private/one"), "all or nothing")
    s.no("SETMETADATA INBOX (%s)" % " ".join('/private/n%d ""' % n for n in range(101)), "METADATA TOOMANY")
    s.no("GETMETADATA INBOX (%s)" % " ".join("/private/n%d" % n for n in range(101)), "LIMIT")
    s.ok('SETMETADATA "" (/private/n "")')


@test("what is no entry is refused")
def _():
    _, s = session()
    for wrong in ("INBOX comment", "INBOX /comment", "INBOX /private//x", "INBOX /private/x/", "INBOX /private/*", "INBOX /shared/a%", "INBOX",
                  "(DEPTH 2) INBOX /private/x", "(RUBBISH) INBOX /private/x", "INBOX ()", "INBOX /private/" + "x" * 200):
        s.bad("GETMETADATA " + wrong)
        s.ok("NOOP")
    for wrong in ("INBOX /private/x", "INBOX (/private/x)", "INBOX ()", 'INBOX (/private/x "1") x'):
        s.bad("SETMETADATA " + wrong)
    s.no('SETMETADATA nowhere (/private/x "1")', "NONEXISTENT")
    s.no("GETMETADATA nowhere /private/x", "NONEXISTENT")


run()
