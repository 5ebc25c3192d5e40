#!/usr/bin/env python3
# LMTP (RFC 2033), for those who keep another mail server in front.
import grp
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


@test("a Unix socket serves those of its group, and is replaced when it was left behind; what is no socket stays")
def _():
    place = tempfile.mkdtemp(prefix="posthouse-test-")
    atexit.register(shutil.rmtree, place, True)
    os.chmod(place, 0o755)
    path = os.path.join(place, "lmtp")
    for n in (1, 2):
        other = Sandbox(users=["anna"], conf='relay {\n  lmtp_socket = "%s"\n%s}\n' % (path, "  lmtp_group = nogroup\n" if ROOT else ""))
        if ROOT:
            state = os.stat(path)
            equal((state.st_uid, state.st_gid, state.st_mode & 0o777), (0, grp.getgrnam("nogroup").gr_gid, 0o660))
        with smtplib.LMTP(path) as client:
            equal(client.sendmail("a@example.org", ["anna@localhost"], "Subject: %d\r\n\r\nx\r\n" % n), {})
        matches(other.user("anna").messages()[0].decode(), "with LMTP id")
        other.stop()
    os.unlink(path)
    with open(path, "w") as f:
        f.write("precious")
    try:
        Sandbox(users=["anna"], conf='relay {\n  lmtp_socket = "%s"\n}\n' % path).stop()
        check(False, "it started")
    except Exception as e:
        matches(str(e), "is there and no socket")
    equal(open(path).read(), "precious")


@test("each hears what became of its own: delivered, refused, to be tried again; nothing is kept of those that failed")
def _():
    other = Sandbox(users=["anna", "ben", "carla"], conf='relay {\n  lmtp = {"127.0.0.1:%d"}\n}\n' % (PORT + 1),
                    extra={"ben": "userdb_quota_rule=*:bytes=50"})
    home = other.user("carla").home
    os.rename(home, home + ".away")
    open(home, "w").close()
    t = Talk(other, "smtp", address=("127.0.0.1", PORT + 1))
    t.until("220 ")
    t.ask("LHLO mx.example.org")
    for names in (("carla", "ben", "anna"), ("ben", "carla")):
        t.ask("MAIL FROM:<anna@localhost>")
        for name in names:
            matches(t.ask("RCPT TO:<%s@localhost>" % name), "^250 ")
        t.ask("DATA")
        t.send("Subject: %s\r\n\r\n%s\r\n.\r\n" % (names[0], "x" * 100))
        for name in names:
            matches(t.line().decode(), {"anna": r"^250 2\.0\.0", "ben": r"^5\d\d 5\.2\.2", "carla": r"^4\d\d 4\."}[name], name)
    matches(t.ask("NOOP"), "^250 ")
    equal(len(other.user("anna").files()), 1, "a report came")
    equal(os.listdir(os.path.join(other.dir, "box", "spool", "queue")), [])
    os.unlink(home)
    os.rename(home + ".away", home)
    other.stop()


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
