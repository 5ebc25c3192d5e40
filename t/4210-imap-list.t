#!/usr/bin/env python3
# LIST in all its forms: RFC 3501, LIST-EXTENDED (RFC 5258), LIST-STATUS (RFC 5819), SPECIAL-USE (RFC 6154), STATUS=SIZE (RFC 8438).
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *


def session(*folders, subscribed=()):
    box = Maildir()
    s = Session(box)
    for name in folders:
        s.ok("CREATE " + name)
    for name in subscribed:
        s.ok("SUBSCRIBE " + name)
    return box, s


def listed(s, arguments, command="LIST"):
    """{name: (set of attributes, what stands behind the name)}."""
    found = {}
    for line in s.ok(command + " " + arguments).untagged(r"^\* %s " % command):
        m = re.match(r'\* \w+ \(([^)]*)\) "\." (?:"([^"]*)"|([^ "]+))(.*)$', line.decode())
        check(m, "not LIST: %r" % line)
        name = m[2] if m[2] is not None else m[3]
        check(name not in found, "%s is listed twice" % name)
        found[name] = (set(m[1].split()), m[4].strip())
    return found


def attributes(s, arguments, command="LIST"):
    return {name: found[0] for name, found in listed(s, arguments, command).items()}


LEAF, PARENT = "\\HasNoChildren", "\\HasChildren"


@test("patterns, a list of them, and the reference are joined and matched")
def _():
    _, s = session("a", "a.b", "a.b.c", "d.e")
    equal(sorted(listed(s, '"" *')), ["INBOX", "a", "a.b", "a.b.c", "d", "d.e"])
    equal(sorted(listed(s, '"" %')), ["INBOX", "a", "d"])
    equal(sorted(listed(s, '"" (%.% inbox)')), ["INBOX", "a.b", "d.e"])
    equal(sorted(listed(s, 'a. *')), ["a.b", "a.b.c"])
    equal(sorted(listed(s, '"" a.%')), ["a.b"])
    equal(s.ok('LIST "" ""').lines, [b'* LIST (\\Noselect) "." ""'])
    equal(attributes(s, '"" d'), {"d": {"\\Noselect", PARENT}})
    equal(attributes(s, '"" (d)'), {"d": {"\\NonExistent", PARENT}})
    s.no('LIST "" "%s"' % ("%a" * 600), "LIMIT")
    s.no('LIST "" (%s)' % " ".join("a" * 101), "LIMIT")


@test("SUBSCRIBED selects, also what is not there, and is told of on demand")
def _():
    _, s = session("a", "a.b", "c", subscribed=("a.b", "gone"))
    equal(attributes(s, '(SUBSCRIBED) "" *'), {"a.b": {LEAF, "\\Subscribed"}, "gone": {"\\NonExistent", LEAF, "\\Subscribed"}})
    equal(attributes(s, '"" * RETURN (SUBSCRIBED CHILDREN)')["a.b"], {LEAF, "\\Subscribed"})
    equal(attributes(s, '"" *')["a.b"], {LEAF})
    equal(attributes(s, '"" *', "LSUB"), {"a.b": {LEAF}, "gone": {"\\Noselect", LEAF}})
    equal(attributes(s, '"" %', "LSUB"), {"a": {"\\Noselect", PARENT}, "gone": {"\\Noselect", LEAF}})
    equal(attributes(s, '(REMOTE SUBSCRIBED) "" a*'), {"a.b": {LEAF, "\\Subscribed"}})


@test("RECURSIVEMATCH names the parents of what is selected, with CHILDINFO")
def _():
    _, s = session("a", "a.b", "a.b.c", "d", "e.f", subscribed=("a.b.c", "e.f", "d"))
    found = listed(s, '(SUBSCRIBED RECURSIVEMATCH) "" %')
    equal(sorted(found), ["a", "d", "e"])
    equal(found["a"], ({PARENT}, '("CHILDINFO" ("SUBSCRIBED"))'))
    equal(found["d"], ({LEAF, "\\Subscribed"}, ""))
    equal(found["e"], ({"\\NonExistent", PARENT}, '("CHILDINFO" ("SUBSCRIBED"))'))
    equal(sorted(listed(s, '(SUBSCRIBED RECURSIVEMATCH) "" *')), ["a.b.c", "d", "e.f"])
    s.bad('LIST (RECURSIVEMATCH) "" *')
    s.bad('LIST (REMOTE RECURSIVEMATCH) "" *')
    s.bad('LIST (RUBBISH) "" *')
    s.bad('LIST "" * RETURN (RECURSIVEMATCH)')
    s.bad('LIST "" * (SUBSCRIBED)')


@test("special uses go by the names that clients use, one folder for each")
def _():
    _, s = session('"Sent Messages"', "Drafts", '"Deleted Items"', "Spam", "Archives", "Other")
    uses = {name: a - {LEAF} for name, a in attributes(s, '"" *').items()}
    equal(uses, {"INBOX": set(), "Sent Messages": {"\\Sent"}, "Drafts": {"\\Drafts"}, "Deleted Items": {"\\Trash"}, "Spam": {"\\Junk"},
                 "Archives": {"\\Archive"}, "Other": set()})
    s.ok("CREATE Sent")
    equal(attributes(s, '"" Sent*'), {"Sent": {LEAF, "\\Sent"}, "Sent Messages": {LEAF}})
    equal(sorted(listed(s, '(SPECIAL-USE) "" *')), ["Archives", "Deleted Items", "Drafts", "Sent", "Spam"])
    s.ok("SUBSCRIBE Sent")
    equal(attributes(s, '"" *', "LSUB"), {"Sent": {LEAF, "\\Sent"}})
    equal(attributes(s, '(SPECIAL-USE SUBSCRIBED) "" *'), {"Sent": {LEAF, "\\Sent", "\\Subscribed"}})


@test("CREATE gives uses, which last, and follow the folder")
def _():
    box, s = session("Sent")
    s.ok("CREATE Gesendet (USE (\\Sent \\Archive))")
    for again in (s, Session(box)):
        equal(attributes(again, '"" (Gesendet Sent)'), {"Gesendet": {LEAF, "\\Sent", "\\Archive"}, "Sent": {LEAF}})
    s.ok("RENAME Gesendet Outbox")
    equal(attributes(s, '(SPECIAL-USE) "" *'), {"Outbox": {LEAF, "\\Sent", "\\Archive"}})
    s.ok("DELETE Outbox")
    s.ok("CREATE Outbox")
    equal(attributes(s, '(SPECIAL-USE) "" *'), {"Sent": {LEAF, "\\Sent"}})
    s.no("CREATE Flagged (USE (\\Flagged))", "USEATTR")
    s.no("CREATE All (USE (\\All))", "USEATTR")
    s.bad("CREATE Bad (USE \\Sent)")
    s.bad("CREATE Bad (RUBBISH (\\Sent))")
    equal(sorted(listed(s, '"" (All Flagged Bad)')), [])


@test("RETURN (STATUS) counts each, and only what can be counted")
def _():
    box, s = session("a", "b.c")
    box.add(b"Subject: x\n\n12345\n", folder="a", flags="")
    lines = s.ok('LIST "" % RETURN (STATUS (MESSAGES UNSEEN SIZE DELETED))').lines
    status = [l.decode() for l in lines if b"STATUS" in l]
    equal(len(status), 2)
    matches(status[0], r'^\* STATUS "?INBOX"? \(DELETED 0 MESSAGES 0 SIZE 0 UNSEEN 0\)$|^\* STATUS "?INBOX"? \(')
    matches(status[1], r'^\* STATUS "?a"? \(.*MESSAGES 1')
    matches(status[1], r'SIZE 21\b')
    check(lines.index(status[1].encode()) == [i for i, l in enumerate(lines) if re.match(rb'\* LIST .*"?a"?$', l)][0] + 1, "STATUS follows its LIST")
    s.bad('LIST "" % RETURN (STATUS (RUBBISH))')
    s.bad('LIST "" % RETURN (STATUS ())')
    equal(len(s.ok('LIST (SUBSCRIBED) "" * RETURN (STATUS (MESSAGES))').untagged("STATUS")), 0)


@test("STATUS knows sizes and what is to be deleted")
def _():
    box, s = session("a")
    box.add(b"Subject: x\n\n12345\n", folder="a", flags="T")
    box.add(b"Subject: y\n\n1234567\n", folder="a", flags="S")
    matches(s.ok("STATUS a (SIZE DELETED DELETED-STORAGE UNSEEN)").lines[0].decode(), r"DELETED 1 DELETED-STORAGE 21 SIZE 44 UNSEEN 1")
    s.ok("SELECT a")
    s.ok("STORE 1 -FLAGS (\\Deleted)")
    matches(s.ok("STATUS a (DELETED DELETED-STORAGE)").lines[0].decode(), r"DELETED 0 DELETED-STORAGE 0")


@test("INBOX. is a hidden alias for clients that come from Courier")
def _():
    box, s = session("Sent", "a.b")
    s.ok("CREATE INBOX.New.child")
    check(os.path.isdir(box.folder("New.child")), "it is a folder like others")
    equal([n for n in listed(s, '"" *') if n.startswith("INBOX.")], [])
    equal(sorted(listed(s, '"" INBOX.*')), ["INBOX.New", "INBOX.New.child", "INBOX.Sent", "INBOX.a", "INBOX.a.b"])
    equal(sorted(listed(s, 'INBOX. %')), ["INBOX.New", "INBOX.Sent", "INBOX.a"])
    equal(sorted(listed(s, '"" inbox.Sent')), ["INBOX.Sent"])
    matches(s.ok("STATUS INBOX.Sent (MESSAGES)").lines[0].decode(), r'^\* STATUS "?INBOX.Sent"? ')
    s.ok("SELECT INBOX.Sent")
    s.ok("SUBSCRIBE INBOX.Sent")
    equal(sorted(listed(s, '"" INBOX.*', "LSUB")), ["INBOX.Sent"])
    equal(sorted(listed(s, '"" *', "LSUB")), ["Sent"])
    s.ok("RENAME INBOX.a INBOX.z")
    equal(sorted(listed(s, '"" z*')), ["z", "z.b"])
    s.ok("DELETE INBOX.z.b")
    s.no("SELECT INBOX.z.b", "NONEXISTENT")


@test("a folder that is really called INBOX.name is itself")
def _():
    box, s = session("Sent")
    for sub in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(box.path, ".INBOX.Sent", sub))
    box.add(b"Subject: x\n\n", folder="INBOX.Sent", flags="")
    matches(s.ok("STATUS INBOX.Sent (MESSAGES)").lines[0].decode(), r"MESSAGES 1")
    check("INBOX.Sent" in listed(s, '"" *'), "it is listed")


run()
