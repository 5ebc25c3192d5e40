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
                 '  smtp = {"127.0.0.1:%d proxy"}\n  proxy_networks = {"127.0.0.1"}\n}\n' % (ALL, EACH, PORT))


def client(address):
    t = Talk(server, "smtp", address=("127.0.0.1", PORT))
    family = "TCP6" if ":" in address else "TCP4"
    t.send("PROXY %s %s %s 1000 25\r\n" % (family, address, "::1" if ":" in address else "127.0.0.1"))
    return t, t.until(r"\d\d\d ")


def greeted(address, n):
    came = [client(address) for _ in range(n)]
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
    inside = [client("2001:db8:0:1::%x" % i) for i in range(1, EACH + 3)]
    equal(sum(word.startswith("220") for t, word in inside), EACH)
    gone([t for t, word in inside])


@test("there are so many connections in all and no more")
def _():
    inside = [client("203.0.113.%d" % i) for i in range(1, ALL + 6)]
    equal(sum(word.startswith("220") for t, word in inside), ALL)
    matches(inside[-1][1], r"^421 4\.3\.2 Too many connections")
    gone([t for t, word in inside])


@test("what a killed process has counted is free again")
def _():
    inside, refused = greeted("192.0.2.3", EACH)
    equal(len(inside), EACH)
    for pid in server.children("posthouse-smtp"):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(greeted("192.0.2.3", 1)[0]) == 1)


run()
