#!/usr/bin/env python3
# SMTP with strangers: what is offered, what is refused and how, and that only CR LF . CR LF ends a message.
import base64
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna", "ben", "carl", "dora", "emil", "fritz"], conf='relay {\n  message_size = "1M"\n  recipients = 5\n}\n')
anna = server.user("anna")
PLAIN = base64.b64encode(b"\0anna\0" + PASSWORD.encode()).decode()


def hello(service="smtp", tls=False):
    t = Talk(server, service, tls=tls)
    t.until("220 ")
    t.ask("EHLO client.example.org")
    return t


def in_data(service="smtp"):
    t = hello(service)
    for line, code in (("MAIL FROM:<friend@example.org>", "250"), ("RCPT TO:<anna@localhost>", "250"), ("DATA", "354")):
        matches(t.ask(line), "^" + code, line)
    return t


def clean():
    for path in anna.files():
        os.unlink(path)


@test("EHLO offers what is there, and AUTH only where a password is taken")
def _():
    t = Talk(server, "smtp")
    t.until("220 ")
    offer = t.ask("EHLO client.example.org")
    for word in ("PIPELINING", "SIZE 1048576", "STARTTLS", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN"):
        check(re.search(r"^250[- ]%s$" % word, offer, re.M), "%s is missing in %r" % (word, offer))
    check("BINARYMIME" not in offer and "XCLIENT" not in offer, offer)
    t = Talk(server, "submissions", tls=True)
    t.until("220 ")
    check("STARTTLS" not in t.ask("EHLO x"), "STARTTLS under TLS")


@test("pipelined commands are answered one by one, in order")
def _():
    clean()
    t = Talk(server, "smtp")
    t.until("220 ")
    t.send("EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<anna@localhost>\r\nRCPT TO:<nobody@localhost>\r\n"
           "RCPT TO:<ben@localhost>\r\nDATA\r\n")
    t.until("250 ENH")
    for pattern in ("250 2.1.0", "250 2.1.5", "550 5.1.1", "250 2.1.5", "354"):
        t.until(pattern)
    t.send("Subject: x\r\n\r\nx\r\n.\r\nNOOP\r\nQUIT\r\n")
    for pattern in ("250 2.0.0 Ok: ", "250 2.0.0 Ok", "221 "):
        t.until(pattern)
    check(t.closed())
    equal(len(anna.files()), 1)


@test("no other line ends than CR LF . CR LF end a message: never two messages out of one")
def _():
    for before in ("\n", "\r", "\r\n"):
        for after in ("\n", "\r", "\r\n"):
            if before == after == "\r\n":
                continue
            clean()
            t = in_data()
            t.send("Subject: one\r\n\r\ntext" + before + "." + after + "MAIL FROM:<evil@example.org>\r\nRCPT TO:<anna@localhost>\r\n"
                   "DATA\r\nSubject: two\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n")
            matches(t.line(), rb"^550 5\.6\.11".decode(), repr(before + "." + after))
            check(t.closed(), "the connection goes on after " + repr(before + "." + after))
            equal(anna.files(), [], repr(before + "." + after))


@test("a bare LF or CR in a message or a command is refused")
def _():
    clean()
    for body in ("a\nb\r\n.\r\n", "a\rb\r\n.\r\n", "\n.\r\n"):
        t = in_data()
        t.send("Subject: x\r\n\r\n" + body)
        matches(t.line(), r"^550 5\.6\.11")
    t = in_data()
    t.send("Subject: x\r\n\r\na\0b\r\n.\r\n")
    matches(t.line(), r"^550 5\.6\.0")
    check(t.closed())
    t = Talk(server, "smtp")
    t.until("220 ")
    t.send("NOOP \0\r\n")
    matches(t.line(), "^500 ")
    check(t.closed())
    t = Talk(server, "smtp")
    t.until("220 ")
    t.send("NOOP\nNOOP\r\n")
    matches(t.line(), "^500 ")
    check(t.closed())
    equal(anna.files(), [])


@test("what is sent in clear behind STARTTLS does not survive the handshake")
def _():
    t = hello()
    t.send("STARTTLS\r\nMAIL FROM:<evil@example.org>\r\n")
    reply = t.line()
    if reply.startswith(b"220"):
        t.start_tls()
        t.ask("EHLO x")
        matches(t.ask("RCPT TO:<anna@localhost>"), "^503 ")
    else:
        matches(reply, "^421 ")
        check(t.closed())


@test("after STARTTLS everything said before is forgotten")
def _():
    t = hello()
    t.ask("MAIL FROM:<friend@example.org>")
    matches(t.ask("STARTTLS"), "^220 ")
    t.start_tls()
    matches(t.ask("MAIL FROM:<friend@example.org>"), "^503 ")
    t.ask("EHLO x")
    matches(t.ask("RCPT TO:<anna@localhost>"), "^503 ")
    matches(t.ask("STARTTLS"), "^503 ")


@test("sizes are held: announced, and as sent")
def _():
    clean()
    t = hello()
    for size in ("1048577", "4294967296", "9223372036854775807"):
        matches(t.ask("MAIL FROM:<a@example.org> SIZE=" + size), "^552 5.3.4")
    matches(t.ask("MAIL FROM:<a@example.org> SIZE=18446744073709551616"), "^501 ")
    matches(t.ask("MAIL FROM:<a@example.org> SIZE=1048576"), "^250 ")
    t = in_data()
    t.send(("x" * 998 + "\r\n") * 1100 + ".\r\n")
    matches(t.line(), r"^552 5\.3\.4")
    matches(t.ask("MAIL FROM:<a@example.org>"), "^250 ", "the session goes on")
    equal(anna.files(), [])


@test("commands out of place and malformed ones are refused in words")
def _():
    t = Talk(server, "smtp")
    t.until("220 ")
    for line, code in (("MAIL FROM:<a@b>", "503"), ("EHLO", "501"), ("EHLO a b\x01", "250"), ("RCPT TO:<anna@localhost>", "503"),
                       ("DATA", "503"), ("MAIL FROM:a@b", "501"), ("MAIL FROM:<a@b> FOO=1", "555"), ("MAIL FROM:<a b@c>", "501"),
                       ("VRFY anna", "252"), ("EXPN list", "500"), ("NOOP", "250"), ("HELP", "214"), ("RSET", "250"),
                       ("MAIL FROM:<>", "250"), ("MAIL FROM:<>", "503"), ("RCPT TO:<>", "501"), ("RCPT TO:<\"\"@localhost>", "501")):
        matches(t.ask(line), "^" + code, line)


@test("twenty errors are enough, and a browser is sent away at once")
def _():
    t = Talk(server, "smtp")
    t.until("220 ")
    for _ in range(19):
        t.ask("NONSENSE")
    t.send("NONSENSE\r\n")
    t.until("421 ")
    check(t.closed())
    t = Talk(server, "smtp")
    t.until("220 ")
    t.send("POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@b>\r\n")
    matches(t.line(), "^421 ")
    check(t.closed())


@test("a line without end is cut off")
def _():
    t = Talk(server, "smtp")
    t.until("220 ")
    t.send("EHLO " + "x" * 100000)
    matches(t.line(), "^500 ")


@test("authentication: by one line, by steps, cancelled, wrong, twice, with bytes behind it")
def _():
    t = hello("submission")
    matches(t.ask("MAIL FROM:<anna@localhost>"), "^530 ")
    matches(t.ask("AUTH PLAIN"), "^334")
    matches(t.ask("*"), "^501 ")
    matches(t.ask("AUTH CRAM-MD5"), "^504 ")
    matches(t.ask("AUTH PLAIN !!!"), "^501 ")
    matches(t.ask("AUTH LOGIN"), "^334 VXNlcm5hbWU6|^334 ")
    matches(t.ask(base64.b64encode(b"anna").decode()), "^334 ")
    matches(t.ask(base64.b64encode(PASSWORD.encode()).decode()), "^235 ")
    matches(t.ask("AUTH PLAIN " + PLAIN), "^503 ")
    matches(t.ask("MAIL FROM:<anna@localhost>"), "^250 ")
    t = hello("submission")
    matches(t.ask("AUTH PLAIN " + base64.b64encode(b"\0anna\0wrong").decode()), "^535 5.7.8")
    t = hello("submission")
    t.send("AUTH PLAIN " + PLAIN + "\r\nMAIL FROM:<ben@localhost>\r\n")
    t.until("235|421")
    check(t.line()[:3] in (b"421", b""), "a command behind AUTH was run")


@test("recipients over the limit are put off, and the rest is served")
def _():
    clean()
    t = hello()
    t.ask("MAIL FROM:<a@example.org>")
    for name in ("anna", "ben", "carl", "dora", "emil"):
        matches(t.ask("RCPT TO:<%s@localhost>" % name), "^250 ")
    matches(t.ask("RCPT TO:<fritz@localhost>"), r"^452 4\.5\.3")
    t.ask("DATA")
    matches(t.ask("Subject: x\r\n\r\nx\r\n."), "^250 ")
    equal(len(anna.files()), 1)


@test("a header of 1 MB and one of 100,000 lines pass as they are")
def _():
    for header in ("".join("X-%05d: %s\r\n" % (i, "y" * 88) for i in range(9900)), "X: y\r\n" * 100000):
        clean()
        t = in_data()
        t.send(header + "\r\nx\r\n.\r\n")
        matches(t.line(), "^250 ")
        check(header.replace("\r\n", "\n").encode() in anna.messages()[0], "not as it was")


@test("a message with a hundred Received lines is a loop")
def _():
    t = in_data()
    matches(t.ask("Received: from a by b\r\n" * 101 + "\r\nx\r\n."), r"^554 5\.4\.6")


@test("a message handed in by a mail program gets the Date and Message-ID that it lacks, a stranger's does not")
def _():
    clean()
    t = hello("submission")
    t.ask("AUTH PLAIN " + PLAIN)
    for line in ("MAIL FROM:<anna@localhost>", "RCPT TO:<anna@localhost>", "DATA"):
        t.ask(line)
    matches(t.ask("Subject: x\r\n\r\nx\r\n."), "^250 ")
    text = anna.messages()[0].decode()
    matches(text, r"^Date: ")
    matches(text, r"^Message-ID: <")
    matches(text, r"with ESMTPA id ")
    clean()
    send(server, "anna", body="Subject: x\r\n\r\nx\r\n")
    check(not re.search(r"^(Date|Message-ID):", anna.messages()[0].decode(), re.M), "a stranger's message was changed")


@test("a client that goes away after any byte of a transaction leaves nothing behind")
def _():
    clean()
    script = b"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<anna@localhost>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n."
    for cut in range(0, len(script), 3):
        t = Talk(server, "smtp")
        t.send(script[:cut])
        t.close()
    time.sleep(0.3)
    equal(anna.files(), [])
    check("250" in send(server, "anna"), "the server does not go on")
    check("ended: signal" not in server.log_text(), "a process died")


run()
