#!/usr/bin/env python3
# Accounts that share a uid: sessions and deliverers of one do not reach the mail of another, which the file system alone would let them.
# (What exactly is refused, call by call, as on Debian 12's kernel: t/unit/confine_test.c.)
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import poplib, signal, smtplib
from dovecot import *

with open(os.path.join(BUILD, "config.h")) as f:
    if "#define WITH_SANITIZERS 1" in f.read():
        skip_all("sanitizers need files and system calls of their own")

server = Sandbox(users=["anna", "ben"], one_uid=True)
anna, ben = server.user("anna"), server.user("ben")


def confined(pid):
    with open("/proc/%d/status" % pid) as f:
        return "\nSeccomp:\t2\n" in f.read()


def send(to):
    with smtplib.SMTP(*server.address("smtp")) as s:
        s.sendmail("x@example.org", [to + "@localhost"], "Subject: letter\r\n\r\ntext\r\n")


def steal(folder, target):
    """A symbolic link in anna's Maildir, as somebody makes it who can write there."""
    os.symlink(target, os.path.join(anna.maildir, folder))


@test("sessions run under the filter, do their work, and know character sets")
def _():
    for user in ("anna", "ben"):
        c = Client(server, user)
        c.ok("CREATE Private")
        text = "Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\r\n\r\nof %s\r\n" % user
        c.ok("APPEND Private {%d+}\r\n%s" % (len(text), text))
        c.ok("SELECT Private")
        equal(c.ok(b"SEARCH CHARSET UTF-8 SUBJECT {3+}\r\n\xe6\x97\xa5").lines[-1], b"* SEARCH 1")
        pids = server.children("posthouse-imap")
        check(pids and all(map(confined, pids)), "not confined")
        c.ok("LOGOUT")
    p = poplib.POP3(*server.address("pop3"))
    p.user("anna")
    p.pass_(PASSWORD)
    check(all(map(confined, server.children("posthouse-pop3"))), "not confined")
    p.quit()


@test("a link to a neighbour's folder leads nowhere")
def _():
    steal(".Stolen", os.path.join(ben.maildir, ".Private"))
    c = Client(server, "anna")
    equal(c.do("SELECT Stolen").status, "NO")
    c.ok("SELECT Private")
    equal(c.do("COPY 1 Stolen").status, "NO")
    equal(c.do("STATUS Stolen (MESSAGES)").status, "NO")
    c.ok("LOGOUT")
    c = Client(server, "ben")
    matches(c.ok("STATUS Private (MESSAGES)").lines[0].decode(), r"MESSAGES 1\)")
    c.ok("LOGOUT")


@test("a link to a neighbour's new/ takes no delivery there")
def _():
    if not ROOT:
        skip("needs root: the servers have to deliver as another uid")
    send("anna")
    eventually(lambda: len(os.listdir(os.path.join(anna.maildir, "new"))) == 1)
    before = sorted(os.listdir(os.path.join(ben.maildir, "new")))
    os.rename(os.path.join(anna.maildir, "new"), os.path.join(anna.maildir, "was-new"))
    os.symlink(os.path.join(ben.maildir, "new"), os.path.join(anna.maildir, "new"))
    try:
        send("anna")
        raised = False
    except (smtplib.SMTPDataError, smtplib.SMTPRecipientsRefused):
        raised = True
    os.unlink(os.path.join(anna.maildir, "new"))
    os.rename(os.path.join(anna.maildir, "was-new"), os.path.join(anna.maildir, "new"))
    check(raised, "the letter was taken")
    equal(sorted(os.listdir(os.path.join(ben.maildir, "new"))), before)


def parent_of(pid):
    with open("/proc/%d/stat" % pid) as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


def deliverers():
    """Of both accounts: (the parent, its children)."""
    pids = server.children("posthouse-local")
    parents = [p for p in pids if parent_of(p) not in pids]
    return parents, [p for p in pids if p not in parents]


@test("their deliverers are forked and confined by one parent of the uid, which holds no mail")
def _():
    for to in ("anna", "ben"):
        send(to)
    parents, children = deliverers()
    equal((len(parents), len(children)), (1, 2))
    check(all(map(confined, children)) and not confined(parents[0]), "who is confined")
    equal({os.stat("/proc/%d/environ" % pid).st_uid for pid in children}, {0}, "can be traced by their own uid")
    open_files = {os.readlink("/proc/%d/fd/%s" % (parents[0], fd)).split(":")[0]
                  for fd in os.listdir("/proc/%d/fd" % parents[0])}
    check(open_files <= {"socket", "/dev/null"} or "stderr" in str(open_files), open_files)


@test("a parent that was killed is replaced with the next message")
def _():
    parents, children = deliverers()
    for pid in parents + children:
        os.kill(pid, signal.SIGKILL)
    before = len(os.listdir(os.path.join(ben.maildir, "new")))
    for _ in range(3):
        send("ben")
    equal(len(os.listdir(os.path.join(ben.maildir, "new"))), before + 3)
    check(deliverers()[0] not in ([], parents), "the parent is not a new one")


@test("parent and deliverers end with the relay")
def _():
    send("anna")
    pids = server.children("posthouse-local")
    check(len(pids) >= 2, pids)
    os.kill(int(server["pid_relay"]), signal.SIGTERM)
    eventually(lambda: not any(os.path.exists("/proc/%d" % p) for p in pids))


@test("an account with a uid of its own may have its folders wherever it likes")
def _():
    other = Sandbox(users=["carl"])
    carl = other.user("carl")
    c = Client(other, "carl")
    c.ok("CREATE Far")
    check(not any(map(confined, other.children("posthouse-imap"))), "confined")
    c.ok("LOGOUT")
    away = os.path.join(carl.home, "away")
    os.rename(os.path.join(carl.maildir, ".Far"), away)
    os.symlink(away, os.path.join(carl.maildir, ".Far"))
    c = Client(other, "carl")
    c.ok("SELECT Far")
    c.ok("LOGOUT")


run()
