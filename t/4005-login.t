#!/usr/bin/env python3
# IMAP before the login, and how a login becomes a session.
import base64
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna"])
IR = base64.b64encode(b"\0anna\0" + PASSWORD.encode()).decode()
WRONG = base64.b64encode(b"\0anna\0wrong").decode()
QUOTED = '"%s"' % PASSWORD


def imap(tls=False, box=None, service="imap"):
    t = Talk(box or server, service, tls=tls)
    t.greeting = t.until(r"\* OK ")
    return t


def done(t, tag, command):
    return t.ask("%s %s" % (tag, command), tag + " ")


def logged_in(t):
    matches(done(t, "s1", "SELECT INBOX"), r"^s1 OK")
    matches(done(t, "s2", "LOGOUT"), r"^s2 OK")
    check(t.closed(), "still open after LOGOUT")


@test("the greeting announces STARTTLS, and passwords from loopback")
def _():
    t = imap()
    for word in ("IMAP4rev1", "STARTTLS", "SASL-IR", "LITERAL-", "AUTH=PLAIN"):
        check(word in t.greeting, t.greeting)
    check("LOGINDISABLED" not in t.greeting, t.greeting)
    matches(done(t, "a", "CAPABILITY"), r"\* CAPABILITY IMAP4rev1.*\na OK")
    matches(done(t, "b", "NOOP"), r"^b OK")
    matches(done(t, "c", 'ID ("name" "x")'), r"\* ID .*\nc OK")
    matches(done(t, "d", "LOGOUT"), r"\* BYE.*\nd OK")
    check(t.closed(), "open after LOGOUT")


@test("LOGIN takes atoms, quoted strings, and literals of both kinds")
def _():
    secret = PASSWORD.encode()
    for words in ((b"LOGIN anna " + QUOTED.encode(),), (b'LOGIN "anna" {%d+}\r\n%s' % (len(secret), secret),),
                  (b"LOGIN {4}", b"anna {%d}" % len(secret), secret)):
        t = imap()
        t.send(b"a ")
        for word in words[:-1]:
            matches(t.ask(word + b"\r\n", r"\+"), r"^\+ ")
        matches(t.ask(words[-1] + b"\r\n", r"a "), r"^a OK \[CAPABILITY ")
        logged_in(t)


@test("AUTHENTICATE PLAIN works with and without an initial response, LOGIN too")
def _():
    t = imap()
    matches(done(t, "a", "AUTHENTICATE PLAIN " + IR), r"^a OK")
    logged_in(t)
    t = imap()
    matches(t.ask("a authenticate plain", r"\+"), r"^\+ ")
    matches(t.ask(IR, "a "), r"^a OK")
    logged_in(t)
    t = imap()
    matches(t.ask("a AUTHENTICATE LOGIN", r"\+"), r"^\+ VXNlcm5hbWU6")
    matches(t.ask(base64.b64encode(b"anna").decode(), r"\+"), r"^\+ UGFzc3dvcmQ6")
    matches(t.ask(base64.b64encode(PASSWORD.encode()).decode(), "a "), r"^a OK")
    logged_in(t)


@test("cancelled, malformed and unknown mechanisms are told apart, and a right one still works after them")
def _():
    t = imap()
    t.ask("a AUTHENTICATE PLAIN", r"\+")
    matches(t.ask("*", "a "), r"^a BAD")
    matches(done(t, "b", "AUTHENTICATE CRAM-MD5"), r"^b NO")
    matches(done(t, "c", "AUTHENTICATE PLAIN ####"), r"^c BAD")
    matches(done(t, "d", "AUTHENTICATE PLAIN " + WRONG), r"^d NO \[AUTHENTICATIONFAILED\]")
    matches(done(t, "e", "AUTHENTICATE PLAIN " + IR), r"^e OK")
    logged_in(t)


@test("commands sent ahead reach the session, after a success as after a failure before it")
def _():
    t = imap()
    t.send("a LOGIN anna wrong\r\nb LOGIN anna %s\r\nc SELECT INBOX\r\nd NOOP\r\n" % QUOTED)
    matches(t.until("a "), r"^a NO \[AUTHENTICATIONFAILED\]")
    matches(t.until("b "), r"^b OK")
    matches(t.until("c "), r"^c OK")
    matches(t.until("d "), r"^d OK")


@test("a refused literal is not taken for commands")
def _():
    t = imap()
    t.send(b"a LOGIN anna {9+}\r\nb LOGOUT\n extra\r\nc NOOP\r\n")
    matches(t.until("a "), r"^a BAD")
    matches(t.until("c "), r"^c OK")


@test("STARTTLS throws away what came before the handshake")
def _():
    t = imap()
    t.send("a STARTTLS\r\nb NOOP\r\nc LOGOUT\r\n")
    matches(t.line(), r"^a OK")
    t.start_tls()
    matches(done(t, "d", "CAPABILITY"), r"\* CAPABILITY (?!.*STARTTLS).*\nd OK")
    matches(done(t, "e", "STARTTLS"), r"^e BAD")
    matches(done(t, "f", "LOGIN anna " + QUOTED), r"^f OK")
    logged_in(t)


@test("a session under TLS has the commands that were sent with the login")
def _():
    t = imap(tls=True, service="imaps")
    t.send("a LOGIN anna %s\r\nb SELECT INBOX\r\nc NOOP\r\n" % QUOTED)
    for tag in "abc":
        matches(t.until(tag + " "), "^%s OK" % tag)
    logged_in(t)


@test("ten wrong passwords end the connection")
def _():
    t = imap()
    answers = []
    t.send("".join("a%d AUTHENTICATE CRAM-MD5\r\n" % i for i in range(12)))
    while True:
        line = t.line()
        if not line:
            break
        answers.append(line.decode())
    equal(len([a for a in answers if " NO " in a]), 10, repr(answers))
    matches(answers[-1], r"^\* BYE ")


@test("commands of a session, nonsense and bad tags are refused before the login")
def _():
    t = imap()
    for command in ("SELECT INBOX", "DANCE", "CAPABILITY x", "LOGIN anna", "LOGIN", "AUTHENTICATE", "LOGIN (a b) c",
                    "AUTHENTICATE PLAIN a b"):
        matches(t.ask("a " + command, r"\S+ BAD"), r"^a BAD", command)
    matches(t.ask(b"x" * 200 + b" NOOP\r\n", r"\* BAD"), r"BAD")
    matches(done(t, "b", "NOOP"), r"^b OK")


@test("too much nonsense ends the connection")
def _():
    t = imap()
    t.send("a FOO\r\n" * 30)
    matches(t.until(r"\* BYE"), r"BYE")


@test("a browser that was made to speak to us is shown the door")
def _():
    for line in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /a HTTP/1.1\r\n\r\na LOGIN anna " + QUOTED.encode() + b"\r\n"):
        t = imap()
        t.send(line)
        matches(t.line(), r"^\* BYE")
        check(t.closed(), "still there")


@test("an endless first line or literal is not stored")
def _():
    t = imap()
    try:
        t.send(b"a LOGIN " + b"x" * 3000000 + b"\r\n")
    except OSError:
        pass
    matches(t.line(), r"^\S+ (BAD|BYE)|^$")
    t = imap()
    matches(t.ask("a LOGIN {99999999}", r"\S+ "), r"^(a BAD|\* BYE)")


@test("one connection with nothing to say disturbs no other, and many logins at once all succeed")
def _():
    silent = [imap() for _ in range(40)]
    many = [imap() for _ in range(30)]
    for t in many:
        t.send("a LOGIN anna %s\r\n" % QUOTED)
    for t in many:
        matches(t.until("a "), r"^a OK")
    for t in many:
        matches(done(t, "z", "LOGOUT"), r"z OK")
    del silent


@test("each login and logout is a line in the log")
def _():
    matches(server.log_text(), r"accessd\[\d+\]: login user=anna service=imap remote=127\.0\.0\.1 tls=no pid=\d+$")
    matches(server.log_text(), r"accessd\[\d+\]: login user=anna service=imap remote=127\.0\.0\.1 tls=yes pid=\d+$")
    eventually(lambda: re.search(r"posthouse-imap\[\d+\]: logout user=anna service=imap remote=127\.0\.0\.1 tls=no seconds=\d+ in=\d+ out=\d+ sent=0 stored=0 "
                                 r"removed=0 why=\"logged out\"", server.log_text()))


@test("plaintext_login = never disables LOGIN without TLS, also from loopback")
def _():
    box = Sandbox(users=["anna"], conf='plaintext_login = "never"\n')
    t = imap(box=box)
    matches(t.greeting, r"LOGINDISABLED")
    check("AUTH=" not in t.greeting, t.greeting)
    matches(done(t, "a", "LOGIN anna " + QUOTED), r"^a NO \[PRIVACYREQUIRED\]")
    matches(done(t, "b", "AUTHENTICATE PLAIN " + IR), r"^b NO \[PRIVACYREQUIRED\]")
    matches(done(t, "c", "STARTTLS"), r"^c OK")
    t.start_tls()
    matches(done(t, "d", "LOGIN anna " + QUOTED), r"^d OK")
    logged_in(t)
    box.stop()


@test("sessions of one user have a limit, and a login has a deadline")
def _():
    box = Sandbox(users=["anna"], conf="access { max_sessions_per_user = 2 login_timeout = 5s }\n")
    late = imap(box=box)
    talks = [imap(box=box) for _ in range(3)]
    for t in talks[:2]:
        matches(done(t, "a", "LOGIN anna " + QUOTED), r"^a OK")
    matches(done(talks[2], "a", "LOGIN anna " + QUOTED), r"^a NO \[LIMIT\]")
    matches(done(talks[0], "b", "LOGOUT"), r"b OK")
    eventually(lambda: len(box.children("posthouse-imap")) == 1)
    matches(done(talks[2], "c", "LOGIN anna " + QUOTED), r"^c OK")
    matches(late.line(), r"^\* BYE")
    matches(done(talks[1], "d", "NOOP"), r"^d OK", "a session has no such deadline")
    box.stop()


run()
