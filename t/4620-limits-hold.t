#!/usr/bin/env python3
# Limits of connections: exact over all login processes, told to the client, and never a harm to those who are in.
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from certificates import TlsTalk

LOGIN = 'a LOGIN anna "%s"' % PASSWORD


def greeted(box, service="imap", tls=False):
    """A connection and its first line."""
    t = TlsTalk(box, service) if tls else Talk(box, service)
    return t, t.line().decode()


@test("the limit of all connections holds to the one, is told as such, and whoever is in works on")
def _():
    box = Sandbox(users=["anna"], conf="access { max_connections = 6 }\n")
    inside = []
    for _ in range(4):
        t, line = greeted(box, "imaps", tls=True)
        matches(line, r"^\* OK")
        matches(t.ask(LOGIN, "a "), r"^a OK")
        inside.append(t)
    waiting = [greeted(box), greeted(box, "pop3")]
    for t, line in waiting:
        matches(line, r"OK")
    for _ in range(5):
        matches(greeted(box)[1], r"^\* BYE \[LIMIT\] Too many connections")
        matches(greeted(box, "pop3")[1], r"^-ERR \[SYS/TEMP\] Too many connections")
        matches(greeted(box, "imaps", tls=True)[1], r"^\* BYE \[LIMIT\] Too many connections")
        matches(greeted(box, "pop3s", tls=True)[1], r"^-ERR \[SYS/TEMP\] Too many connections")
    for t in inside:
        matches(t.ask("b NOOP", "b "), r"^b OK")
    waiting[0][0].close()
    t, line = eventually(lambda: (lambda g: g if "OK" in g[1] else None)(greeted(box)))
    matches(greeted(box)[1], r"^\* BYE \[LIMIT\]", "one has left, one has come")
    matches(box.log_text(), r'refused service=imap remote=127\.0\.0\.1 reason="Too many connections')
    box.stop()


@test("clients that have not logged in have a limit of their own; who has waited for five seconds makes room")
def _():
    box = Sandbox(users=["anna"], conf="access { max_unauthenticated = 5 }\n")
    inside = []
    for _ in range(8):
        t, line = greeted(box, "imaps", tls=True)
        matches(line, r"^\* OK")
        matches(t.ask(LOGIN, "a "), r"^a OK")
        inside.append(t)
    time.sleep(0.5)  # a session may greet before the login process has counted its client out
    began = time.monotonic()
    silent = [greeted(box) for _ in range(5)]
    for _, line in silent:
        matches(line, r"^\* OK")
    refused = greeted(box)[1]
    if time.monotonic() - began < 5:  # or else the machine is so slow that the first of them has waited for long enough
        matches(refused, r"^\* BYE \[LIMIT\] Too many clients are logging in")
    time.sleep(5.1)
    got = [greeted(box) for _ in range(12)]
    check([line for _, line in got if "OK" in line], repr([line for _, line in got]))
    for t in inside:
        matches(t.ask("b NOOP", "b "), r"^b OK", "those who are in notice nothing")
    box.stop()


@test("the places of a login process that was killed are free again")
def _():
    box = Sandbox(users=["anna"], conf="access { max_connections = 4 }\n")
    held = [greeted(box, "imaps", tls=True) for _ in range(4)]
    for t, line in held:
        matches(line, r"^\* OK")
    before = set(box.children("posthouse-login"))
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(set(box.children("posthouse-login")) - before) == len(before))

    def four():
        now = [greeted(box) for _ in range(4)]
        fine = all("OK" in line for _, line in now)
        for t, _ in now:
            t.close()
        return fine
    eventually(four)
    box.stop()


@test("a client that does not read what it asked for is dropped at the stated time, and harms nobody meanwhile")
def _():
    box = Sandbox(users=["anna"], conf="access { slow_client_timeout = 2s }\n")
    for _ in range(2):
        send(box, "anna", body="Subject: large\r\n\r\n" + ("x" * 76 + "\r\n") * 100000)
    slow, _ = greeted(box, "imaps", tls=True)
    matches(slow.ask(LOGIN, "a "), r"^a OK")
    matches(slow.ask("b SELECT INBOX", "b "), r"^b OK")
    slow.send("c FETCH 1:2 BODY[]\r\n")
    began = time.monotonic()
    for _ in range(5):
        t, line = greeted(box, "imaps", tls=True)
        matches(t.ask(LOGIN, "a "), r"^a OK")
        t.close()
    check("does not take" not in box.log_text(), "others were held up")
    eventually(lambda: re.search(r"imap: 127\.0\.0\.1: write: the peer does not take", box.log_text()), 10)
    check(time.monotonic() - began > 1.5, "dropped too early")
    steady, _ = greeted(box, "imaps", tls=True)
    matches(steady.ask(LOGIN, "a "), r"^a OK")
    steady.ask("b SELECT INBOX", "b ")
    steady.send("c FETCH 1:2 BODY[]\r\n")
    got = 0
    while got < 7800000 * 2:
        part = steady.socket.recv(400000)
        check(part, "a client that reads slowly, but reads, was dropped")
        got += len(part)
        time.sleep(0.0025)
    box.stop()


@test("connections that come and go by the hundred leave no count behind")
def _():
    box = Sandbox(users=["anna"], conf="access { max_connections = 3 }\n")
    for i in range(150):
        t = Talk(box, "imap" if i % 2 else "imaps")
        if i % 3 == 0:
            t.send("x LOGOUT\r\n")
        t.close()
    eventually(lambda: "OK" in greeted(box)[1])
    time.sleep(0.2)
    held = [greeted(box) for _ in range(3)]
    equal(["OK" in line for _, line in held], [True] * 3)
    matches(greeted(box)[1], r"^\* BYE \[LIMIT\]")
    box.stop()


run()
