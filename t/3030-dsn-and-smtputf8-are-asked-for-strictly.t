#!/usr/bin/env python3
# The parameters of MAIL and RCPT: DSN (RFC 3461) and SMTPUTF8 (RFC 6531) are held to their grammar, and reach the envelope.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna", "ben", "jürgen"])
anna = server.user("anna")


def hello():
    t = Talk(server, "smtp")
    t.until("220 ")
    t.offer = t.ask("EHLO client.example.org")
    return t


@test("DSN and SMTPUTF8 are offered")
def _():
    matches(hello().offer, "250-DSN")
    matches(hello().offer, "250-SMTPUTF8")


@test("RET and ENVID are taken as they should be, and refused otherwise")
def _():
    for param, code in (("RET=FULL", 250), ("ret=hdrs", 250), ("RET=ALL", 501), ("RET", 501), ("RET=FULL RET=FULL", 501),
                        ("ENVID=QQ314159", 250), ("ENVID=a+2Bb", 250), ("ENVID=a+b", 501), ("ENVID=a=b", 501), ("ENVID=+0D+0A", 501),
                        ("ENVID=", 501), ("ENVID=" + "x" * 100, 250), ("ENVID=" + "x" * 101, 501), ("ENVID=a RET=HDRS SIZE=10", 250),
                        ("AUTH=<>", 250), ("AUTH=anna+2Bx", 250), ("AUTH=", 501), ("SMTPUTF8", 250), ("SMTPUTF8=1", 501), ("NOTIFY=NEVER", 555)):
        t = hello()
        matches(t.ask("MAIL FROM:<friend@example.org> " + param), "^%d " % code, param)


@test("NOTIFY and ORCPT are taken as they should be, and refused otherwise")
def _():
    for param, code in (("NOTIFY=NEVER", 250), ("NOTIFY=SUCCESS,FAILURE,DELAY", 250), ("notify=delay", 250), ("NOTIFY=NEVER,DELAY", 501),
                        ("NOTIFY=DELAY,DELAY", 501), ("NOTIFY=DELAY,", 501), ("NOTIFY=", 501), ("NOTIFY", 501), ("NOTIFY=X", 501),
                        ("ORCPT=rfc822;a+2Bb@example.org", 250), ("ORCPT=rfc822;", 501), ("ORCPT=a@example.org", 501),
                        ("ORCPT=rfc822;a+b@example.org", 501), ("ORCPT=rfc822;a+0A@example.org", 501), ("ORCPT=x y;a", 501),
                        ("ORCPT=rfc822;" + "x" * 493, 250), ("ORCPT=rfc822;" + "x" * 494, 501), ("ORCPT=utf-8;j\\x{FC}rgen@example.org", 250),
                        ("ORCPT=utf-8;j\\x{fc}@example.org", 501), ("RET=FULL", 555), ("NOTIFY=DELAY ORCPT=rfc822;a NOTIFY=DELAY", 501)):
        t = hello()
        t.ask("MAIL FROM:<friend@example.org>")
        matches(t.ask("RCPT TO:<anna@localhost> " + param), "^%d " % code, param)


@test("addresses beyond ASCII need SMTPUTF8, and then must be UTF-8 of visible characters")
def _():
    t = hello()
    matches(t.ask("MAIL FROM:<jürgen@example.org>".encode() + b"\r\n"), r"^553 5\.6\.7")
    matches(t.ask("MAIL FROM:<jürgen@bücher.example> SMTPUTF8".encode() + b"\r\n"), "^250 ")
    matches(t.ask("RCPT TO:<nöbody@localhost>".encode() + b"\r\n"), r"^550 5\.1\.1")
    t.ask("RSET")
    matches(t.ask("MAIL FROM:<friend@example.org>"), "^250 ")
    matches(t.ask("RCPT TO:<jürgen@localhost>".encode() + b"\r\n"), r"^553 5\.6\.7")
    for bad in (b"\xff", b"\xc0\xaf", "\u2028".encode(), "\u0085".encode(), "\u200b".encode(), b"\xed\xa0\x80"):
        t = hello()
        matches(t.ask(b"MAIL FROM:<a" + bad + b"@example.org> SMTPUTF8\r\n"), "^501 ", repr(bad))


@test("a message of SMTPUTF8 is delivered, and its trace says how it came")
def _():
    t = hello()
    t.ask("MAIL FROM:<jürgen@bücher.example> SMTPUTF8 BODY=8BITMIME".encode() + b"\r\n")
    matches(t.ask("RCPT TO:<anna@localhost>"), "^250 ")
    t.ask("DATA")
    matches(t.ask("Subject: grüße\r\n\r\nx\r\n.\r\n".encode()), "^250 ")
    text = anna.messages()[0].decode()
    matches(text, "with UTF8SMTP id")
    matches(text, "Return-Path: <jürgen@bücher.example>")


@test("what was asked for comes true: a report of success, with the sender's own words in it")
def _():
    for path in anna.files():
        os.unlink(path)
    t = hello()
    t.ask("MAIL FROM:<anna@localhost> RET=HDRS ENVID=mine+2B1")
    t.ask("RCPT TO:<ben@localhost> NOTIFY=SUCCESS ORCPT=rfc822;Ben+2Bx@example.org")
    t.ask("DATA")
    matches(t.ask("Subject: x\r\n\r\nx\r\n."), "^250 ")
    eventually(lambda: anna.files(), what="a report of success")
    text = anna.messages()[0].decode()
    matches(text, r"^Original-Envelope-Id: mine\+1$")
    matches(text, r"^Original-Recipient: rfc822; ?Ben\+x@example.org$")
    matches(text, r"^Action: delivered$")


run()
