#!/usr/bin/env python3
# BDAT (RFC 3030): a message in chunks is the same message wherever it is cut, and a chunk that cannot be taken is still
# read to its end.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna", "ben"], conf='relay {\n  message_size = "1M"\n}\n')
anna = server.user("anna")


def hello():
    t = Talk(server, "smtp")
    t.until("220 ")
    t.offer = t.ask("EHLO client.example.org")
    return t


def envelope(t):
    matches(t.ask("MAIL FROM:<friend@example.org>"), "^250 ")
    matches(t.ask("RCPT TO:<anna@localhost>"), "^250 ")


def chunk(t, data, last=False):
    t.send(b"BDAT %d%s\r\n" % (len(data), b" LAST" if last else b"") + data)


def clean():
    for path in anna.files():
        os.unlink(path)


def body():
    return anna.messages()[0].split(b"\n", anna.messages()[0].count(b"\nReceived") + 1)[-1]


MESSAGE = b"Subject: x\r\n\r\n.one\r\n.\r\n..\r\nend\r\n"


@test("CHUNKING is offered, BINARYMIME is not")
def _():
    offer = hello().offer
    matches(offer, r"250-CHUNKING")
    check("BINARYMIME" not in offer)
    matches(hello().ask("MAIL FROM:<a@example.org> BODY=BINARYMIME"), "^501 ")


@test("cut at every octet, dots, CR and LF apart, it is the same message")
def _():
    t = hello()
    for cut in range(len(MESSAGE) + 1):
        clean()
        envelope(t)
        chunk(t, MESSAGE[:cut])
        chunk(t, MESSAGE[cut:], True)
        matches(t.until(r"\d\d\d "), "^250 2.0.0 %d octets" % cut)
        matches(t.until(r"\d\d\d "), "^250 2.0.0 Ok")
        text = anna.messages()
        equal(len(text), 1)
        check(text[0].endswith(MESSAGE.replace(b"\r\n", b"\n")), repr((cut, text[0])))


@test("an empty last chunk ends the message, and so does one without a line end")
def _():
    for pieces in ((MESSAGE, b""), (MESSAGE[:-2],)):
        clean()
        t = hello()
        envelope(t)
        for i, piece in enumerate(pieces):
            chunk(t, piece, i == len(pieces) - 1)
            matches(t.until(r"\d\d\d "), "^250 ")
        check(anna.messages()[0].endswith(b"\nend\n"), repr(anna.messages()))


@test("a message of many chunks goes from memory into a file on its way")
def _():
    clean()
    t = hello()
    envelope(t)
    line = b"x" * 76 + b"\r\n"
    for _ in range(12):
        chunk(t, line * 1000)
        matches(t.until(r"\d\d\d "), "^250 ")
    chunk(t, b"end\r\n", True)
    matches(t.until(r"\d\d\d "), "^250 2.0.0 Ok")
    equal(anna.messages()[0].count(b"x" * 76 + b"\n"), 12000)


@test("bare CR, bare LF and NUL are refused, and the connection ends")
def _():
    clean()
    for text in (b"a\nb\r\n", b"a\rb\r\n", b"a\r", b"a\r\n\n.\r\n", b"a\0b\r\n"):
        t = hello()
        envelope(t)
        chunk(t, b"Subject: x\r\n\r\n" + text, True)
        matches(t.until(r"\d\d\d "), r"^550 5\.6\.")
        check(t.closed(), repr(text))
    equal(anna.files(), [])


@test("chunks out of place are refused and read over: what they hold is no command")
def _():
    clean()
    t = hello()
    evil = b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<anna@localhost>\r\n"
    chunk(t, evil, True)
    matches(t.until(r"\d\d\d "), "^503 ")
    matches(t.ask("RCPT TO:<anna@localhost>"), "^503 ")
    matches(t.ask("MAIL FROM:<friend@example.org>"), "^250 ")
    chunk(t, evil)
    matches(t.until(r"\d\d\d "), "^554 ")
    matches(t.ask("RCPT TO:<anna@localhost>"), "^250 ")
    chunk(t, MESSAGE)
    matches(t.until(r"\d\d\d "), "^250 ")
    matches(t.ask("DATA"), "^503 ")
    matches(t.ask("RCPT TO:<ben@localhost>"), "^503 ")
    matches(t.ask("MAIL FROM:<friend@example.org>"), "^503 ")
    matches(t.ask("RSET"), "^250 ")
    chunk(t, evil, True)
    matches(t.until(r"\d\d\d "), "^503 ")
    matches(t.ask("NOOP"), "^250 ")
    equal(anna.files(), [])


@test("a message that is too large is refused at the chunk that makes it so, and the session goes on")
def _():
    t = hello()
    envelope(t)
    chunk(t, (b"x" * 98 + b"\r\n") * 11000)
    chunk(t, b"more\r\n", True)
    matches(t.until(r"\d\d\d "), r"^552 5\.3\.4")
    matches(t.until(r"\d\d\d "), "^503 ")
    matches(t.ask("NOOP"), "^250 ")


@test("a chunk whose length cannot be known ends the connection")
def _():
    for text in ("BDAT", "BDAT x", "BDAT -1", "BDAT 99999999999999999999", "BDAT 10 FIRST", "BDAT 1 LAST x"):
        t = hello()
        envelope(t)
        matches(t.ask(text), "^501 ", text)
        check(t.closed(), text)


@test("a whole session in one piece: envelopes and chunks pipelined")
def _():
    clean()
    t = hello()
    one = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<anna@localhost>\r\nBDAT %d LAST\r\n" % len(MESSAGE) + MESSAGE
    t.send(one * 5 + b"QUIT\r\n")
    t.until("221 ")
    equal(len(anna.files()), 5)


run()
