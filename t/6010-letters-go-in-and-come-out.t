#!/usr/bin/env python3
# The whole way with Python's own clients: in by SMTP on each of its ports, out by POP3 and IMAP on each of theirs.
import imaplib
import os
import poplib
import smtplib
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna", "ben"])
tls = ssl.create_default_context(cafile=server["certificate"])


def letter(subject, author="friend@example.org"):
    return ("From: " + author + "\r\nTo: anna@localhost\r\nSubject: %s\r\n\r\nhello, %s\r\n" % (subject, subject)).encode()


def subjects():
    box = imaplib.IMAP4("localhost", server.address("imap")[1])
    box.starttls(tls)
    box.login("anna", PASSWORD)
    box.select("INBOX", readonly=True)
    found = box.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
    box.logout()
    return [part[1].split(b":", 1)[1].strip().decode() for part in found if isinstance(part, tuple)]


def port(service):
    return server.address(service)[1]


@test("a stranger's letter for anna is taken by SMTP")
def _():
    with smtplib.SMTP("127.0.0.1", port("smtp")) as s:
        equal(s.sendmail("friend@example.org", ["anna@localhost"], letter("one")), {})
    equal(subjects(), ["one"])


@test("it lies in new/ of her Maildir, with its trace in front")
def _():
    text = server.user("anna").messages()[0].decode()
    matches(text, r"\AReturn-Path: <friend@example.org>\n", "Return-Path first")
    matches(text, r"^Delivered-To: anna", "Delivered-To")
    matches(text, r"^Received: from .*\n\s+by localhost .*with E?SMTP", "Received")
    check("\r" not in text, "stored with CR")
    status = os.stat(server.user("anna").files()[0])
    equal(status.st_uid, server.user("anna").uid, "owner of the file")
    equal(status.st_mode & 0o077, 0, "rights of others on the file")


@test("submission with STARTTLS and AUTH, verified against the certificate")
def _():
    with smtplib.SMTP("localhost", port("submission")) as s:
        s.starttls(context=tls)
        s.login("ben", PASSWORD)
        s.sendmail("ben@localhost", ["anna@localhost"], letter("two", "ben@localhost"))
    equal(subjects(), ["one", "two"])


@test("submissions, TLS from the first byte")
def _():
    with smtplib.SMTP_SSL("localhost", port("submissions"), context=tls) as s:
        s.login("ben", PASSWORD)
        s.sendmail("ben@localhost", ["anna@localhost", "ben@localhost"], letter("three", "ben@localhost"))
    equal(subjects(), ["one", "two", "three"])
    equal(len(server.user("ben").files()), 1, "ben's copy")


@test("the submission port takes nothing from who is not authenticated")
def _():
    with smtplib.SMTP("localhost", port("submission")) as s:
        s.ehlo()
        code = s.mail("friend@example.org")[0]
        code = s.rcpt("anna@localhost")[0] if code == 250 else code
        check(500 <= code < 600, "answered %d" % code)


@test("the sendmail command takes a letter")
def _():
    done = subprocess.run([server["sendmail"], "-f", "friend@example.org", "anna@localhost"],
                          input=letter("four").replace(b"\r\n", b"\n"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    equal(done.returncode, 0, done.stdout.decode())
    eventually(lambda: "four" in subjects())


@test("nobody can be sent to who is not there")
def _():
    with smtplib.SMTP("127.0.0.1", port("smtp")) as s:
        s.ehlo()
        s.mail("friend@example.org")
        code, said = s.rcpt("nobody@localhost")
        check(500 <= code < 600, "answered %d %r" % (code, said))
        code, said = s.rcpt("someone@example.org")
        check(500 <= code < 600, "relayed: %d %r" % (code, said))


@test("POP3 shows them all, in clear from loopback and by TLS")
def _():
    clear = poplib.POP3("localhost", port("pop3"))
    starttls = poplib.POP3("localhost", port("pop3"))
    starttls.stls(tls)
    implicit = poplib.POP3_SSL("localhost", port("pop3s"), context=tls)
    seen = []
    for box in (clear, starttls, implicit):
        box.user("anna")
        box.pass_(PASSWORD)
        equal(box.stat()[0], 4, "messages")
        check(b"Subject: three" in box.retr(3)[1], "RETR 3")
        check(b"Subject: two" in box.top(2, 0)[1], "TOP 2")
        seen.append([line.split()[1] for line in box.uidl()[1]])
        box.quit()
    equal(len(set(seen[0])), 4, "UIDL is unique")
    check(seen[0] == seen[1] == seen[2], "UIDL changed between sessions: %r" % seen)


@test("IMAP by TLS: flags, copies and searches are kept")
def _():
    box = imaplib.IMAP4_SSL("localhost", port("imaps"), ssl_context=tls)
    box.login("anna", PASSWORD)
    equal(box.create("Archive")[0], "OK", "CREATE")
    box.select("INBOX")
    equal(box.search(None, "SUBJECT", "two")[1], [b"2"], "SEARCH SUBJECT")
    box.store("2", "+FLAGS", r"(\Flagged $Work)")
    equal(box.copy("2", "Archive")[0], "OK", "COPY")
    box.close()
    box.select("Archive")
    matches(box.fetch("1", "(FLAGS)")[1][0], r"\\Flagged.*\$Work|\$Work.*\\Flagged", "flags of the copy")
    box.logout()
    equal(len(server.user("anna").files("Archive")), 1, "files in .Archive")


@test("a deletion by POP3 happens at QUIT, and IMAP no longer has it")
def _():
    box = poplib.POP3("localhost", port("pop3"))
    box.user("anna")
    box.pass_(PASSWORD)
    box.dele(1)
    equal(len(server.user("anna").files()), 4, "files before QUIT")
    box.quit()
    equal(sorted(subjects()), sorted(["two", "three", "four"]))


@test("wrong and empty passwords, and names that are not there, are refused alike")
def _():
    for user, password in (("anna", "wrong"), ("anna", ""), ("nobody", PASSWORD), ("anna", PASSWORD + " "), ("", "")):
        box = imaplib.IMAP4("localhost", port("imap"))
        try:
            box.login(user or '""', password)
        except imaplib.IMAP4.error as why:
            check("AUTHENTICATIONFAILED" in str(why) or "BAD" in str(why) or not user, "%s/%s: %s" % (user, password, why))
        else:
            check(False, "%s came in with %r" % (user, password))
        box.shutdown()


run()
