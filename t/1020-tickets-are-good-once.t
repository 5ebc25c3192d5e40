#!/usr/bin/env python3
# Tickets: once, for one service, on the right socket, for seconds; and who may ask for what.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

UID = 61000 if ROOT else os.getuid()
GID = 61000 if ROOT else os.getgid()
authd = Authd("anna:{PLAIN}secret:%d:%d::/home/anna::userdb_quota_rule=*:storage=1G\n"
              "root2:{PLAIN}secret:0:0::/root::\n" % (UID, GID))
net, lookup, master = authd.talk(), authd.talk("auth-lookup"), authd.talk("auth-master")


def ticket(service):
    status, text, name = net.plain("anna", "secret", service=service)
    equal((status, name, len(text)), ("OK", "anna", 36))
    return text


@test("a ticket gives the account, once")
def _():
    t = ticket("imap")
    status, account = master.redeem(t, "imap")
    equal(status, "found")
    equal((account["name"], account["uid"], account["mail"], account["bytes"]),
          ("anna", UID, "/home/anna/Maildir", 1 << 30))
    equal(master.redeem(t, "imap")[0], "none")


@test("a ticket for one service is no good for another, and void after the attempt")
def _():
    t = ticket("imap")
    equal(master.redeem(t, "pop3")[0], "none")
    equal(master.redeem(t, "imap")[0], "none")


@test("tickets of smtp are redeemed by queue only, those of imap and pop3 by root only")
def _():
    equal(master.redeem(ticket("smtp"), "smtp")[0], "none")
    equal(lookup.redeem(ticket("imap"), "imap")[0], "none")
    equal(lookup.redeem(ticket("smtp"), "smtp")[0], "found")
    equal(master.redeem(ticket("pop3"), "pop3")[0], "found")


@test("made-up tickets are refused")
def _():
    for t in ["", "0" * 36, "f" * 35, "g" * 36]:
        equal(master.redeem(t, "imap")[0], "none", t)


@test("a service that is not known gets no ticket")
def _():
    equal(net.plain("anna", "secret", service="ftp")[0], "INVALID")


@test("uid 0 is served to nobody, whatever the file says")
def _():
    equal(net.plain("root2", "secret")[0], "FAILED")
    equal(master.by_name("root2")[0], "none")
    equal(master.by_uid(0)[0], "none")


@test("a front end can look up nobody, and queue can try no password")
def _():
    for talk, attempt in [(authd.talk(), lambda t: t.by_name("anna")),
                          (authd.talk(), lambda t: t.redeem("0" * 36, "imap")),
                          (authd.talk("auth-lookup"), lambda t: t.plain("anna", "secret")),
                          (authd.talk("auth-master"), lambda t: t.plain("anna", "secret"))]:
        try:
            attempt(talk)
            check(False, "answered")
        except (EOFError, ConnectionError):
            pass


@test("the sockets belong to those who may use them")
def _():
    if not ROOT:
        skip("needs root")
    import grp
    wanted = {"net/auth": ("posthouse-net", 0o660), "net/signer": ("posthouse-net", 0o660),
              "auth-lookup": ("posthouse", 0o660), "auth-master": ("root", 0o600)}
    for path, (group, mode) in wanted.items():
        st = os.stat(os.path.join(authd.dir, "run", path))
        equal((st.st_uid, grp.getgrgid(st.st_gid).gr_name, st.st_mode & 0o777), (0, group, mode), path)


@test("a ticket is void after twenty seconds")
def _():
    t = ticket("imap")
    time.sleep(20.5)
    equal(master.redeem(t, "imap")[0], "none")


run()
