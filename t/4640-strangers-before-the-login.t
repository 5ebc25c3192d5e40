#!/usr/bin/env python3
# What strangers say before the login: bytes slipped in before TLS, names and passwords made of anything.
import base64
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna", "ben"])
QUOTED = '"%s"' % PASSWORD
LOGIN = "LOGIN anna " + QUOTED
PLAIN = base64.b64encode(b"\0anna\0" + PASSWORD.encode()).decode()


def talk(service="imap"):
    t = Talk(server, service)
    t.until(r"\* OK|\+OK")
    return t


def descriptors():
    return sum(len(os.listdir("/proc/%d/fd" % pid)) for pid in server.children("posthouse-login"))


def processes():
    return sorted(pid for name in ("login", "auth", "signer", "nss") for pid in server.children("posthouse-" + name))


# ---- before TLS ----

INJECTED_IMAP = [
    "b %s\r\n" % LOGIN, "b NOOP\r\n", "b LOGOUT\r\n", "b AUTHENTICATE PLAIN %s\r\n" % PLAIN, "b LOGIN anna {13}\r\n",
    "b LOGIN {4+}\r\nanna", "b NOO", "b LOGIN anna ", "\r\n", "\0", "b STARTTLS\r\n", "* OK forged\r\n", "b ID NIL\r\n" * 50]
INJECTED_POP3 = ["USER anna\r\n", "USER anna\r\nPASS %s\r\n" % PASSWORD, "QUIT\r\n", "AUTH PLAIN %s\r\n" % PLAIN, "PAS", "AUTH PLAIN\r\n",
                 "STLS\r\n", "\r\n", "CAPA\r\n" * 50]


def start_tls(t, command, extra, pattern):
    t.send(command + "\r\n" + extra)
    matches(t.line(), pattern)
    t.start_tls()


@test("IMAP: nothing sent with STARTTLS has an effect inside TLS, whatever it is")
def _():
    for extra in INJECTED_IMAP:
        t = talk()
        start_tls(t, "a STARTTLS", extra, "^a OK")
        first = t.ask("c CAPABILITY", r"\S+ (OK|NO|BAD)")
        matches(first, r"\A\* CAPABILITY [^\n]*\nc OK[^\n]*\Z", repr(extra))
        check("STARTTLS" not in first, "offered again")
        matches(t.ask("d SELECT INBOX", "d "), r"^d BAD", "logged in by what was slipped in: %r" % extra)
        matches(t.ask("e " + LOGIN, "e "), r"^e OK", repr(extra))


@test("POP3: nor does anything sent with STLS, and a name given before it is forgotten")
def _():
    for extra in INJECTED_POP3:
        t = talk("pop3")
        start_tls(t, "STLS", extra, r"^\+OK")
        matches(t.ask("PASS " + PASSWORD, r"[+-]"), r"\A-ERR", repr(extra))
        matches(t.ask("USER anna", r"[+-]"), r"^\+OK")
        matches(t.ask("PASS " + PASSWORD, r"[+-]"), r"^\+OK", repr(extra))
    t = talk("pop3")
    matches(t.ask("USER anna", r"[+-]"), r"^\+OK")
    start_tls(t, "STLS", "", r"^\+OK")
    matches(t.ask("PASS " + PASSWORD, r"[+-]"), r"^-ERR")


@test("what comes in clear after the answer, and before the handshake, ends the connection")
def _():
    for extra in ["b NOOP\r\n", "\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n", "\x80" * 5]:
        t = talk()
        matches(t.ask("a STARTTLS", "a "), "^a OK")
        t.send(extra.encode("latin-1"))
        time.sleep(0.05)
        t.socket.settimeout(1)  # a record that says it is longer is waited for
        try:
            t.start_tls()
            check(False, "TLS began after %r" % extra)
        except (OSError, ValueError):
            pass


@test("STARTTLS with arguments, twice, inside TLS, and during an exchange is refused")
def _():
    t = talk()
    matches(t.ask("a STARTTLS now", "a "), "^a BAD")
    t.ask("b AUTHENTICATE PLAIN", r"\+")
    matches(t.ask("STARTTLS", "b "), "^b BAD")
    matches(t.ask("c STARTTLS", "c "), "^c OK")
    t.start_tls()
    matches(t.ask("d STARTTLS", "d "), "^d BAD")
    t = talk("pop3")
    matches(t.ask("STLS now"), "^-ERR")
    matches(t.ask("STLS"), r"^\+OK")
    t.start_tls()
    matches(t.ask("STLS"), "^-ERR")


@test("the address that ID gave before TLS does not count inside")
def _():
    t = talk()
    t.ask('a ID ("x-originating-ip" "198.51.100.9")', "a ")
    start_tls(t, "b STARTTLS", "", "^b OK")
    matches(t.ask("c " + LOGIN, "c "), "^c OK")
    check("remote=198.51.100.9" not in server.log_text())


# ---- names ----

NAMES = [b"anna\0", b"\0anna", b"anna\0ben", b"anna\tben", b"an\tna", b"anna\nben", b"anna\r", b"%s%n%d", b"%u", b"../anna", b"anna/../anna",
         b"/etc/passwd", b"", b" ", b"anna ", b" anna", b"anna:x", b"anna=", b"a" * 255, b"a" * 256, b"a" * 65536, b"\xff\xfe", b"anna\x1b[2J",
         b"anna'--", b"$(id)", b"|id", b"user=ben remote=1.2.3.4", "аnna".encode(), b"ANNA\0"]


def literal(b):
    return b"{%d+}\r\n%s" % (len(b), b)


def asked(service, requests, pattern):
    """What each of these gets for an answer, on a connection of its own, all at once: a failure takes its second."""
    talks = []
    for request in requests:
        t = talk(service)
        try:
            t.send(request)
        except (BrokenPipeError, ConnectionResetError):
            pass
        talks.append(t)
    answers = []
    for t in talks:
        try:
            answers.append(t.until(pattern))
        except (BrokenPipeError, ConnectionResetError):
            answers.append("closed")
        t.close()
    return answers


@test("names of NUL, TAB, LF, format letters, dots and 64 KB log nobody in, by any command, and take one line in the log")
def _():
    before = processes()
    for name, answer in zip(NAMES, asked("imap", [b"a LOGIN " + literal(name) + b" " + literal(PASSWORD.encode()) + b"\r\n"
                                                  for name in NAMES], r"a |\* BYE|$")):
        check("a OK" not in answer, "LOGIN %r: %s" % (name[:40], answer))
    for name, answer in zip(NAMES, asked("imap", [b"a AUTHENTICATE PLAIN " + base64.b64encode(b"\0" + name + b"\0" + PASSWORD.encode()) +
                                                  b"\r\n" for name in NAMES], r"a |\* BYE|$")):
        check("a OK" not in answer, "PLAIN %r: %s" % (name[:40], answer))
    for name, answer in zip(NAMES, asked("pop3", [b"USER " + name + b"\r\nPASS " + PASSWORD.encode() + b"\r\nSTAT\r\nQUIT\r\n"
                                                  for name in NAMES], r"\+OK \d|-ERR .*before|\+OK L|$")):
        if name.strip(b" ") != b"anna" and b"\n" not in name and name != b"anna\r":
            check(not re.search(r"^\+OK \d", answer, re.M), "USER %r: %s" % (name[:40], answer))
    equal(processes(), before)
    for line in server.log_text().splitlines():
        matches(line, r"^\d{4}-\d\d-\d\dT[\d:.]+Z \S+ [\w-]+\[\d+\]: [ -~]*$")
    check(not re.search(r"accessd\[\d+\]: login user=ben", server.log_text()), "ben was logged in")


@test("a right name with a password of anything is refused, too, and logs nothing of it")
def _():
    passwords = (b"secret\0", b"\0", b"secret\tuser=ben", b"s" * 1024, b"s" * 1025, b"s" * 65536)
    for answer in asked("imap", [b"a LOGIN anna " + literal(p) + b"\r\n" for p in passwords], r"a |\* BYE|$"):
        check("a OK" not in answer)
    check("secret" not in server.log_text())


run()
