#!/usr/bin/env python3
# Mail programs (RFC 6409): what they leave out is added, Bcc goes, and nobody sends under another's address.
import base64
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

MAP = tempfile.NamedTemporaryFile("w", prefix="posthouse-senders-", delete=False)
MAP.write("# who may be whom\nben  info@example.org, @shop.example # more\nBEN sales@example.org\ncarl *\n")
MAP.close()
os.chmod(MAP.name, 0o644)
server = Sandbox(users=["anna", "ben", "carl"], conf='relay {\n  senders = "%s"\n  hide_client = yes\n}\n' % MAP.name)
anna = server.user("anna")


def login(user="anna", service="submission"):
    t = Talk(server, service, tls=service == "submissions")
    t.until("220 ")
    t.ask("EHLO client.example.org")
    token = base64.b64encode(b"\0" + user.encode() + b"\0" + PASSWORD.encode()).decode()
    matches(t.ask("AUTH PLAIN " + token), "^235 ")
    return t


def submit(text, user="anna", sender="anna@localhost", to="anna@localhost", service="submission"):
    for path in anna.files():
        os.unlink(path)
    t = login(user, service)
    for line in ("MAIL FROM:<%s>" % sender, "RCPT TO:<%s>" % to):
        matches(t.ask(line), "^250 ", line)
    t.ask("DATA")
    t.send(text.replace("\n", "\r\n").encode() + b".\r\n")
    return t.until(r"\d\d\d ")


def arrived():
    return anna.messages()[0].decode()


@test("ports 587 and 465 want a login")
def _():
    for service in ("submission", "submissions"):
        t = Talk(server, service, tls=service == "submissions")
        t.until("220 ")
        t.ask("EHLO x")
        matches(t.ask("MAIL FROM:<anna@localhost>"), r"^530 5\.7\.0")


@test("missing Date, Message-ID and From are added, on both ports, and by BDAT")
def _():
    for service in ("submission", "submissions"):
        matches(submit("Subject: x\n\nbody\n", service=service), "^250 ")
        for field in ("Date: ", "Message-ID: <", "From: anna@localhost$"):
            matches(arrived(), "^" + field)
    t = login()
    t.ask("MAIL FROM:<>")
    t.ask("RCPT TO:<anna>")
    for path in anna.files():
        os.unlink(path)
    t.send("BDAT 9\r\nSubject: BDAT 9 LAST\r\nx\r\n\r\nbody")
    t.until("250 ")
    matches(t.until(r"\d\d\d "), "^250 ")
    matches(arrived(), r"^From: anna@localhost\n(.*\n)*Subject: x\n\nbody\n")


@test("fields that are there stay as they are")
def _():
    matches(submit("Date: then\nmessage-id: <mine@x>\nFROM: Anna <anna@localhost>\nTo: undisclosed:;\n\nDate: body\n"), "^250 ")
    equal([arrived().lower().count(word) for word in ("\ndate:", "\nmessage-id:", "\nfrom:")], [2, 1, 1])


@test("Bcc goes, folded lines and all")
def _():
    matches(submit("To: ben@localhost\nBcc: secret@example.org,\n\tsecret2@example.org\nbCC : secret3@example.org\nSubject: x\n\nBcc: body\n"), "^250 ")
    check("secret" not in arrived(), arrived())
    matches(arrived(), r"\n\nBcc: body")


@test("addresses without a domain get ours, in the envelope and in the header")
def _():
    matches(submit('From: anna\nTo: ben, "Carl" <carl>, x@example.org\nCc: friends: anna;\n\n', sender="anna", to="anna"), "^250 ")
    for line in ("Return-Path: <anna@localhost>", "From: anna@localhost", 'To: ben@localhost, "Carl" <carl@localhost>, x@example.org',
                 "Cc: friends: anna@localhost;"):
        check("\n" + line + "\n" in "\n" + arrived(), line + " is missing in " + arrived())


@test("the machine that it came from is not told")
def _():
    submit("Subject: x\n\nx\n")
    matches(arrived(), r"^Received: by \S+ \(Posthouse\) with ESMTPA")
    check("127.0.0.1" not in arrived() and "client.example.org" not in arrived(), arrived())
    send(server, "anna")
    check(any(b"client.example.org" in text for text in anna.messages()), "a stranger's trace is kept")


@test("a line that is no field begins the body")
def _():
    matches(submit("hello\nworld\n"), "^250 ")
    matches(arrived(), r"^From: anna@localhost\n\nhello\nworld\n")


@test("the reverse-path must be the login's own, and the refusal says which would do")
def _():
    for user, sender, code in (("anna", "anna@localhost", 250), ("anna", "ANNA+x@LocalHost", 250), ("anna", "ben@localhost", 553),
                               ("anna", "nobody@localhost", 553), ("anna", "anna@example.org", 553), ("anna", "", 250),
                               ("ben", "info@example.org", 250), ("ben", "Sales@Example.ORG", 250), ("ben", "any@shop.example", 250),
                               ("ben", "any@sub.shop.example", 553), ("ben", "shop.example@example.org", 553), ("carl", "x@y.example", 250)):
        matches(login(user).ask("MAIL FROM:<%s>" % sender), "^%d " % code, user + " as " + sender)
    matches(login("ben").ask("MAIL FROM:<anna@localhost>"),
            r"^553 5\.7\.1 <anna@localhost> is not an address of ben, who may use: ben@localhost, info@example.org, @shop.example, sales@example.org")


@test("From and Sender must be the login's own, all of them")
def _():
    for field, code in (("From: ben@localhost", 550), ("From: anna@localhost, ben@localhost", 550), ("From: x@example.org", 550),
                        ("From: anna@localhost\nFrom: ben@localhost", 550), ("From: anna@localhost\nSender: ben@localhost", 550),
                        ("From: \"anna@localhost\" <ben@localhost>", 550), ("From: g: ben@localhost;", 550), ("From:", 550),
                        ("From: ben@localhost (anna@localhost)", 550), ("From: =?utf-8?q?ben?= <anna@localhost>", 250),
                        ("From: " + ", ".join(["anna@localhost"] * 11), 550), ("from : anna@localhost", 250)):
        matches(submit(field + "\nSubject: x\n\nx\n"), "^%d " % code, field)
    matches(submit("From: x@shop.example\n\nx\n", user="ben", sender="ben@localhost"), "^250 ")
    equal(len(anna.files()), 1)


@test("a header of almost 1 MB is repaired, a larger one is refused, and the session goes on")
def _():
    many = "".join("X-%06d: %s\n" % (i, "y" * 80) for i in range(11000))
    matches(submit(many + "\nx\n"), "^250 ")
    matches(arrived(), "^X-010999: y")
    matches(submit(many * 2 + "\nx\n"), r"^552 5\.3\.4")


run()
