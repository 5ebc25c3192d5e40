#!/usr/bin/env python3
# QUOTA (RFC 9208).
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

LIMITS = ("--quota-bytes", "10240", "--quota-messages", "5", "--quota-ignore", "Trash")


def filled(*options):
    box = Maildir()
    for i in range(2):
        box.add(b"Subject: x\n\n" + b"x" * 1000 + b"\n", flags="")
    s = Session(box, *options)
    s.ok("CREATE Trash")
    s.ok("CREATE Sent")
    return box, s


@test("what is in use and what may be used is told in kibibytes and in messages")
def _():
    _, s = filled(*LIMITS)
    equal(s.ok("GETQUOTAROOT INBOX").lines, [b'* QUOTAROOT INBOX "User quota"', b'* QUOTA "User quota" (STORAGE 2 10 MESSAGE 2 5)'])
    equal(s.ok('GETQUOTA "User quota"').lines, [b'* QUOTA "User quota" (STORAGE 2 10 MESSAGE 2 5)'])
    matches(s.ok("GETQUOTAROOT INBOX.Sent").lines[0].decode(), r'^\* QUOTAROOT "?Sent"? "User quota"$')


@test("a folder that does not count has no quota root, nor has an account without limits")
def _():
    _, s = filled(*LIMITS)
    equal(len(s.ok("GETQUOTAROOT Trash").lines), 1)
    matches(s.ok("GETQUOTAROOT Trash").lines[0].decode(), r'^\* QUOTAROOT "?Trash"?$')
    _, s = filled()
    equal(s.ok("GETQUOTAROOT INBOX").lines, [b'* QUOTAROOT INBOX'])
    s.no('GETQUOTA "User quota"', "NONEXISTENT")


@test("the numbers follow, and the limit is told by name when it is reached")
def _():
    _, s = filled(*LIMITS)
    for n in (3, 4, 5):
        s.ok(b"APPEND Sent {15+}\r\nSubject: x\r\n\r\nx")
        matches(s.ok('GETQUOTA "User quota"').lines[0].decode(), r"MESSAGE %d 5\)$" % n)
    s.no(b"APPEND Sent {15+}\r\nSubject: x\r\n\r\nx", "OVERQUOTA")
    s.ok("SELECT Sent")
    s.no("COPY 1 INBOX", "OVERQUOTA")
    s.ok("COPY 1 Trash")
    s.ok("MOVE 1 Trash")
    matches(s.ok('GETQUOTA "User quota"').lines[0].decode(), r"MESSAGE 4 5\)$")
    s.ok("STORE 1 +FLAGS (\\Deleted)")
    matches(s.ok("STATUS Sent (DELETED DELETED-STORAGE)").lines[0].decode(), r"DELETED 1 DELETED-STORAGE 15")


@test("limits cannot be set, and unknown roots and mailboxes are refused")
def _():
    _, s = filled(*LIMITS)
    s.no('SETQUOTA "User quota" (STORAGE 100)', "NOPERM")
    s.no('GETQUOTA "other"', "NONEXISTENT")
    s.no("GETQUOTAROOT nowhere", "NONEXISTENT")
    s.bad("GETQUOTA")
    s.bad("GETQUOTAROOT INBOX x")
    check({"QUOTA", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE"} <= set(s.ok("CAPABILITY").lines[0].decode().split()))


run()
