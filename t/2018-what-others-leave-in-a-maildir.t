#!/usr/bin/env python3
"""Other programs are normal: files without sizes in their names or with wrong ones, odd names, things that are no files, unreadable
ones, hard links, dates from the future, a Maildir that cannot be written, a full disk. Nothing blocks, nothing dies, nothing is
renamed or removed to repair it, and the real bytes are served."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import poplib

from imapsession import *

if not ROOT:
    skip_all("needs root: files of other owners, and mounts")

NAMES = ("sizes", "odd", "things", "locked", "links", "dates", "readonly", "full", "noinodes")
server = Sandbox(users=NAMES)


class Box:
    """A user's Maildir, to which other programs write."""

    def __init__(self, name):
        self.user, self.name, self.path = server.user(name), name, server.user(name).maildir
        for sub in ("", "cur", "new", "tmp"):
            self.make(sub)

    def make(self, sub):
        path = os.path.join(self.path, sub)
        if not os.path.isdir(path):
            os.mkdir(path, 0o700)
            os.chown(path, self.user.uid, self.user.uid)

    def put(self, name, content, sub="cur"):
        path = os.path.join(os.fsencode(self.path), sub.encode(), name if isinstance(name, bytes) else name.encode())
        with open(path, "wb") as f:
            f.write(content)
        os.chown(path, self.user.uid, self.user.uid)
        return path

    def names(self, sub="cur"):
        return sorted(os.listdir(os.path.join(os.fsencode(self.path), sub.encode())))

    def login(self, timeout=20):
        return Client(self.user, timeout)

    def pop3(self):
        p = poplib.POP3(*server.address("pop3"), timeout=20)
        p.user(self.name)
        p.pass_(PASSWORD)
        return p


class Client(Session):
    def __init__(self, user, timeout):
        self.sock = socket.create_connection(server.address("imap"), timeout=timeout)
        self.buffer, self.n = b"", 0
        self.greeting = self.line()
        self.ok('LOGIN %s "%s"' % (user.name, user.password))

    def logout(self):
        self.ok("LOGOUT")
        self.sock.close()


def text(n):
    return b"Subject: %d\nX-Id: %d\n\nline one\nline two\n" % (n, n)


def subjects(s):
    """{UID: number in the header} of the selected folder."""
    found = {}
    for items in fetched(s.ok("UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (X-Id)])").lines).values():
        m = re.search(rb"X-Id: (\d+)", [v for k, v in items.items() if k.startswith("BODY[")][0] or b"")
        found[int(items["UID"])] = int(m.group(1)) if m else None
    return found


@test("sizes that are missing or wrong in a name: the real bytes and the real size are told, and nothing is renamed")
def _():
    box = Box("sizes")
    body = text(1)
    real, virtual = len(body), len(body) + body.count(b"\n")
    claims = ["", ",S=%d" % real, ",S=%d,W=%d" % (real, virtual), ",S=1", ",S=999999", ",S=%d,W=3" % (real + 1), ",W=7",
              ",S=abc", ",S=", ",S=99999999999999999999", ",S=-5", ",W=%d,S=%d" % (virtual, real), ",Q=4,S=2", ",S=1,S=%d" % real]
    for i, claim in enumerate(claims):
        box.put("16000000%02d.M1P1.h%s:2," % (i, claim), body)
    before = box.names()
    s = box.login()
    s.ok("SELECT INBOX")
    for first in ("RFC822.SIZE", "BODY.PEEK[]"):
        for n, items in s.fetch("1:*", "RFC822.SIZE BODY.PEEK[]").items():
            equal((items["RFC822.SIZE"], items["BODY[]"]), (str(virtual), crlf(body)), "%s, first %s" % (claims[n - 1], first))
    equal([n for n, i in s.fetch("1:*", "RFC822.SIZE").items() if i["RFC822.SIZE"] != str(virtual)], [])
    equal(len(s.search("SMALLER %d" % (virtual + 1))), len(claims))
    equal(len(s.search("LARGER %d" % virtual)), 0)
    s.logout()
    p = box.pop3()
    equal({l.split()[1] for l in p.list()[1]}, {b"%d" % virtual})
    equal(b"\r\n".join(p.retr(4)[1]) + b"\r\n", crlf(body))
    p.quit()
    equal([n.split(b":")[0] for n in box.names()], [n.split(b":")[0] for n in before])


@test("a wrong ,W= beside a right ,S= is found out when the message is read, and stays found out")
def _():
    box = Box("sizes")
    for name in box.names():
        os.unlink(os.path.join(os.fsencode(box.path), b"cur", name))
    box.put("1600000100.M1P1.h,S=%d,W=9999:2," % len(text(1)), text(1))
    s = box.login()
    s.ok("SELECT INBOX")
    equal(s.fetch("1", "BODY.PEEK[]")[1]["BODY[]"], crlf(text(1)))
    equal(s.fetch("1", "RFC822.SIZE")[1]["RFC822.SIZE"], str(len(crlf(text(1)))))
    s.logout()
    s = box.login()
    s.ok("SELECT INBOX")
    equal(s.fetch("1", "RFC822.SIZE")[1]["RFC822.SIZE"], str(len(crlf(text(1)))))
    s.logout()
    p = box.pop3()
    equal(p.list()[1], [b"1 %d" % len(crlf(text(1)))])
    p.quit()
    box.put("1600000101.M1P1.h:2,", text(1))  # for what follows


@test("a file that was edited in place is served as it is now")
def _():
    box = Box("sizes")
    s = box.login()
    s.ok("SELECT INBOX")
    s.fetch("1:*", "RFC822.SIZE ENVELOPE BODYSTRUCTURE")
    name = box.names()[1]
    box.put(name, text(2) * 3)
    got = s.fetch("2", "BODY.PEEK[]")[2]
    equal(got["BODY[]"], crlf(text(2) * 3), "at once")
    s.logout()
    s = box.login()
    s.ok("SELECT INBOX")
    got = s.fetch("2", "RFC822.SIZE BODY.PEEK[]")[2]
    equal((int(got["RFC822.SIZE"]), got["BODY[]"]), (len(crlf(text(2) * 3)), crlf(text(2) * 3)))
    equal(s.fetch("2", "RFC822.SIZE")[2]["RFC822.SIZE"], str(len(crlf(text(2) * 3))))
    equal(s.fetch("2", "ENVELOPE")[2]["ENVELOPE"][1], b"2", "what is kept of the header")
    s.logout()
    check(name in box.names(), "it was renamed")


ODD = [b"1", b"a", b"no-date-at-all", b"\xe4\xf6\xfc.8bit", b"\xff\xfe\x80", b"1600000001.with blanks  in it", b"1600000002.tab\there",
       b"1600000003.bell\x07\x7f", b"-rf", b"%s%n%x", b"1600000004.star*?[a]", b"1600000005.q\"uo'te\\", b"1600000006." + b"x" * 237,
       b"1600000007.M1P1.h:2,ZZTop", b"1600000008.M1P1.h:1,x", b"1600000009.M1P1.h:", b"1600000010.M1P1.h:2",
       b"1600000011.M1P1.h:2,S,other,things", b"1600000012.M1P1.h:2,SSSS", b"1600000013.a:b:c:2,F", b"99999999999999999999999.M1P1.h",
       b"-1.M1P1.h", b"0", b" ", b"~", b"1600000014.\xc3\xa4.h"]
LONG = b"1600000030." + b"y" * 244  # no room for a flag
NAMELESS = [b":2,S", b":", b"1600000020.cr\rhere", b"1600000021.lf\nhere:2,", b"3 V1 N1\n7 :fake"]
HIDDEN = [b".hidden", b"..2", b".nfs000001"]


@test("odd names: each message is served, with its flags changed, copied and removed")
def _():
    box = Box("odd")
    for i, name in enumerate(ODD):
        box.put(name if b":" in name else name + b":2,", text(i))
    s = box.login()
    s.ok("SELECT INBOX")
    found = subjects(s)
    equal(sorted(found.values()), list(range(len(ODD))))
    s.ok("STORE 1:* +FLAGS (\\Flagged)")
    flags = {n: f["FLAGS"] for n, f in s.fetch("1:*", "FLAGS").items()}
    equal([n for n, f in flags.items() if "\\Flagged" not in f], [], "not flagged: " + repr(box.names()))
    s.ok("CREATE Copies")
    s.ok("COPY 1:* Copies")
    again = box.login()
    again.ok("SELECT INBOX")
    equal(subjects(again), found)
    s.ok("STORE 1:* +FLAGS (\\Deleted)")
    s.ok("EXPUNGE")
    equal(box.names(), [])
    s.ok("SELECT Copies")
    equal(sorted(subjects(s).values()), list(range(len(ODD))))
    for x in (s, again):
        x.logout()


@test("a name without room for a flag: the message is served, others get their flags, and POP3 can remove it")
def _():
    box = Box("odd")
    for name in (b"1600000029.a", LONG, b"1600000031.b"):
        box.put(name + (b"" if name is LONG else b":2,"), text(len(name)))
    s = box.login()
    s.ok("SELECT INBOX")
    equal(sorted(subjects(s).values()), [12, 12, 255])
    s.no("STORE 2 +FLAGS (\\Flagged)", "LIMIT")
    equal(sorted(fetched(s.no("STORE 1:3 +FLAGS (\\Flagged)", "LIMIT").lines)), [1, 3])
    equal([n for n, f in sorted(s.fetch("1:3", "FLAGS").items()) if "\\Flagged" in f["FLAGS"]], [1, 3])
    s.ok("STORE 1,3 +FLAGS (\\Flagged)")
    equal(s.fetch("2", "BODY.PEEK[]")[2]["BODY[]"], crlf(text(255)))
    s.logout()
    p = box.pop3()
    for i in range(3):
        p.dele(i + 1)
    p.quit()
    equal(box.names(), [])


@test("names that no list of UIDs can hold do no harm, in new/ and in cur/, and stay where they are")
def _():
    box = Box("odd")
    for i, name in enumerate(NAMELESS + HIDDEN):
        box.put(name, text(100 + i), ("cur", "new")[i % 2])
    box.put(b"1600000500.M1P1.good", text(7), "new")
    box.put(b"1600000501.M1P1.good:2,S", text(8))
    for _turn in range(2):
        s = box.login()
        s.ok("SELECT INBOX")
        found = sorted(subjects(s).values())
        check({7, 8} <= set(found) and not set(found) & set(range(100 + len(NAMELESS), 200)), found)
        s.append(crlf(text(9)))
        s.ok("STORE * +FLAGS (\\Deleted)")
        s.ok("EXPUNGE")
        s.logout()
    left = box.names("cur") + box.names("new")
    check(set(HIDDEN) <= set(left), "hidden files are touched")
    equal(len(left), len(NAMELESS + HIDDEN) + 2, repr(left))
    lines = open(box.path + "/dovecot-uidlist", "rb").read().split(b"\n")
    check(all(re.match(rb"\d+ ([A-Z]\S* )*:[^:\r]+$", l) for l in lines[1:-1]), lines)


@test("a FIFO, a socket, directories and symbolic links are no messages, and nobody waits for them")
def _():
    box = Box("things")
    there = []
    for sub in ("cur", "new"):
        base = os.path.join(box.path, sub) + "/16000000"
        os.mkfifo(base + "01.fifo:2,")
        with socket.socket(socket.AF_UNIX) as u:
            u.bind(base + "02.socket:2,")
        os.mkdir(base + "03.directory:2,")
        os.mkdir(base + "04.full:2,")
        open(base + "04.full:2,/file", "w").close()
        os.symlink("/nonexistent", base + "05.dangling:2,")
        os.symlink(base + "06.itself:2,", base + "06.itself:2,")
        os.symlink("/etc/passwd", base + "07.passwd:2,")
        os.symlink(base + "01.fifo:2,", base + "08.to-fifo:2,")
        os.symlink(box.path, base + "09.to-directory:2,")
        os.mknod(base + "10.device:2,", 0o666 | 0o020000, os.makedev(1, 5))
        box.put("1600000%s.M1P1.real:2," % ("0%d" % (sub == "cur")), text(sub == "cur"), sub)
        there += [os.path.basename(n) for n in os.listdir(os.path.join(box.path, sub)) if "real" not in n]
    s = box.login()
    s.ok("SELECT INBOX")
    found = subjects(s)
    check({0, 1} <= set(found.values()), found)
    for items in s.fetch("1:*", "UID BODY.PEEK[] RFC822.SIZE").values():
        check(b"root:" not in (items["BODY[]"] or b""), "a symbolic link out of the Maildir was followed")
    equal(sorted(found.values()), [0, 1])
    s.ok("STORE 1:* +FLAGS (\\Seen)")
    s.ok("NOOP")
    s.logout()
    p = box.pop3()
    equal(len(p.list()[1]), 2)
    p.quit()
    send(server, "things")
    s = box.login()
    s.ok("SELECT INBOX")
    equal(len(s.search("ALL")), 3)
    s.logout()
    left = [n for sub in ("cur", "new") for n in os.listdir(os.path.join(box.path, sub)) if "real" not in n]
    check(set(there) <= set(left), "removed: %r" % sorted(set(there) - set(left)))


@test("a file that may not be read spoils nothing but itself, and can be removed")
def _():
    box = Box("locked")
    for i in range(4):
        path = box.put("160000000%d.M1P1.h:2," % i, text(i))
        if i == 2:
            os.chown(path, 0, 0)
            os.chmod(path, 0)
    s = box.login()
    s.ok("SELECT INBOX")
    equal(sorted(s.fetch("1:*", "UID FLAGS")), [1, 2, 3, 4])
    reply = s.do("FETCH 1:* (UID BODY.PEEK[])")
    got = {n: f.get("BODY[]") for n, f in fetched(reply.lines).items()}
    equal([got.get(n) for n in (1, 2, 4)], [crlf(text(i)) for i in (0, 1, 3)])
    check(reply.status == "NO" or got.get(3) in (b"", None), reply.last)
    for what in ("ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "BODY.PEEK[HEADER]", "BODY.PEEK[1]<0.10>", "RFC822.HEADER"):
        s.do("FETCH 1:* (%s)" % what)
    s.do("SEARCH BODY line")
    s.do("COPY 1:* INBOX")
    s.ok("STORE 3 +FLAGS (\\Deleted)")
    s.ok("EXPUNGE")
    check(not [n for n in box.names() if n.startswith(b"1600000002")], "it is still there")
    s.logout()
    path = box.put("1600000009.M1P1.h", text(9), "new")
    os.chown(path, 0, 0)
    os.chmod(path, 0)
    p = box.pop3()
    n = len(p.list()[1])
    try:
        p.retr(n)
        check(False, "POP3 served what cannot be read")
    except poplib.error_proto as refused:
        check(str(refused).count("-ERR"), refused)
    p.noop()
    equal(b"\r\n".join(p.retr(1)[1]) + b"\r\n", crlf(text(0)))
    p.dele(n)
    p.quit()
    check(not os.path.exists(path), "it is still there")


@test("hard links of one file are messages of their own, whose flags change by themselves")
def _():
    box = Box("links")
    path = box.put("1600000001.M1P1.h:2,", text(1))
    os.link(path, os.path.join(os.fsencode(box.path), b"cur/1600000002.M1P1.h:2,S"))
    os.link(path, os.path.join(os.fsencode(box.path), b"new/1600000003.M1P1.h"))
    s = box.login()
    s.ok("SELECT INBOX")
    equal(sorted(subjects(s)), [1, 2, 3])
    s.ok("STORE 1 FLAGS (\\Flagged)")
    got = [set(f["FLAGS"]) - {"\\Recent"} for _n, f in sorted(s.fetch("1:*", "FLAGS").items())]
    equal(got, [{"\\Flagged"}, {"\\Seen"}, set()])
    s.ok("STORE 1 +FLAGS (\\Deleted)")
    s.ok("EXPUNGE")
    equal([f["BODY[]"] for f in s.fetch("1:*", "BODY.PEEK[]").values()], [crlf(text(1))] * 2)
    s.logout()


@test("dates of files from the future, from before 1970 and of the year 0 are told as dates, and new mail is still seen")
def _():
    box = Box("dates")
    now = int(time.time())
    for i, when in enumerate((now + 86400 * 3650, 2 ** 33, 0, -86400 * 365, now)):
        path = box.put("160000000%d.M1P1.h:2," % i, text(i))
        os.utime(path, (when, when))
    for sub in ("cur", "new"):
        os.utime(os.path.join(box.path, sub), (now + 86400, now + 86400))
    s = box.login()
    s.ok("SELECT INBOX")
    dates = [f["INTERNALDATE"].decode() for _n, f in sorted(s.fetch("1:*", "INTERNALDATE").items())]
    equal(len(dates), 5)
    for d in dates:
        check(re.match(r'[ \d]\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d [+-]\d{4}$', d), d)
    check(not dates[2].endswith("+0000") or re.match("[ 0]1-Jan-1970 00:00:00", dates[2]), dates[2])
    for i in range(3):  # a directory whose date lies in the future, and jumps back
        box.put("170000000%d.M1P1.h" % i, text(10 + i), "new")
        os.utime(os.path.join(box.path, "new"), (now + 86400 * (2 - i),) * 2)
        s.ok("NOOP")
        equal(len(s.search("ALL")), 6 + i)
        other = box.login()
        other.ok("EXAMINE INBOX")
        equal(len(other.search("ALL")), 6 + i)
        other.logout()
    s.append(crlf(text(20)), date=" 1-Jan-2037 00:00:00 +0000")
    s.ok("NOOP")
    equal(s.fetch("*", "INTERNALDATE").popitem()[1]["INTERNALDATE"][2:11], b"-Jan-2037")
    s.logout()


@test("a Maildir that may not be written is read, and what would change it is refused")
def _():
    box = Box("readonly")
    for i in range(3):
        box.put("160000000%d.M1P1.h:2," % i, text(i))
    s = box.login()
    s.ok("SELECT INBOX")
    before = subjects(s)
    s.logout()
    box.put("1600000009.M1P1.h:2,", text(9))
    for sub in ("", "cur", "new", "tmp"):
        os.chown(os.path.join(box.path, sub), 0, 0)
        os.chmod(os.path.join(box.path, sub), 0o755)
    names = box.names()
    s = box.login()
    s.ok("SELECT INBOX")
    found = subjects(s)
    equal({u: found.get(u) for u in before}, before)
    equal([f["BODY[]"] for f in s.fetch("1:3", "BODY.PEEK[]").values()], [crlf(text(i)) for i in range(3)])
    for command in ("STORE 1 +FLAGS (\\Seen)", "STORE 1 +FLAGS (Word)", "STORE 1 +FLAGS (\\Deleted)", "COPY 1 INBOX", "CREATE New",
                    "APPEND INBOX {4+}\r\n\r\n\r\n", "SUBSCRIBE INBOX"):
        reply = s.no(command)
        check(re.match(r"\[(NOPERM|READ-ONLY|CANNOT|UNAVAILABLE|OVERQUOTA|LIMIT|SERVERBUG|CONTACTADMIN)\]", reply.text) and
              "SERVERBUG" not in reply.text, "%s: %s" % (command, reply.text))
    equal([f["FLAGS"] for f in s.fetch("1", "FLAGS").values()], [[]])
    s.ok("NOOP")
    equal(subjects(s), found)
    s.logout()
    p = box.pop3()
    equal(b"\r\n".join(p.retr(1)[1]) + b"\r\n", crlf(text(0)))
    p.quit()
    equal(box.names(), names)
    matches(send(server, "readonly"), "^(250|4)")  # it waits in the queue, or with the sender
    equal(box.names(), names)


def mounted(box, *options):
    """A small disk where that Maildir is. Skips where nothing can be mounted."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "posthouse-test", box.path], stderr=subprocess.PIPE)
    if done.returncode:
        skip("cannot mount a tmpfs here: " + done.stderr.decode().strip())
    atexit.register(subprocess.run, ["umount", "-l", box.path], stderr=subprocess.DEVNULL)
    os.chown(box.path, box.user.uid, box.user.uid)
    os.chmod(box.path, 0o700)
    for sub in ("cur", "new", "tmp"):
        box.make(sub)


def fill(box, inodes):
    """Nothing is left: neither a page, nor (on wish) an entry."""
    try:
        with open(box.path + "/ballast", "wb", buffering=0) as f:
            while True:
                f.write(bytes(4096))
    except OSError:
        pass
    try:
        while inodes:
            open(box.path + "/ballast-%d" % inodes, "w").close()
            inodes += 1
    except OSError:
        pass


def full_disk(name, inodes, *options):
    box = Box(name)
    mounted(box, *options)
    for i in range(20):
        box.put("16000000%02d.M1P1.h:2," % i, text(i) * 100)
    s = box.login()
    s.ok("SELECT INBOX")
    known = subjects(s)
    equal(len(known), 20)
    fill(box, inodes)
    big = b"Subject: big\r\n\r\n" + b"0123456789abcdef\r\n" * 2000
    fresh = box.login()  # no session of before
    for x in (s, fresh):
        reply = x.do("SELECT INBOX")
        equal(reply.status, "OK", reply.last)
        equal(subjects(x), known)
        x.fetch("1:*", "ENVELOPE BODYSTRUCTURE BODY.PEEK[]")
        reply = x.no(b"APPEND INBOX {%d+}\r\n%s" % (len(big), big))
        check(re.match(r"\[(OVERQUOTA|UNAVAILABLE|LIMIT)\]", reply.text), reply.text)
        reply = x.do("STORE 2 +FLAGS (\\Flagged)")
        check(reply.status == "OK" or re.match(r"\[(OVERQUOTA|UNAVAILABLE|LIMIT)\]", reply.text), reply.text)
        reply = x.do("COPY 1 INBOX")
        check(reply.status == "OK" or re.match(r"\[(OVERQUOTA|UNAVAILABLE|LIMIT)\]", reply.text), reply.text)
    s.ok("STORE 1:10 +FLAGS.SILENT (\\Deleted)")
    s.ok("EXPUNGE")
    equal([n for n in range(10) if any(b"16000000%02d." % n in name for name in box.names())], [], "still there")
    fresh.ok("NOOP")
    check(not set(range(10)) & {v for v in subjects(fresh).values()}, subjects(fresh))
    os.unlink(box.path + "/ballast")
    for name in os.listdir(box.path):
        if name.startswith("ballast"):
            os.unlink(box.path + "/" + name)
    for x in (s, fresh):
        x.ok(b"APPEND INBOX {%d+}\r\n%s" % (len(big), big))
        x.ok("SELECT INBOX")
        x.ok("STORE 1:* +FLAGS (\\Flagged)")
        now = subjects(x)
        equal({u: v for u, v in now.items() if u in known}, {u: v for u, v in known.items() if v >= 10})
        x.logout()
    uids = [int(l.split()[0]) for l in open(box.path + "/dovecot-uidlist").read().split("\n")[1:-1]]
    equal(uids, sorted(set(uids)))


@test("on a full disk mail is read and deleted, the rest is refused clearly; with room again all goes on")
def _():
    full_disk("full", 0, "size=3M")


@test("the same where no entry is left either, so that no lock can be made")
def _():
    full_disk("noinodes", 1, "size=3M", "nr_inodes=60")


run()
