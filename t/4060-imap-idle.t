#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *


def idling(box, *options):
    s = Session(box, *options)
    s.ok("SELECT INBOX")
    s.tag = s.start("IDLE")
    check(s.line().startswith(b"+ "), "no continuation")
    return s


def done(s):
    s.send(b"DONE\r\n")
    return s.finish(s.tag)


@test("new mail is told at once")
def _():
    box = Maildir()
    s = idling(box)
    start = time.monotonic()
    box.add(b"Subject: x\n\n")
    equal(s.line(), b"* 1 EXISTS")
    equal(s.line(), b"* 1 RECENT")
    check(time.monotonic() - start < 2, "it took %.1f s" % (time.monotonic() - start))
    equal(done(s).status, "OK")


@test("flags and removals by another session are told")
def _():
    box = Maildir()
    for i in range(3):
        box.add(b"Subject: x\n\n", flags="")
    s = idling(box)
    other = Session(box)
    other.ok("SELECT INBOX")
    other.ok("STORE 2 +FLAGS (\\Deleted)")
    check("\\Deleted" in fetched([s.line()])[2]["FLAGS"])
    other.ok("EXPUNGE")
    equal(s.line(), b"* 2 EXPUNGE")
    equal(done(s).status, "OK")
    equal(s.search("ALL"), [1, 2])


@test("DONE in any case ends it; anything else is wrong")
def _():
    box = Maildir()
    s = idling(box)
    s.send(b"do")
    time.sleep(0.1)
    s.send(b"ne\r\n")
    equal(s.finish(s.tag).status, "OK")
    s.tag = s.start("IDLE")
    s.line()
    s.send(b"NOOP\r\n")
    equal(s.finish(s.tag).status, "BAD")
    s.ok("NOOP")


@test("IDLE without a mailbox waits quietly, and commands behind DONE are run")
def _():
    s = Session(Maildir())
    tag = s.start("IDLE")
    s.line()
    s.send(b"DONE\r\nx NOOP\r\n")
    equal(s.finish(tag).status, "OK")
    check(s.line().startswith(b"x OK"))


@test("SIGTERM ends it with BYE")
def _():
    s = idling(Maildir())
    s.process.terminate()
    equal(s.line(), b"* BYE [UNAVAILABLE] Server shutting down")
    s.process.wait(10)
    equal(s.process.returncode, 0)


@test("a client that goes away ends it")
def _():
    s = idling(Maildir())
    s.end()
    equal(s.process.returncode, 0)


@test("an idle session costs little memory")
def _():
    s = idling(Maildir())
    text = open("/proc/%d/status" % s.process.pid).read()
    data = int(re.search(r"RssAnon:\s+(\d+)", text).group(1))
    if data > 4000 and "asan" in open("/proc/%d/maps" % s.process.pid).read():
        skip("sanitizers take memory of their own")
    check(data < 1500, "%d KB of anonymous memory" % data)


run()
