#!/usr/bin/env python3
# Mail for accounts here is delivered while its sender waits, and the sender hears what became of it.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
from posthouse import *

MANY = ["user%d" % i for i in range(25)]
server = Sandbox(users=["anna", "ben", "carl"] + MANY, conf="relay { retry_first = 1 retry_max = 1 }\n")
anna, ben, carl = server.user("anna"), server.user("ben"), server.user("carl")
server.passwd_lines.append("dora:{PLAIN}x:%d:%d::%s::userdb_quota_rule=*:bytes=3000" %
                           (carl.uid, carl.uid if ROOT else os.getgid(), carl.home + "/dora"))
server.write_passwd()
os.mkdir(carl.home + "/dora", 0o700)
if ROOT:
    os.chown(carl.home + "/dora", carl.uid, carl.uid)
dora = os.path.join(carl.home, "dora", "Maildir", "new")


def spool():
    return os.listdir(os.path.join(server.dir, "box", "spool", "queue"))


def session():
    t = Talk(server, "smtp")
    t.until(r"220 ")
    t.ask("EHLO client.example.org")
    t.ask("MAIL FROM:<friend@example.org>")
    return t


@test("Return-Path, Delivered-To and Received stand in front, and nothing else is changed")
def _():
    matches(send(server, "anna", body="Subject: one\r\n\r\n.dot\r\n..\r\nend\r\n"), r"^250 2\.0\.0 .*delivered")
    message = anna.messages()[0].decode()
    matches(message, r"\AReturn-Path: <friend@example\.org>\nDelivered-To: anna@localhost\nReceived: from client\.example\.org ")
    check(message.endswith("\nSubject: one\n\n.dot\n..\nend\n"), message)
    equal(spool(), [])


@test("the files belong to the recipient alone")
def _():
    st = os.stat(anna.files()[0])
    equal((st.st_uid, st.st_mode & 0o777), (anna.uid, 0o600))


@test("unknown users, other domains and a missing account postmaster are refused at once")
def _():
    t = session()
    matches(t.ask("RCPT TO:<nobody-here@localhost>"), r"^550 5\.1\.1 ")
    matches(t.ask("RCPT TO:<anna@example.net>"), r"^554 5\.7\.1 ")
    matches(t.ask("RCPT TO:<anna%example.net@example.org>"), r"^55\d ")
    matches(t.ask("RCPT TO:<postmaster>"), r"^550 5\.1\.1 ")
    t.close()


@test("a subaddress, capitals and the same account three times make one delivery")
def _():
    before = len(ben.files())
    send(server, ["ben", "Ben+lists@localhost", "ben"])
    equal(len(ben.files()), before + 1)


def dora_is_known():
    t = session()
    reply = t.ask("RCPT TO:<dora@localhost>")
    t.close()
    return reply.startswith("250")


@test("a full mailbox is refused with 552 to the sender itself, and nothing is kept")
def _():
    eventually(dora_is_known, 10, "the new account is not found")
    matches(send(server, "dora", body="Subject: big\r\n\r\n" + "x" * 70 + "\r\n" * 5000), r"^552 5\.2\.2 ")
    check(not os.path.isdir(dora) or os.listdir(dora) == [], "something was stored")
    equal(spool(), [])


@test("with mixed verdicts the sender gets 250, the others their mail, and the sender a report")
def _():
    ben_before, anna_before = len(ben.files()), len(anna.files())
    matches(send(server, ["ben", "dora"], sender="anna@localhost", body="Subject: mixed\r\n\r\n" + "y" * 70 + "\r\n" * 5000), r"^250 ")
    equal(len(ben.files()), ben_before + 1)
    eventually(lambda: len(anna.files()) == anna_before + 1, 10, "no report")
    report = [m.decode() for m in anna.messages() if b"multipart/report" in m][0]
    matches(report, r"\AReturn-Path: <>\n")
    matches(report, r"^Final-Recipient: rfc822; dora@localhost\nAction: failed\nStatus: 5\.2\.2$")
    matches(report, r"^Subject: mixed$")
    check("yyyyy" not in report, "the report returns the body")
    eventually(lambda: spool() == [], 10, "the spool is not empty")


@test("to the null sender no report is made")
def _():
    matches(send(server, ["ben", "dora"], sender="", body="Subject: b\r\n\r\n" + "y" * 70 + "\r\n" * 5000), r"^250 ")
    eventually(lambda: spool() == [], 10, "the spool is not empty")


@test("an unwritable mailbox is a 4xx, and the message comes when the sender comes again")
def _():
    send(server, "carl")
    before = len(carl.files())
    for sub in ("tmp", "new"):
        os.chmod(os.path.join(carl.maildir, sub), 0o500)
    matches(send(server, "carl"), r"^4\d\d 4\.")
    equal(spool(), [])
    for sub in ("tmp", "new"):
        os.chmod(os.path.join(carl.maildir, sub), 0o700)
    matches(send(server, "carl"), r"^250 ")
    equal(len(carl.files()), before + 1)


@test("beside one that is served, a recipient that must wait waits in the spool and is served later")
def _():
    before = len(carl.files())
    os.chmod(os.path.join(carl.maildir, "tmp"), 0o500)
    os.chmod(os.path.join(carl.maildir, "new"), 0o500)
    matches(send(server, ["anna", "carl"]), r"^250 .*queued")
    check(spool(), "nothing is spooled")
    os.chmod(os.path.join(carl.maildir, "tmp"), 0o700)
    os.chmod(os.path.join(carl.maildir, "new"), 0o700)
    eventually(lambda: len(carl.files()) == before + 1, 15, "not delivered")
    eventually(lambda: spool() == [], 10, "the spool is not empty")


@test("a message that was delivered to this mailbox before is a loop")
def _():
    matches(send(server, "anna", body="Delivered-To: anna@localhost\r\n\r\nx\r\n"), r"^554 5\.4\.6 ")
    matches(send(server, "ben", body="Delivered-To: anna@localhost\r\n\r\nx\r\n"), r"^250 ")


@test("a message larger than what memory holds comes byte for byte")
def _():
    lines = "".join("%07d %s\n" % (i, "z" * 60) for i in range(20000))
    matches(send(server, "ben", body="Subject: large\r\n\r\n" + lines.replace("\n", "\r\n")), r"^250 ")
    largest = max(ben.messages(), key=len).decode()
    check(largest.endswith("\nSubject: large\n\n" + lines), "it differs")


@test("many recipients are served from the spool, each once")
def _():
    matches(send(server, MANY), r"^250 .*queued")
    for name in MANY:
        eventually(lambda: len(server.user(name).files()) == 1, 20, "no mail for " + name)
    eventually(lambda: spool() == [], 10, "the spool is not empty")
    equal([len(server.user(name).files()) for name in MANY], [1] * len(MANY))


run()
