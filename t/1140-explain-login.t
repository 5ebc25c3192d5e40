#!/usr/bin/env python3
# `posthouse explain login`: which rule would refuse it, and why; and that the server agrees.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

UID = 61000 if ROOT else os.getuid()
PASSWORD = "right"


def line(name, field="{PLAIN}right", uid=UID, extra=""):
    return "%s:%s:%d:%d::/home/%s::%s\n" % (name, field, uid, UID, name, extra)


box = Authd(line("anna") + line("away", extra="nologin") + line("near", extra="allow_nets=10.0.0.0/8") + line("none", "!") + line("low", uid=7) +
            line("moved", extra="userdb_mail=maildir:~/M:CONTROL=/var/x") + line("weak", "{MD5}x") + line("other", extra="aliases=alias@example.org"))
net = box.talk()


def explain(name, *words, expect=None):
    done = subprocess.run([os.path.join(BUILD, "auth", "posthouse-explain"), "login", "-c", box.conf, *words, name],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
    if expect is not None:
        equal(done.returncode, expect, done.stdout.decode() + done.stderr.decode())
    return done.stdout.decode()


@test("what it says is what the server does, for each rule, and it names the rule")
def _():
    for name, ip, good, rule in [("anna", "127.0.0.1", True, "ok +password"), ("away", "127.0.0.1", False, "refuse +nologin"),
                                 ("near", "192.0.2.1", False, "refuse +allow_nets +192.0.2.1 is not in 10.0.0.0/8"), ("near", "10.0.0.1", True, "ok +allow_nets"),
                                 ("none", "127.0.0.1", False, "refuse +password"), ("low", "127.0.0.1", False, r"users:5: low: uid below first_uid"),
                                 ("moved", "127.0.0.1", False, r"users:6: moved: .*CONTROL"), ("weak", "127.0.0.1", False, "scheme is not supported"),
                                 ("nobody-here", "127.0.0.1", False, "nobody has this name"), ("..", "127.0.0.1", False, "refuse +name"),
                                 ("alias@example.org", "127.0.0.1", True, "line 8, as other")]:
        said = explain(name, "--ip", ip, expect=0 if good else 1)
        matches(said, rule, name)
        matches(said, r"would be (accepted|refused)\.\n\Z")
        equal(net.plain(name, PASSWORD, remote=ip)[0] == "OK", good, name)
        check(PASSWORD not in said.replace("right password", ""), "a password was shown")


@test("it knows bans and slow-downs of the running server")
def _():
    net.plain("anna", "wrong", remote="192.0.2.9")
    matches(explain("anna", "--ip", "192.0.2.9", expect=0), r"guessing +1 wrong passwords from 192\.0\.2\.9, 1 for anna")
    subprocess.run([os.path.join(BUILD, "auth", "posthouse-ban"), "add", "-c", box.conf, "192.0.2.9"], check=True)
    matches(explain("anna", "--ip", "192.0.2.9", expect=1), r"refuse +ban +192\.0\.2\.9 is banned \(by-hand\)")
    equal(net.plain("anna", PASSWORD, remote="192.0.2.8")[0], "OK")
    matches(explain("anna", "--ip", "192.0.2.8", expect=0), r"has logged in from there")


@test("a barred main password is said, and that the server does not run")
def _():
    with open(box.conf, "a") as f:
        f.write("auth { main_password = no }\n")
    conf = open(box.conf).read().replace("auth { main_password = no }\n", "").replace("auth {", "auth {\n main_password = no\n")
    with open(box.conf, "w") as f:
        f.write(conf)
    matches(explain("anna", expect=1), r"refuse +main_password .* no application password")
    box.stop()
    matches(explain("anna", expect=1), r"note +server +bans and slow-downs are not known")


@test("wrong use is told")
def _():
    for words in [[], ["login"], ["login", "--service", "ftp", "anna"], ["mail", "anna"]]:
        done = subprocess.run([os.path.join(BUILD, "auth", "posthouse-explain"), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        equal(done.returncode, 100, words)


run()
