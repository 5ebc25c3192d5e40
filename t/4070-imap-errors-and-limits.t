#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *


def new(*options, **kw):
    return Session(Maildir(), *options, **kw)


@test("the greeting is PREAUTH by hand, and the tagged OK after a login")
def _():
    check(new().greeting.startswith(b"* PREAUTH [CAPABILITY IMAP4rev1 "))
    check(new(tag="a7").greeting.startswith(b"a7 OK [CAPABILITY IMAP4rev1 "))


@test("commands that are wrong are answered BAD with their tag")
def _():
    s = new()
    for line, start in ((b"x\r\n", b"x BAD "), (b"x FOO\r\n", b"x BAD "), (b"\r\n", b"* BAD "), (b"x NOOP foo\r\n", b"x BAD "),
                        (b"x UID\r\n", b"x BAD "), (b"x UID NOOP\r\n", b"x BAD ")):
        s.send(line)
        got = s.line()
        check(got.startswith(start), "%r: %r" % (line, got))
        s.ok("NOOP")


@test("commands of the wrong state are answered BAD")
def _():
    s = new()
    for command in ("FETCH 1 FLAGS", "STORE 1 FLAGS ()", "SEARCH ALL", "COPY 1 INBOX", "MOVE 1 INBOX", "EXPUNGE", "UID EXPUNGE 1",
                    "CHECK", "CLOSE", "UNSELECT", "UID FETCH 1 FLAGS"):
        s.bad(command)
        s.ok("NOOP")
    for command in ("LOGIN a b", "AUTHENTICATE PLAIN", "STARTTLS"):
        s.bad(command)
        s.ok("NOOP")


@test("ten wrong commands in a row end the session")
def _():
    s = new()
    for i in range(9):
        s.bad("FOO")
    s.ok("NOOP")
    for i in range(10):
        s.bad("FOO")
    check(s.line().startswith(b"* BYE "))
    s.process.wait(10)
    equal(s.process.returncode, 0)


@test("a literal that is refused is not read as commands")
def _():
    s = new()
    size = 300000
    s.send(b"x SELECT {%d+}\r\n" % size + b"y LOGOUT\r\n" * (size // 10) + b"\r\n")
    check(s.line().startswith(b"x BAD [TOOBIG]"))
    s.ok("NOOP")
    s.send(b'x SELECT "open {10+}\r\ny LOGOUT\r\n\r\n')
    check(s.line().startswith(b"x BAD "))
    s.ok("NOOP")
    s.bad("SELECT {300000}")
    s.ok("NOOP")


@test("literals are capped in sum, too")
def _():
    s = new()
    s.send(b"x SEARCH" + b" BODY {200000+}\r\n" .join([b""] + [b"z" * 200000] * 6) + b"\r\n")
    check(s.line().startswith(b"x BAD [TOOBIG]"))
    s.ok("NOOP")


@test("a literal that is too large to be thrown away ends the session")
def _():
    s = new()
    s.send(b"x SELECT {4294967295+}\r\n")
    check(s.line().startswith(b"* BYE "))
    s.process.wait(10)


@test("lines, arguments and parentheses have limits")
def _():
    s = new()
    s.bad("NOOP " + "x" * 1100000)
    s.bad("LIST " + "(" * 1000)
    s.bad("FETCH 1 (" + "FLAGS " * 30000 + ")")
    s.ok("NOOP")
    s.ok("SELECT INBOX")
    s.ok("UID FETCH " + ",".join(str(i) for i in range(1, 200000, 2)) + " FLAGS")


@test("NUL is refused")
def _():
    s = new()
    s.send(b'x SELECT "a\0b"\r\n')
    check(s.line().startswith(b"x BAD "))
    s.send(b"x SELECT {3+}\r\na\0b\r\n")
    check(s.line().startswith(b"x BAD "))
    s.ok("NOOP")


@test("pipelined commands are answered in order")
def _():
    s = new()
    s.send(b"".join(b"p%d NOOP\r\n" % i for i in range(5000)))
    for i in range(5000):
        equal(s.line().split()[:2], [b"p%d" % i, b"OK"])


@test("octets one by one are the same as at once")
def _():
    s = new()
    for octet in b'x CREATE {3}\r\n':
        s.send(bytes([octet]))
    check(s.line().startswith(b"+ "))
    for octet in b"a b\r\n":
        s.send(bytes([octet]))
    check(s.line().startswith(b"x OK"))


@test("LOGOUT says BYE, then OK, and ends well")
def _():
    equal(new().logout(), 0)


@test("SIGTERM lets the command in progress end, then says BYE")
def _():
    s = new()
    s.ok("NOOP")
    s.process.terminate()
    equal(s.line(), b"* BYE [UNAVAILABLE] Server shutting down")
    s.process.wait(10)
    equal(s.process.returncode, 0)


@test("a mailbox that cannot be opened gives NO and BYE, and others are served on")
def _():
    box = Maildir()
    s = Session(box)
    s.ok("CREATE a")
    s.append(b"Subject: x\r\n\r\n", "a")
    s.ok("SELECT a")
    s.ok("UNSELECT")
    uidlist = os.path.join(box.folder("a"), "dovecot-uidlist")
    open(uidlist, "w").write("rubbish\n")
    s.no("SELECT a", "CORRUPTION")
    equal(open(uidlist).read(), "rubbish\n")
    s.ok("SELECT INBOX")


@test("arguments are checked")
def _():
    run = lambda *args: subprocess.run([PROGRAM] + list(args), stdin=subprocess.DEVNULL, capture_output=True).returncode
    equal(run(), 100)
    equal(run("--user", "a", "--mail", "relative"), 100)
    equal(run("--user", "a", "--mail", "/tmp", "--quota-bytes", "x"), 100)
    equal(run("--foo"), 100)


@test("the program links neither TLS nor PAM")
def _():
    libraries = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True).stdout
    for name in ("gnutls", "pam", "gsasl", "seccomp"):
        check(name not in libraries, libraries)


run()
