#!/usr/bin/env python3
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import zlib

from imapsession import *


class Zipped(Session):
    """A session that goes on in DEFLATE after compress()."""
    into = out = None

    def compress(self, level=6):
        reply = self.ok("COMPRESS DEFLATE")
        equal(self.buffer, b"")
        self.out = zlib.compressobj(level, zlib.DEFLATED, -15)
        self.into = zlib.decompressobj(-15)
        return reply

    def send(self, data):
        data = data if isinstance(data, bytes) else data.encode()
        if self.out:
            data = self.out.compress(data) + self.out.flush(zlib.Z_SYNC_FLUSH)
        self.sock.sendall(data)

    def _fill(self):
        got = self.sock.recv(65536)
        if not got:
            raise EOFError("the session has ended; unread: %r" % self.buffer)
        self.received = getattr(self, "received", 0) + len(got)
        self.buffer += self.into.decompress(got) if self.into else got


def small(s, before, kilobytes, what="VmHWM"):
    grown = memory(s, what) - before
    sanitized = "asan" in open("/proc/%d/maps" % s.process.pid).read()  # which keep memory of their own
    check(sanitized or grown < kilobytes, "%d kB more" % grown)


def memory(s, what="VmHWM"):
    with open("/proc/%d/status" % s.process.pid) as f:
        return int(re.search(what + r":\s+(\d+) kB", f.read()).group(1))


@test("COMPRESS DEFLATE compresses both directions from behind its answer on")
def _():
    s = Zipped(Maildir())
    check(b"COMPRESS=DEFLATE" in s.ok("CAPABILITY").lines[0])
    s.compress()
    check(b"COMPRESS=DEFLATE" not in s.ok("CAPABILITY").lines[0])
    message = b"".join(b"line %d of a message\r\n" % i for i in range(20000))
    s.append(message)
    s.ok("SELECT INBOX")
    before = s.received
    check(s.fetch("1", "BODY.PEEK[]")[1]["BODY[]"] == message, "not the same octets")
    check(s.received - before < len(message) / 3, "%d octets for %d" % (s.received - before, len(message)))
    s.send(b"".join(b"p%d NOOP\r\n" % i for i in range(2000)))
    for i in range(2000):
        equal(s.line().split()[:2], [b"p%d" % i, b"OK"])
    equal(s.logout(), 0)


@test("each answer is flushed, also those of IDLE")
def _():
    box = Maildir()
    s = Zipped(box)
    s.compress()
    s.ok("SELECT INBOX")
    s.send(b"i IDLE\r\n")
    check(s.line().startswith(b"+ "))
    box.add(b"Subject: x\n\n")
    equal(s.line(), b"* 1 EXISTS")
    while s.line() != b"* 1 RECENT":
        pass
    s.send(b"DONE\r\n")
    check(s.line().startswith(b"i OK"))


@test("over TLS, COMPRESS is inside of it")
def _():
    server = Sandbox(users=["anna"])
    t = Talk(server, "imap", tls=False)
    t.until(r"\* OK ")
    t.ask("a STARTTLS", "a OK")
    t.start_tls()
    t.ask('b LOGIN anna "%s"' % PASSWORD, "b OK .*COMPRESS=DEFLATE")
    t.ask("c COMPRESS DEFLATE", "c OK")
    out, into, got = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.decompressobj(-15), b""
    t.send(out.compress(b"d SELECT INBOX\r\ne LOGOUT\r\n") + out.flush(zlib.Z_SYNC_FLUSH))
    while b"\ne OK" not in got:
        got += into.decompress(t.socket.recv(65536))
    check(b"\nd OK" in got, got)


@test("a second COMPRESS is refused, and an unknown mechanism")
def _():
    s = Zipped(Maildir())
    s.bad("COMPRESS")
    s.bad("COMPRESS LZ4")
    s.bad("COMPRESS DEFLATE x")
    s.compress()
    s.no("COMPRESS DEFLATE", "COMPRESSIONACTIVE")
    s.ok("NOOP")


@test("what is sent ahead of the answer ends the session")
def _():
    s = Zipped(Maildir())
    s.send(b"a COMPRESS DEFLATE\r\nb NOOP\r\n")
    check(s.line().startswith(b"a OK"))
    s.into = zlib.decompressobj(-15)
    s.buffer = s.into.decompress(s.buffer)
    check(s.line().startswith(b"* BYE "))
    s.process.wait(10)
    equal(s.process.returncode, 0)


@test("a stream that is broken, or ended, ends the session, and what came before is done")
def _():
    box = Maildir()
    s = Zipped(box)
    s.compress()
    s.ok("CREATE a")
    s.sock.sendall(b"\xff\xff\xff\xff rubbish")
    s.process.wait(10)
    equal(s.process.returncode, 0)
    s = Zipped(box)
    s.compress()
    s.sock.sendall(s.out.compress(b"a CREATE b\r\n") + s.out.flush(zlib.Z_FINISH))
    check(s.line().startswith(b"a OK"))
    s.sock.sendall(b"b NOOP\r\n")
    s.process.wait(10)
    check(os.path.isdir(box.folder("b")))


@test("a bomb does not grow the session")
def _():
    s = Zipped(Maildir())
    s.compress(9)
    s.ok("NOOP")
    before = memory(s)
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = bomb.compress(b"x" * (64 << 20)) + bomb.compress(b"\r\n") + bomb.flush(zlib.Z_SYNC_FLUSH)
    check(len(data) < 100000)
    s.sock.sendall(data)
    matches(s.line(), r"^\* BAD ")
    s.out = bomb  # the one whose window the session has
    s.send(b"a NOOP\r\n")
    matches(s.line(), r"^a OK")
    small(s, before, 24 * 1024)


@test("a session that rests keeps little, and goes on where it was")
def _():
    box = Maildir()
    box.add(b"Subject: x\n\n" + b"y" * 3000, flags="S")
    s = Zipped(box)
    s.ok("SELECT INBOX")
    s.fetch("1", "BODY.PEEK[]")
    time.sleep(1)
    plain = memory(s, "RssAnon")
    s.compress()
    for i in range(3):
        s.fetch("1", "BODY.PEEK[]")
        s.append(os.urandom(3000).replace(b"\0", b"0"))
        s.ok("NOOP")
        time.sleep(0.8)
    small(s, plain, 60, "RssAnon")


run()
