#!/usr/bin/env python3
# The delay of failures: how it grows, that more connections do not help, and whom it spares.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

UID = 61000 if ROOT else os.getuid()
GID = 61000 if ROOT else os.getgid()
authd = Authd("anna:{PLAIN}secret:%d:%d::/home/anna::\nhash:%s:%d:%d::/home/hash::\n" %
              (UID, GID, crypt.crypt("secret", "$6$rounds=200000$saltsalt$"), UID, GID))
net = authd.talk()


def timed(name, password, **more):
    start = time.monotonic()
    status = net.plain(name, password, **more)[0]
    return status, time.monotonic() - start


def about(got, wanted):
    check(wanted - 0.05 <= got < wanted + 0.7, "%.2f s, wanted %.2f s" % (got, wanted))


@test("failures of one address are answered after 1, 2 and 4 seconds")
def _():
    for wanted in (1, 2, 4):
        status, seconds = timed("anna", "wrong %d" % wanted, remote="192.0.2.1")
        equal(status, "FAILED")
        about(seconds, wanted)


@test("the right password is not delayed, not even there")
def _():
    status, seconds = timed("anna", "secret", remote="192.0.2.1")
    equal(status, "OK")
    check(seconds < 0.5, "%.2f s" % seconds)


@test("IPv6 counts by its first 64 bits")
def _():
    about(timed("anna", "wrong", remote="2001:db8::1")[1], 1)
    about(timed("anna", "wrong too", remote="2001:db8::ffff:2")[1], 2)
    about(timed("anna", "wrong", remote="2001:db8:0:1::1")[1], 1)


@test("loopback waits one second and no more")
def _():
    for _ in range(3):
        about(timed("anna", "wrong", remote="127.0.0.1")[1], 1)


@test("an unknown name, a known one, a slow hash and an empty password take the same time")
def _():
    for name, password in [("anna", "wrong"), ("hash", "wrong"), ("nobody-here", "wrong"), ("anna", ""), ("..", "x")]:
        about(timed(name, password, remote="127.0.0.1")[1], 1)


@test("forty tries at once from one address with failures are not judged at once")
def _():
    timed("anna", "wrong", remote="198.51.100.1")
    start = time.monotonic()
    for i in range(40):
        net.begin_plain("user%d" % i, "wrong", remote="198.51.100.1")
    mine = authd.text().count("remote=198.51.100.1")
    time.sleep(1)
    judged = authd.text().count("remote=198.51.100.1")
    check(judged <= 6, "%d were judged within a second (%d at once)" % (judged, mine))
    talk = authd.talk()
    begin = time.monotonic()
    equal(talk.plain("anna", "secret", remote="203.0.113.5")[0], "OK")
    check(time.monotonic() - begin < 0.5, "another address had to wait")
    check(time.monotonic() - start < 5)


run()
