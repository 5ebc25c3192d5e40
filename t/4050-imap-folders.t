#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *


def listed(s, command):
    """{name: attributes} of a LIST or LSUB."""
    result = {}
    for line in s.ok(command).lines:
        m = re.match(rb"\* (?:LIST|LSUB) (.*)$", line, re.S)
        if m:
            attributes, rest = parse(m.group(1))
            separator, rest = parse(rest.lstrip())
            equal(separator, b".")
            name, rest = parse(rest.lstrip())
            result[name if isinstance(name, str) else name.decode()] = attributes
    return result


def names(s, command):
    return sorted(listed(s, command))


def new():
    return Session(Maildir())


@test("INBOX is there, and LIST of nothing tells the separator")
def _():
    s = new()
    equal(names(s, 'LIST "" *'), ["INBOX"])
    equal(s.ok('LIST "" ""').lines, [b'* LIST (\\Noselect) "." ""'])
    equal(names(s, 'LIST "" inbox'), ["INBOX"])
    equal(names(s, 'LIST "" InB%'), ["INBOX"])


@test("folders are made and listed with wildcards")
def _():
    s = new()
    for name in ("a", "a.b", "a.b.c", "d.e", "f."):
        s.ok("CREATE " + name)
    equal(names(s, 'LIST "" *'), ["INBOX", "a", "a.b", "a.b.c", "d", "d.e", "f"])
    equal(names(s, 'LIST "" %'), ["INBOX", "a", "d", "f"])
    equal(names(s, 'LIST "" a.%'), ["a.b"])
    equal(names(s, 'LIST a. *'), ["a.b", "a.b.c"])
    equal(names(s, 'LIST "" %.e'), ["d.e"])
    equal(names(s, 'LIST "" "*.b*"'), ["a.b", "a.b.c"])
    equal(names(s, 'LIST "" (a d.%)'), ["a", "d.e"])
    all_ = listed(s, 'LIST "" *')
    check("\\HasChildren" in all_["a"] and "\\HasNoChildren" in all_["a.b.c"], all_)
    check("\\Noselect" in all_["d"] and "\\HasChildren" in all_["d"], all_["d"])


@test("names in modified UTF-7 are UTF-8 inside and the same on disk")
def _():
    box = Maildir()
    s = Session(box)
    s.ok('CREATE "Entw&APw-rfe &- mehr"')
    equal(names(s, 'LIST "" Ent*'), ["Entw&APw-rfe &- mehr"])
    check(".Entw&APw-rfe &- mehr" in os.listdir(box.path), os.listdir(box.path))
    s.ok('SELECT "Entw&APw-rfe &- mehr"')
    s.no('CREATE "&&&"', "CANNOT")
    s.no('CREATE "a&b"', "CANNOT")


@test("names that other programs made and that cannot be shown are left out")
def _():
    box = Maildir()
    for name in (b".bad\xff", b".good", b".with\r\nline"):
        for sub in (b"cur", b"new", b"tmp"):
            os.makedirs(os.path.join(box.path.encode(), name, sub))
    s = Session(box)
    got = names(s, 'LIST "" *')
    check("good" in got and not any("bad" in n for n in got), got)
    s.ok("NOOP")


@test("what cannot be a name is refused with a reason")
def _():
    s = new()
    s.ok("CREATE a")
    s.no("CREATE a", "ALREADYEXISTS")
    s.no("CREATE INBOX", "ALREADYEXISTS")
    for name in ("../x", "a/b", "a..b", ".a", '""', "x" * 300, "." .join("ab" * 20)):
        reply = s.do("CREATE " + name)
        equal(reply.status, "NO", name)
        check(reply.text[0] == "[", reply.text)


@test("DELETE leaves children, and not INBOX")
def _():
    s = new()
    s.ok("CREATE a")
    s.ok("CREATE a.b")
    s.ok("DELETE a")
    equal(names(s, 'LIST "" *'), ["INBOX", "a", "a.b"])
    check("\\Noselect" in listed(s, 'LIST "" a')["a"])
    s.ok("DELETE a.b")
    equal(names(s, 'LIST "" *'), ["INBOX"])
    s.no("DELETE a", "NONEXISTENT")
    s.no("DELETE INBOX", "CANNOT")


@test("the selected mailbox can be deleted, and is then no longer selected")
def _():
    s = new()
    s.ok("CREATE a")
    s.ok("SELECT a")
    s.ok("DELETE a")
    s.bad("FETCH 1 FLAGS")


@test("RENAME takes children along, makes parents, and keeps UIDs")
def _():
    s = new()
    s.ok("CREATE a.b")
    s.append(b"Subject: x\r\n\r\n", "a.b")
    validity = s.ok("STATUS a.b (UIDVALIDITY)").lines[0].split(b"UIDVALIDITY")[1]
    s.ok("CREATE a")
    s.ok("RENAME a z.y")
    equal(names(s, 'LIST "" *'), ["INBOX", "z", "z.y", "z.y.b"])
    equal(s.ok("STATUS z.y.b (UIDVALIDITY)").lines[0].split(b"UIDVALIDITY")[1], validity)
    s.no("RENAME a b", "NONEXISTENT")
    s.ok("CREATE c")
    s.no("RENAME c z.y", "ALREADYEXISTS")


@test("RENAME of INBOX moves its messages and leaves it empty")
def _():
    s = new()
    s.append(b"Subject: x\r\n\r\n")
    s.ok("RENAME INBOX Old")
    matches(s.ok("STATUS Old (MESSAGES)").lines[0], "MESSAGES 1")
    matches(s.ok("STATUS INBOX (MESSAGES)").lines[0], "MESSAGES 0")


@test("a session goes on in the mailbox that it renames")
def _():
    s = new()
    s.ok("CREATE a")
    s.append(b"Subject: x\r\n\r\n", "a")
    s.ok("SELECT a")
    s.ok("RENAME a b")
    equal(s.fetch("1", "UID")[1]["UID"], "1")
    s.append(b"Subject: y\r\n\r\n", "b")
    equal(s.search("ALL"), [1, 2])


@test("subscriptions are kept apart from the folders")
def _():
    box = Maildir()
    s = Session(box)
    s.ok("CREATE a.b")
    s.ok("SUBSCRIBE a.b")
    s.ok("SUBSCRIBE INBOX")
    s.ok("SUBSCRIBE not.there")
    equal(names(s, 'LSUB "" *'), ["INBOX", "a.b", "not.there"])
    equal(names(s, 'LIST "" not*'), [])
    check("\\Noselect" in listed(s, 'LSUB "" %')["a"], listed(s, 'LSUB "" %'))
    equal(names(s, 'LIST (SUBSCRIBED) "" *'), ["INBOX", "a.b", "not.there"])
    s.ok("UNSUBSCRIBE not.there")
    s.ok("UNSUBSCRIBE INBOX")
    equal(names(s, 'LSUB "" *'), ["a.b"])
    s.logout()
    equal(names(Session(box), 'LSUB "" *'), ["a.b"])


@test("special uses go by well-known names, on LIST and LSUB")
def _():
    s = new()
    for name in ("Sent", '"Sent Messages"', "Drafts", '"Deleted Messages"', "Spam", "Archives", "Other"):
        s.ok("CREATE " + name)
        s.ok("SUBSCRIBE " + name)
    want = {"Sent": "\\Sent", "Drafts": "\\Drafts", "Deleted Messages": "\\Trash", "Spam": "\\Junk", "Archives": "\\Archive"}
    for command in ('LIST "" *', 'LSUB "" *', 'LIST "" * RETURN (SPECIAL-USE)'):
        got = listed(s, command)
        for name in got:
            uses = [a for a in got[name] if a in set(want.values())]
            equal(uses, [want[name]] if name in want else [], name)
    equal(names(s, 'LIST (SPECIAL-USE) "" *'), sorted(want))
    s.bad('LIST (FOO) "" *')
    s.bad('LIST "" * RETURN FOO')


@test("STATUS counts, of the selected mailbox too")
def _():
    box = Maildir()
    s = Session(box)
    s.ok("CREATE a")
    s.append(b"Subject: x\r\n\r\n", "a", "\\Seen")
    s.append(b"Subject: x\r\n\r\n", "a")
    for _ in range(2):
        line = s.ok("STATUS a (MESSAGES UIDNEXT UNSEEN RECENT UIDVALIDITY)").lines[0]
        matches(line, r"^\* STATUS a \(MESSAGES 2 RECENT \d UIDNEXT 3 UIDVALIDITY \d+ UNSEEN 1\)$")
        s.ok("SELECT a")
    s.no("STATUS nowhere (MESSAGES)", "NONEXISTENT")
    s.bad("STATUS a ()")
    s.bad("STATUS a (FOO)")
    s.bad("STATUS a")


@test("NAMESPACE, ID and CAPABILITY answer")
def _():
    s = new()
    equal(s.ok("NAMESPACE").lines, [b'* NAMESPACE (("" ".")) NIL NIL'])
    matches(s.ok('ID ("name" "test" "version" NIL)').lines[0], r'^\* ID \("name" "Posthouse"\)')
    s.ok("ID NIL")
    s.bad("ID foo")
    capabilities = s.ok("CAPABILITY").lines[0].decode().split()
    for name in "IMAP4rev1 LITERAL+ IDLE NAMESPACE ID UIDPLUS MOVE UNSELECT CHILDREN SPECIAL-USE".split():
        check(name in capabilities, name)


@test("Python's imaplib finds its way")
def _():
    import imaplib
    import shlex
    box = Maildir()
    box.add(b"Subject: hello\n\nbody\n")
    command = "%s --user anna --mail %s --remote local" % (PROGRAM, shlex.quote(box.path))
    m = imaplib.IMAP4_stream(command)
    equal(m.state, "AUTH")
    equal(m.select()[1], [b"1"])
    equal(m.fetch("1", "(RFC822)")[1][0][1], b"Subject: hello\r\n\r\nbody\r\n")
    m.create("Test")
    m.append("Test", "\\Seen", None, b"Subject: x\r\n\r\ny\r\n")
    equal(m.copy("1", "Test")[0], "OK")
    equal(m.list()[0], "OK")
    equal(m.select("Test")[1], [b"2"])
    equal(m.search(None, "SUBJECT", "hello")[1], [b"2"])
    m.logout()


run()
