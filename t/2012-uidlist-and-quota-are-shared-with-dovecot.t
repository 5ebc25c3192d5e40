#!/usr/bin/env python3
"""What Dovecot and this server keep together in dovecot-uidlist and maildirsize: fields that one of them does not know, GUIDs, POP3
UIDLs and their order, lines that the other appended, a file that the other wrote anew, and the sums of the quota."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dovecot import *

LIMIT = 40000
MANY = 120                             # a shorter file is not worth writing anew
OLD = range(MANY - 2, MANY + 1)        # UIDs of messages that bring POP3 UIDLs along
server = Sandbox(users=["anna", "ben", "quinn", "rose"], extra={"quinn": "userdb_quota_rule=*:storage=%dB" % LIMIT})
dovecot = Dovecot(server, quota=LIMIT)
serial = 0
anna, ben, quinn = (server.user(n) for n in ("anna", "ben", "quinn"))


def uidlist(user, folder=""):
    """Header's fields and {UID: (fields, base)} of a dovecot-uidlist."""
    path = os.path.join(user.maildir, "." + folder if folder else "", "dovecot-uidlist")
    lines = open(path).read().split("\n")
    check(lines.pop() == "", "the last line of %s is not ended" % path)
    header = lines.pop(0).split(" ")
    equal(header[0], "3")
    found, last = {}, 0
    for line in lines:
        fields, base = line.split(" :", 1)
        fields = fields.split(" ")
        check(int(fields[0]) > last, "UIDs do not ascend: " + line)
        last = int(fields[0])
        found[last] = (fields[1:], base)
    return header[1:], found


def rewrite(user, change, folder=""):
    """Write the uidlist anew as another program would, each line through change(uid, fields)."""
    header, lines = uidlist(user, folder)
    path = os.path.join(user.maildir, "." + folder if folder else "", "dovecot-uidlist")
    with open(path + ".tmp", "w") as f:
        f.write("3 %s\n" % " ".join(header + change(0, [])))
        for uid, (fields, base) in lines.items():
            f.write(" ".join([str(uid)] + fields + change(uid, fields)) + " :" + base + "\n")
    os.chown(path + ".tmp", user.uid, user.uid)
    os.rename(path + ".tmp", path)


def guids(client, folder):
    """{X-Id: GUID}, from Dovecot."""
    client.ok("EXAMINE " + folder)
    return {identity([v for k, v in f.items() if k.startswith("BODY[")][0]): f["X-GUID"]
            for f in fetched(client.ok("FETCH 1:* (UID X-GUID BODY.PEEK[HEADER.FIELDS (X-ID)])").lines).values()}


def put(user, content):
    """As another program delivers."""
    global serial
    serial += 1
    name = "%d.M%dP1.elsewhere" % (1600000000 + serial, serial)
    path = os.path.join(user.maildir, "tmp", name)
    with open(path, "wb") as f:
        f.write(content)
    os.chown(path, user.uid, user.uid)
    os.rename(path, os.path.join(user.maildir, "new", name))


@test("unknown fields of the header and of lines are carried over when this server writes the file anew")
def _():
    a = Client(server, "anna")
    a.append(letter("first"))
    for i in range(MANY - 1):
        put(anna, letter("f%d" % (i + 2), line_end="\n"))
    a.ok("SELECT INBOX")
    a.logout()
    equal(len(uidlist(anna)[1]), MANY)
    rewrite(anna, lambda uid, fields: ["Xheader.7", "Y"] if uid == 0 else ["Qodd-%d" % uid, "Z"] if uid % 2 else [])
    header, before = uidlist(anna)
    a = Client(server, "anna")
    a.ok("SELECT INBOX")
    a.ok("STORE 1:%d +FLAGS.SILENT (\\Deleted)" % (MANY - 4))
    a.ok("EXPUNGE")
    for i in range(4):
        a.append(letter("g%d" % i))
    a.ok("CLOSE")
    a.logout()
    after_header, after = uidlist(anna)
    check(len(after) < MANY // 2, "the file was not written anew, although most lines have no file")
    for uid in range(MANY - 3, MANY + 1):
        equal(after[uid], before[uid])
    check({"Xheader.7", "Y"} <= set(after_header), after_header)
    equal([f for f in after_header if f[0] in "VG"], [f for f in header if f[0] in "VG"])
    agree(server, dovecot, "anna")


@test("POP3 UIDLs of the field P are given by both servers, messages with O come first, and both are kept by a rewrite")
def _():
    rewrite(anna, lambda uid, fields: [] if not uid else ["Pold-uidl.%d" % uid, "O%d" % (1000 - uid)] if uid in OLD else [])
    wanted = {"f%d" % uid: "old-uidl.%d" % uid for uid in OLD}
    for s in (server, dovecot):
        found = uidls(s, "anna")
        equal({k: found[k] for k in wanted}, wanted, type(s).__name__)
    equal(list(uidls(server, "anna")), list(uidls(dovecot, "anna")), "the order of messages")
    equal(list(uidls(server, "anna"))[:3], ["f%d" % uid for uid in reversed(OLD)], "those with O first, by its number")
    for s in (server, dovecot):
        c = Client(s, "anna")
        for i in range(MANY * 3):
            put(anna, letter("h%d" % i, line_end="\n"))
        c.ok("SELECT INBOX")
        c.ok("UID STORE %d:* +FLAGS.SILENT (\\Deleted)" % (MANY + 1))
        c.ok("EXPUNGE")
        c.append(letter("i" + type(s).__name__))
        c.logout()
        c = Client(s, "anna")
        c.ok("SELECT INBOX")
        c.logout()
        _header, lines = uidlist(anna)
        check(len(lines) < MANY, "the file was not written anew")
        for uid in OLD:
            check("Pold-uidl.%d" % uid in lines[uid][0] and "O%d" % (1000 - uid) in lines[uid][0], lines[uid])
    agree(server, dovecot, "anna")


@test("an empty field P stands for the name of the file")
def _():
    rewrite(anna, lambda uid, fields: ["P"] if uid == MANY - 3 else [])
    base = uidlist(anna)[1][MANY - 3][1]
    equal([uidls(s, "anna")["f%d" % (MANY - 3)] for s in (server, dovecot)], [base, base])


@test("a message that this server moves or copies keeps the GUID that Dovecot gave it")
def _():
    c = Client(dovecot, "ben")
    for name in ("There", "Back", "Copies"):
        c.ok("CREATE " + name)
    for i in range(4):
        c.append(letter("u%d" % i))
    before = guids(c, "INBOX")
    b = Client(server, "ben")
    b.ok("SELECT INBOX")
    b.ok("COPY 1:2 Copies")
    b.ok("MOVE 1:3 There")
    b.ok("SELECT There")
    equal(guids(c, "There"), {k: before[k] for k in ("u0", "u1", "u2")}, "moved once")
    b.ok("MOVE 1:3 Back")
    equal(guids(c, "Back"), {k: before[k] for k in ("u0", "u1", "u2")}, "moved twice")
    equal(guids(c, "Copies"), {k: before[k] for k in ("u0", "u1")}, "copied: a GUID stands for what a message holds (RFC 8474)")
    b.logout()
    c.logout()


@test("the GUID that Dovecot's own MOVE keeps is kept by this server's")
def _():
    c, b = Client(dovecot, "ben"), Client(server, "ben")
    before = guids(c, "Back")
    c.ok("SELECT Back")
    c.ok("MOVE 1:2 INBOX")
    once = guids(c, "INBOX")
    b.ok("SELECT INBOX")
    b.ok("MOVE 1:* Copies")
    twice = guids(c, "Copies")
    equal({k: twice[k] for k in once}, once)
    check(set(before) - set(once), "nothing stayed behind")
    equal(guids(c, "Back"), {k: before[k] for k in set(before) - set(once)})
    b.logout()
    c.logout()


@test("a field G that a message has is kept when the file is written anew, and taken along")
def _():
    b = Client(server, "ben")
    b.ok("CREATE Given")
    for i in range(3):
        b.append(letter("v%d" % i), "Given")
    rewrite(ben, lambda uid, fields: ["G0123456789abcdef%d" % uid] if uid in (1, 2) else [], "Given")
    b.ok("SELECT Given")
    b.ok("MOVE 1 Back")
    c = Client(dovecot, "ben")
    equal(guids(c, "Back")["v0"], "0123456789abcdef1")
    equal(guids(c, "Given")["v1"], "0123456789abcdef2")
    b.logout()
    c.logout()


@test("lines that one appends are seen by the session that the other has open, and a file written anew too")
def _():
    b, c = Client(server, "ben"), Client(dovecot, "ben")
    b.ok("CREATE Shared")
    b.append(letter("w0"), "Shared")
    for x in (b, c):
        x.ok("SELECT Shared")
    for turn in range(12):
        one, other = (b, c) if turn % 2 else (c, b)
        one.append(letter("w%d" % (turn + 1)), "Shared")
        if turn % 5 == 4:  # most go, and the file is written anew
            one.ok("NOOP")
            one.ok("STORE 1:* +FLAGS (\\Deleted)")
            one.ok("EXPUNGE")
            one.append(letter("x%d" % turn), "Shared")
            one.append(letter("y%d" % turn), "Shared")
        other.ok("NOOP")
        one.ok("NOOP")
        equal(messages(one), messages(other), "turn %d" % turn)
    b.logout()
    c.logout()
    agree(server, dovecot, "ben")


def sums(user):
    """(limits, octets, messages) of maildirsize, and what is really there."""
    lines = open(os.path.join(user.maildir, "maildirsize")).read().split("\n")
    pairs = [tuple(int(x) for x in l.split()) for l in lines[1:] if l.strip()]
    real = [os.stat(os.path.join(d, f)).st_size for d, _s, files in os.walk(user.maildir) if d.endswith(("/cur", "/new")) for f in files]
    return lines[0], (sum(p[0] for p in pairs), sum(p[1] for p in pairs)), (sum(real), len(real))


def quota_of(client):
    line = client.ok("GETQUOTAROOT INBOX").untagged(r"^\* QUOTA ")[0]
    return line.split(b"(")[1].rstrip(b")")


@test("both servers count into one maildirsize, and agree on what is used")
def _():
    b, c = Client(server, "quinn"), Client(dovecot, "quinn")
    b.ok("CREATE More")
    for turn in range(6):
        one = (b, c)[turn % 2]
        one.append(letter("q%d" % turn, "body\r\n" * 100 * (turn + 1)))
        one.ok("SELECT INBOX")
        one.ok("COPY 1 More")
        one.ok("SELECT More")
        if turn % 3 == 2:
            one.ok("STORE 1 +FLAGS (\\Deleted)")
            one.ok("EXPUNGE")
        _limits, counted, real = sums(quinn)
        equal(counted, real, "turn %d" % turn)
    equal(sums(quinn)[0].split(",")[0], "%dS" % LIMIT)
    check(quota_of(c).startswith(b"STORAGE %d " % (sums(quinn)[2][0] // 1024)) or
          quota_of(c).startswith(b"STORAGE %d " % (-(-sums(quinn)[2][0] // 1024))), quota_of(c))
    b.logout()
    c.logout()


@test("over quota each refuses what adds, and lets delete; the other sees the room at once")
def _():
    b, c = Client(server, "quinn"), Client(dovecot, "quinn")
    big = letter("big", "0123456789abcde\r\n" * 1000)
    while b.do(b"APPEND INBOX {%d+}\r\n%s" % (len(big), big)).status == "OK":
        pass
    for x in (b, c):
        x.no(b"APPEND INBOX {%d+}\r\n%s" % (len(big), big), "OVERQUOTA")
        x.ok("SELECT INBOX")
        x.ok("STORE 1 +FLAGS (\\Seen Used)")
    largest = max(messages(b).items(), key=lambda item: item[1][2])[0]
    b.no("UID COPY %d More" % largest, "OVERQUOTA")
    c.no("UID COPY %d More" % largest, "OVERQUOTA")
    c.ok("UID STORE %d +FLAGS (\\Deleted)" % largest)
    c.ok("EXPUNGE")
    b.append(big)
    c.no(b"APPEND INBOX {%d+}\r\n%s" % (len(big), big), "OVERQUOTA")
    b.ok("NOOP")
    b.ok("STORE * +FLAGS (\\Deleted)")
    b.ok("EXPUNGE")
    c.append(big)
    _limits, counted, real = sums(quinn)
    equal(counted, real)
    b.logout()
    c.logout()


@test("a maildirsize of old limits, and one that is too long, is written anew by either")
def _():
    path = os.path.join(quinn.maildir, "maildirsize")
    for s in (server, dovecot):
        for text in ("999S\n10 1\n", "%dS\n" % LIMIT + "1 1\n-1 -1\n" * 700, "rubbish\n", "%dS\n-5 -5\n" % LIMIT):
            with open(path, "w") as f:
                f.write(text)
            os.chown(path, quinn.uid, quinn.uid)
            c = Client(s, "quinn")
            c.append(letter("z"))
            c.ok("SELECT INBOX")
            c.ok("STORE * +FLAGS (\\Deleted)")
            c.ok("EXPUNGE")
            c.logout()
            limits, counted, real = sums(quinn)
            equal((limits.split(",")[0], counted), ("%dS" % LIMIT, real), "%s, %r" % (type(s).__name__, text[:20]))


@test("Dovecot had nothing to complain about")
def _():
    dovecot.is_content()


run()
