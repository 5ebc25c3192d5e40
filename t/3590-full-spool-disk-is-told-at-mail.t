#!/usr/bin/env python3
# When the spool's disk is full, senders are told 452 before they send anything, what is there stays readable, and nothing needs a restart.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
from posthouse import *

if not ROOT:
    skip_all("needs root, to mount a small disk")
place = tempfile.mkdtemp(prefix="posthouse-spool-")
spool = os.path.join(place, "spool")
os.mkdir(spool)
os.chmod(place, 0o755)
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40M", "tmpfs", spool], stderr=subprocess.DEVNULL).returncode:
    os.rmdir(spool)
    os.rmdir(place)
    skip_all("cannot mount a tmpfs")
atexit.register(lambda: (subprocess.run(["umount", "-l", spool]), os.rmdir(spool), os.rmdir(place)))
MANY = ["m%d" % n for n in range(21)]
server = Sandbox(users=["anna"] + MANY, conf='relay { spool_dir = "%s" }\n' % spool)


def fill():
    fd = os.open(os.path.join(spool, "filler"), os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(fd, b"x" * 65536)
    except OSError:
        pass
    os.close(fd)


@test("a full disk is told at MAIL, and the mailbox is read as before")
def _():
    matches(send(server, "anna"), r"^250 ")
    fill()
    t = Talk(server, "smtp")
    t.until(r"220 ")
    t.ask("EHLO client.example.org")
    matches(t.ask("MAIL FROM:<x@example.org>"), r"^452 4\.3\.1 ")
    matches(t.ask("MAIL FROM:<x@example.org> SIZE=1000"), r"^452 4\.3\.1 ")
    matches(t.ask("NOOP"), r"^250 ")
    t.close()
    p = Talk(server, "pop3")
    p.until(r"\+OK")
    p.ask("USER anna")
    matches(p.ask("PASS " + PASSWORD), r"^\+OK")
    matches(p.ask("STAT"), r"^\+OK 1 ")
    p.close()
    matches(server.log_text(), r"the disk of the spool is nearly full")


@test("with space again, mail is taken at once")
def _():
    os.unlink(os.path.join(spool, "filler"))
    matches(send(server, "anna"), r"^250 ")


@test("a message that announces more than there is room for is refused at MAIL")
def _():
    t = Talk(server, "smtp")
    t.until(r"220 ")
    t.ask("EHLO client.example.org")
    matches(t.ask("MAIL FROM:<x@example.org> SIZE=30000000"), r"^452 4\.3\.1 ")
    matches(t.ask("MAIL FROM:<x@example.org> SIZE=1000"), r"^250 ")
    t.close()


@test("when the disk fills while a message is on its way to the spool, it is refused, and nothing is left of it")
def _():
    t = Talk(server, "smtp")
    t.until(r"220 ")
    t.ask("EHLO client.example.org")
    matches(t.ask("MAIL FROM:<x@example.org>"), r"^250 ")
    for name in MANY:
        matches(t.ask("RCPT TO:<%s@localhost>" % name), r"^250 ")
    matches(t.ask("DATA"), r"^354 ")
    fill()
    t.send(b"Subject: x\r\n\r\n" + b"a line\r\n" * 20000 + b".\r\n")
    matches(t.until(r"\d\d\d "), r"^4\d\d 4\.3\.")
    equal(os.listdir(os.path.join(spool, "queue")), [])
    os.unlink(os.path.join(spool, "filler"))
    matches(send(server, ["%s@localhost" % name for name in MANY]), r"^250 .*queued")
    for name in MANY:
        eventually(lambda: len(server.user(name).files()) == 1, 20, "not delivered to " + name)


run()
