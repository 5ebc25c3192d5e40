#!/usr/bin/env python3
# Who guesses is banned from all services, who forgot to change a password on one device is not, and the operator has a word in it.
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

UID = 61000 if ROOT else os.getuid()
LINES = "".join("%s:{PLAIN}right %s:%d:%d::/home/%s::\n" % (n, n, UID, UID, n) for n in ["anna", "ben"])
box = Authd(LINES, "ban_after = 4\nban_time = 3s\n")
with open(box.conf) as f:
    conf = f.read()
with open(box.conf, "w") as f:
    f.write('trusted_networks = {"10.1.0.0/16"}\n' + conf)
box.stop()
box.start()
net = box.talk()


def ban(*words, expect=0):
    done = subprocess.run([os.path.join(BUILD, "auth", "posthouse-ban"), words[0], "-c", box.conf, *words[1:]], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=30)
    equal(done.returncode, expect, "%s: %s" % (words, done.stderr.decode()))
    return done.stdout.decode()


def guess(name, passwords, remote, talk=net):
    """All at once; the answers come when their delays are over."""
    for p in passwords:
        talk.begin_plain(name, p, remote=remote)


def front_end():
    """What a new front end is told."""
    talk = box.talk()
    talk.s.settimeout(0.3)
    told = []
    try:
        while True:
            kind, r = talk.receive()
            equal(kind, BAN)
            r.u32()
            told.append((r.u32(), r.data().decode()))
    except TimeoutError:
        return told


@test("an address with many different wrong passwords is banned, every front end is told, and the ban ends")
def _():
    watcher = box.talk()
    guess("anna", ["a", "b", "c"], "192.0.2.1")
    time.sleep(0.3)
    equal(ban("list"), "")
    guess("anna", ["d"], "192.0.2.1")
    eventually(lambda: "192.0.2.1/32" in ban("list"), 5)
    matches(ban("list"), r"^192\.0\.2\.1/32\t\d{4}-\d\d-\d\dT[\d:]+Z\t4-failed-logins$")
    kind, r = watcher.receive()
    equal((kind, r.u32(), r.u32(), r.data()), (BAN, 0, 0, b"192.0.2.1/32"))
    equal(front_end(), [(0, "192.0.2.1/32")])
    matches(box.text(), r"banned net=192\.0\.2\.1/32 for=3 reason=4-failed-logins")
    kind, r = watcher.receive()
    equal((kind, r.u32(), r.u32(), r.data()), (BAN, 0, 1, b"192.0.2.1/32"))
    equal(ban("list"), "")
    watcher.close()


@test("a forgotten device with one wrong password is not banned, however often it comes; each failure is a line of its own")
def _():
    talk = box.talk()
    guess("anna", ["forgotten"] * 12, "192.0.2.2", talk)
    for _ in range(12):
        equal(talk.result()[1], "FAILED")
    equal(ban("list"), "")
    equal(box.text().count("remote=192.0.2.2 mech=login reason=wrong-password"), 12)


@test("an address from which somebody has logged in is not banned, trusted ones and loopback never")
def _():
    talk = box.talk()
    equal(talk.plain("ben", "right ben", remote="192.0.2.3")[0], "OK")
    for remote in ["192.0.2.3", "10.1.2.3", "127.0.0.1", "::1"]:
        guess("nobody" + remote[-1], ["1", "2", "3", "4", "5", "6"], remote, talk)
    eventually(lambda: box.text().count("remote=10.1.2.3 mech=login reason=unknown") == 6, 10)
    equal(ban("list"), "")
    talk.close()


@test("who has logged in from where is known after a restart, too")
def _():
    box.stop()
    box.start()
    net.s.close()
    net.__init__(os.path.join(box.dir, "run", "net/auth"))
    talk = box.talk()
    guess("someone-else", ["1", "2", "3", "4", "5", "6"], "192.0.2.3", talk)
    time.sleep(1)
    equal(ban("list"), "")
    start = time.monotonic()
    equal(net.plain("ben", "right ben", remote="192.0.2.3")[0], "OK")
    check(time.monotonic() - start < 1, "the owner had to wait")
    talk.close()


@test("IPv6 counts by the /64")
def _():
    talk = box.talk()
    for i in range(4):
        guess("someone", ["six%d" % i], "2001:db8:5:6::%d" % i, talk)
    eventually(lambda: "2001:db8:5:6::/64" in ban("list"), 5)
    talk.close()


@test("the operator bans a network, for a time or for ever, sees it and lifts it; a restart keeps it")
def _():
    ban("add", "--for", "1h", "--reason", "spam-run", "198.51.100.0/24")
    ban("add", "2001:db8:ffff::/48")
    matches(ban("list"), r"^198\.51\.100\.0/24\t.*\tspam-run$")
    matches(ban("list", "--json"), r'^\{"network":"2001:db8:ffff::/48","until":0,"reason":"by-hand"\}$')
    time.sleep(0.7)
    box.stop()
    box.start()
    matches(ban("list"), r"^198\.51\.100\.0/24\t.*\tspam-run$")
    check((0, "2001:db8:ffff::/48") in front_end())
    ban("remove", "198.51.100.0/24")
    check("198.51.100.0" not in ban("list"))
    ban("remove", "198.51.100.0/24", expect=1)


@test("a password from a banned address is not looked at, even if the connection was there before")
def _():
    talk = box.talk()
    ban("add", "192.0.2.99")
    eventually(lambda: "192.0.2.99" in ban("list"))
    equal(talk.plain("anna", "right anna", remote="192.0.2.98")[0], "OK")
    r = talk.begin_plain("anna", "right anna", remote="192.0.2.99")
    eventually(lambda: "remote=192.0.2.99 mech=login reason=banned" in box.text(), 5)


@test("nonsense is refused with a word, and nobody else may ban")
def _():
    ban("add", "nowhere", expect=1)
    ban("add", "0.0.0.0/0", expect=1)
    ban("add", "--for", "soon", "192.0.2.1", expect=100)
    ban("frobnicate", expect=100)
    talk = box.talk()
    while True:  # what it is told on connecting
        talk.s.settimeout(0.3)
        try:
            talk.receive()
        except TimeoutError:
            break
    talk.send(BAN_ASK, u32(1), u32(1), data("192.0.2.55"), struct.pack("=Q", 0), data("x"))
    try:
        talk.receive()
        check(False, "answered")
    except (EOFError, ConnectionError):
        pass
    check("192.0.2.55" not in ban("list"))


run()
