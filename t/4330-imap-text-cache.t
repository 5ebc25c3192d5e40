#!/usr/bin/env python3
# SEARCH BODY and TEXT: the cache of texts answers as the letters themselves do, and whatever happens to it costs nothing but time.
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import base64, json, quopri, random, resource
from imapsession import *

NAME = "posthouse-text"
WORDS = ("Invoice Größe straße ΑΓΟΡΆ naïve Привет мир résumé Übung ﬁne İstanbul meeting x1 42 café Zürich budget the of and "
         "https://example.org/a?b=c 日本 語").split()
CHARSETS = ["utf-8", "iso-8859-1", "koi8-r", "windows-1252", "utf-16", "iso-2022-jp", "us-ascii", "x-none", "iso-8859-7"]


def prose(rng, n):
    return " ".join(rng.choice(WORDS) + rng.choice(["", "", ".", ",\n", "\n\n"]) for _ in range(n))


def part(rng, text):
    charset = rng.choice(CHARSETS)
    octets = text.encode("ascii" if charset in ("us-ascii", "x-none") else charset, "replace")
    encoding = rng.choice(["base64", "quoted-printable", "8bit"]) if charset != "utf-16" else "base64"
    if encoding == "base64":
        octets = base64.encodebytes(octets)
    elif encoding == "quoted-printable":
        octets = quopri.encodestring(octets)
    if rng.random() < 0.05:
        octets += bytes(rng.randrange(256) for _ in range(40)).replace(b"\r", b"")
    return ("Content-Type: text/%s; charset=%s\nContent-Transfer-Encoding: %s\n\n"
            % (rng.choice(["plain", "html"]), charset, encoding)).encode() + octets


def letter(rng):
    text = prose(rng, rng.choice([0, 3, 30, 300]))
    subject = " ".join(rng.choice(WORDS) for _ in range(4))
    head = ("From: =?utf-8?b?%s?= <a@example.org>\nSubject: =?utf-8?q?%s?=\n" %
            (base64.b64encode(subject.encode()).decode(), "".join("=%02X" % b for b in subject.encode()))).encode()
    kind = rng.randrange(4)
    if kind == 0:
        return head + part(rng, text)
    if kind == 1:
        parts = [part(rng, text), part(rng, prose(rng, 5)), b"Content-Type: application/octet-stream\n\nInvoice not text\n"]
        return head + b"Content-Type: multipart/mixed; boundary=q\n\n" + b"".join(b"--q\n" + p + b"\n" for p in parts) + b"--q--\n"
    if kind == 2:
        return head + b"Content-Type: message/rfc822\n\nSubject: inner Invoice\n" + part(rng, text)
    return head + b"\n" + text.encode("utf-8")


def query(rng):
    text = (" ".join(rng.choice(WORDS) for _ in range(rng.choice([1, 1, 2, 3]))))
    at = rng.randrange(len(text))
    text = text[at:at + rng.choice([1, 2, 3, 5, 30])]
    text = rng.choice([str.upper, str.lower, str])(text).encode()
    key = b"%s {%d+}\r\n%s" % (rng.choice([b"BODY", b"TEXT", b"NOT BODY", b"NOT TEXT", b"SEEN TEXT", b"SUBJECT"]), len(text), text)
    if rng.random() < 0.3:
        return b"OR (%s) (UNSEEN BODY the)" % key
    return key


def opened(box):
    s = Session(box)
    s.ok("SELECT INBOX")
    return s


def forget(box):
    if os.path.exists(cache_of(box)):
        os.unlink(cache_of(box))


def cache_of(box):
    return os.path.join(box.path, NAME)


def falsify(path):
    """Another text in the same file, of the same size and time: only who reads the file sees it."""
    st = os.stat(path)
    with open(path, "r+b") as f:
        content = f.read()
        f.seek(0)
        f.write(content.replace(b"needle", b"noodle"))
    os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))


def small(n=20):
    """Letters that say "needle", read once; and then they say something else, which nobody is told of."""
    box = Maildir()
    paths = [box.add(b"Subject: letter %d\n\nhere is a needle %d.\n" % (i, i), flags="") for i in range(n)]
    s = opened(box)
    equal(s.search("BODY needle"), list(range(1, n + 1)))
    for path in paths:
        falsify(path)
    return box, s, paths


@test("the cache answers random questions as the letters do")
def _():
    rng = random.Random(4330)
    box = Maildir()
    for _i in range(150):
        box.add(letter(rng), flags=rng.choice(["", "S"]))
    s = opened(box)
    some = 0
    for _i in range(60):
        keys = b"CHARSET UTF-8 " + query(rng)
        forget(box)
        without = s.search(keys)
        check(os.path.exists(cache_of(box)) or keys.count(b"SUBJECT"), "nothing was kept")
        s.search("BODY fill")
        equal(s.search(keys), without, repr(keys))
        some += 0 < len(without) < 150
    check(some > 20, "the questions do not tell letters apart: %d" % some)


@test("what is in the cache is not read again, but what is not, is")
def _():
    box, s, paths = small()
    equal(s.search("BODY needle"), list(range(1, 21)))
    box.add(b"Subject: new\n\nhere is a noodle\n", flags="")
    s.ok("NOOP")
    equal(s.search("BODY noodle"), [21])
    equal(opened(box).search("BODY needle"), list(range(1, 21)))
    forget(box)
    equal(s.search("BODY needle"), [])
    equal(s.search("BODY noodle"), list(range(1, 22)))


@test("a letter that was edited in place is read again, once that is known")
def _():
    box, s, paths = small(3)
    with open(paths[1], "ab") as f:
        f.write(b"and a thimble\n")
    s.fetch("2", "BODY.PEEK[]")
    equal(s.search("BODY thimble"), [2])
    equal(s.search("BODY needle"), [1, 3])


@test("removed letters are found no more, and their texts leave the file in time")
def _():
    box = Maildir()
    rng = random.Random(1)
    for i in range(60):
        box.add(b"Subject: x\n\nneedle %d\n" % i + base64.encodebytes(rng.randbytes(60000)), flags="")
    s = opened(box)
    equal(len(s.search("BODY needle")), 60)
    size = os.path.getsize(cache_of(box))
    s.ok("STORE 1:55 +FLAGS.SILENT (\\Deleted)")
    s.ok("EXPUNGE")
    equal(s.search("BODY needle"), [1, 2, 3, 4, 5])
    box.add(b"Subject: x\n\nneedle\n", flags="")
    s.ok("NOOP")
    equal(s.search("BODY needle"), [1, 2, 3, 4, 5, 6])
    check(os.path.getsize(cache_of(box)) < size / 5, "%d of %d octets" % (os.path.getsize(cache_of(box)), size))
    equal(s.search('BODY "needle 58"'), [4])


@test("many small additions become few blocks")
def _():
    box = Maildir()
    s = opened(box)
    for i in range(140):
        box.add(b"Subject: x\n\nneedle %d\n" % i, flags="")
        s.ok("NOOP")
        equal(len(s.search("BODY needle")), i + 1)
    with open(cache_of(box), "rb") as f:
        blocks = f.read().count(b"PHtext1\n")
    check(blocks < 80, "%d blocks" % blocks)
    for path in box.files():
        falsify(path)
    equal(len(s.search("BODY needle")), 140)


@test("with another UIDVALIDITY nothing of it is believed")
def _():
    box, s, paths = small(5)
    s.end()
    os.unlink(os.path.join(box.path, "dovecot-uidlist"))
    shutil.rmtree(os.path.join(box.path, "posthouse-index"))
    s = opened(box)
    equal(s.search("BODY needle"), [])
    equal(s.search("BODY noodle"), [1, 2, 3, 4, 5])
    equal(s.search("BODY noodle"), [1, 2, 3, 4, 5])


@test("cut off or damaged anywhere, it gives no wrong answer")
def _():
    rng = random.Random(7)
    box = Maildir()
    for i in range(40):
        box.add(letter(rng) + b"\nneedle\n", flags="")
    s = opened(box)
    questions = [b"CHARSET UTF-8 " + query(rng) for _ in range(6)] + [b"TEXT needle", b"BODY Invoice"]
    right = [s.search(q) for q in questions]
    with open(cache_of(box), "rb") as f:
        whole = f.read()
    broken = [whole[:n] for n in [0, 1, 31, 32, 100, len(whole) // 2, len(whole) - 1]]
    broken += [whole[:n] + bytes(400) for n in (32, len(whole) // 2)] + [whole + b"rubbish" * 100, bytes(len(whole)), whole + whole]
    for _i in range(40):
        at = rng.randrange(len(whole)) if rng.random() < 0.7 else rng.randrange(64)
        broken.append(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1:])
    for content in broken:
        with open(cache_of(box), "wb") as f:
            f.write(content)
        i = rng.randrange(len(questions))
        for _again in range(2):
            equal(s.search(questions[i]), right[i], "%r" % questions[i])
    equal([s.search(q) for q in questions], right)


@test("where it cannot be written, searches go on")
def _():
    for spoil in ("directory", "size"):
        box = Maildir()
        for i in range(30):
            box.add(b"Subject: x\n\nneedle %d\n" % i + os.urandom(20000).hex().encode(), flags="")
        s = opened(box)
        if spoil == "directory":
            os.mkdir(cache_of(box))
        else:
            resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (100000, resource.RLIM_INFINITY))
        for _i in range(2):
            equal(len(s.search("BODY needle")), 30)
        if spoil == "size":
            resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            equal(len(s.search("BODY needle")), 30)
            for path in box.files():
                falsify(path)
            equal(len(s.search("BODY needle")), 30, "now it is there")


@test("two sessions that fill it at the same time do not disturb each other")
def _():
    box = Maildir()
    for i in range(200):
        box.add(b"Subject: x\n\nneedle %d\n" % i + os.urandom(1000).hex().encode(), flags="")
    sessions = [opened(box) for _ in range(4)]
    for _i in range(3):
        forget(box)
        tags = [s.start("SEARCH BODY needle") for s in sessions]
        for s, tag in zip(sessions, tags):
            equal(len(s.finish(tag).untagged("SEARCH")[0].split()), 202)
    for path in box.files():
        falsify(path)
    for s in sessions:
        equal(len(s.search("BODY needle")), 200)


@test("a session that stands still with the lock does not hold up others")
def _():
    import fcntl
    box, s, paths = small()
    box.add(b"Subject: new\n\nanother needle\n", flags="")
    s.ok("NOOP")
    with open(cache_of(box), "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        equal(len(s.search("BODY needle")), 21)
    equal(len(s.search("BODY needle")), 21)


@test("it goes along when a folder is renamed, and goes away with it")
def _():
    box = Maildir()
    s = opened(box)
    s.ok("CREATE one")
    s.append(b"Subject: x\r\n\r\nhere is a needle\r\n", folder="one")
    s.ok("SELECT one")
    equal(s.search("BODY needle"), [1])
    s.ok("UNSELECT")
    s.ok("RENAME one two")
    for path in box.files("two"):
        falsify(path)
    s.ok("SELECT two")
    equal(s.search("BODY needle"), [1])
    s.ok("COPY 1 INBOX")
    s.ok("SELECT INBOX")
    equal(s.search("BODY noodle"), [1])
    s.ok("DELETE two")
    check(not os.path.exists(box.folder("two")), "the folder is still there")


@test("`posthouse mailbox index` fills it")
def _():
    box = Maildir()
    paths = [box.add(b"Subject: x\n\nneedle %d\n" % i, flags="") for i in range(20)]
    who = {}
    if os.geteuid() == 0:
        who = {"user": 65534, "group": 65534, "extra_groups": []}
        for d, dirs, files in os.walk(box.dir):
            for n in [d] + [os.path.join(d, f) for f in files]:
                os.chown(n, 65534, 65534)
    tool = os.path.join(os.path.dirname(PROGRAM), "posthouse-mailbox")

    def index(*options):
        return subprocess.run([tool, "index", "--mail", box.path] + list(options), stdout=subprocess.PIPE, check=True, **who).stdout
    equal(json.loads(index("--json")), {"folders": [{"folder": "INBOX", "messages": 20, "read": 20}]})
    equal(index("INBOX"), b"INBOX: 20 messages, 0 of them read\n")
    for path in paths:
        falsify(path)
    equal(len(opened(box).search("BODY needle")), 20)


@test("a text that is too long to be kept is searched all the same")
def _():
    box = Maildir()
    line = b"some words that fill a line of the text\n"
    box.add(b"Subject: zebra\n\n" + line * 60000 + b"the first needle\n" + line * 60000 + b"the last thimble\n", flags="")
    s = opened(box)
    for _i in range(2):
        equal(s.search("BODY needle"), [1])
        equal(s.search('BODY "LAST THIMBLE"'), [1])
        equal(s.search("BODY zebra"), [])
        equal(s.search("TEXT zebra"), [1])


run()
