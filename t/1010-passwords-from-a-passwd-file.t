#!/usr/bin/env python3
# The passwd-file: which passwords are taken, which never, and that a change of the file counts at once.
import crypt
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

UID = 61000 if ROOT else os.getuid()
GID = 61000 if ROOT else os.getgid()
SCHEMES = {
    "yescrypt": "{CRYPT}" + crypt.crypt("secret yescrypt", "$y$j75$saltsaltsalt$"),
    "sha512": "{SHA512-CRYPT}" + crypt.crypt("secret sha512", "$6$rounds=1000$saltsalt$"),
    "sha256": "{SHA256-CRYPT}" + crypt.crypt("secret sha256", "$5$rounds=1000$saltsalt$"),
    "bcrypt": "{BLF-CRYPT}" + crypt.crypt("secret bcrypt", "$2b$04$abcdefghijklmnopqrstuu"),
    "bare": crypt.crypt("secret bare", "$6$rounds=1000$saltsalt$"),
    "plain": "{PLAIN}secret plain",
    "domain@example.org": "{PLAIN}secret domain@example.org",
}
WEAK = {
    "des": "{CRYPT}" + crypt.crypt("secret des", "ab"),
    "md5": "{CRYPT}" + crypt.crypt("secret md5", "$1$saltsalt$"),
    "locked": "!" + crypt.crypt("secret locked", "$6$rounds=1000$saltsalt$"),
    "empty": "",
}


def line(name, password, extra=""):
    return "%s:%s:%d:%d::/home/%s:/bin/sh:%s\n" % (name, password, UID, GID, name, extra)


USERS = "".join(line(n, h) for n, h in {**SCHEMES, **WEAK}.items())
authd = Authd(USERS + "broken:line\n" + line("away", "{PLAIN}secret away", "nologin") +
              line("inside", "{PLAIN}secret inside", "allow_nets=10.0.0.0/8,::1"))
talk = authd.talk()
lookup = authd.talk("auth-master")


def status(name, password, **more):
    return talk.plain(name, password, **more)[0]


@test("every accepted scheme takes its password and refuses another's")
def _():
    for name in SCHEMES:
        equal(status(name, "secret " + name), "OK", name)
    equal(status("sha512", "secret sha256"), "FAILED", "another's password")


@test("DES, MD5, locked and empty passwords let nobody in, but the account gets its mail")
def _():
    for name in WEAK:
        equal(status(name, "secret " + name), "FAILED", name)
        equal(lookup.by_name(name)[0], "found", name)
    equal(status("empty", ""), "FAILED", "empty password for an empty field")


@test("a broken line is named with its number, and the others are served")
def _():
    matches(authd.text(), r"users:%d: broken: the third" % (len(SCHEMES) + len(WEAK) + 1))


@test("wrong, empty, overlong and odd passwords are refused alike")
def _():
    for password in ["wrong", "", " ", "secret plain ", "secret plai", "secret plain\0", "x" * 1024, "\xff\n\t:"]:
        equal(status("plain", password), "FAILED", repr(password))


@test("names that are no names are refused and not looked up")
def _():
    for name in ["", "..", "../plain", "pl\0ain", "-plain", "plain\n", "plain:x", "a" * 255, "root", "%u"]:
        equal(status(name, "secret plain"), "FAILED", repr(name))
        equal(lookup.by_name(name)[0], "none", repr(name))


@test("nologin and allow_nets keep people out")
def _():
    equal(status("away", "secret away"), "FAILED")
    equal(status("inside", "secret inside", remote="192.0.2.9"), "FAILED")
    equal(status("inside", "secret inside", remote="10.1.2.3"), "OK")
    equal(status("inside", "secret inside", remote="::1"), "OK")


@test("a password in clear from elsewhere than loopback is refused though it is right")
def _():
    equal(status("plain", "secret plain", remote="10.9.9.9", secure=0), "FAILED")
    equal(status("plain", "secret plain", remote="127.0.0.1", secure=0), "OK")


@test("each failure is one line in the log, with service, name, address and reason")
def _():
    status("plain", "guess", service="pop3", remote="192.0.2.77")
    matches(authd.text(), r"failed service=pop3 user=plain remote=192.0.2.77 mech=login reason=wrong-password")


@test("a name cannot forge fields or lines of the log")
def _():
    status("x remote=9.9.9.9 mech=y\nauthd[1]: ok service=imap", "guess", remote="192.0.2.78")
    matches(authd.text(), r"failed service=imap user=x.remote.9\.9\.9\.9\S* remote=192.0.2.78 mech=login reason=bad-name")
    check("remote=9.9.9.9" not in authd.text())


@test("a changed file counts within two seconds: the old password fails, the new one does not")
def _():
    authd.write(line("plain", "{PLAIN}renewed") + line("newcomer", "{PLAIN}hello"))
    eventually(lambda: status("newcomer", "hello") == "OK", 4)
    equal(status("plain", "renewed"), "OK")
    equal(status("plain", "secret plain"), "FAILED")
    equal(lookup.by_name("sha512")[0], "none")


@test("a file of thousands of accounts is served")
def _():
    authd.write("".join(line("many%d" % i, "{PLAIN}secret %d" % i) for i in range(3000)) + line("plain", "{PLAIN}renewed"))
    eventually(lambda: status("many2999", "secret 2999") == "OK", 10)
    equal(status("many0", "secret 0"), "OK")
    equal(status("plain", "renewed"), "OK")
    check("Bad system call" not in authd.text())


@test("{PLAIN} in a file that others can read is not believed")
def _():
    authd.write(line("plain", "{PLAIN}renewed"), mode=0o644)
    eventually(lambda: status("plain", "renewed") == "FAILED", 4)


@test("a file that is gone for a moment takes nobody's account away")
def _():
    authd.write(line("plain", "{PLAIN}renewed"))
    eventually(lambda: status("plain", "renewed") == "OK", 4)
    os.rename(authd.passwd_file, authd.passwd_file + ".away")
    eventually(lambda: "stays in use" in authd.text(), 4)
    equal(lookup.by_name("plain")[0], "found")
    os.rename(authd.passwd_file + ".away", authd.passwd_file)


run()
