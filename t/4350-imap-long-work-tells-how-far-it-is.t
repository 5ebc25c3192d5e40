#!/usr/bin/env python3
# INPROGRESS (RFC 9585): a command that takes more than five seconds says so, under its tag.
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import select, signal
from imapsession import *

box = Maildir()
text = b"Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n" + b"a few =65 words of text=20\n" * 2000
for _i in range(1500):
    box.add(text, flags="")
s = Session(box)
s.ok("SELECT INBOX")


def interrupted(command, seconds):
    """Run it, with a session that stands still for a while in the middle. None: it was too quick for that."""
    tag = s.start(command)
    time.sleep(0.03)
    os.kill(s.process.pid, signal.SIGSTOP)
    done = select.select([s.sock], [], [], 0.1)[0]
    if not done:
        time.sleep(seconds)
    os.kill(s.process.pid, signal.SIGCONT)
    reply = s.finish(tag)
    return None if done else (tag.decode(), reply)


def try_it(seconds, command="SEARCH BODY needle"):
    for _try in range(10):
        if os.path.exists(os.path.join(box.path, "posthouse-text")):
            os.unlink(os.path.join(box.path, "posthouse-text"))
        found = interrupted(command, seconds)
        if found:
            return found
    raise AssertionError("%s is too quick" % command)


def tells(tag, reply):
    lines = reply.untagged("INPROGRESS")
    check(lines, "nothing was told: %r" % reply.lines)
    for line in lines:
        told = re.match(r'^\* OK \[INPROGRESS \("(\w+)" (\d+) (\d+)\)\] .', line.decode())
        check(told, repr(line))
        equal(told[1], tag)
        equal(told[3], "1500")
        check(int(told[2]) <= 1500)


@test("a long search tells how much of it is done")
def _():
    tag, reply = try_it(5.2)
    tells(tag, reply)
    equal(reply.lines[-1], b"* SEARCH")


@test("so does copying many messages, which is whole all the same")
def _():
    s.ok("CREATE Copies")
    tag, reply = try_it(5.2, "COPY 1:* Copies")
    tells(tag, reply)
    equal(int(re.search(rb"MESSAGES (\d+)", s.ok("STATUS Copies (MESSAGES)").lines[0])[1]) % 1500, 0)


@test("short work tells nothing")
def _():
    equal(try_it(0.2)[1].lines, [b"* SEARCH"])


run()
