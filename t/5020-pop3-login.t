#!/usr/bin/env python3
# POP3 before the login, and real clients after it.
import base64
import os
import poplib
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna"])
IR = base64.b64encode(b"\0anna\0" + PASSWORD.encode()).decode()


def pop3(tls=False, box=None, service="pop3"):
    t = Talk(box or server, service, tls=tls)
    matches(t.line(), r"^\+OK ")
    return t


def ask(t, line):
    t.send(line + "\r\n")
    return t.line().decode()


def capa(t):
    t.send("CAPA\r\n")
    return t.until(r"\.$").split("\n")


@test("CAPA tells how to log in")
def _():
    t = pop3()
    said = capa(t)
    for word in ("TOP", "UIDL", "RESP-CODES", "PIPELINING", "UTF8", "AUTH-RESP-CODE", "USER", "SASL PLAIN LOGIN", "STLS", "EXPIRE NEVER"):
        check(word in said, "%s: %r" % (word, said))
    matches(ask(t, "NOOP"), r"^\+OK")
    matches(ask(t, "QUIT"), r"^\+OK")
    check(t.closed(), "open after QUIT")


@test("USER and PASS log in, with a password that has blanks")
def _():
    t = pop3()
    matches(ask(t, "PASS x"), r"^-ERR")
    matches(ask(t, "USER anna"), r"^\+OK")
    matches(ask(t, "PASS wrong"), r"^-ERR \[AUTH\]")
    matches(ask(t, "user anna"), r"^\+OK")
    matches(ask(t, "pass " + PASSWORD), r"^\+OK .*0 messages")
    matches(ask(t, "STAT"), r"^\+OK 0 0")
    matches(ask(t, "QUIT"), r"^\+OK")


@test("AUTH PLAIN works with and without an initial response")
def _():
    t = pop3()
    matches(ask(t, "AUTH PLAIN " + IR), r"^\+OK")
    matches(ask(t, "QUIT"), r"^\+OK")
    t = pop3()
    matches(ask(t, "AUTH PLAIN"), r"^\+ ?$")
    matches(ask(t, "*"), r"^-ERR")
    matches(ask(t, "AUTH CRAM-MD5"), r"^-ERR")
    matches(ask(t, "AUTH PLAIN"), r"^\+ ?$")
    matches(ask(t, IR), r"^\+OK")
    matches(ask(t, "QUIT"), r"^\+OK")


@test("STLS throws away what came before the handshake")
def _():
    t = pop3()
    t.send("STLS\r\nUSER anna\r\nQUIT\r\n")
    matches(t.line(), r"^\+OK")
    t.start_tls()
    matches(ask(t, "PASS " + PASSWORD), r"^-ERR")
    check("STLS" not in capa(t), "STLS twice")
    matches(ask(t, "USER anna"), r"^\+OK")
    matches(ask(t, "PASS " + PASSWORD), r"^\+OK")
    matches(ask(t, "QUIT"), r"^\+OK")


@test("UTF8 comes before the login and after STLS, and letters in UTF-8 come as they are")
def _():
    letter = "Subject: Gr\u00fc\u00dfe\nFrom: J\u00f6rg <j@b\u00fccher.example>\n\nK\u00e4se\n".encode()
    user = server.user("anna")
    path = os.path.join(user.maildir, "new", "1700000000.M1P1.host")
    with open(path, "wb") as f:
        f.write(letter)
    if ROOT:
        os.chown(path, user.uid, user.uid)
    t = pop3()
    matches(ask(t, "UTF8 now"), r"^-ERR")
    matches(ask(t, "UTF8"), r"^\+OK")
    matches(ask(t, "STLS"), r"^-ERR")
    ask(t, "USER anna")
    matches(ask(t, "PASS " + PASSWORD), r"^\+OK .*1 message")
    matches(ask(t, "UTF8"), r"^-ERR")
    size = int(ask(t, "LIST 1").split()[2])
    equal(size, len(letter.replace(b"\n", b"\r\n")))
    t.send("RETR 1\r\n")
    t.line()
    got = b""
    while not got.endswith(b"\r\n.\r\n"):
        got += t.line() + b"\r\n"
    equal(got[:-3], letter.replace(b"\n", b"\r\n"))
    ask(t, "DELE 1")
    matches(ask(t, "QUIT"), r"^\+OK")


@test("everything may be sent at once")
def _():
    t = pop3()
    t.send("USER anna\r\nPASS wrong\r\nUSER anna\r\nPASS %s\r\nSTAT\r\nNOOP\r\nQUIT\r\n" % PASSWORD)
    answers = [t.line().decode()[:4].strip() for _ in range(7)]
    equal(answers, ["+OK", "-ERR", "+OK", "+OK", "+OK", "+OK", "+OK"])


@test("a browser, an endless line and nonsense come to an end")
def _():
    for line in (b"GET / HTTP/1.0\r\n\r\n", b"USER " + b"x" * 200000 + b"\r\n", b"DANCE\r\n" * 30):
        t = pop3()
        try:
            t.send(line)
        except OSError:
            pass
        eventually(lambda: not t.line())


@test("poplib takes letters away, in clear and under TLS")
def _():
    for i in range(3):
        matches(send(server, "anna", body="Subject: %d\r\n\r\n.dot\r\ntext\r\n" % i), r"^250")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    host, port = server.address("pop3")
    p = poplib.POP3(host, port, timeout=20)
    p.user("anna")
    p.pass_(PASSWORD)
    equal(p.stat()[0], 3)
    check(b".dot" in p.retr(1)[1], "dot")
    equal(len(p.uidl()[1]), 3)
    p.dele(1)
    p.quit()
    p = poplib.POP3(host, port, timeout=20)
    p.stls(context)
    p.user("anna")
    p.pass_(PASSWORD)
    equal(p.stat()[0], 2)
    check(b"Subject: 1" in p.top(1, 0)[1], "top")
    p.dele(1)
    p.quit()
    host, port = server.address("pop3s")
    p = poplib.POP3_SSL(host, port, timeout=20, context=context)
    p.user("anna")
    p.pass_(PASSWORD)
    equal(p.stat()[0], 1)
    p.dele(1)
    p.quit()
    equal(server.user("anna").files(), [])


@test("plaintext_login = never disables USER, PASS and AUTH without TLS")
def _():
    box = Sandbox(users=["anna"], conf='plaintext_login = "never"\n')
    t = pop3(box=box)
    said = capa(t)
    check("USER" not in said and "SASL PLAIN LOGIN" not in said and "STLS" in said, repr(said))
    for line in ("USER anna", "AUTH PLAIN " + IR):
        matches(ask(t, line), r"^-ERR .*TLS")
    matches(ask(t, "STLS"), r"^\+OK")
    t.start_tls()
    matches(ask(t, "AUTH PLAIN " + IR), r"^\+OK")
    matches(ask(t, "QUIT"), r"^\+OK")
    box.stop()


run()
