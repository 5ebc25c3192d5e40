#!/usr/bin/env python3
"""A Maildir is served by this server and by Dovecot in turn, and each changes everything that a client can change. What the
other tells afterwards is the same to the last UID, flag, keyword, date, subscription and POP3 UIDL."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dovecot import *

server = Sandbox(users=["anna", "ben"])
dovecot = Dovecot(server)
serial = 0


def fresh():
    global serial
    serial += 1
    return "m%d" % serial


def fill(client, folder, n=6):
    for i in range(n):
        client.append(letter(fresh(), "line %d\r\n" % i * (i + 1)), folder,
                      flags=["", "\\Seen", "\\Flagged Work", "$Label1 \\Answered"][i % 4], date="17-Jul-2021 02:44:%02d -0700" % i)


def change_messages(c, tag):
    """All that can be done to messages."""
    c.ok("SELECT INBOX")
    fill(c, "INBOX")
    c.ok("NOOP")
    c.ok("STORE 1:* +FLAGS.SILENT (\\Seen)")
    c.ok("STORE 1:2 FLAGS (\\Draft %s)" % tag)
    c.ok("STORE 3 -FLAGS (\\Seen Work $Label1)")
    c.ok("STORE 4 +FLAGS ($Forwarded NonJunk)")
    c.ok("COPY 1:3 Work")
    c.ok("MOVE 2 Work")
    c.ok("STORE 3 +FLAGS (\\Deleted)")
    c.ok("EXPUNGE")
    c.ok("STORE 2 +FLAGS (\\Deleted)")  # stays, marked


def change_folders(c, round_number):
    """All that can be done to folders and subscriptions."""
    new, old = "Round%d" % round_number, "Round%d" % (round_number - 1)
    for name in (new, new + ".Inner", "Gone", "Umlaut &APw-ber"):
        c.do('CREATE "%s"' % name)
        c.ok('SUBSCRIBE "%s"' % name)
    fill(c, new, 3)
    fill(c, new + ".Inner", 2)
    if round_number:
        c.ok("RENAME %s Kept%d" % (old, round_number))
        c.ok("UNSUBSCRIBE %s" % old)
        c.ok("SUBSCRIBE Kept%d.Inner" % round_number)
    c.ok("DELETE Gone")
    c.ok("UNSUBSCRIBE Gone")


def pop_away(s):
    session = pop3(s, "anna")
    n = len(session.list()[1])
    session.retr(1)
    session.dele(1)
    session.dele(n)
    session.quit()


def play(s, number):
    c = Client(s, "anna")
    if number == 0:
        c.ok("CREATE Work")
    change_messages(c, "Keyword%d" % number)
    change_folders(c, number)
    c.logout()
    pop_away(s)


def after(before, now, what):
    """No UID means another message than before, no validity changed."""
    for folder, (validity, following, mails) in before["folders"].items():
        if folder not in now["folders"]:
            continue
        v, f, m = now["folders"][folder]
        equal(v, validity, what + ": UIDVALIDITY of " + folder)
        check(f >= following, "%s: UIDNEXT of %s went back from %d to %d" % (what, folder, following, f))
        for uid in set(m) & set(mails):
            equal(m[uid][0], mails[uid][0], "%s: UID %d of %s" % (what, uid, folder))
        for uid in set(m) - set(mails):
            check(uid >= following, "%s: UID %d of %s is new, and below UIDNEXT %d" % (what, uid, folder, following))
    for ident in set(before["uidls"]) & set(now["uidls"]):
        equal(now["uidls"][ident], before["uidls"][ident], what + ": UIDL of " + ident)


before = {"folders": {}, "uidls": {}}


def round_of(s, other, number):
    global before
    play(s, number)
    now = agree(s, other, "anna", "round %d" % number)
    after(before, now, "round %d" % number)
    before = now


for number in range(6):
    @test("round %d: what %s changed is what %s shows" %
          (number, *(("this server", "Dovecot") if number % 2 else ("Dovecot", "this server"))))
    def _(number=number):
        round_of(*((server, dovecot) if number % 2 else (dovecot, server)), number)


@test("what neither index remembers is read anew, and is the same")
def _():
    root = server.user("anna").maildir
    shutil.rmtree(os.path.join(root, "posthouse-index"))
    for directory, _dirs, files in os.walk(root):
        for name in files:
            if name.startswith(("dovecot.index", "dovecot.list.index", "dovecot.mailbox.log")):
                os.unlink(os.path.join(directory, name))
    now = agree(server, dovecot, "anna")
    equal(differences(now, before), [])


@test("Dovecot had nothing to complain about")
def _():
    dovecot.is_content()


run()
