#!/usr/bin/env python3
"""Messages made at random, taken apart by the server and by Python's email package: structure and parts must be the same."""
import email
import email.policy
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import random
from email.message import EmailMessage, MIMEPart
from imapsession import *

rnd = random.Random(4015)
WORDS = ["alpha", "beta", "Grüße", "日本", "--dash", ".dot", "From here", "=3D", "x" * 90, ""]


def text():
    return "\n".join(" ".join(rnd.choices(WORDS, k=rnd.randint(0, 8))) for _ in range(rnd.randint(0, 6))) + "\n"


def leaf():
    part = MIMEPart(policy=email.policy.SMTP)
    kind = rnd.randint(0, 2)
    if kind == 0:
        part.set_content(text(), cte=rnd.choice(["quoted-printable", "base64"]))
    elif kind == 1:
        part.set_content("<p>" + text() + "</p>", subtype="html", cte="quoted-printable")
    else:
        part.set_content(bytes(rnd.getrandbits(8) for _ in range(rnd.randint(0, 200))), maintype="application",
                         subtype="octet-stream", filename=rnd.choice(["a.bin", "a b.bin", 'q"uote.bin']))
    return part


def tree(depth):
    kind = rnd.random()
    if depth == 0 or kind < 0.4:
        return leaf()
    if kind < 0.55:
        part = MIMEPart(policy=email.policy.SMTP)
        part.set_content(message(depth - 1))
        return part
    part = MIMEPart(policy=email.policy.SMTP)
    part["Content-Type"] = "multipart/" + rnd.choice(["mixed", "alternative", "related"])
    part.set_payload([tree(depth - 1) for _ in range(rnd.randint(1, 4))])
    return part


def message(depth):
    m = EmailMessage(policy=email.policy.SMTP)
    body = tree(depth)
    m["From"], m["To"], m["Subject"] = "a@example.org", "b@example.org", rnd.choice(["plain", "Grüße aus Zürich"])
    m["MIME-Version"] = "1.0"
    for name, value in body.items():
        if name.lower() not in ("mime-version",):
            m[name] = value
    m.set_payload(body.get_payload())
    return m


def leaves(m, prefix=""):
    """(section, part) of all parts that are not multiparts, as IMAP numbers them."""
    if m.get_content_maintype() == "multipart":
        for i, part in enumerate(m.get_payload(), 1):
            yield from inside(part, "%s%d" % (prefix, i))
    else:
        yield from inside(m, prefix + "1")


def inside(part, section):
    if part.get_content_maintype() == "multipart":
        for i, sub in enumerate(part.get_payload(), 1):
            yield from inside(sub, "%s.%d" % (section, i))
        return
    yield section, part
    if part.get_content_type() == "message/rfc822":
        yield from leaves(part.get_payload(0), section + ".")


def shape(body):
    """Types in the server's structure."""
    if isinstance(body[0], list):
        subs = [x for x in body if isinstance(x, list) and x and isinstance(x[0], (list, bytes))]
        n = next(i for i, x in enumerate(body) if not isinstance(x, list))
        return (body[n].decode().lower(), [shape(x) for x in body[:n]])
    kind = "%s/%s" % (body[0].decode().lower(), body[1].decode().lower())
    return (kind, [shape(body[8])]) if kind == "message/rfc822" else kind


def python_shape(m):
    if m.get_content_maintype() == "multipart":
        return (m.get_content_subtype(), [python_shape(x) for x in m.get_payload()])
    if m.get_content_type() == "message/rfc822":
        return ("message/rfc822", [python_shape(m.get_payload(0))])
    return m.get_content_type()


messages = [message(4).as_bytes(policy=email.policy.SMTP) for _ in range(60)]
box = Maildir()
for m in messages:
    box.add(m.replace(b"\r\n", b"\n"), flags="S")
s = Session(box)
s.ok("SELECT INBOX")


@test("structures are the same")
def _():
    for n, octets in enumerate(messages, 1):
        got = s.fetch(n, "BODY BODYSTRUCTURE")[n]
        want = python_shape(email.message_from_bytes(octets, policy=email.policy.SMTP))
        equal(shape(got["BODY"]), want, octets)
        equal(shape(got["BODYSTRUCTURE"]), want)


@test("sizes and lines in the structure are those of the parts")
def _():
    def walk(n, body, section):
        if isinstance(body[0], list):
            for i, sub in enumerate((x for x in body if isinstance(x, list)), 1):
                walk(n, sub, "%s.%d" % (section, i) if section else str(i))
            return
        section = section or "1"
        octets = s.fetch(n, "BODY.PEEK[%s]" % section)[n]["BODY[%s]" % section]
        equal(int(body[6]), len(octets), section)
        if body[0].lower() == b"text":
            equal(int(body[7]), octets.count(b"\n"), section)

    for n in range(1, len(messages) + 1, 3):
        walk(n, s.fetch(n, "BODY")[n]["BODY"], "")


@test("parts have the same contents")
def _():
    for n, octets in enumerate(messages, 1):
        for section, part in leaves(email.message_from_bytes(octets, policy=email.policy.SMTP)):
            got = s.fetch(n, "BODY.PEEK[%s] BODY.PEEK[%s.MIME]" % (section, section))[n]
            if part.get_content_maintype() == "message":
                continue
            again = email.message_from_bytes(got["BODY[%s.MIME]" % section] + got["BODY[%s]" % section],
                                             policy=email.policy.SMTP)
            equal(again.get_payload(decode=True), part.get_payload(decode=True), "%d %s\n%r" % (n, section, octets))


@test("each part is a piece of the message")
def _():
    for n, octets in enumerate(messages, 1):
        equal(s.fetch(n, "BODY.PEEK[]")[n]["BODY[]"], octets)
        for section, _ in leaves(email.message_from_bytes(octets, policy=email.policy.SMTP)):
            check(s.fetch(n, "BODY.PEEK[%s]" % section)[n]["BODY[%s]" % section] in octets)


run()
