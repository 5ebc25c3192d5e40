#!/usr/bin/env python3
"""A Maildir that Courier left, once it was opened here, is served by Dovecot with Courier's UIDs, UIDLs, keywords and subscriptions, and goes
from one server to the other from then on."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dovecot import *

server = Sandbox(users=["anna"])
dovecot = Dovecot(server)
anna = server.user("anna")
VALIDITY = 712345678


def base(i):
    size = len(letter("m%d" % i, line_end="\n"))
    return "%d.M%dP1.mail,S=%d" % (1700000000 + i, i, size)


def write(name, text):
    path = os.path.join(anna.maildir, name)
    os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


def as_courier_leaves_it():
    for folder in ("", ".Sent", ".Entw&APw-rfe"):
        for sub in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(anna.maildir, folder, sub), 0o700)
        for i in range(1, 9):
            name = "cur/%s:2,%s" % (base(i), ["", "S", "FS", "RS"][i % 4]) if i < 7 else "new/" + base(i)
            write(os.path.join(folder, name), letter("m%d" % i, line_end="\n"))
        write(os.path.join(folder, "courierimapuiddb"),
              "1 %d 40\n" % (VALIDITY + len(folder)) + "".join("%d %s\n" % (5 * i, base(i)) for i in range(1, 7)))
        write(os.path.join(folder, "courierimapkeywords/:list"), "$Label1\nProjekt\n\n%s:0\n%s:0 1\n" % (base(1), base(2)))
        write(os.path.join(folder, "courierimapkeywords", base(3)), "NonJunk\n")
    write("courierpop3dsizelist", "/3 20 1500000000\n" + "".join("%s:2, 99 %d:1500000000:0\n" % (base(i), i + 10) for i in range(1, 8)))
    write("courierimapsubscribed", "INBOX\nINBOX.Sent\nINBOX.Entw&APw-rfe\n#shared.other\n")
    for top, _, files in os.walk(anna.maildir):
        for path in [top] + [os.path.join(top, f) for f in files]:
            os.chown(path, anna.uid, anna.uid)


@test("both servers tell the same, and it is what Courier told")
def _():
    as_courier_leaves_it()
    state(server, "anna")  # takes it over
    known = agree(server, dovecot, "anna", "after taking over")
    equal(sorted(known["subscribed"]), ["Entw&APw-rfe", "INBOX", "Sent"], "subscriptions")
    for folder, (validity, following, mail) in known["folders"].items():
        equal(validity, VALIDITY + {"INBOX": 0, "Sent": 5, "Entw&APw-rfe": 13}[folder], "UIDVALIDITY of " + folder)
        equal(following, 42, "UIDNEXT of " + folder)
        equal({uid: m[0] for uid, m in mail.items()}, {5 * i: "m%d" % i for i in range(1, 7)} | {40: "m7", 41: "m8"}, folder)
        equal([[f for f in mail[uid][1] if f[0] != "\\"] for uid in (5, 10, 15, 20)],
              [["$Label1"], ["$Label1", "Projekt"], ["NonJunk"], []], "keywords in " + folder)
    equal({k: v for k, v in known["uidls"].items() if k != "m8"}, {"m%d" % i: "UID%d-1500000000" % (i + 10) for i in range(1, 8)}, "UIDLs")
    dovecot.is_content()


@test("Dovecot changes it, and so does this server: they go on agreeing")
def _():
    for place in (dovecot, server):
        c = Client(place, "anna")
        c.ok("SELECT INBOX")
        c.append(letter("from%d" % len(place.__class__.__name__)), flags="Projekt")
        c.ok("UID STORE 5 +FLAGS (Projekt)")
        c.ok("UID COPY 10 Sent")
        c.ok("UID STORE %d +FLAGS (\\Deleted)" % (20 if place is dovecot else 25))
        c.ok("EXPUNGE")
        c.logout()
        agree(server, dovecot, "anna", "after " + place.__class__.__name__)
    dovecot.is_content()


run()
