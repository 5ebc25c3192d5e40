#!/usr/bin/env python3
# System accounts: NSS says who, PAM judges the password in a process of its own.
import crypt
import os
import pwd
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

if not ROOT:
    skip_all("system accounts are made by root only")
if not shutil.which("useradd"):
    skip_all("useradd is not installed")

A, B, LOCKED = ["ph-auth-%s%d" % (c, os.getpid()) for c in "abc"]


def remove_accounts():
    for name in (A, B, LOCKED):
        subprocess.run(["userdel", "-rf", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


atexit.register(remove_accounts)
for name, secret in [(A, "first secret"), (B, "second secret"), (LOCKED, "third secret")]:
    subprocess.run(["useradd", "-m", "-s", "/bin/sh", name], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["usermod", "-p", crypt.crypt(secret, "$6$rounds=1000$saltsalt$"), name], check=True)
subprocess.run(["usermod", "-L", LOCKED], check=True)

authd = Authd(accounts='"pam", "passwd-file"',
              users="virtual:{PLAIN}virtual secret:61000:61000::/home/virtual::\n"
                    "%s:{PLAIN}stolen:61001:61001::/home/x::\n" % A)
net, master = authd.talk(), authd.talk("auth-master")


def status(name, password):
    return net.plain(name, password)[0]


@test("the right password lets a system account in, as the account that NSS knows")
def _():
    code, ticket, name = net.plain(A, "first secret")
    equal((code, name), ("OK", A))
    entry = pwd.getpwnam(A)
    found, account = master.redeem(ticket, "imap")
    equal(found, "found")
    equal((account["uid"], account["gid"], account["home"], account["mail"]),
          (entry.pw_uid, entry.pw_gid, entry.pw_dir, entry.pw_dir + "/Maildir"))


@test("wrong, empty, and another's passwords are refused")
def _():
    for password in ["wrong", "", "second secret", "first secret "]:
        equal(status(A, password), "FAILED", repr(password))
    equal(status(LOCKED, "third secret"), "FAILED", "locked account")


@test("a name that both know is the system's: the passwd-file cannot take it over")
def _():
    equal(status(A, "stolen"), "FAILED")
    equal(master.by_name(A)[1]["uid"], pwd.getpwnam(A).pw_uid)


@test("a name that only the passwd-file knows is served from there")
def _():
    equal(status("virtual", "virtual secret"), "OK")


@test("system names are compared exactly, and root and daemons are nobody")
def _():
    equal(status(A.upper(), "first secret"), "FAILED")
    for name in ["root", "daemon", "posthouse-auth", "nobody"]:
        equal(status(name, "x"), "FAILED", name)
        equal(master.by_name(name)[0], "none", name)


@test("a hundred tries at once are all answered, and no worker stays behind for long")
def _():
    ids = {}
    for i in range(100):
        right = i % 2 == 0
        ids[net.begin_plain(A, "first secret" if right else "wrong")] = "OK" if right else "FAILED"
    for _ in range(100):
        i, code, text, name = net.result()
        equal(code, ids.pop(i), "answer to %d" % i)
    eventually(lambda: authd.child("posthouse-pam") is None, 9, "a PAM worker is still there")


@test("a changed system password counts at once")
def _():
    subprocess.run(["usermod", "-p", crypt.crypt("renewed", "$6$rounds=1000$saltsalt$"), A], check=True)
    equal(status(A, "renewed"), "OK")
    equal(status(A, "first secret"), "FAILED")


@test("the nss process may die: the next question is answered by its successor")
def _():
    os.kill(authd.child("posthouse-nss"), 9)
    equal(status(B, "second secret"), "OK")


run()
