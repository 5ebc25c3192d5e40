#!/usr/bin/env python3
# NOTIFY (RFC 5465).
import os, select, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

EVENTS = "(MessageNew MessageExpunge FlagChange)"


def told(s, n=1):
    """The next n lines that come without a command."""
    return [s.line().decode() for _ in range(n)]


def quiet(s, seconds=0.3):
    if s.buffer or select.select([s.sock], [], [], seconds)[0]:
        check(False, "told: %r" % (s.buffer or s.sock.recv(1000)))


def tree(*folders):
    box = Maildir()
    other = Session(box)
    for name in folders:
        other.ok("CREATE " + name)
    return box, Session(box), other


def deliver(box, folder="", flags=None):
    return box.add(b"From: a@example.org\nSubject: hello\n\nText\n", flags=flags, folder=folder)


@test("new mail in the selected mailbox is told at any time, with what was asked for")
def _():
    box, s, _ = tree()
    s.ok("SELECT INBOX")
    s.ok("NOTIFY SET (SELECTED (MessageNew (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge))")
    deliver(box)
    lines = told(s, 3)
    equal(lines[:2], ["* 1 EXISTS", "* 1 RECENT"])
    matches(lines[2], r'^\* 1 FETCH \(UID 1 FLAGS \(\\Recent\) BODY\[HEADER.FIELDS \("?SUBJECT"?\)\] \{18\}\r\nSubject: hello\r\n')
    deliver(box)
    matches(told(s, 3)[2], r"^\* 2 FETCH \(UID 2 ")
    equal(s.ok("NOOP").lines, [])


@test("the same goes on over a pipelined command and over IDLE")
def _():
    box, s, _ = tree()
    s.ok("SELECT INBOX")
    s.ok("NOTIFY SET (SELECTED (MessageNew MessageExpunge))")
    tag = s.start("IDLE")
    check(s.line().startswith(b"+ "))
    deliver(box)
    equal(told(s, 2), ["* 1 EXISTS", "* 1 RECENT"])
    s.send("DONE\r\n")
    s.finish(tag)
    deliver(box)
    equal(told(s)[0], "* 2 EXISTS")


@test("SELECTED tells removals at any time, SELECTED-DELAYED with the next command that may")
def _():
    for delayed in (False, True):
        box, s, other = tree()
        for _ in range(3):
            deliver(box, flags="S")
        s.ok("SELECT INBOX")
        s.ok("NOTIFY SET (SELECTED%s %s)" % ("-DELAYED" if delayed else "", EVENTS))
        other.ok("SELECT INBOX")
        other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
        matches(told(s)[0], r"^\* 2 FETCH \(UID 2 FLAGS \(\\Deleted \\Seen\)\)|^\* 2 FETCH \(UID 2 FLAGS \(\\Seen \\Deleted\)\)")
        other.ok("EXPUNGE")
        if delayed:
            quiet(s)
            equal(s.ok("FETCH 3 (UID)").untagged("EXPUNGE"), [])
            equal(s.ok("NOOP").lines, [b"* 2 EXPUNGE"])
        else:
            equal(told(s), ["* 2 EXPUNGE"])


@test("without SELECTED nothing is told of the selected mailbox, not even at NOOP")
def _():
    for command in ("NOTIFY NONE", "NOTIFY SET (SELECTED NONE)", "NOTIFY SET (MAILBOXES Sent (MessageNew MessageExpunge))"):
        box, s, _ = tree("Sent")
        s.ok("SELECT INBOX")
        s.ok(command)
        deliver(box)
        quiet(s)
        equal(s.ok("NOOP").lines, [])
        s.ok("NOTIFY SET (SELECTED (MessageNew MessageExpunge))")
        deliver(box)
        matches(told(s)[0], r"^\* [12] EXISTS")


@test("flag changes are told only if asked for")
def _():
    box, s, other = tree()
    deliver(box, flags="S")
    s.ok("SELECT INBOX")
    other.ok("SELECT INBOX")
    s.ok("NOTIFY SET (SELECTED (MessageNew MessageExpunge))")
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    quiet(s)
    s.ok("NOTIFY SET (SELECTED %s)" % EVENTS)
    other.ok("STORE 1 +FLAGS (\\Answered)")
    matches(told(s)[0], r"^\* 1 FETCH \(UID 1 FLAGS ")


@test("other mailboxes are told of by STATUS")
def _():
    box, s, other = tree("Lists", "Lists.a", "Sent")
    s.ok("SELECT INBOX")
    reply = s.ok("NOTIFY SET STATUS (SELECTED %s) (SUBTREE Lists %s)" % (EVENTS, EVENTS))
    equal(len(reply.untagged("STATUS")), 2)
    for name in ("Lists", "Lists.a"):
        matches(str(reply.untagged(r"STATUS \"?%s\"? " % name)), r"MESSAGES 0 UIDNEXT 1 UIDVALIDITY \d+")
    deliver(box, "Lists.a")
    matches(told(s)[0], r'^\* STATUS "?Lists.a"? \(MESSAGES 1 UIDNEXT 2')
    deliver(box, "Sent")
    quiet(s)
    other.ok("SELECT Lists.a")
    other.ok("STORE 1 +FLAGS (\\Seen \\Deleted)")
    matches(told(s)[0], r'^\* STATUS "?Lists.a"? \(UNSEEN 0\)')
    other.ok("EXPUNGE")
    matches(told(s)[0], r'^\* STATUS "?Lists.a"? \(MESSAGES 0 UIDNEXT 2\)')


@test("PERSONAL covers a mailbox that is made later, and a mailbox that was selected meanwhile")
def _():
    box, s, other = tree()
    s.ok("NOTIFY SET (PERSONAL (MessageNew MessageExpunge))")
    other.ok("CREATE Later")
    eventually(lambda: os.path.isdir(box.folder("Later")))
    quiet(s)
    deliver(box, "Later")
    matches(told(s)[0], r'^\* STATUS "?Later"? \(MESSAGES 1 UIDNEXT 2')
    s.ok("SELECT Later")
    deliver(box, "Later")
    quiet(s)
    s.ok("SELECT INBOX")
    deliver(box, "Later")
    matches(told(s)[0], r'^\* STATUS "?Later"? \(MESSAGES [23] ')


@test("SUBSCRIBED follows the subscriptions")
def _():
    box, s, other = tree("A", "B")
    other.ok("UNSUBSCRIBE B")
    other.ok("SUBSCRIBE A")
    s.ok("NOTIFY SET (SUBSCRIBED (MessageNew MessageExpunge)) (PERSONAL (SubscriptionChange))")
    deliver(box, "B")
    quiet(s)
    other.ok("SUBSCRIBE B")
    matches(told(s)[0], r'^\* LIST \(.*\\Subscribed.*\) "." "?B"?')
    time.sleep(0.1)
    deliver(box, "B")
    lines = told(s)
    matches(lines[0], r'^\* STATUS "?B"? \(MESSAGES [12] ')
    other.ok("UNSUBSCRIBE B")
    line = [l for l in told(s, 1) if "LIST" in l] or told(s, 1)
    matches(line[0], r'^\* LIST \((?!.*Subscribed).*\) "." "?B"?')


@test("mailboxes that are made, renamed and deleted are told of, those of this client are not")
def _():
    box, s, other = tree("Old", "Old.child")
    s.ok("NOTIFY SET (PERSONAL (MailboxName)) (SUBTREE (Old Fresh Made) (MailboxName))")
    other.ok("CREATE Made")
    matches(told(s)[0], r'^\* LIST \(\\HasNoChildren\) "." "?Made"?$')
    other.ok("RENAME Old Fresh")
    matches(told(s)[0], r'^\* LIST \(\\HasChildren\) "." "?Fresh"? \("?OLDNAME"? \("?Old"?\)\)$')
    quiet(s)
    other.ok("DELETE Made")
    matches(told(s)[0], r'^\* LIST \(\\NonExistent.*\) "." "?Made"?$')
    other.ok("CREATE Fresh.second")
    lines = sorted(told(s, 2))
    matches(lines[0], r'"?Fresh"?$')
    matches(lines[1], r'"?Fresh.second"?$')
    equal([l for l in s.ok("CREATE Mine").lines if b"LIST" in l], [])
    quiet(s)


@test("changed annotations are told of by name, those of mailboxes and of the server")
def _():
    box, s, other = tree("a", "b")
    s.ok("NOTIFY SET (PERSONAL (MailboxMetadataChange ServerMetadataChange))")
    other.ok('SETMETADATA a (/private/comment "one" /shared/color "red")')
    equal(told(s), ["* METADATA a /private/comment /shared/color"])
    other.ok('SETMETADATA a (/private/comment "two" /shared/color "red")')
    equal(told(s), ["* METADATA a /private/comment"])
    other.ok("SETMETADATA a (/shared/color NIL)")
    equal(told(s), ["* METADATA a /shared/color"])
    other.ok('SETMETADATA INBOX (/private/comment "x")')
    equal(told(s), ["* METADATA INBOX /private/comment"])
    other.ok('SETMETADATA "" (/private/comment "y")')
    equal(told(s), ['* METADATA "" /private/comment'])
    equal(s.ok('SETMETADATA b (/private/comment "mine")').lines, [])
    equal(s.ok('SETMETADATA "" (/private/comment "mine")').lines, [])
    quiet(s)


@test("with CONDSTORE the mod-sequence goes along")
def _():
    box, s, other = tree("a")
    s.ok("ENABLE CONDSTORE")
    matches(s.ok("NOTIFY SET STATUS (MAILBOXES a %s)" % EVENTS).lines[0].decode(), r"HIGHESTMODSEQ \d+")
    deliver(box, "a", flags="S")
    matches(told(s)[0], r'^\* STATUS "?a"? \(MESSAGES 1 UIDNEXT 2.* HIGHESTMODSEQ \d+')
    other.ok("SELECT a")
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    matches(told(s)[0], r'^\* STATUS "?a"? \(UIDVALIDITY \d+ HIGHESTMODSEQ \d+\)')


@test("without SELECTED, but with CONDSTORE, nothing of the selected mailbox is told, and a conditional STORE tells what it met")
def _():
    box, s, other = tree("a")
    deliver(box, flags="S")
    s.ok("ENABLE CONDSTORE")
    s.ok("SELECT INBOX")
    known = int(re.search(rb"HIGHESTMODSEQ (\d+)", b"".join(s.ok("STATUS INBOX (HIGHESTMODSEQ)").lines))[1])
    s.ok("NOTIFY SET (MAILBOXES a %s)" % EVENTS)
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    deliver(box)
    quiet(s)
    equal(s.ok("NOOP").lines, [])
    reply = s.do("STORE 1 (UNCHANGEDSINCE %d) +FLAGS (\\Deleted)" % known)
    matches(reply.text, r"MODIFIED 1\b")
    deliver(box, "a", flags="S")
    matches(told(s)[0], r'^\* STATUS "?a"? \(MESSAGES 1 .*HIGHESTMODSEQ \d+')


@test("what cannot be told is refused by name, and what does not fit together")
def _():
    box, s, _ = tree()
    s.ok("SELECT INBOX")
    s.no("NOTIFY SET (SELECTED (MessageNew MessageExpunge AnnotationChange))", "BADEVENT (MessageNew MessageExpunge FlagChange")
    for wrong in ("", "SET", "SET (SELECTED)", "SET (SELECTED ())", "SET (SELECTED (MessageNew))", "SET (SELECTED (FlagChange))",
                  "SET (SELECTED (MailboxName))", "SET (MAILBOXES INBOX (MessageNew (UID) MessageExpunge))", "SET (MAILBOXES (MessageNew))",
                  "SET (SELECTED NONE) (SELECTED-DELAYED NONE)", "SET (NOBODY NONE)", "SET (MAILBOXES () NONE)", "NONE NONE",
                  "SET (SELECTED (MessageNew (RUBBISH) MessageExpunge))", "SET STATUS"):
        s.bad("NOTIFY " + wrong)
        s.ok("NOOP")
    s.ok("NOTIFY SET (MAILBOXES (nowhere INBOX) (MessageNew MessageExpunge)) (INBOXES NONE)")
    s.no("NOTIFY SET (MAILBOXES (%s) NONE)" % " ".join("m%d" % i for i in range(1001)), "NOTIFICATIONOVERFLOW")


@test("a hundred mailboxes cost few watch instances, and each is told of")
def _():
    box, s, _ = tree(*("f%d" % i for i in range(100)))
    equal(len(s.ok("NOTIFY SET STATUS (PERSONAL (MessageNew MessageExpunge))").untagged("STATUS")), 101)
    instances = [f for f in os.listdir("/proc/%d/fd" % s.process.pid)
                 if os.readlink("/proc/%d/fd/%s" % (s.process.pid, f)) == "anon_inode:inotify"]
    check(len(instances) <= 3, "%d instances" % len(instances))
    for i in (7, 99):
        deliver(box, "f%d" % i)
        matches(told(s)[0], r'^\* STATUS "?f%d"? ' % i)


run()
