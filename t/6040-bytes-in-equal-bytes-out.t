#!/usr/bin/env python3
# Bytes in equal bytes out: whatever SMTP accepts comes out of the Maildir, POP3 and IMAP unchanged, up to the trace
# lines in front and the form of line ends.
import imaplib
import os
import poplib
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna"])
dice = random.Random(5321)

HEAD = b"From: friend@example.org\r\nTo: anna@localhost\r\nSubject: bytes\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n" \
       b"Message-ID: <bytes@example.org>\r\n"


def binary_lines(size):
    """Any byte but NUL, CR and LF, in lines of at most 998 octets."""
    allowed = bytes(b for b in range(1, 256) if b not in (10, 13))
    out = []
    while size > 0:
        n = min(size, dice.randint(0, 998))
        out.append(bytes(dice.choices(allowed, k=n)))
        size -= n + 2
    return b"\r\n".join(out) + b"\r\n"


MESSAGES = {
    "dots at line starts": HEAD + b"\r\n.\r\n..\r\n...\r\n.dot\r\n..dot\r\n a\r\n.\r\n",
    "8-bit text": HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "Größe Ελλάδα 日本\r\n".encode(),
    "binary without NUL": HEAD + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + binary_lines(200000),
    "lines of 998 octets": HEAD + b"\r\n" + (b"x" * 998 + b"\r\n") * 20,
    "an empty body": HEAD + b"\r\n",
    "headers only": HEAD,
    "no final line end": HEAD + b"\r\nthe end",
    "empty lines at the end": HEAD + b"\r\ntext\r\n\r\n\r\n\r\n",
    "only a body": b"\r\njust text, no header\r\n",
}


def last_by_pop3():
    box = poplib.POP3(*server.address("pop3"), timeout=120)
    box._MAXLINE = poplib._MAXLINE = 1 << 20
    box.user("anna")
    box.pass_(PASSWORD)
    count = box.stat()[0]
    sizes = int(box.list(count).split()[2])
    lines = box.retr(count)[1]
    box.quit()
    data = b"".join(line + b"\r\n" for line in lines)
    equal(len(data), sizes, "POP3 LIST tells the size that RETR sends")
    return data


def last_by_imap():
    imaplib._MAXLINE = 1 << 20
    box = imaplib.IMAP4(*server.address("imap"))
    box.login("anna", PASSWORD)
    count = int(box.select("INBOX", readonly=True)[1][0])
    data = box.fetch(str(count), "(RFC822.SIZE BODY.PEEK[])")[1][0]
    size = int(re.search(rb"RFC822.SIZE (\d+)", data[0]).group(1))
    equal(len(data[1]), size, "RFC822.SIZE tells the size of BODY[]")
    parts = b""
    step = max(1000, size // 7)
    for at in range(0, size, step):
        parts += box.fetch(str(count), "(BODY.PEEK[]<%d.%d>)" % (at, step))[1][0][1]
    check(parts == data[1], "partial fetches put together differ from the whole")
    box.logout()
    return data[1]


def without_trace(data):
    """Cut Return-Path, Delivered-To and Received, which stand in front."""
    while re.match(rb"(Return-Path|Delivered-To|Received|X-Original-To):", data):
        line, data = re.match(rb"([^\n]*\n(?:[ \t][^\n]*\n)*)(.*)", data, re.S).groups()
    return data


def newest_file():
    newest = max(server.user("anna").files(), key=lambda path: os.stat(path).st_mtime_ns)
    return open(newest, "rb").read()


def goes_through(message):
    wanted = message if message.endswith(b"\r\n") else message + b"\r\n"
    matches(send(server, "anna", body=message), r"^250 ", "end of data")
    stored = newest_file()
    check(without_trace(stored) == wanted.replace(b"\r\n", b"\n"), "the file in the Maildir differs")
    check(without_trace(last_by_pop3()) == wanted, "what POP3 sends differs")
    check(without_trace(last_by_imap()) == wanted, "what IMAP sends differs")


for title, message in MESSAGES.items():
    test("a message with %s comes out as it went in" % title)(lambda message=message: goes_through(message))


@test("a message of 50 MB comes out as it went in")
def _():
    line = bytes(dice.choices(b"abcdefghijklmnopqrstuvwxyz ", k=996)) + b"\r\n"
    goes_through(HEAD + b"\r\n" + line * (50 * 1000 * 1000 // len(line)))


@test("by APPEND, too, bytes in equal bytes out")
def _():
    box = imaplib.IMAP4(*server.address("imap"))
    box.login("anna", PASSWORD)
    for title, message in MESSAGES.items():
        answer = box.append("INBOX", None, None, message)
        equal(answer[0], "OK", title)
        count = int(box.select("INBOX", readonly=True)[1][0])
        got = box.fetch(str(count), "(BODY.PEEK[])")[1][0][1]
        check(got == message, "%s: %d octets in, %d out" % (title, len(message), len(got)))
    box.logout()


run()
