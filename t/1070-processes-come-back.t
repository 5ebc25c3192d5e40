#!/usr/bin/env python3
# What happens when processes of authentication die, and when an ordinary user starts them.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

UID = 61000 if ROOT else os.getuid()
GID = 61000 if ROOT else os.getgid()
USERS = "anna:{PLAIN}secret:%d:%d::/home/anna::\nother:{PLAIN}secret:%d:%d::/home/other::\n" % (UID, GID, UID + 1, GID)
authd = Authd(USERS)


def works():
    try:
        return authd.talk().plain("anna", "secret")[0] == "OK"
    except (OSError, EOFError):
        return False


@test("each child is restarted and serves again")
def _():
    check(works())
    for program in ["posthouse-auth", "posthouse-nss", "posthouse-signer"]:
        pid = authd.child(program)
        os.kill(pid, 9)
        eventually(lambda: authd.child(program) not in (None, pid), 10, program + " did not come back")
        eventually(works, 10, "no logins after " + program)
    signer = SignerTalk(os.path.join(authd.dir, "run", "net", "signer"))
    check(signer.chain()[0] != 0, "no certificate after the restart")


@test("a reload takes new options on and drops no connection")
def _():
    talk = authd.talk()
    equal(talk.plain("anna", "secret")[0], "OK")
    with open(authd.conf, "a") as f:
        f.write("first_uid = 4000000000\n")
    authd.process.send_signal(1)
    eventually(lambda: "configuration reloaded" in authd.text(), 5)
    eventually(lambda: talk.plain("anna", "secret")[0] == "FAILED", 10, "first_uid did not count")
    with open(authd.conf, "a") as f:
        f.write("no_such_option = 1\n")
    authd.process.send_signal(1)
    eventually(lambda: "everything stays as it was" in authd.text(), 5)
    equal(talk.plain("anna", "secret")[0], "FAILED")


@test("authd ends on SIGTERM, quickly, with all of its children")
def _():
    pids = [authd.child("posthouse-" + p) for p in ("auth", "nss", "signer")]
    start = time.monotonic()
    authd.stop()
    equal(authd.process.returncode, 0, "exit status")
    check(time.monotonic() - start < 5)
    for pid in pids:
        check(not os.path.exists("/proc/%d" % pid), "process %d is still there" % pid)


@test("started by an ordinary user it serves that user's uid only")
def _():
    if ROOT and not build_is_open_to(UID):
        skip("the build tree lies where other users cannot look")
    mine = Authd(USERS.replace(":%d:" % GID, ":%d:" % (UID if ROOT else GID)), uid=UID if ROOT else None)
    matches(mine.text(), "ordinary user")
    talk = mine.talk()
    equal(talk.plain("anna", "secret")[0], "OK")
    equal(talk.plain("other", "secret")[0], "FAILED")
    equal(mine.talk("auth-master").by_name("other")[0], "none")
    for program in ["auth", "nss", "signer"]:
        state = open("/proc/%d/status" % mine.child("posthouse-" + program)).read()
        matches(state, r"^Uid:\s+%d\s" % UID, program)


run()
