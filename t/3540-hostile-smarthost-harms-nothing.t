#!/usr/bin/env python3
# Whatever the smarthost answers, the mail stays whole in the spool, what it said stays words, and a polite answer later ends it.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
import threading
from posthouse import *


class Script:
    """Answers the greeting and each command with the next of `replies` (then with polite ones), None: closes. Closes after a message, without
    a word: what is kept of the connection is dead."""

    def __init__(self):
        self.replies, self.bodies = [], []
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(20)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            c, _ = self.listener.accept()
            threading.Thread(target=self._serve, args=(c, list(self.replies)), daemon=True).start()

    def _serve(self, c, replies):
        try:
            f, line = c.makefile("rb"), b"greeting"
            while line:
                polite = b"354 go\r\n" if line.startswith(b"DATA") else b"250 2.0.0 fine\r\n"
                reply = replies.pop(0) if replies else polite if line != b"greeting" else b"220 here\r\n"
                if reply is None:
                    break
                c.sendall(reply)
                if line.startswith(b"DATA") and reply[:1] == b"3":
                    body = b"".join(iter(f.readline, b".\r\n"))
                    if not replies or replies[0] is not None:
                        self.bodies.append(body)
                    if not replies:
                        c.sendall(b"250 2.0.0 fine\r\n")
                        break
                    line = b"."
                else:
                    line = f.readline()
        except OSError:
            pass
        c.close()


host = Script()
server = Sandbox(users=["anna"], conf="""relay { smarthost = "127.0.0.1:%d" smarthost_tls = "none" retry_first = 1 retry_max = 1 }
""" % host.port)
queue = os.path.join(server.dir, "box", "spool", "queue")
GREET, OK, EHLO = b"220 here\r\n", b"250 ok\r\n", b"250-here\r\n250 8BITMIME\r\n"


def try_with(name, replies, said):
    number = len(host.bodies)
    host.replies = replies
    seen = len(server.log_text())
    done = subprocess.run([server["sendmail"], "-i", "-f", "anna@localhost", "x@example.net"],
                          input=b"Subject: %s\n\n.\nbody\n" % name.encode(), stderr=subprocess.PIPE)
    equal(done.returncode, 0, done.stderr.decode())
    line = eventually(lambda: re.search(r'to=<x@example\.net> status=(\w+) .*reply="(.*)"$', server.log_text()[seen:], re.M), 15, "no verdict")
    equal(line.group(1), "deferred")
    matches(line.group(2), said)
    listing = subprocess.run([server["sendmail"], "-bp"], stdout=subprocess.PIPE).stdout
    check(b"x@example.net" in listing and not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", listing), listing)
    host.replies = []
    eventually(lambda: len(host.bodies) > number, 15, "not sent in the end")
    check(host.bodies[-1].endswith(b"Subject: %s\r\n\r\n..\r\nbody\r\n" % name.encode()), host.bodies[-1])
    eventually(lambda: os.listdir(queue) == [], 10, "the spool is not empty")
    check("ended without an answer" not in server.log_text()[seen:], "the sender died")


for name, replies, said in (
        ("a reply without CR", [GREET, b"250 ok\n"], "malformed"),
        ("a NUL in a reply", [GREET, b"250 o\0k\r\n"], "malformed"),
        ("a bare CR in a reply", [GREET, b"250 o\rk\r\n"], "malformed"),
        ("a reply without code", [b"hello\r\n"], "malformed"),
        ("an enhanced code alone", [GREET, b"5.7.2\r\n"], "malformed"),
        ("an empty line", [GREET, EHLO, b"\r\n"], "malformed"),
        ("a reply of a megabyte", [GREET, b"250 " + b"x" * (1 << 20) + b"\r\n"], "malformed"),
        ("a reply of lines without end", [GREET, b"250-x\r\n" * 100000], "malformed"),
        ("a reply with two codes", [GREET, b"250-x\r\n550 y\r\n"], "malformed"),
        ("a reply with control characters", [GREET, EHLO, b"451 4.7.1 a\x1b[2Jb\tc\x7f\r\n"], r"4\.7\.1 a\?\[2Jb\?c\?"),
        ("a 3xx to MAIL", [GREET, EHLO, b"354 what\r\n"], "what"),
        ("a 2xx to DATA", [GREET, EHLO, OK, OK, b"250 what\r\n"], "what"),
        ("a reply that is the end at once", [None], "closed"),
        ("a reply that is the end after EHLO", [GREET, None], "closed"),
        ("a reply that is the end after RCPT", [GREET, EHLO, OK, None], "closed"),
        ("a reply that is the end after DATA", [GREET, EHLO, OK, OK, None], "closed"),
        ("a reply that is the end after the dot", [GREET, EHLO, OK, OK, b"354 go\r\n", None], "closed")):
    test("%s leaves the mail waiting" % name)(lambda a=(name, replies, said): try_with(*a))


@test("codes without words are enough")
def _():
    number = len(host.bodies)
    host.replies = [b"220\r\n", b"250\r\n", b"250\r\n", b"250 \r\n", b"354\r\n", b"250\r\n"]
    subprocess.run([server["sendmail"], "-i", "-f", "anna@localhost", "x@example.net"], input=b"Subject: x\n\n")
    eventually(lambda: len(host.bodies) > number, 15, "not sent")


run()
