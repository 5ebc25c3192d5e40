#!/usr/bin/env python3
# What sessions and waiting clients notice of a reload, and of processes that die: nothing, where that can be.
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna"])
LOGIN = 'a LOGIN anna "%s"' % PASSWORD


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


OLD, NEW = server.address("imap")[1], free_port()


def imap(port, tls=False, service="imap", timeout=20):
    t = Talk(server, service, tls=tls, address=("127.0.0.1", port), timeout=timeout)
    t.until(r"\* OK")
    return t


def reload_with(text, words):
    with open(server["conf"], "w") as f:
        f.write(text)
    os.kill(int(server["pid_access"]), signal.SIGHUP)
    eventually(lambda: words in server.log_text())


def served(port):
    try:
        return imap(port, timeout=3)
    except (OSError, AssertionError):
        return None


@test("a reload moves the listener; sessions and clients that have not logged in stay")
def _():
    waiting, clear = imap(OLD), imap(OLD)
    tls = imap(server.address("imaps")[1], tls=True)
    for t in (clear, tls):
        matches(t.ask(LOGIN, "a "), r"^a OK")
    conf = open(server["conf"]).read()
    moved = conf.replace(':%d"' % OLD, ':%d"' % NEW)
    check(moved != conf, "the port does not stand in the configuration")
    reload_with(moved, "configuration reloaded")
    eventually(lambda: served(NEW))
    eventually(lambda: not served(OLD))
    for t in (clear, tls):
        matches(t.ask("b NOOP", "b "), r"^b OK")
    matches(waiting.ask(LOGIN, "a "), r"^a OK")


@test("a wrong configuration changes nothing")
def _():
    conf = open(server["conf"]).read()
    reload_with("bogus = 1\n" + conf, "everything stays as it was")
    matches(imap(NEW).ask(LOGIN, "a "), r"^a OK")
    reload_with(conf, "configuration reloaded")


@test("a login while the authentication service is gone is a temporary failure, and works again soon")
def _():
    os.kill(server.children("posthouse-auth")[0], signal.SIGKILL)
    t = imap(NEW)
    matches(t.ask(LOGIN, "a "), r"^a (OK|NO \[UNAVAILABLE\])")
    eventually(lambda: imap(NEW).ask(LOGIN, "a ").startswith("a OK"), 20)


@test("a session in clear outlives the login process")
def _():
    t = imap(NEW)
    matches(t.ask(LOGIN, "a "), r"^a OK")
    for pid in server.children("posthouse-login"):
        os.kill(pid, signal.SIGKILL)
    matches(t.ask("b NOOP", "b "), r"^b OK")
    matches(eventually(lambda: served(NEW), 20).ask(LOGIN, "a "), r"^a OK")


run()
