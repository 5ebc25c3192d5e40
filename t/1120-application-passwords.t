#!/usr/bin/env python3
# A password of its own for each device: made, used, seen, revoked; for virtual and for system accounts.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

UID = 61000 if ROOT else os.getuid()
LINES = "".join("%s:{PLAIN}main of %s:%d:%d::/home/%s::%s\n" % (n, n, UID, UID, n, x) for n, x in
                [("anna", ""), ("ben", ""), ("away", "nologin"), ("near", "allow_nets=10.0.0.0/8")])
SYSTEM = "ph-app-%d" % os.getpid()
have_system = ROOT and shutil.which("useradd")
if have_system:
    atexit.register(subprocess.run, ["userdel", "-rf", SYSTEM], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["useradd", "-m", "-s", "/bin/sh", SYSTEM], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["usermod", "-p", crypt.crypt("main of system", "$6$rounds=1000$saltsalt$"), SYSTEM], check=True)


def start(options=""):
    box = Authd(LINES, options, accounts='"passwd-file", "pam"' if have_system else '"passwd-file"')
    return box


box = start()
net = box.talk()


def apppass(*words, expect=0, b=None):
    done = subprocess.run([os.path.join(BUILD, "auth", "posthouse-user"), "-c", (b or box).conf, "apppass", *words],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    equal(done.returncode, expect, "%s: %s" % (words, done.stderr.decode()))
    return done.stdout.decode().strip()


def status(name, password, talk=None, **more):
    return (talk or net).plain(name, password, **more)[0]


@test("a device's password lets its account in, beside the main one, however it is typed")
def _():
    secret = apppass("add", "anna", "phone")
    matches(secret, r"\A([a-km-z2-9]{4}-){4}[a-km-z2-9]{4}\Z")
    eventually(lambda: status("anna", secret) == "OK", 5)
    for typed in [secret.replace("-", ""), secret.replace("-", " ").upper()]:
        equal(status("anna", typed), "OK", typed)
    equal(status("anna", "main of anna"), "OK")
    equal(status("ben", secret), "FAILED", "another account")
    equal(status("anna", secret[:-1] + ("a" if secret[-1] != "a" else "b")), "FAILED")
    matches(box.text(), r"^.*ok service=imap user=anna remote=127.0.0.1 mech=login app=phone$")
    stored = open(box.dir + "/state/app-passwords").read()
    check(secret not in stored and secret.replace("-", "") not in stored, "stored in clear")
    equal(os.stat(box.dir + "/state/app-passwords").st_mode & 0o777, 0o600)


@test("a password for some services is refused by the others")
def _():
    secret = apppass("add", "--service", "imap,smtp", "anna", "reader")
    eventually(lambda: status("anna", secret) == "OK", 5)
    equal(status("anna", secret, service="smtp"), "OK")
    equal(status("anna", secret, service="pop3"), "FAILED")


@test("the list shows label, services, and when it was used last")
def _():
    secret = apppass("add", "ben", "new")
    matches(apppass("list", "ben"), r"\Anew\t\*\t\d{4}-\d\d-\d\dT[\d:]{8}Z\tnever\Z")
    eventually(lambda: status("ben", secret) == "OK", 5)
    matches(apppass("list", "ben"), r"\Anew\t\*\t[\dT:Z-]+\t\d{4}-\d\d-\d\dT[\d:]{8}Z\Z")
    equal(len(apppass("list", "anna").splitlines()), 2)
    box.stop()
    box.start()
    matches(apppass("list", "ben"), r"\Anew\t\*\t[\dT:Z-]+\t\d{4}-")
    net.s.close()
    net.__init__(os.path.join(box.dir, "run", "net/auth"))


@test("a revoked password fails at once, the others go on")
def _():
    secret, other = apppass("add", "ben", "lost"), apppass("add", "ben", "kept")
    eventually(lambda: status("ben", secret) == "OK", 5)
    apppass("remove", "ben", "lost")
    eventually(lambda: status("ben", secret) == "FAILED", 5)
    equal(status("ben", other), "OK")
    apppass("remove", "ben", "lost", expect=1)


@test("it opens no door that is shut for the account")
def _():
    away, near = apppass("add", "away", "x"), apppass("add", "near", "x")
    eventually(lambda: status("near", near, remote="10.1.1.1") == "OK", 5)
    equal(status("near", near, remote="192.0.2.1"), "FAILED")
    equal(status("away", away), "FAILED")
    matches(box.text(), r"failed service=imap user=away .*app=x reason=nologin")


@test("the main password can be barred where there are others, or always")
def _():
    for choice, anna, ben in [("unless-app", "FAILED", "OK"), ("no", "FAILED", "FAILED")]:
        b = start("main_password = %s\n" % choice)
        secret = apppass("add", "anna", "phone", b=b)
        talk = b.talk()
        eventually(lambda: status("anna", secret, talk) == "OK", 5)
        equal((status("anna", "main of anna", talk), status("ben", "main of ben", talk)), (anna, ben))
        matches(b.text(), r"failed .*user=anna .*reason=main-password-barred")
        b.stop()


@test("system accounts have them too, and PAM still says whether the account may be used")
def _():
    if not have_system:
        skip("system accounts are made by root only")
    secret = apppass("add", SYSTEM, "laptop")
    eventually(lambda: status(SYSTEM, secret) == "OK", 5)
    equal(status(SYSTEM, "main of system"), "OK")
    subprocess.run(["chage", "-E", "1", SYSTEM], check=True)
    check(status(SYSTEM, secret) in ("EXPIRED", "FAILED"))
    matches(box.text(), r"failed .*user=%s .*app=laptop reason=(expired|account-refused-by-pam)" % SYSTEM)


@test("odd words are refused, and an account that is deleted takes its passwords along")
def _():
    for words in [("add", "nobody-here", "x"), ("add", "anna", "a:b"), ("add", "anna", "x" * 65), ("add", "anna", "phone"),
                  ("add", "--service", "ftp", "anna", "y"), ("add", "anna"), ("frobnicate", "anna", "x"), ("add", "../x", "y")]:
        apppass(*words, expect=1)
    subprocess.run([os.path.join(BUILD, "auth", "posthouse-user"), "-c", box.conf, "delete", "anna"], check=True, stdout=subprocess.DEVNULL)
    equal(apppass("list", "anna"), "")
    check(apppass("list", "ben") != "")


run()
