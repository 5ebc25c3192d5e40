#!/usr/bin/env python3
# The queue is killed, and each of its system calls failed, in the middle of messages: what was acknowledged arrives, once and whole. A sample;
# t/crash/crash_relay.py does it at every call (make check-crash-relay).
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "crash"))
from crash_relay import *

if not ROOT or not shutil.which("strace"):
    skip_all("needs root and strace")
with open(os.path.join(BUILD, "config.h")) as f:
    if "#define WITH_SANITIZERS 1" in f.read():
        skip_all("sanitizers make system calls of their own, and do not bear that those fail, nor strace")
relay = Relay()


def sample(scenario, kind, every):
    tried = sweep(relay, [scenario], [kind], every, offset=int(os.environ.get("SEED", "0")))
    check(tried >= 1, "only %d points" % tried)


for scenario, kind, every in (("here", "kill", 15), ("here", "error", 3), ("many", "kill", 60), ("away", "kill", 12), ("away", "error", 4),
                              ("bounce", "kill", 20), ("bounce", "error", 6)):
    test("%s: the queue %s in the middle" % (scenario, "is killed" if kind == "kill" else "gets errors from the system"))(
        lambda a=(scenario, kind, every): sample(*a))


@test("a killed deliverer loses nothing")
def _():
    for name, k in (("fsync", 1), ("fsync", 2), ("renameat2", 1), ("sendmsg", 1), ("write", 1)):
        relay.send("here")
        disturb(relay, "here", "posthouse-local", "kill", name, k)
        relay.verify()


run()
