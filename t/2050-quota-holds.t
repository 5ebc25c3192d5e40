#!/usr/bin/env python3
"""The quota of an account: bytes and messages, by delivery, APPEND and COPY, also when all come at once; which folders count."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import threading
from dovecot import *

LIMIT = 20000
server = Sandbox(users=["anna", "ben"], conf='quota_ignore = {"Trash", "Spam"}\n',
                 extra={"anna": "userdb_quota_rule=*:bytes=%d:messages=40" % LIMIT, "ben": "userdb_quota_rule=*:messages=30"})
anna, ben = server.user("anna"), server.user("ben")
BIG = letter("big", "0123456789abcde\r\n" * 200)


def real(user, without=("Trash", "Spam")):
    """(octets, messages) in all folders that count."""
    found = []
    for d, _s, files in os.walk(user.maildir):
        if d.endswith(("/cur", "/new")) and not any(d.split("/")[-2].startswith("." + name) for name in without):
            found += [os.stat(os.path.join(d, f)).st_size for f in files]
    return sum(found), len(found)


def counted(user):
    lines = open(os.path.join(user.maildir, "maildirsize")).read().split("\n")[1:]
    pairs = [[int(x) for x in line.split()] for line in lines if line.strip()]
    return sum(p[0] for p in pairs), sum(p[1] for p in pairs)


def append(client, content=BIG, folder="INBOX"):
    return client.do(b"APPEND %s {%d+}\r\n%s" % (folder.encode(), len(content), content))


@test("APPEND and COPY are refused with OVERQUOTA when the octets are used up, and the sums are true")
def _():
    c = Client(server, "anna")
    c.ok("CREATE Keep")
    n = 0
    while append(c).status == "OK":
        n += 1
    equal(n, LIMIT // len(BIG.replace(b"\r\n", b"\n")))
    c.ok("SELECT INBOX")
    c.no("COPY 1 Keep", "OVERQUOTA")
    equal(counted(anna), real(anna))
    c.logout()


@test("a letter that has no room is not taken, and the sender is told so; a small one is")
def _():
    reply = send(server, "anna", body=BIG)
    matches(reply, r"^(452|552)[- ]")
    equal(len(real(anna)), 2)
    before = real(anna)
    matches(send(server, "anna", body="Subject: x\r\n\r\nsmall\r\n"), r"^250 ")
    check(real(anna)[1] == before[1] + 1, "the small letter is not there")
    equal(counted(anna), real(anna))


@test("over quota one can move, flag and delete; the room is there at once")
def _():
    c = Client(server, "anna")
    c.ok("SELECT INBOX")
    c.ok("MOVE 1 Keep")
    c.ok("STORE 1 +FLAGS (\\Deleted)")
    equal(counted(anna), real(anna))
    c.no("COPY 2 Keep", "OVERQUOTA")
    c.ok("EXPUNGE")
    equal(counted(anna), real(anna))
    c.ok("COPY 1 Keep")
    c.no("COPY 1 Keep", "OVERQUOTA")
    equal(counted(anna), real(anna))
    c.logout()


@test("folders that quota_ignore names do not count, nor those below; what comes back from there does")
def _():
    c = Client(server, "anna")
    c.ok("CREATE Trash.Old")
    c.ok("CREATE Trash")
    for _i in range(8):
        c.append(BIG, "Trash.Old")
    before = counted(anna)
    equal(before, real(anna))
    c.ok("SELECT INBOX")
    c.ok("MOVE 1 Trash")
    check(counted(anna)[0] < before[0], "the quota has not shrunk")
    equal(counted(anna), real(anna))
    c.ok("SELECT Trash.Old")
    c.ok("MOVE 1 INBOX")
    c.no("MOVE 1 INBOX", "OVERQUOTA")
    c.no("COPY 1:2 INBOX", "OVERQUOTA")
    equal(counted(anna), real(anna))
    equal(len(anna.files("Trash.Old")), 7)
    c.logout()


@test("a folder that is deleted or renamed across that border is counted anew")
def _():
    c = Client(server, "anna")
    small = letter("s")
    c.append(small)
    c.ok("RENAME Trash.Old Restored")
    c.no(b"APPEND INBOX {%d+}\r\n%s" % (len(small), small), "OVERQUOTA")
    equal(counted(anna), real(anna))
    c.ok("DELETE Restored")
    c.append(small)
    equal(counted(anna), real(anna))
    c.logout()


@test("the sums of a maildirsize that Courier wrote, padded, are read; one that tells nonsense is counted anew")
def _():
    c = Client(server, "anna")
    path = os.path.join(anna.maildir, "maildirsize")
    for text in ("%dS,40C\n%11d %2d\n" % ((LIMIT,) + real(anna)), "%dS,40C\nx\n" % LIMIT, "%dS,40C\n-5 3\n" % LIMIT, "%dS,40C\n99999999 2\n" % LIMIT):
        with open(path, "w") as f:
            f.write(text)
        os.chown(path, anna.uid, anna.uid)
        os.utime(path, (1, 1))
        c.append(letter("s"))
        equal(counted(anna), real(anna), text)
        check(open(path).read().count("\n") <= 3, "it was not read as it should be")
        c.ok("SELECT INBOX")
        c.ok("STORE * +FLAGS (\\Deleted)")
        c.ok("EXPUNGE")
    c.logout()


@test("deliveries, APPENDs and COPYs that race fill the account to the last message, and not beyond")
def _():
    c = Client(server, "ben")
    c.ok("CREATE Other")
    c.append(letter("first"))
    failures = []

    def appender():
        mine = Client(server, "ben")
        for i in range(12):
            if append(mine, letter("a%d" % i)).status not in ("OK", "NO"):
                failures.append("APPEND")
        mine.logout()

    def copier():
        mine = Client(server, "ben")
        mine.ok("SELECT INBOX")
        for _i in range(12):
            if mine.do("COPY 1 Other").status not in ("OK", "NO"):
                failures.append("COPY")
        mine.logout()

    def sender():
        for i in range(6):
            reply = send(server, "ben", body=letter("s%d" % i))
            if not re.match(r"250|452|552|45", reply):
                failures.append(reply)

    threads = [threading.Thread(target=f) for f in (appender, copier, sender, appender, copier)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal(failures, [])
    while append(c, letter("last")).status == "OK":
        pass
    equal(real(ben)[1], 30)
    equal(counted(ben), real(ben))
    c.logout()


run()
