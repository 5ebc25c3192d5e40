"""imapsession.py - posthouse-imap alone on a socket pair over a Maildir of its own: no daemons, no passwords.

    box = Maildir()
    box.add(b"Subject: hello\\n\\nBody\\n")
    s = Session(box)
    s.ok("SELECT INBOX")
    s.fetch("1", "UID FLAGS")   # {1: {"UID": "1", "FLAGS": []}}
"""
import atexit
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

from posthouse import *

PROGRAM = os.path.join(BUILD, "access", "posthouse-imap")
_processes = []


def _end_all():
    for process in _processes:
        if process.poll() is None:
            process.kill()
            process.wait()


atexit.register(_end_all)


class Maildir:
    """A Maildir in a directory that is removed at exit."""
    _n = 0

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="posthouse-imap-")
        atexit.register(shutil.rmtree, self.dir, True)
        self.path = os.path.join(self.dir, "Maildir")
        for sub in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.path, sub))

    def folder(self, name):
        return os.path.join(self.path, "." + name) if name else self.path

    def add(self, content, flags=None, folder="", date=None):
        """Put a message (LF line ends) there as another program would: new/ without flags, cur/ with them."""
        Maildir._n += 1
        base = "%d.M%dP%d.test" % (1600000000 + Maildir._n, Maildir._n, os.getpid())
        name = base if flags is None else base + ":2," + "".join(sorted(flags))
        temporary = os.path.join(self.folder(folder), "tmp", base)
        with open(temporary, "wb") as f:
            f.write(content)
        if date is not None:
            os.utime(temporary, (date, date))
        final = os.path.join(self.folder(folder), "new" if flags is None else "cur", name)
        os.rename(temporary, final)
        return final

    def files(self, folder=""):
        found = []
        for sub in ("new", "cur"):
            d = os.path.join(self.folder(folder), sub)
            if os.path.isdir(d):
                found += [os.path.join(d, n) for n in os.listdir(d)]
        return sorted(found, key=os.path.basename)


class Reply:
    """All lines up to the tagged one. Lines are bytes, with their literals in place."""

    def __init__(self, lines):
        self.lines, self.last = lines[:-1], lines[-1]
        self.status = self.last.split(b" ")[1].decode()
        self.text = self.last.split(b" ", 2)[2].decode()

    def untagged(self, pattern):
        return [l for l in self.lines if re.search(pattern, l.decode("latin-1"))]


class Session:
    def __init__(self, maildir, *options, tag=None, env=None):
        ours, theirs = socket.socketpair()
        argv = [PROGRAM, "--user", "anna", "--mail", maildir.path, "--remote", "127.0.0.1"] + list(options)
        if tag:
            argv += ["--tag", tag]
        self.process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, env=dict(os.environ, TZ="UTC", **(env or {})))
        _processes.append(self.process)
        theirs.close()
        ours.settimeout(30)
        self.sock, self.buffer, self.n = ours, b"", 0
        self.greeting = self.line()

    # ---- octets ----

    def _fill(self):
        got = self.sock.recv(65536)
        if not got:
            raise EOFError("the session has ended; unread: %r" % self.buffer)
        self.buffer += got

    def line(self):
        """One response with its literals, without the final CRLF."""
        whole = b""
        while True:
            while b"\n" not in self.buffer:
                self._fill()
            at = self.buffer.index(b"\n") + 1
            part, self.buffer = self.buffer[:at], self.buffer[at:]
            check(part.endswith(b"\r\n"), "a line ends without CRLF: %r" % part)
            literal = re.search(rb"\{(\d+)\}\r\n$", part)
            whole += part
            if not literal:
                return whole[:-2]
            size = int(literal.group(1))
            while len(self.buffer) < size:
                self._fill()
            whole, self.buffer = whole + self.buffer[:size], self.buffer[size:]

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    # ---- commands ----

    def start(self, command):
        self.n += 1
        tag = b"t%d" % self.n
        self.send(tag + b" " + (command if isinstance(command, bytes) else command.encode()) + b"\r\n")
        return tag

    def finish(self, tag):
        lines = []
        while True:
            lines.append(self.line())
            if lines[-1].startswith(tag + b" "):
                return Reply(lines)

    def do(self, command):
        return self.finish(self.start(command))

    def _expect(self, status, command):
        reply = self.do(command)
        check(reply.status == status, "%r was answered %r\n%r" % (command, reply.last, reply.lines))
        return reply

    def ok(self, command):
        return self._expect("OK", command)

    def no(self, command, code=None):
        reply = self._expect("NO", command)
        check(code is None or reply.text.startswith("[" + code), "%r: %r lacks [%s]" % (command, reply.text, code))
        return reply

    def bad(self, command):
        return self._expect("BAD", command)

    def fetch(self, which, items, command="FETCH"):
        """{message number: {item: value}}."""
        return fetched(self.ok("%s %s (%s)" % (command, which, items)).lines)

    def search(self, keys, command="SEARCH"):
        reply = self.ok((command + " ").encode() + (keys if isinstance(keys, bytes) else keys.encode()))
        line = reply.untagged("^\\* SEARCH")[0]
        return [int(x) for x in line.split()[2:]]

    def append(self, message, folder="INBOX", flags="", date=""):
        options = (" (%s)" % flags if flags else "") + (' "%s"' % date if date else "")
        return self.ok(b"APPEND %s%s {%d+}\r\n%s" % (folder.encode(), options.encode(), len(message), message))

    def logout(self):
        reply = self.ok("LOGOUT")
        check(reply.untagged("^\\* BYE"), "no BYE")
        self.process.wait(10)
        return self.process.returncode

    def end(self):
        self.sock.close()
        self.process.wait(10)


def fetched(lines):
    result = {}
    for line in lines:
        m = re.match(rb"\* (\d+) FETCH (.*)$", line, re.S)
        if m:
            values, rest = parse(m.group(2))
            check(rest == b"", "rubbish behind a FETCH answer: %r" % rest)
            result.setdefault(int(m.group(1)), {}).update(zip(values[::2], values[1::2]))
    return result


def parse(data):
    """One IMAP value: list, bytes (a string), str (an atom) or None (NIL). Returns it and what is left."""
    if data.startswith(b"("):
        items, data = [], data[1:]
        while not data.startswith(b")"):
            value, data = parse(data)
            items.append(value)
            check(data[:1] in (b" ", b")", b"("), "items are not separated: %r" % data[:40])
            if data.startswith(b" "):
                data = data[1:]
                check(not data.startswith(b")"), "a space before a parenthesis")
        return items, data[1:]
    if data.startswith(b'"'):
        m = re.match(rb'"((?:[^"\\]|\\.)*)"', data, re.S)
        return re.sub(rb"\\(.)", rb"\1", m.group(1)), data[m.end():]
    m = re.match(rb"\{(\d+)\}\r\n", data)
    if m:
        end = m.end() + int(m.group(1))
        return data[m.end():end], data[end:]
    m = re.match(rb"[^ ()\[\"]+(?:\[[^]]*\](?:<\d+>)?)?", data)
    check(m, "no IMAP value: %r" % data[:60])
    word = m.group(0).decode()
    return (None if word == "NIL" else word), data[m.end():]


def crlf(text):
    return re.sub(rb"(?<!\r)\n", b"\r\n", text)
