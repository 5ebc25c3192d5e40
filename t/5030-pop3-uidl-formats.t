#!/usr/bin/env python3
# What UIDL tells is the operator's choice, in Dovecot's spelling, and says what Dovecot says with the same option.
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import poplib
from dovecot import *

FORMATS = ["%08Xu%08Xv", "UID%u-%v", "%v.%u", "%f", "%g", "%u"]


def uidls(server, user):
    p = poplib.POP3(*server.address("pop3"))
    p.user(user)
    p.pass_(PASSWORD)
    lines = [line.decode().split(" ", 1)[1] for line in p.uidl()[1]]
    p.quit()
    return lines


def put(server, n):
    """A letter, as a deliverer puts it there."""
    user = server.user("anna")
    if not os.path.isdir(user.maildir):
        uidls(server, "anna")
    path = os.path.join(user.maildir, "new", "%d.M%dP1.host" % (1700000000 + n, n))
    with open(path, "w") as f:
        f.write("Subject: %d\n\ntext\n" % n)
    if ROOT:
        os.chown(path, user.uid, user.uid)


@test("each format says what Dovecot says with it")
def _():
    for form in FORMATS:
        server = Sandbox(users=["anna"], conf='access { pop3_uidl_format = "%s" }\n' % form)
        for n in range(3):
            put(server, n)
        ours = uidls(server, "anna")
        equal(len(set(ours)), 3, form)
        equal(uidls(Dovecot(server, extra="pop3_uidl_format = %s\n" % form), "anna"), ours, form)
        server.stop()


@test("values that were told before stay, whatever the format")
def _():
    server = Sandbox(users=["anna"], conf='access { pop3_uidl_format = "UID%u-%v" }\n')
    maildir = server.user("anna").maildir
    put(server, 1)
    put(server, 2)
    uidls(server, "anna")
    path = os.path.join(maildir, "dovecot-uidlist")
    lines = open(path).read().split("\n")
    with open(path, "w") as f:
        f.write("\n".join([lines[0], lines[1].replace(" ", " Pkept-from-before ", 1)] + lines[2:]))
    equal(uidls(server, "anna")[0], "kept-from-before")
    matches(uidls(server, "anna")[1], r"^UID2-\d+$")


run()
