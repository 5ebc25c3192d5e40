#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

server = Sandbox(users=["anna"])


def before_login():
    c = Talk(server, "imap")
    c.line()
    return c


def login(c):
    c.send(b'a LOGIN anna "%s"\r\n' % PASSWORD.encode())
    line = c.line()
    check(line.startswith(b"a OK "), line)
    return line


@test("LITERAL- is announced before the login, LITERAL+ after it")
def _():
    c = Talk(server, "imap")
    greeting = c.line()
    check(b" LITERAL- " in greeting and b"LITERAL+" not in greeting, greeting)
    line = login(c)
    check(b" LITERAL+ " in line and b"LITERAL-" not in line, line)


@test("before the login: 4096 octets unasked, 8 KB asked for, 16 KB in all, 8 KB in a line, 128 in a tag")
def _():
    c = before_login()
    for data, wanted in ((b"a LOGIN {4096+}\r\n" + b"x" * 4096 + b" y\r\n", b"a NO "),
                         (b"a LOGIN {4097+}\r\n" + b"x" * 4097 + b" y\r\n", b"a BAD "),
                         (b"a LOGIN {8193}\r\n", b"a BAD "),
                         (b"a LOGIN " + b" {4096+}\r\n".join([b""] + [b"x" * 4096] * 5)[1:] + b"\r\n", b"a BAD "),
                         (b"a LOGIN " + b"x" * 8000 + b" y\r\n", b"a NO "),
                         (b"a LOGIN " + b"x" * 8200 + b" y\r\n", b"a BAD "),
                         (b"a" * 128 + b" NOOP\r\n", b"a" * 128 + b" OK "),
                         (b"a" * 129 + b" NOOP\r\n", b"* BAD ")):
        c.send(data)
        line = c.line()
        check(line.startswith(wanted), "%r...: %r" % (data[:40], line))
    c.send(b"a LOGIN {8192}\r\n")
    check(c.line().startswith(b"+ "))
    c.send(b"x" * 8192 + b" y\r\n")
    check(c.line().startswith(b"a NO "))
    login(c)


@test("octets of a refused literal are never commands, before the login and after it")
def _():
    def refused(c, data, tag):
        c.send(data + b"z NOOP\r\n")
        line = c.line()
        check(line.startswith(tag + b" BAD") or line.startswith(tag + b" NO"), line)
        check(c.line().startswith(b"z OK"))
    lines = b"q LOGOUT\r\n" * 1000
    c = before_login()
    refused(c, b"a LOGIN {%d+}\r\n%s\r\n" % (len(lines), lines), b"a")
    refused(c, b'a LOGIN "open {%d+}\r\n%s\r\n' % (len(lines), lines), b"a")
    refused(c, b'a LOGIN ) {%d+}\r\n%s {10+}\r\nq LOGOUT\r\n\r\n' % (len(lines), lines), b"a")
    login(c)
    for command in (b"a SELECT ) {%d+}\r\n%s\r\n", b"a NOOP x{%d+}\r\n%s\r\n", b"a APPEND nowhere {%d+}\r\n%s\r\n", b"a APPEND INBOX (\\x) ~{%d+}\r\n%s\r\n",
                    b"a APPEND INBOX CATENATE (URL x TEXT {%d+}\r\n%s)\r\n", b"a UID REPLACE 1 INBOX {%d+}\r\n%s\r\n",
                    b"a SELECT ~{%d+}\r\n%s\r\n", b"a SELECT \x01{%d+}\r\n%s\r\n"):
        refused(c, command % (len(lines), lines), b"a")


@test("numbers that do not fit are refused, not wrapped")
def _():
    box = Maildir()
    s = Session(box)
    s.append(b"x")
    s.ok("SELECT INBOX")
    for command in ("FETCH 4294967297 FLAGS", "UID FETCH 4294967297 FLAGS", "UID FETCH 18446744073709551617 FLAGS", "FETCH 1 BODY[]<9223372036854775808.1>",
                    "FETCH 1 BODY[]<0.18446744073709551617>", "FETCH 1 BODY[4294967297]", "SEARCH LARGER 18446744073709551617", "REPLACE 4294967297 INBOX {1+}\r\nx",
                    "SELECT {18446744073709551617}", "SELECT {4294967297}"):
        reply = s.do(command)
        equal(reply.status, "BAD", command)
    s.send(b"x SELECT {18446744073709551617+}\r\n")
    matches(s.line(), r"^\* BYE ")


@test("a line of 8 MB of UIDs is taken after the login, and one of more is not")
def _():
    box = Maildir()
    s = Session(box)
    for i in range(3):
        s.append(b"x")
    s.ok("SELECT INBOX")
    uids, length, i = [], 0, 0
    while length < 8 * 1024 * 1024 - 100:
        uids.append(str(2 * i + 2))
        length += len(uids[-1]) + 1
        i += 1
    lines = s.ok("UID FETCH " + ",".join(uids) + " FLAGS").lines
    equal(len(lines), 1)
    s.bad("UID FETCH " + ",".join(uids + ["99"] * 100) + " FLAGS")
    s.ok("NOOP")


@test("the tag has its limit after the login, too, and literals in sum")
def _():
    s = Session(Maildir())
    s.send(b"a" * 129 + b" NOOP\r\n")
    check(s.line().startswith(b"* BAD "))
    s.bad(b"SEARCH" + b"".join(b" BODY {200000+}\r\n" + b"z" * 200000 for i in range(6)))
    s.ok("NOOP")


run()
