#!/usr/bin/env python3
# Strangers send anything to login, in any pieces, and go away in any way: no process dies, no descriptor stays.
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna"], conf='access { login_timeout = "5s" }\n')
SECONDS = 6
PIECES = [b"a LOGIN anna ", b'"%s"\r\n' % PASSWORD.encode(), b"a AUTHENTICATE PLAIN\r\n", b"a STARTTLS\r\n", b"{5}\r\n",
          b"{5+}\r\n", b"hello", b"\r\n", b"\n", b"\r", b"\0", b"*\r\n", b"USER anna\r\n", b"PASS x\r\n",
          b"PASS %s\r\n" % PASSWORD.encode(), b"STLS\r\n", b"AUTH PLAIN\r\n", b"AUTH PLAIN =\r\n", b"AUTH LOGIN\r\n",
          b"QUIT\r\n", b"a LOGOUT\r\n", b"(", b")", b"\\", b'"', b"x" * 5000, b"\x16\x03\x01\x02\x00\x01",
          b"a AUTHENTICATE PLAIN " + b"A" * 9000 + b"\r\n", b"CAPA\r\n", b"a ID NIL\r\n"]


def stranger(dice):
    service = dice.choice(["imap", "pop3", "imaps", "pop3s"])
    t = Talk(server, service, tls=service.endswith("s") and dice.random() < 0.8, timeout=5)
    for _ in range(dice.randint(1, 12)):
        t.send(dice.choice(PIECES))
        if dice.random() < 0.2:
            t.socket.settimeout(0.02)
            try:
                t.socket.recv(4096)
            except socket.timeout:
                pass
    if dice.random() < 0.3:
        t.socket.shutdown(socket.SHUT_WR)
    t.close()


def descriptors():
    return sum(len(os.listdir("/proc/%d/fd" % pid)) for pid in server.children("posthouse-login"))


@test("pieces of protocols in any order kill nothing")
def _():
    dice = random.Random(7)
    before, open_before = sorted(server.children("posthouse-login")), descriptors()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            stranger(dice)
        except OSError:
            pass
    equal(sorted(server.children("posthouse-login")), before)
    eventually(lambda: descriptors() <= open_before, 20, "descriptors stay open")


@test("and a login works after it")
def _():
    for service, tls in (("imap", False), ("imaps", True)):
        t = Talk(server, service, tls=tls)
        t.until(r"\* OK")
        matches(t.ask('a LOGIN anna "%s"' % PASSWORD, "a "), r"^a OK")


run()
