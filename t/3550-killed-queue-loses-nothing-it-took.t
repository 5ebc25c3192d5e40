#!/usr/bin/env python3
# kill -9 of the queue, the senders and the deliverers while messages go through the spool: each that was acknowledged arrives whole, at a
# mailbox here once, at the smarthost at least once.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
import random, signal
from posthouse import *
from smarthost import Smarthost

host = Smarthost().up()
LOCAL = ["user%d" % i for i in range(22)]  # more than are served while the sender waits
server = Sandbox(users=LOCAL, conf="""relay { smarthost = "127.0.0.1:%d" smarthost_tls = "none" retry_first = 1 retry_max = 1 }
""" % host.port)
queue = os.path.join(server.dir, "box", "spool", "queue")
BODY = "a line of a message\n" * 2000
chance = random.Random(1)


def submit(number, to):
    text = "Subject: %s\n\n%sEND\n" % (number, BODY)
    return subprocess.run([server["sendmail"], "-i", "-f", "user0@localhost"] + to, input=text.encode(),
                          stderr=subprocess.DEVNULL).returncode == 0


def kill(*programs):
    for program in programs:
        for pid in server.children(program):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def numbers(messages):
    found = []
    for m in messages:
        text = m.decode().replace("\r\n", "\n")
        number = re.search(r"^Subject: (\S+)$", text, re.M)
        if number and number.group(1)[0] in "lr":
            check(text.endswith("\n\n" + BODY + "END\n"), "a message in part: " + number.group(1))
            found.append(number.group(1))
    return found


def spool_is_empty():
    return os.listdir(queue) == []


def rounds(prefix, to, programs):
    taken = []
    for i in range(10):
        if submit("%s%d" % (prefix, i), to):
            taken.append("%s%d" % (prefix, i))
        time.sleep(chance.random() * 0.05)
        if i % 2:
            kill(*programs)
    eventually(spool_is_empty, 40, "the spool is not empty")
    return taken


@test("what was taken for elsewhere arrives at the smarthost, whole")
def _():
    taken = rounds("r", ["x@example.net"], ("posthouse-queue", "posthouse-remote"))
    check(len(taken) >= 3, "too few were taken: %r" % taken)
    arrived = numbers(m[2] for m in host.messages)
    check(set(taken) <= set(arrived), "taken %r, arrived %r" % (taken, arrived))


@test("what was taken for many mailboxes is in each of them once, whole")
def _():
    taken = rounds("l", LOCAL, ("posthouse-queue", "posthouse-local"))
    check(len(taken) >= 3, "too few were taken: %r" % taken)
    for name in LOCAL:
        found = numbers(server.user(name).messages())
        equal(sorted(n for n in found if n in taken), sorted(taken), name)


@test("nothing was set aside")
def _():
    equal(os.listdir(os.path.join(queue, "..", "damaged")), [])


run()
