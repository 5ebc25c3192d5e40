#!/usr/bin/env python3
# XCLIENT: a filter in front says who the client is; from xclient_networks only, and nobody is authenticated by it.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

PORT = free_base()
server = Sandbox(users=["anna"], conf='relay {\n  smtp = {"127.0.0.1:%d", "127.0.0.1:%d proxy"}\n  proxy_networks = {"127.0.0.1"}\n'
                 '  xclient_networks = {"127.0.0.1"}\n}\n' % (PORT, PORT + 1))
anna = server.user("anna")


def hello(stranger=False):
    t = Talk(server, "smtp", address=("127.0.0.1", PORT + stranger))
    if stranger:
        t.send("PROXY TCP4 192.0.2.1 127.0.0.1 1000 25\r\n")
    t.until("220 ")
    t.offer = t.ask("EHLO filter.example.org")
    return t


@test("strangers are neither offered it nor believed")
def _():
    t = hello(True)
    check("XCLIENT" not in t.offer, t.offer)
    matches(t.ask("XCLIENT ADDR=127.0.0.1"), r"^550 5\.7\.0")
    matches(t.ask("MAIL FROM:<a@example.org>"), "^250 ")


@test("from a listed network the address counts, and the session begins anew")
def _():
    for said, shown in (("198.51.100.7", r"\[198\.51\.100\.7\]"), ("IPV6:2001:db8::7", r"\[IPv6:2001:db8::7\]")):
        for path in anna.files():
            os.unlink(path)
        t = hello()
        matches(t.offer, "250-XCLIENT NAME ADDR PORT PROTO HELO")
        matches(t.ask("XCLIENT NAME=client.example.org ADDR=%s PORT=4711 HELO=x" % said), "^220 ")
        matches(t.ask("MAIL FROM:<a@example.org>"), "^503 ")
        t.ask("EHLO client.example.org")
        for line in ("MAIL FROM:<a@example.org>", "RCPT TO:<anna@localhost>", "DATA"):
            matches(t.ask(line), "^(250|354) ")
        matches(t.ask("Subject: x\r\n\r\nx\r\n."), "^250 ")
        matches(anna.messages()[0].decode(), r"^Received: from client\.example\.org \(" + shown)


@test("malformed words, logins and wrong places are refused")
def _():
    t = hello()
    for words in ("", "ADDR", "ADDR=x", "ADDR=IPV6:1.2.3.4.5", "LOGIN=anna", "FOO=x", "NAME=a+0Ab", "NAME=a+zz", "ADDR=1.2.3.4+00"):
        matches(t.ask("XCLIENT " + words), "^501 ", words)
    t.ask("MAIL FROM:<a@example.org>")
    matches(t.ask("XCLIENT ADDR=1.2.3.4"), "^503 ")
    t.ask("RSET")
    matches(t.ask("XCLIENT ADDR=[UNAVAILABLE] NAME=[TEMPUNAVAIL]"), "^220 ")


run()
