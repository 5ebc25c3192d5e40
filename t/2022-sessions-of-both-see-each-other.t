#!/usr/bin/env python3
"""Sessions of this server and of Dovecot have the same folder open: each tells its client what the other did, at once where the client
waits by IDLE. Folders go and come under an open session, and messages go and come back under the name that they had."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dovecot import *

server = Sandbox(users=["anna", "ben", "cleo", "dora"])
dovecot = Dovecot(server)


def pair(name, folder="INBOX"):
    a, b = Client(server, name), Client(dovecot, name)
    for c in (a, b):
        c.ok("SELECT " + folder)
    return a, b


def who(c):
    return {u: m[0] for u, m in messages(c).items()}


class Idle:
    """with Idle(client) as lines: ... lines until a pattern."""

    def __init__(self, client):
        self.client = client

    def __enter__(self):
        self.tag = self.client.start("IDLE")
        while not self.client.line().startswith(b"+"):
            pass
        return self

    def until(self, pattern):
        lines = []
        while not lines or not re.search(pattern, lines[-1].decode("latin-1")):
            lines.append(self.client.line())
        return lines

    def __exit__(self, *_):
        self.client.send(b"DONE\r\n")
        self.client.finish(self.tag)


@test("who waits by IDLE at one is told what a client of the other appends, flags and removes")
def _():
    a, b = pair("anna")
    for waits, acts in ((a, b), (b, a)):
        for turn in range(3):
            with Idle(waits) as idle:
                acts.append(letter("i%d" % turn))
                idle.until(r"^\* \d+ EXISTS")
            acts.ok("NOOP")
            n = len(who(acts))
            with Idle(waits) as idle:
                acts.ok("STORE %d +FLAGS (\\Flagged Word)" % n)
                line = idle.until(r"^\* %d FETCH .*Flagged" % n)[-1]
                check(b"Word" in line, line)
            with Idle(waits) as idle:
                acts.ok("STORE %d +FLAGS (\\Deleted)" % n)
                acts.ok("EXPUNGE")
                idle.until(r"^\* %d EXPUNGE" % n)
            with Idle(waits) as idle:
                dovecot.deliver("anna", letter("lda%d" % turn))
                idle.until(r"^\* \d+ EXISTS")
            with Idle(waits) as idle:
                matches(send(server, "anna", body=letter("smtp%d" % turn)), "^250")
                idle.until(r"^\* \d+ EXISTS")
        for c in (a, b):
            c.ok("NOOP")
        equal(who(a), who(b))
    for c in (a, b):
        c.logout()


@test("what one has just acknowledged, the other shows at the next command")
def _():
    a, b = pair("ben")
    for turn in range(30):
        one, other = ((a, b), (b, a))[turn % 2]
        one.append(letter("n%d" % turn))
        other.ok("NOOP")
        check("n%d" % turn in who(other).values(), "turn %d: not there yet" % turn)
        one.ok("NOOP")
        n = len(who(one))
        one.ok("STORE %d +FLAGS (\\Seen Turn%d)" % (n, turn % 20))
        other.ok("NOOP")
        flags = set(other.fetch(str(n), "FLAGS")[n]["FLAGS"])
        check({"\\Seen", "Turn%d" % (turn % 20)} <= flags, "turn %d: flags are %r" % (turn, flags))
        if turn % 3 == 2:
            one.ok("STORE 1 +FLAGS (\\Deleted)")
            one.ok("EXPUNGE")
            equal(len(other.ok("NOOP").untagged(r"EXPUNGE")), 1, "turn %d" % turn)
        equal(messages(a), messages(b), "turn %d" % turn)
    for c in (a, b):
        c.logout()


@test("a message that Dovecot takes away and brings back under its old name gets a new UID, and this server's sessions follow")
def _():
    a, b = pair("cleo")
    a.ok("CREATE Aside")
    a.append(letter("stays"))
    a.append(letter("goes"))
    for turn in range(4):
        a.ok("NOOP")
        before = who(a)
        uid = max(before)
        equal(before[uid], "goes")
        b.ok("SELECT INBOX")
        b.ok("UID MOVE %d Aside" % uid)
        if turn % 2:
            equal(len(a.ok("NOOP").untagged("EXPUNGE")), 1)
        b.ok("SELECT Aside")
        b.ok("MOVE 1 INBOX")
        b.ok("SELECT INBOX")
        a.ok("NOOP")
        now = who(a)
        equal(now, who(b), "turn %d" % turn)
        equal(sorted(now.values()), ["goes", "stays"])
        check(uid not in now and max(now) > uid, "turn %d: UID %d is used again: %r" % (turn, uid, now))
        fresh = Client(server, "cleo")
        equal({u: m[0] for u, m in messages(fresh, "INBOX").items()}, now)
        fresh.logout()
    for c in (a, b):
        c.logout()
    agree(server, dovecot, "cleo")


@test("a folder that the other renames, deletes or makes anew under an open session harms neither")
def _():
    for mine, others in ((server, dovecot), (dovecot, server)):
        for what in ("RENAME Open Moved", "DELETE Open"):
            one, other = Client(mine, "dora"), Client(others, "dora")
            other.ok("CREATE Open")
            other.append(letter("old"), "Open")
            one.ok("SELECT Open")
            validity = re.search(rb"UIDVALIDITY (\d+)", b"\n".join(one.ok("STATUS Open (UIDVALIDITY)").lines)).group(1)
            other.ok(what)
            other.ok("CREATE Open")
            other.append(letter("new"), "Open")
            if mine is server and what == "DELETE Open":
                one.send(b"x NOOP\r\n")
                matches(one.line(), r"^\* BYE .*gone")
                one.end()
            elif mine is server:
                for command in ("NOOP", "FETCH 1:* (UID FLAGS)", "STORE 1 +FLAGS (\\Seen)", "SEARCH ALL", "EXPUNGE", "CLOSE"):
                    check(one.do(command).status in ("OK", "NO"), command)
                one.logout()
            else:
                one.end()  # Dovecot may end such a session
            one = Client(mine, "dora")
            reply = one.ok("SELECT Open")
            now = re.search(rb"UIDVALIDITY (\d+)", b"\n".join(reply.lines)).group(1)
            check(int(now) > int(validity), "UIDVALIDITY %r after %r" % (now, validity))
            equal(list(who(one).values()), ["new"])
            if "Moved" in what:
                reply = one.ok("SELECT Moved")
                equal(re.search(rb"UIDVALIDITY (\d+)", b"\n".join(reply.lines)).group(1), validity, "of the folder that was renamed")
                equal(list(who(one).values()), ["old"])
                one.ok("SELECT INBOX")
                one.ok("DELETE Moved")
            one.ok("SELECT INBOX")
            one.ok("DELETE Open")
            agree(server, dovecot, "dora", what)
            one.logout()
            other.logout()


@test("Dovecot had nothing to complain about but its own stale lines")
def _():
    # Its MOVE keeps the name of the file; when it comes back, its old line is still in dovecot-uidlist.
    dovecot.is_content(but=r"\(cleo\).*(Duplicate file entry|Expunged message reappeared)")


run()
