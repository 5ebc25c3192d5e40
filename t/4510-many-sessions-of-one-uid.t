#!/usr/bin/env python3
# Virtual users share a uid, and the kernel grants a uid few inotify instances: a watcher process has one for all of their sessions.
import os
import select
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

NAMES = ["user%d" % i for i in range(8)]
SESSIONS = 48  # of all of them, twice as many as may watch alone

server = Sandbox(users=NAMES, one_uid=True)
idling = []  # (name, Talk)
delivered = {name: 0 for name in NAMES}


def idle(name):
    t = Talk(server, "imap")
    t.until(r"\* OK")
    t.ask('a LOGIN %s "%s"' % (name, PASSWORD), "a OK")
    t.ask("b SELECT INBOX", "b OK")
    t.send("c IDLE\r\n")
    t.until(r"\+ ")
    return name, t


def deliver(name, folder=None):
    user = server.user(name)
    delivered[name] += not folder
    maildir = os.path.join(user.maildir, "." + folder) if folder else user.maildir
    unique = "%d.M%dP%d.host" % (time.time(), delivered[name], os.getpid())
    path = os.path.join(maildir, "tmp", unique)
    with open(path, "w") as f:
        f.write("Subject: letter\n\nfor %s\n" % name)
    if ROOT:
        os.chown(path, user.uid, user.uid)
    os.rename(path, os.path.join(maildir, "new", unique))


def told(name):
    for who, t in idling:
        if who == name:
            t.until(r"\* %d EXISTS" % delivered[name])


def watchers(of=None):
    return (of or server).children("posthouse-watch")


@test("sessions that share a uid get a watcher process, which has that uid: they may not watch themselves")
def _():
    idling.append(idle(NAMES[0]))
    equal(len(watchers()), 1)
    idling.extend(idle(NAMES[i % len(NAMES)]) for i in range(1, SESSIONS))
    equal(len(watchers()), 1)
    check("\nUid:\t%d\t%d\t%d" % ((server.user(NAMES[0]).uid,) * 3) in open("/proc/%d/status" % watchers()[0]).read())


@test("each of them is told of a delivery, and nobody else")
def _():
    for name in NAMES[:3]:
        deliver(name)
    for name in NAMES[:3]:
        told(name)
    others = [t.socket for name, t in idling if name not in NAMES[:3]]
    equal(select.select(others, [], [], 0.2)[0], [])


@test("NOTIFY tells of mailboxes that are not open, through the watcher")
def _():
    name, other = NAMES[4], NAMES[5]
    sessions = []
    for who in (name, other):
        t = Talk(server, "imap")
        t.until(r"\* OK")
        t.ask('a LOGIN %s "%s"' % (who, PASSWORD), "a OK")
        t.ask("b CREATE Lists", "b OK")
        t.ask("c NOTIFY SET (MAILBOXES Lists (MessageNew MessageExpunge))", "c OK")
        sessions.append(t)
    deliver(name, "Lists")
    sessions[0].until(r'\* STATUS "?Lists"? \(MESSAGES 1 ')
    equal(select.select([sessions[1].socket], [], [], 0.2)[0], [])
    equal(len(watchers()), 1)
    for t in sessions:
        t.ask("d LOGOUT", "d OK")


@test("a session is told as long as its folder is open, and of the one that it selects next")
def _():
    name, t = idling[-1]
    t.send("DONE\r\n")
    t.until("c OK")
    t.ask("d CREATE Other", "d OK")
    t.ask("e SELECT Other", "e OK")
    t.send("f IDLE\r\n")
    t.until(r"\+ ")
    deliver(name)
    idling.pop()
    told(name)
    equal(select.select([t.socket], [], [], 0.2)[0], [])
    _, other = idle(name)
    other.send("DONE\r\n")
    other.until("c OK")
    other.ask("d COPY 1 Other", "d OK")
    t.until(r"\* 1 EXISTS")
    t.socket.close()
    other.socket.close()


@test("when the watcher is killed its sessions are told nevertheless, and a new session brings a new one")
def _():
    old = watchers()[0]
    os.kill(old, signal.SIGKILL)
    eventually(lambda: "watcher of uid" in server.log_text())
    for name in NAMES:
        deliver(name)
    for name in NAMES:
        told(name)
    idling.append(idle(NAMES[0]))
    eventually(lambda: len(watchers()) == 1)
    check(watchers()[0] != old)
    deliver(NAMES[0])
    told(NAMES[0])


@test("it ends with the last session")
def _():
    for _, t in idling:
        t.socket.close()
    eventually(lambda: not server.children("posthouse-imap"))
    eventually(lambda: not watchers())


@test("an account with a uid of its own gets a watcher with its twenty-fifth session")
def _():
    global server
    server = Sandbox(users=["solo"])
    delivered["solo"] = 0
    mine = [idle("solo")]
    equal(watchers(), [])
    mine.extend(idle("solo") for _ in range(SESSIONS - 1))
    equal(len(watchers()), 1)
    deliver("solo")
    for _, t in mine:
        t.until(r"\* 1 EXISTS")
    for _, t in mine:
        t.socket.close()
    eventually(lambda: not watchers())


run()
