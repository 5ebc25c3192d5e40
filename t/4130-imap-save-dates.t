#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import calendar
from imapsession import *


def saved(s, which="1:*"):
    return [calendar.timegm(time.strptime(v["SAVEDATE"].decode(), "%d-%b-%Y %H:%M:%S +0000")) for _, v in sorted(s.fetch(which, "SAVEDATE").items())]


def opened(box, folder="INBOX"):
    s = Session(box)
    s.ok("SELECT " + folder)
    return s


@test("a message was saved when it was delivered or appended, whatever its dates say")
def _():
    box = Maildir()
    box.add(b"Subject: x\n\n", flags="", date=1200000000)
    name = os.path.basename(box.files()[0])
    s = opened(box)
    equal(saved(s), [int(name.split(".")[0])])
    before = int(time.time())
    s.append(b"Subject: y\r\n\r\n", date="01-Jan-2001 00:00:00 +0000")
    check(before <= saved(s, "2")[0] <= time.time())
    equal(s.fetch("2", "INTERNALDATE")[2]["INTERNALDATE"], b"01-Jan-2001 00:00:00 +0000")


@test("it stays the same while the message is in the mailbox: over flags, sessions, a lost index, RENAME")
def _():
    box = Maildir()
    s = opened(box)
    s.ok("CREATE a")
    s.append(b"Subject: y\r\n\r\n", folder="a")
    s.ok("SELECT a")
    first = saved(s)
    s.ok("STORE 1 +FLAGS (\\Seen Work)")
    s.ok("RENAME a b")
    s.logout()
    shutil.rmtree(os.path.join(box.path, "posthouse-index"))
    equal(saved(opened(box, "b")), first)


@test("COPY and MOVE give a new one (RFC 8514 section 3)")
def _():
    box = Maildir()
    for _ in range(2):
        box.add(b"Subject: x\n\n", flags="")
    s = opened(box)
    old = saved(s)
    s.ok("CREATE Trash")
    before = int(time.time())
    s.ok("COPY 1 Trash")
    s.ok("MOVE 2 Trash")
    equal(saved(s), old[:1])
    s.ok("SELECT Trash")
    check(all(before <= t <= time.time() for t in saved(s)), saved(s))


@test("a file without a time in its name has the time of the file")
def _():
    box = Maildir()
    path = os.path.join(box.path, "cur", "from-elsewhere:2,")
    with open(path, "wb") as f:
        f.write(b"x\n")
    os.utime(path, (1300000000, 1300000000))
    s = opened(box)
    equal(saved(s), [1300000000])
    s.ok("STORE 1 +FLAGS (\\Seen)")
    equal(saved(s), [1300000000])


@test("SEARCH compares the day on which messages were saved")
def _():
    box = Maildir()
    for day in (1, 2, 3):
        path = os.path.join(box.path, "cur", "%d.M%dP1.test:2," % (calendar.timegm((2015, 1, day, 12, 0, 0)), day))
        with open(path, "wb") as f:
            f.write(b"x\n")
    s = opened(box)
    equal(s.search("SAVEDBEFORE 2-Jan-2015"), [1])
    equal(s.search("SAVEDON 2-Jan-2015"), [2])
    equal(s.search("SAVEDSINCE 2-Jan-2015"), [2, 3])
    equal(s.search("NOT SAVEDON 2-Jan-2015"), [1, 3])
    equal(s.search("SAVEDATESUPPORTED"), [1, 2, 3])
    s.bad("SEARCH SAVEDON yesterday")
    s.bad("SEARCH SAVEDBEFORE")


run()
