#!/usr/bin/env python3
"""The index is a cache: without it, with a damaged one, with another's, everything is the same."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import random
import shutil
import signal
import subprocess
from imapsession import *

LETTER = b"From: A <a@example.org>\nTo: b@example.org\nSubject: %d\nMessage-ID: <%d@example.org>\n\nbody %d\n"


def filled(n):
    box = Maildir()
    for i in range(n):
        box.add(LETTER % (i, i, i), flags="S" if i % 2 else "")
    return box


def index(box, name="data.mdb"):
    return os.path.join(box.path, "posthouse-index", name)


def seen(box, *options):
    """All that a client can see."""
    s = Session(box, *options)
    s.ok("SELECT INBOX")
    lines = [line for line in s.ok("FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE "
                                   "BODY.PEEK[HEADER.FIELDS (Subject Message-ID)])").lines]
    s.ok("LOGOUT")
    return [line.replace(b" \\Recent", b"").replace(b"\\Recent", b"") for line in lines]


@test("what is told is the same without the index, with it, and again without it")
def _():
    box = filled(30)
    seen(box)
    first = seen(box)
    check(os.path.exists(index(box)), "there is no index")
    equal(seen(box), first)
    shutil.rmtree(os.path.join(box.path, "posthouse-index"))
    equal(seen(box), first)


@test("a file that is no index and an empty one are replaced")
def _():
    box = filled(20)
    seen(box)
    first = seen(box)
    whole = open(index(box), "rb").read()
    for damage in (b"", b"no index at all" * 1000, b"\0" * len(whole)):
        os.unlink(index(box, "lock.mdb"))
        open(index(box), "wb").write(damage)
        equal(seen(box), first, "after %d octets of damage" % len(damage))
        check(damage != open(index(box), "rb").read(), "the damaged one is still there")


@test("one that was cut off under our feet costs one session at most")
def _():
    server = Sandbox(users=["anna"])
    for i in range(50):
        path = os.path.join(server.user("anna").maildir, "cur", "%d.M1P1.host:2,S" % i)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").write(LETTER % (i, i, i))
    subprocess.run(["chown", "-R", str(server.user("anna").uid), server.user("anna").home], check=True)

    def select():
        t = Talk(server, "imap")
        t.until(r"\* OK")
        t.ask('a LOGIN anna "%s"' % PASSWORD, "a ")
        return t.ask("b SELECT INBOX", "b ")

    matches(select(), r"^\* 50 EXISTS")
    data = os.path.join(server.user("anna").maildir, "posthouse-index", "data.mdb")
    eventually(lambda: "logout user=anna" in server.log_text())
    os.truncate(data, 8192)
    try:
        select()
    except (OSError, EOFError, AssertionError):
        pass
    eventually(lambda: server.log_text().count("logout user=anna") == 2)
    check("50 EXISTS" in str(select()), "it costs more than one session")
    if "set aside" in server.log_text():
        check(os.path.exists(data.replace("posthouse-index", "posthouse-index.broken")), "it is gone for good")


@test("an index of another boot that was not closed is not believed")
def _():
    box = filled(10)
    seen(box)
    s = Session(box)
    s.ok("SELECT INBOX")
    s.ok("STORE 1 +FLAGS (\\Flagged)")
    data = open(index(box), "rb").read()
    boot = open("/proc/sys/kernel/random/boot_id", "rb").read().strip()
    check(boot in data, "the boot id does not stand in the index")
    s.ok("LOGOUT")
    other = data.replace(boot, b"00000000-0000-0000-0000-000000000000")
    open(index(box), "wb").write(other)
    os.unlink(index(box, "lock.mdb"))
    check("Flagged" in str(seen(box)[0]), "the flag is lost")
    check(open(index(box), "rb").read() != other, "the index was believed")


@test("a session that is killed at any moment leaves an index that others go on with")
def _():
    box = filled(200)
    seen(box)
    first = seen(box)
    rnd = random.Random(7)
    for i in range(15):
        s = Session(box)
        s.send(b"a SELECT INBOX\r\nb STORE 1:* +FLAGS.SILENT (k%d)\r\nc STORE 1:* -FLAGS.SILENT (k%d)\r\n" % (i, i))
        time.sleep(rnd.random() * 0.05)
        s.process.kill()
        s.process.wait()
    s = Session(box)
    s.ok("SELECT INBOX")
    s.ok("STORE 1:* -FLAGS.SILENT (%s)" % " ".join("k%d" % i for i in range(15)))
    s.ok("LOGOUT")
    equal(seen(box), first)


@test("it shrinks when the messages are gone")
def _():
    box = filled(6000)
    seen(box)
    large = os.path.getsize(index(box))
    s = Session(box)
    s.ok("SELECT INBOX")
    s.ok("STORE 11:* +FLAGS.SILENT (\\Deleted)")
    s.ok("EXPUNGE")
    s.ok("LOGOUT")
    s.end()
    check(large > 3 << 19, "only %d octets before" % large)
    check(os.path.getsize(index(box)) < large // 4, "%d octets, %d before" % (os.path.getsize(index(box)), large))
    equal(len(seen(box)), 10)
    equal(sorted(os.listdir(os.path.dirname(index(box)))), ["data.mdb", "lock.mdb"])


@test("two sessions with the index and one whose index was taken away agree")
def _():
    box = filled(10)
    a, b = Session(box), Session(box)
    a.ok("SELECT INBOX")
    os.rename(os.path.join(box.path, "posthouse-index"), os.path.join(box.path, "elsewhere"))
    b.ok("SELECT INBOX")
    a.ok("STORE 3 +FLAGS (\\Flagged one)")
    b.ok("NOOP")
    check("Flagged" in str(b.ok("FETCH 3 FLAGS").lines), "b does not see it")
    b.ok("STORE 4 +FLAGS (\\Deleted)")
    b.ok("EXPUNGE")
    check("4 EXPUNGE" in str(a.ok("NOOP").lines), "a does not see it")
    b.ok("COPY 1 INBOX")
    check("10 EXISTS" in str(a.ok("NOOP").lines), "a does not see the copy")


@test("a folder that cannot be written to is served, and so is one whose index cannot")
def _():
    box = filled(5)
    seen(box)
    first = seen(box)
    shutil.rmtree(os.path.join(box.path, "posthouse-index"))
    open(os.path.join(box.path, "posthouse-index"), "w").close()  # in the way
    equal(seen(box), first)


run()
