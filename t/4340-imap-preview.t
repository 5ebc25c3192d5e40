#!/usr/bin/env python3
# PREVIEW (RFC 8970): the first words of a letter, and only those that are known already if a client is in a hurry.
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import base64
from imapsession import *


def opened(*letters):
    box = Maildir()
    for letter in letters:
        box.add(letter, flags="")
    s = Session(box)
    s.ok("SELECT INBOX")
    return box, s


def preview(s, item="PREVIEW", n=1):
    value = s.fetch(str(n), item)[n]["PREVIEW"]
    return value if value is None else value.decode()


def shows(letter, words):
    _box, s = opened(letter)
    equal(preview(s), words)
    equal(preview(s, "PREVIEW (LAZY)"), words)


def mixed(*parts, kind="mixed"):
    return b"Content-Type: multipart/%s; boundary=q\n\n" % kind.encode() + b"".join(b"--q\n" + p + b"\n" for p in parts) + b"--q--\n"


@test("the words of a plain text in one line, at most 200 characters of it")
def _():
    shows(b"Subject: x\n\nHello,\n\n  how\tare   you?\n\nYours\n-- \nsignature\n", "Hello, how are you? Yours")
    shows(b"Subject: x\n\n", "")
    shows(b"Subject: x\n\n" + b"word " * 1000, ("word " * 40).strip())
    shows(b"Subject: x\n\n" + "é".encode() * 1000, "é" * 200)


@test("quoted lines are left out, unless there is nothing else")
def _():
    shows(b"Subject: x\n\n> what do you think?\n\nI think so.\n", "I think so.")
    shows(b"Subject: x\n\n> what do you think?\n", "> what do you think?")


@test("transfer encodings and character sets are undone, controls and padding do not show")
def _():
    shows(b"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe=\n aus K=F6ln\n", "Grüße aus Köln")
    shows(b"Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes("Привет".encode("utf-16")), "Привет")
    shows("Content-Type: text/plain; charset=utf-8\n\na\u200b\u00ad\ufeff\x01\x07b\u00a0\u2003c\n".encode(), "a b c")


@test("HTML shows its words, not its markup, styles and scripts")
def _():
    html = (b"Content-Type: text/html; charset=utf-8\n\n<html><head><title>no</title><style>p {color: red}</style></head><body><!-- no > -->"
            b"<p>Fish &amp; <b>ch</b>ips</p><script>if (a < b) alert(1)</script><div>1 &lt; 2 &#8364;5 &#x41;&unknown; 3 < 4</div></body></html>\n")
    shows(html, "Fish & chips 1 < 2 €5 A&unknown; 3 < 4")
    shows(b"Content-Type: text/html\n\n<p>open <style> never closed", "open")


@test("the first plain text counts, then HTML; attachments do not")
def _():
    plain, html = b"Content-Type: text/plain\n\nplain words\n", b"Content-Type: text/html\n\n<p>other words\n"
    file = b"Content-Type: text/plain\nContent-Disposition: attachment; filename=x\n\na file\n"
    shows(mixed(html, plain, kind="alternative"), "plain words")
    shows(mixed(file, html), "other words")
    shows(mixed(file), "")
    shows(b"Content-Type: application/pdf\n\nxxx\n", "")


@test("LAZY gives NIL until somebody has asked, and then what he got")
def _():
    box, s = opened(b"Subject: a\n\nfirst\n", b"Subject: b\n\nsecond\n")
    equal(preview(s, "PREVIEW (LAZY)"), None)
    equal(preview(s), "first")
    equal(preview(s, "FLAGS PREVIEW (LAZY) UID"), "first")
    equal(preview(s, "PREVIEW (LAZY)", 2), None)
    s.end()
    s = Session(box)
    s.ok("EXAMINE INBOX")
    equal(preview(s, "PREVIEW (LAZY)"), "first")
    s.fetch("1", "ENVELOPE BODYSTRUCTURE")
    equal(preview(s, "PREVIEW (LAZY)"), "first")


@test("it stands beside other items and modifiers, and is announced")
def _():
    _box, s = opened(b"Subject: a\n\nfirst\n")
    check(b"PREVIEW" in s.ok("CAPABILITY").lines[0].split())
    equal(s.ok("FETCH 1 PREVIEW").lines, [b'* 1 FETCH (PREVIEW "first")'])
    equal(s.ok("FETCH 1 PREVIEW (LAZY)").lines, [b'* 1 FETCH (PREVIEW "first")'])
    check(b'PREVIEW "first"' in s.ok("FETCH 1 PREVIEW (LAZY) (CHANGEDSINCE 1)").lines[-1])
    check(b'PREVIEW "first"' in s.ok("FETCH 1 PREVIEW (CHANGEDSINCE 1)").lines[-1])
    check(b"\\Seen" not in s.ok("FETCH 1 FLAGS").lines[0])
    s.bad("FETCH 1 PREVIEW (RUBBISH)")
    s.bad("FETCH 1 (PREVIEW (RUBBISH))")
    s.bad("FETCH 1 (PREVIEW ())")


run()
