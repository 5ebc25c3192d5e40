#!/usr/bin/env python3
# A right password is remembered for a while, to save the work of its hash; what else decides is looked at each time.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

UID = 61000 if ROOT else os.getuid()
SLOW = "$6$rounds=600000$"


def line(name, password, extra="", salt="saltsalt"):
    return "%s:%s:%d:%d::/home/%s::%s\n" % (name, crypt.crypt(password, SLOW + salt), UID, UID, name, extra)


ANNA, BEN = line("anna", "one"), line("ben", "one", salt="othersalt")
box = Authd(ANNA + BEN)
net = box.talk()
auth = box.child("posthouse-auth")


def cpu():
    fields = open("/proc/%d/stat" % auth).read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status(name, password, **more):
    return net.plain(name, password, **more)[0]


@test("fifty logins with one password cost less than ten hashes; another account with the same password is hashed by itself")
def _():
    before = cpu()
    equal(status("anna", "one"), "OK")
    one = cpu() - before
    before = cpu()
    for _ in range(50):
        equal(status("anna", "one"), "OK")
    check(cpu() - before < 10 * max(one, 0.05), "one %.2f s, fifty %.2f s" % (one, cpu() - before))
    equal(status("ben", "one"), "OK")
    equal(status("ben", "two"), "FAILED")
    equal(status("anna", "on"), "FAILED")


@test("a changed password counts at once, and the old one is not remembered")
def _():
    box.write(line("anna", "two") + BEN)
    eventually(lambda: status("anna", "two") == "OK", 8)
    equal(status("anna", "one"), "FAILED")
    equal(status("ben", "one"), "OK")


@test("what shuts the account shuts it although its password is remembered")
def _():
    equal(status("ben", "one"), "OK")
    box.write(line("anna", "two", "nologin") + line("ben", "one", "allow_nets=10.0.0.0/8", "othersalt"))
    eventually(lambda: status("ben", "one") == "FAILED", 8)
    equal(status("ben", "one", remote="10.0.0.1"), "OK")
    equal(status("anna", "two"), "FAILED")
    box.write("")
    eventually(lambda: status("ben", "one", remote="10.0.0.1") == "FAILED", 8)


run()
