#!/usr/bin/env python3
# LMTP (RFC 2033), for those who keep another mail server in front.
import os
import smtplib
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

PORT = free_base()
server = Sandbox(users=["anna", "ben"], conf='relay {\n  lmtp = {"127.0.0.1:%d"}\n  message_size = "1M"\n}\n' % PORT)


def hello():
    t = Talk(server, "smtp", address=("127.0.0.1", PORT))
    matches(t.until("220 "), "LMTP")
    t.ask("LHLO mx.example.org")
    return t


def envelope(t):
    for line, code in (("MAIL FROM:<a@example.org>", "250"), ("RCPT TO:<anna@localhost>", "250"), ("RCPT TO:<nobody@localhost>", "550"),
                       ("RCPT TO:<ben@localhost>", "250")):
        matches(t.ask(line), "^" + code, line)


@test("LHLO there, EHLO here")
def _():
    t = hello()
    matches(t.ask("EHLO x"), "^500 ")
    matches(t.ask("DATA"), "^503 ")
    t = Talk(server, "smtp")
    t.until("220 ")
    matches(t.ask("LHLO x"), "^500 ")


@test("each recipient that was taken has a reply, by DATA and by BDAT")
def _():
    t = hello()
    envelope(t)
    t.ask("DATA")
    t.send("Subject: x\r\n\r\nx\r\n.\r\nNOOP\r\n")
    equal([t.line()[:9] for _ in range(3)], [b"250 2.0.0", b"250 2.0.0", b"250 2.0.0"])
    envelope(t)
    t.send("BDAT 4 LAST\r\nx\r\n\nRSET\r\n")
    equal([t.line()[:3] for _ in range(2)], [b"550", b"550"])
    for name in ("anna", "ben"):
        equal(len(server.user(name).files()), 1)
        matches(server.user(name).messages()[0].decode(), "with LMTP id")


@test("a message that is too large is refused for each, and the session goes on")
def _():
    t = hello()
    envelope(t)
    t.ask("DATA")
    t.send(("x" * 98 + "\r\n") * 11000 + ".\r\n")
    equal([t.line()[:3] for _ in range(2)], [b"552", b"552"])
    matches(t.ask("NOOP"), "^250 ")


@test("nobody is let through to elsewhere")
def _():
    t = hello()
    t.ask("MAIL FROM:<a@example.org>")
    matches(t.ask("RCPT TO:<x@example.net>"), "^55")


@test("Python's LMTP client is served (it reads one reply, so it has one recipient)")
def _():
    with smtplib.LMTP("127.0.0.1", PORT) as c:
        equal(c.sendmail("a@example.org", ["anna@localhost"], "Subject: y\r\n\r\ny\r\n"), {})


run()
