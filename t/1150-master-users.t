#!/usr/bin/env python3
# Master users: account*master with the master's password; a file of their own that gives nobody else anything.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

UID = 61000 if ROOT else os.getuid()


def line(name, extra=""):
    return "%s:{PLAIN}pass of %s:%d:%d::/home/%s::%s\n" % (name, name, UID, UID, name, extra)


plain = Authd(line("anna"))
masters = plain.dir + "/masters"
with open(masters, "w") as f:
    f.write("admin:{PLAIN}pass of admin\nhashed:%s\nnear:{PLAIN}pass of near::::::allow_nets=10.0.0.0/8\noff:{PLAIN}pass of off::::::nologin\n"
            "anna:{PLAIN}other pass of anna\n" % crypt.crypt("pass of hashed", "$6$rounds=1000$saltsalt$"))
os.chmod(masters, 0o600)
box = Authd(line("anna") + line("away", "nologin") + line("inside", "allow_nets=192.0.2.0/24"), 'master_file = "%s"\n' % masters)
net = box.talk()


def status(name, password, talk=None, **more):
    return (talk or net).plain(name, password, **more)[0]


@test("a master logs in to an account with his own password, and the log has both names")
def _():
    code, ticket, name = net.plain("anna*admin", "pass of admin")
    equal((code, name), ("OK", "anna"))
    equal(box.talk("auth-master").redeem(ticket, "imap")[1]["name"], "anna")
    matches(box.text(), r"ok service=imap user=anna remote=127.0.0.1 mech=login master=admin$")
    equal(status("anna*hashed", "pass of hashed"), "OK")
    equal(net.sasl("PLAIN", b64("\0anna*admin\0pass of admin"))[0], "OK")


@test("nothing else is a master, and a master is no account")
def _():
    for name, password in [("anna*admin", "pass of anna"), ("anna*admin", "wrong"), ("anna*anna", "pass of anna"), ("anna*away", "pass of away"),
                           ("anna*nobody", "pass of admin"), ("admin", "pass of admin"), ("anna", "pass of admin"), ("anna", "other pass of anna"),
                           ("nobody-here*admin", "pass of admin"), ("*admin", "pass of admin"), ("anna*", "pass of admin"), ("anna*admin*admin", "pass of admin"),
                           ("root*admin", "pass of admin"), ("anna*off", "pass of off"), ("anna*../x", "x")]:
        equal(status(name, password, remote="192.0.2.%d" % (len(name) + len(password))), "FAILED", name + " " + password)
    matches(box.text(), r"failed .*user=anna .*master=nobody reason=unknown-master")


@test("what is shut for the account is shut for the master, and his own networks count")
def _():
    equal(status("away*admin", "pass of admin"), "FAILED")
    equal(status("inside*admin", "pass of admin", remote="10.0.0.1"), "FAILED")
    equal(status("inside*admin", "pass of admin", remote="192.0.2.201"), "OK")
    equal(status("anna*near", "pass of near", remote="10.0.0.1"), "OK")
    equal(status("anna*near", "pass of near", remote="192.0.2.202"), "FAILED")


@test("without the option there are none")
def _():
    equal(status("anna*admin", "pass of admin", plain.talk()), "FAILED")
    equal(status("anna", "pass of anna", plain.talk()), "OK")


@test("a changed file counts")
def _():
    with open(masters + ".new", "w") as f:
        f.write("admin:{PLAIN}renewed\n")
    os.chmod(masters + ".new", 0o600)
    os.rename(masters + ".new", masters)
    eventually(lambda: status("anna*admin", "renewed") == "OK", 8)
    equal(status("anna*admin", "pass of admin"), "FAILED")


run()
