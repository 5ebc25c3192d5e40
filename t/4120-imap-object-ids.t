#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

ID = r"[A-Za-z0-9_-]{1,255}"


def filled(n=3, folder=""):
    box = Maildir()
    for i in range(n):
        box.add(b"Subject: %d\n\nbody\n" % i, flags="", folder=folder)
    return box


def mailbox_id(reply):
    return re.search(r"MAILBOXID \((%s)\)" % ID, (b"\n".join(reply.lines + [reply.last])).decode()).group(1)


def email_ids(s, which="1:*"):
    return [s_["EMAILID"][0] for _, s_ in sorted(s.fetch(which, "EMAILID").items())]


@test("CREATE, SELECT, EXAMINE and STATUS tell one identifier of a mailbox, and no two mailboxes share one")
def _():
    s = Session(filled())
    ids = set()
    for name in ("one", "two"):
        made = s.ok("CREATE " + name)
        check(made.text.startswith("[MAILBOXID ("), made.text)
        equal({mailbox_id(s.ok(c)) for c in ("SELECT " + name, "EXAMINE " + name, "STATUS %s (MAILBOXID UIDNEXT)" % name)}, {mailbox_id(made)})
        ids.add(mailbox_id(made))
    ids.add(mailbox_id(s.ok("SELECT INBOX")))
    equal(len(ids), 3)


@test("it survives RENAME and a lost index, but not DELETE")
def _():
    box = filled()
    s = Session(box)
    first = mailbox_id(s.ok("CREATE a"))
    s.ok("RENAME a b")
    equal(mailbox_id(s.ok("STATUS b (MAILBOXID)")), first)
    s.logout()
    shutil.rmtree(os.path.join(box.path, "posthouse-index"))
    s = Session(box)
    equal(mailbox_id(s.ok("STATUS b (MAILBOXID)")), first)
    s.ok("DELETE b")
    check(mailbox_id(s.ok("CREATE b")) != first)
    inbox = mailbox_id(s.ok("STATUS INBOX (MAILBOXID)"))
    s.ok("RENAME INBOX old")
    check(mailbox_id(s.ok("STATUS old (MAILBOXID)")) != inbox)


@test("EMAILID stands for a message for ever: over flags, COPY, MOVE, RENAME and a lost index")
def _():
    box = filled()
    s = Session(box)
    s.ok("CREATE there")
    s.ok("SELECT INBOX")
    ids = email_ids(s)
    equal(len(set(ids)), 3)
    check(all(re.fullmatch(ID, i) for i in ids), ids)
    s.ok("STORE 1 +FLAGS (\\Seen Work)")
    s.ok("COPY 1:2 there")
    s.ok("MOVE 3 there")
    s.ok("RENAME there elsewhere")
    s.ok("SELECT elsewhere")
    equal(email_ids(s), ids)
    s.ok("MOVE 1 INBOX")
    s.ok("COPY 1 INBOX")
    s.logout()
    shutil.rmtree(os.path.join(box.path, "posthouse-index"))
    s = Session(box)
    s.ok("SELECT INBOX")
    equal(email_ids(s), [ids[0], ids[1], ids[0], ids[1]])
    s.append(b"Subject: 0\r\n\r\nbody\r\n")
    check(email_ids(s, "5")[0] not in ids)


@test("names of every kind become identifiers that the RFC allows")
def _():
    box = Maildir()
    names = ["1600000001.weird name=x,S=2", "a" * 250, "a" * 249 + "b", "\xe4.test", "x_2ey", "x.y"]
    for name in names:
        with open(os.path.join(box.path, "cur", name + ":2,"), "wb") as f:
            f.write(b"x\n")
    s = Session(box)
    s.ok("SELECT INBOX")
    ids = email_ids(s)
    equal(len(set(ids)), len(names))
    check(all(re.fullmatch(ID, i) for i in ids), ids)


@test("SEARCH finds by EMAILID, in exactly this case; THREADID is NIL and finds nothing")
def _():
    s = Session(filled())
    s.ok("SELECT INBOX")
    ids = email_ids(s)
    equal(s.search("EMAILID " + ids[1]), [2])
    equal(s.search("NOT EMAILID " + ids[1]), [1, 3])
    equal(s.search("EMAILID " + ids[1].swapcase()), [])
    equal(s.fetch("1", "THREADID EMAILID")[1], {"THREADID": None, "EMAILID": [ids[0]]})
    equal(s.search("THREADID T64b478a75b7ea9"), [])
    s.bad("SEARCH EMAILID")


run()
