#!/usr/bin/env python3
# login_isolation = connection: a process of its own for each client that has not logged in, and for each under TLS.
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

SANITIZED = b"libasan" in open(os.path.join(BUILD, "access", "posthouse-login"), "rb").read()
CORES = os.sysconf("SC_NPROCESSORS_ONLN")
server = Sandbox(users=["anna", "ben"], conf="access { login_isolation = connection max_connections = 12 }\n")


def logins():
    return set(server.children("posthouse-login"))


def holder(t):
    """The process that holds the other end of this connection."""
    mine = "0100007F:%04X" % t.socket.getsockname()[1]
    for line in open("/proc/net/tcp").read().splitlines()[1:]:
        words = line.split()
        if words[2] == mine:
            for pid in logins():
                try:
                    if any(os.readlink("/proc/%d/fd/%s" % (pid, fd)) == "socket:[%s]" % words[9] for fd in os.listdir("/proc/%d/fd" % pid)):
                        return pid
                except OSError:
                    pass
    return None


def connected(tls=True, timeout=20):
    t = Talk(server, "imaps" if tls else "imap", tls=tls, timeout=timeout)
    t.until(r"\* OK")
    return t


def login(t, user="anna"):
    matches(t.ask('a LOGIN %s "%s"' % (user, PASSWORD), "a "), "^a OK")


@test("each connection has a process of its own, others wait for the next; a session under TLS keeps it")
def _():
    eventually(lambda: len(logins()) == CORES)
    talks = [connected() for _ in range(6)]
    for i, t in enumerate(talks):
        login(t, ["anna", "ben"][i % 2])
    holders = [holder(t) for t in talks]
    equal(len(set(holders)), 6, repr(holders))
    eventually(lambda: len(logins()) == CORES + 6)
    check(not set(holders) & {holder(t) for t in [connected(tls=False) for _ in range(3)]}, "shared with another")
    for t in talks:
        matches(t.ask("b NOOP", "b "), "^b OK")


@test("the process ends with its connection, without a word")
def _():
    t = connected()
    pid = holder(t)
    login(t)
    matches(t.ask("b LOGOUT", "b "), "b OK")
    eventually(lambda: pid not in logins())
    eventually(lambda: len(logins()) == CORES, 20, "%d processes instead of %d" % (len(logins()), CORES))
    if not SANITIZED:  # whose leak checker wants /proc, which an empty root does not have
        check("posthouse-login (pid" not in server.log_text(), "its end was a surprise")


@test("a session without TLS from loopback needs no process")
def _():
    t = connected(tls=False)
    login(t)
    eventually(lambda: len(logins()) == CORES)
    matches(t.ask("b NOOP", "b "), "^b OK")


@test("the death of one concerns one client")
def _():
    talks = [connected() for _ in range(4)]
    for t in talks:
        login(t)
    os.kill(holder(talks[0]), signal.SIGKILL)
    check(talks[0].closed())
    for t in talks[1:]:
        matches(t.ask("b NOOP", "b "), "^b OK")
    login(connected())


@test("limits hold over all of them, and places are given back")
def _():
    eventually(lambda: len(logins()) == CORES, 20)
    held = [connected(tls=False) for _ in range(12)]
    for _ in range(3):
        matches(Talk(server, "imap").line(), r"^\* BYE \[LIMIT\]")
    for t in held[:5]:
        os.kill(holder(t), signal.SIGKILL)
    for t in held[5:]:
        t.close()

    def twelve():
        now = [Talk(server, "imap") for _ in range(12)]
        fine = all(b"OK" in t.line() for t in now)
        for t in now:
            t.close()
        return fine
    eventually(twelve, 20)


@test("a reload changes to the pool and back; who is connected stays")
def _():
    eventually(lambda: len(logins()) == CORES, 20)
    old = connected()
    login(old)
    conf = open(server["conf"]).read()
    for word in ("pool", "connection"):
        with open(server["conf"], "w") as f:
            f.write(conf.replace("login_isolation = connection", "login_isolation = " + word))
        count = server.log_text().count("configuration reloaded")
        os.kill(int(server["pid_access"]), signal.SIGHUP)
        eventually(lambda: server.log_text().count("configuration reloaded") > count)
        time.sleep(0.3)
        talks = [connected() for _ in range(8)]
        for t in talks:
            login(t)
        equal(len({holder(t) for t in talks}) == 8, word == "connection", word)
        for t in talks:
            t.close()
    matches(old.ask("b NOOP", "b "), "^b OK")


run()
