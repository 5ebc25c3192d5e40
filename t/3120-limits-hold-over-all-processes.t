#!/usr/bin/env python3
# How many may come: in all and from one address, counted over all smtp processes; and how long they may take.
import os
import resource
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
ALL, EACH = 60, 10
PORT = free_base()
server = Sandbox(users=["anna"], conf='relay {\n  max_connections = %d\n  max_connections_per_address = %d\n'
                 '  smtp = {"127.0.0.1:%d proxy"}\n  proxy_networks = {"127.0.0.1"}\n'
                 '  smtp_timeout = "2s"\n  greeting_delay = "1s"\n}\n' % (ALL, EACH, PORT))


def connect(address):
    t = Talk(server, "smtp", address=("127.0.0.1", PORT))
    family = "TCP6" if ":" in address else "TCP4"
    t.send("PROXY %s %s %s 1000 25\r\n" % (family, address, "::1" if ":" in address else "127.0.0.1"))
    return t


def clients(addresses):
    came = [connect(address) for address in addresses]
    return [(t, t.until(r"\d\d\d ")) for t in came]


def client(address):
    return clients([address])[0]


def greeted(address, n):
    came = clients([address] * n)
    return [t for t, word in came if word.startswith("220 ")], [word for t, word in came if not word.startswith("220 ")]


def gone(clients):
    for t in clients:
        t.close()
    eventually(lambda: client("198.51.100.99")[1].startswith("220"))
    time.sleep(0.2)


@test("one address has so many connections and no more; the rest is told 421, and others are served")
def _():
    inside, refused = greeted("192.0.2.1", EACH + 5)
    equal(len(inside), EACH)
    for word in refused:
        matches(word, r"^421 4\.7\.0 Too many connections from your address")
    more, refused = greeted("192.0.2.2", 1)
    equal(len(more), 1)
    gone(inside + more)
    inside, refused = greeted("192.0.2.1", EACH)
    equal(len(inside), EACH, "after the first have gone")
    gone(inside)


@test("all of one IPv6 /64 count as one")
def _():
    inside = clients(["2001:db8:0:1::%x" % i for i in range(1, EACH + 3)])
    equal(sum(word.startswith("220") for t, word in inside), EACH)
    gone([t for t, word in inside])


@test("there are so many connections in all and no more")
def _():
    inside = clients(["203.0.113.%d" % i for i in range(1, ALL + 6)])
    equal(sum(word.startswith("220") for t, word in inside), ALL)
    matches([word for t, word in inside if not word.startswith("220")][-1], r"^421 4\.3\.2 Too many connections")
    gone([t for t, word in inside])


@test("a client that sends an octet now and then is told when its time is over")
def _():
    t, word = client("127.0.0.1")
    matches(word, "^220 ")
    started = time.time()
    try:
        while time.time() - started < 15:
            t.send("N")
            time.sleep(0.3)
    except OSError:
        pass
    check(1.5 < time.time() - started < 12, "it stayed for %.1f s" % (time.time() - started))
    check(b"421 4.4.2" in t.buffer or t.line().startswith(b"421 4.4.2"), "nothing was said")


@test("who speaks before the greeting is sent away, who waits is greeted late")
def _():
    t = Talk(server, "smtp", address=("127.0.0.1", PORT))
    t.send("PROXY TCP4 192.0.2.77 127.0.0.1 1000 25\r\n")
    time.sleep(0.2)
    t.send("EHLO x\r\n")
    matches(t.line(), r"^554 5\.5\.1")
    check(t.closed())
    started = time.time()
    matches(client("192.0.2.77")[1], "^220 ")
    check(time.time() - started > 0.8, "it did not wait")


@test("commands that bring no message closer come to an end, and a message starts the count anew")
def _():
    t, word = client("127.0.0.1")
    t.ask("EHLO x")
    for _ in range(95):
        t.ask("NOOP")
    for line in ("MAIL FROM:<a@example.org>", "RCPT TO:<anna@localhost>", "DATA"):
        matches(t.ask(line), "^(250|354) ")
    matches(t.ask("Subject: x\r\n\r\nx\r\n."), "^250 ")
    for _ in range(100):
        matches(t.ask("RSET"), "^250 ")
    matches(t.ask("NOOP"), r"^421 4\.7\.0 ")
    check(t.closed())


@test("what a killed process has counted is free again")
def _():
    inside, refused = greeted("192.0.2.3", EACH)
    equal(len(inside), EACH)
    for pid in server.children("posthouse-smtp"):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(greeted("192.0.2.3", 1)[0]) == 1)


run()
