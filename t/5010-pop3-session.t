#!/usr/bin/env python3
# posthouse-pop3 alone on a socket pair over a Maildir of its own: every command, and what is left behind.
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

PROGRAM = os.path.join(BUILD, "access", "posthouse-pop3")
place = tempfile.mkdtemp(prefix="posthouse-pop3-")
atexit.register(shutil.rmtree, place, True)
ONE = b"Subject: one\n\nhello\n.dot\n..\nlast"
TWO = b"Subject: two\r\n\r\nl1\r\nl2\r\n.\r\n"


class Box:
    _n = 0

    def __init__(self, *letters):
        Box._n += 1
        self.path = os.path.join(place, "m%d" % Box._n)
        for sub in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.path, sub))
        for i, letter in enumerate(letters):
            with open(os.path.join(self.path, "new", "%d.M%dP1.host" % (1000000000 + i, i)), "wb") as f:
                f.write(letter)

    def names(self):
        return sorted(os.listdir(os.path.join(self.path, "cur")) + os.listdir(os.path.join(self.path, "new")))


class Pop3:
    def __init__(self, box):
        self.socket, other = socket.socketpair()
        self.socket.settimeout(20)
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([PROGRAM, "--user", "anna", "--mail", box.path], stdin=other, stdout=other,
                                        stderr=self.log)
        atexit.register(self.kill)
        other.close()
        self.file = self.socket.makefile("rb")
        self.greeting = self.file.readline()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.file.readline().rstrip(b"\r\n").decode()

    def many(self, line):
        """The lines of a multi-line answer, dots taken away."""
        matches(self.ask(line), r"^\+OK", line)
        lines = []
        while True:
            got = self.file.readline()
            check(got.endswith(b"\r\n"), "a line without CRLF: %r" % got)
            if got == b".\r\n":
                return lines
            lines.append(got[1:] if got.startswith(b".") else got)

    def quit(self):
        answer = self.ask("QUIT")
        equal(self.file.read(), b"", "after QUIT")
        equal(self.process.wait(20), 0, "exit status")
        return answer

    def refused(self, line):
        matches(self.ask(line), r"^-ERR ", line)


@test("the greeting counts, STAT and LIST give sizes as sent")
def _():
    s = Pop3(Box(ONE, TWO))
    matches(s.greeting, r"^\+OK .*2 messages\r\n$")
    sizes = [len(ONE) + ONE.count(b"\n"), len(TWO)]
    equal(s.ask("STAT"), "+OK 2 %d" % sum(sizes))
    equal(s.many("LIST"), [b"1 %d\r\n" % sizes[0], b"2 %d\r\n" % sizes[1]])
    equal(s.ask("LIST 2"), "+OK 2 %d" % sizes[1])
    matches(s.quit(), r"^\+OK")


@test("RETR sends CRLF line ends, dots doubled, and completes the last line")
def _():
    s = Pop3(Box(ONE, TWO))
    equal(b"".join(s.many("RETR 1")), ONE.replace(b"\n", b"\r\n") + b"\r\n")
    equal(b"".join(s.many("retr 2")), TWO)
    s.quit()


@test("a large message comes whole, whatever its blocks")
def _():
    text = b"Subject: big\n\n" + b".x\n" * 100000 + b"y" * 300000 + b"\n"
    s = Pop3(Box(text))
    equal(b"".join(s.many("RETR 1")) == text.replace(b"\n", b"\r\n"), True, "same bytes")
    s.quit()


@test("TOP shows the header and as many lines as asked for")
def _():
    s = Pop3(Box(ONE, b"Subject: no body\n"))
    equal(b"".join(s.many("TOP 1 0")), b"Subject: one\r\n\r\n")
    equal(b"".join(s.many("TOP 1 2")), b"Subject: one\r\n\r\nhello\r\n.dot\r\n")
    equal(b"".join(s.many("TOP 1 100")), ONE.replace(b"\n", b"\r\n") + b"\r\n")
    equal(b"".join(s.many("TOP 2 5")), b"Subject: no body\r\n")
    s.quit()


def told(pid, file, word):
    return int(re.search(r"^%s:\s+(\d+)" % word, open("/proc/%d/%s" % (pid, file)).read(), re.M).group(1))


@test("TOP leaves the rest of a message unread, and RETR of one that is large passes through little memory")
def _():
    line = b"x" * 75 + b"\n"
    s = Pop3(Box(b"Subject: huge\n\n" + line * 800000))
    before = told(s.process.pid, "io", "rchar")
    equal(s.many("TOP 1 1"), [b"Subject: huge\r\n", b"\r\n", b"x" * 75 + b"\r\n"])
    read = told(s.process.pid, "io", "rchar") - before
    check(read < 1 << 20, "%d octets were read of 60 million" % read)
    memory = told(s.process.pid, "status", "VmHWM")
    equal(len(s.many("RETR 1")), 800002)
    check(told(s.process.pid, "status", "VmHWM") < memory + (16 << 10), "memory grew with the message")
    s.quit()


@test("what is deleted goes at QUIT, and what was read is seen then")
def _():
    box = Box(ONE, TWO, ONE)
    s = Pop3(box)
    s.many("RETR 1")
    s.many("TOP 3 0")
    matches(s.ask("DELE 2"), r"^\+OK")
    for line in ("RETR 2", "DELE 2", "LIST 2", "UIDL 2", "TOP 2 0"):
        s.refused(line)
    equal(len(s.many("LIST")), 2)
    matches(s.ask("STAT"), r"^\+OK 2 ")
    equal(len(box.names()), 3, "before QUIT")
    matches(s.quit(), r"^\+OK")
    equal([n.split(":")[1] for n in box.names()], ["2,S", "2,"])
    check(box.names()[0].startswith("1000000000.") and box.names()[1].startswith("1000000002."), repr(box.names()))


@test("RSET takes deletions back")
def _():
    box = Box(ONE)
    s = Pop3(box)
    s.ask("DELE 1")
    matches(s.ask("RSET"), r"^\+OK")
    matches(s.ask("STAT"), r"^\+OK 1 ")
    s.quit()
    equal(len(box.names()), 1)


@test("a session that ends without QUIT changes nothing")
def _():
    box = Box(ONE)
    for how in ("close", "term"):
        s = Pop3(box)
        s.many("RETR 1")
        s.ask("DELE 1")
        if how == "close":
            s.socket.shutdown(socket.SHUT_WR)
        else:
            s.process.send_signal(signal.SIGTERM)
        equal(s.process.wait(20), 0, how)
        equal([n.split(":")[1] for n in box.names()], ["2,"], how)


@test("UIDL is Dovecot's, and stays over sessions and deletions")
def _():
    box = Box(ONE, TWO)
    s = Pop3(box)
    before = s.many("UIDL")
    for i, line in enumerate(before):
        matches(line, r"^%d %08x[0-9a-f]{8}\r\n$" % (i + 1, i + 1))
    s.ask("DELE 1")
    s.quit()
    s = Pop3(box)
    equal(s.ask("UIDL 1").split()[2], before[1].split()[1].decode())
    s.quit()


@test("UIDL values of an earlier server are given out as they are")
def _():
    box = Box()
    with open(os.path.join(box.path, "cur", "1000000000.M1P1.host:2,S"), "wb") as f:
        f.write(ONE)
    with open(os.path.join(box.path, "dovecot-uidlist"), "w") as f:
        f.write("3 V1234567890 N8 G00112233445566778899aabbccddeeff\n7 PUID7-old :1000000000.M1P1.host\n")
    s = Pop3(box)
    equal(s.ask("UIDL 1"), "+OK 1 UID7-old")
    s.quit()


@test("the order of an earlier server stays: messages that have one come first")
def _():
    box = Box(ONE, TWO, ONE, TWO)
    lines = ["3 V1234567890 N9 G00112233445566778899aabbccddeeff"]
    for i, field in enumerate(("", "O2 ", "", "O1 ")):
        lines.append("%d %s:%d.M%dP1.host" % (i + 1, field, 1000000000 + i, i))
    for name in os.listdir(os.path.join(box.path, "new")):
        os.rename(os.path.join(box.path, "new", name), os.path.join(box.path, "cur", name + ":2,"))
    with open(os.path.join(box.path, "dovecot-uidlist"), "w") as f:
        f.write("\n".join(lines) + "\n")
    s = Pop3(box)
    equal([line.split()[1][:8] for line in s.many("UIDL")], [b"%08x" % uid for uid in (4, 2, 1, 3)])
    for number in (1, 2, 3):
        s.ask("DELE %d" % number)
    s.quit()
    equal(box.names(), ["1000000002.M2P1.host:2,"])


@test("a message whose flags another client changes is still there, and still goes")
def _():
    box = Box(ONE, TWO)
    s = Pop3(box)
    for name in box.names():
        os.rename(os.path.join(box.path, "cur", name), os.path.join(box.path, "cur", name + "FS"))
    equal(b"".join(s.many("RETR 2")), TWO)
    s.ask("DELE 1")
    matches(s.quit(), r"^\+OK")
    equal(box.names(), ["1000000001.M1P1.host:2,FS"])


@test("a message that another client removed is told as gone, and the session goes on")
def _():
    box = Box(ONE, TWO)
    s = Pop3(box)
    os.unlink(os.path.join(box.path, "cur", box.names()[0]))
    s.refused("RETR 1")
    s.refused("TOP 1 1")
    equal(b"".join(s.many("RETR 2")), TWO)
    s.ask("DELE 1")
    matches(s.quit(), r"^\+OK")


@test("a message that comes during the session has no number before the next")
def _():
    box = Box(ONE)
    s = Pop3(box)
    with open(os.path.join(box.path, "new", "1000000009.M9P1.host"), "wb") as f:
        f.write(TWO)
    matches(s.ask("STAT"), r"^\+OK 1 ")
    s.refused("RETR 2")
    s.quit()
    s = Pop3(box)
    matches(s.ask("STAT"), r"^\+OK 2 ")
    s.quit()


@test("nonsense is refused and does no harm")
def _():
    s = Pop3(Box(ONE))
    for line in ("", "RETR", "RETR 0", "RETR 2", "RETR x", "RETR 1 1", "RETR 4294967297", "TOP 1", "TOP 1 -1", "DELE 1 1 1",
                 "STAT 1", "APOP a b", "USER anna", "PASS x", "LIST 9", "\0RETR 1", "X" * 5000):
        s.refused(line)
    matches(s.ask("NOOP"), r"^\+OK")
    s.quit()


@test("commands may be pipelined, and lines may end in LF")
def _():
    s = Pop3(Box(ONE))
    s.socket.sendall(b"NOOP\r\nSTAT\nDELE 1\r\nQUIT\r\n")
    equal([line[:3] for line in s.file.read().split(b"\r\n")], [b"+OK", b"+OK", b"+OK", b"+OK", b""])


@test("CAPA names what there is")
def _():
    s = Pop3(Box())
    matches(s.greeting, r"^\+OK .*0 messages")
    got = [line.strip().decode() for line in s.many("CAPA")]
    for word in ("TOP", "UIDL", "RESP-CODES", "PIPELINING", "EXPIRE NEVER"):
        check(word in got, "%s is missing in %r" % (word, got))
    equal([word for word in got if word.startswith(("SASL", "USER", "STLS"))], [])  # it is logged in
    s.quit()


@test("a mailbox that cannot be opened is a temporary error")
def _():
    box = Box()
    with open(os.path.join(box.path, "file"), "w"):
        pass
    box.path = os.path.join(box.path, "file", "Maildir")
    matches(Pop3(box).greeting, r"^-ERR \[SYS/TEMP\]")


run()
