#!/usr/bin/env python3
# SASL as strangers send it, records as broken processes send them, and the good exchange beside them.
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

UID = 61000 if ROOT else os.getuid()
GID = 61000 if ROOT else os.getgid()
authd = Authd("anna:{PLAIN}secret:%d:%d::/home/anna::\n" % (UID, GID))
net = authd.talk()
GOOD = b64("\0anna\0secret")


@test("PLAIN and LOGIN in all their forms")
def _():
    equal(net.sasl("PLAIN", GOOD)[0], "OK")
    equal(net.sasl("plain", GOOD)[0], "OK")
    equal(net.sasl("PLAIN", b64("anna\0anna\0secret"))[0], "OK")
    equal(net.sasl("PLAIN", None, GOOD)[::2], ("OK", [""]))
    equal(net.sasl("LOGIN", None, b64("anna"), b64("secret"))[::2], ("OK", [b64("Username:"), b64("Password:")]))
    equal(net.sasl("LOGIN", b64("anna"), b64("secret"))[::2], ("OK", [b64("Password:")]))


@test("malformed messages are invalid, and a good exchange on the same connection is not disturbed")
def _():
    bad = ["", "!", "AGFubmEAc2VjcmV", "AGFubmEA c2VjcmV0", b64("anna"), b64("\0anna"), b64("\0\0"), b64("bert\0anna\0secret"),
           b64("\0anna\0sec\0ret"), b64("\0an\nna\0secret"), "*", "=" * 5, "A" * 12288]
    for text in bad:
        waiting = net.begin("LOGIN", service="pop3")
        equal(net.result()[:2], (waiting, "CONTINUE"))
        status, _, _ = net.sasl("PLAIN", text)
        check(status in ("INVALID", "FAILED"), "%r: %s" % (text[:40], status))
        net.send(CONTINUE, u32(waiting), data(b64("anna")))
        equal(net.result()[:2], (waiting, "CONTINUE"))
        net.send(CONTINUE, u32(waiting), data(b64("secret")))
        equal(net.result()[:2], (waiting, "OK"))


@test("an unknown mechanism is invalid")
def _():
    for mechanism in ["", "CRAM-MD5", "EXTERNAL", "ANONYMOUS", "GSSAPI", "PLAI", "PLAIN\0"]:
        equal(net.sasl(mechanism, GOOD)[0], "INVALID", mechanism)


@test("an address that is none is invalid")
def _():
    for remote in ["", "x", "1.2.3.4 reason=", "1.2.3.4\n"]:
        equal(net.plain("anna", "secret", remote=remote)[0], "INVALID", remote)


@test("a cancelled exchange is gone, and its number can be used again")
def _():
    i = net.begin("LOGIN")
    equal(net.result()[:2], (i, "CONTINUE"))
    net.send(CANCEL, u32(i))
    net.ids = i - 1
    equal(net.plain("anna", "secret")[0], "OK")


@test("ten bad tries of each mechanism on one connection, and the eleventh is judged like the first")
def _():
    for _ in range(10):
        net.begin("PLAIN", b64("\0anna\0wrong"))
        net.begin("LOGIN", b64("anna"))
        net.begin_plain("anna", "wrong")
    seen = [net.result()[1] for _ in range(30)]
    equal((seen.count("FAILED"), seen.count("CONTINUE")), (20, 10))
    equal(net.plain("anna", "wrong")[0], "FAILED")
    equal(net.plain("anna", "secret")[0], "OK")


@test("records that are no records end their own connection only")
def _():
    before = authd.child("posthouse-auth")
    noise = random.Random(1)
    for path in ["net/auth", "auth-lookup", "auth-master", "net/signer"]:
        for _ in range(300):
            talk = authd.talk(path)
            try:
                for _ in range(3):
                    size = noise.choice([0, 1, 2, 3, 6, 30, 300, 5000])
                    kind = struct.pack("=H", noise.choice([0, 1, 2, 3, 4, 5, 6, 7, 32, 65535]))
                    talk.s.send((kind + noise.randbytes(size))[:max(1, size)])
            except OSError:
                pass
            talk.close()
    equal(net.plain("anna", "secret")[0], "OK")
    equal(authd.child("posthouse-auth"), before, "posthouse-auth")


@test("a connection that goes away in the middle leaves nothing behind")
def _():
    for _ in range(50):
        talk = authd.talk()
        for _ in range(20):
            talk.begin("LOGIN")
            talk.begin_plain("anna", "wrong")
        talk.close()
    equal(net.plain("anna", "secret")[0], "OK")


run()
