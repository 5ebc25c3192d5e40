"""posthouse.py - what a behaviour test needs: the real daemons on loopback, accounts, dialogues, TAP.

A test is a file t/NNNN-behaviour.t:

    #!/usr/bin/env python3
    import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
    from posthouse import *

    server = Sandbox(users=["anna", "ben"])

    @test("a letter for anna lands in her Maildir")
    def _():
        send(server, "anna")
        check(len(server.user("anna").files()) == 1, "no file in new/")

    run()

Tests run in the order in which they stand; a failed check, or any exception, is a `not ok` with its reason. The sandbox is
stopped and removed at exit, whatever happens; its log's end is shown when something failed.
"""
import atexit
import crypt
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("top_builddir") or os.path.join(TOP, "build")
ROOT = os.geteuid() == 0
PASSWORD = "wine-dark sea"

_tests = []
_sandboxes = []


# ---- TAP ----

class Skip(Exception):
    """Raised by skip(): this test cannot be run here, and why."""


def skip(reason):
    raise Skip(reason)


def check(condition, otherwise="check failed"):
    if not condition:
        raise AssertionError(otherwise)


def equal(got, wanted, what=""):
    check(got == wanted, "%s\n  got    %r\n  wanted %r" % (what, got, wanted))


def matches(text, pattern, what=""):
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    check(re.search(pattern, text, re.S | re.M), "%s\n  got    %r\n  wanted /%s/" % (what, text[-2000:], pattern))


def test(sentence):
    """Decorator: this function is a test, and the sentence is the behaviour that it shows."""
    def add(function):
        _tests.append((sentence, function))
        return function
    return add


def skip_all(reason):
    print("1..0 # SKIP " + reason)
    sys.exit(0)


def _diagnose(text):
    for line in text.splitlines():
        print("# " + line)


def run():
    print("1..%d" % len(_tests), flush=True)
    failed = 0
    for number, (sentence, function) in enumerate(_tests, 1):
        try:
            function()
            print("ok %d - %s" % (number, sentence), flush=True)
        except Skip as reason:
            print("ok %d - %s # SKIP %s" % (number, sentence, reason), flush=True)
        except BaseException as why:  # a test must never take the others with it
            failed += 1
            print("not ok %d - %s" % (number, sentence), flush=True)
            _diagnose(str(why) if isinstance(why, AssertionError) and str(why) else traceback.format_exc())
            if isinstance(why, KeyboardInterrupt):
                break
    for box in _sandboxes:
        if failed:
            _diagnose("end of the log:\n" + box.log_text()[-4000:])
    sys.exit(1 if failed else 0)


# ---- a sandbox ----

class User:
    def __init__(self, name, home, uid, password):
        self.name, self.home, self.uid, self.password = name, home, uid, password
        self.maildir = os.path.join(home, "Maildir")

    def files(self, folder="", where=("new", "cur")):
        """Paths of the message files in a folder ("" is INBOX, else "Sent.2024")."""
        base = os.path.join(self.maildir, "." + folder) if folder else self.maildir
        found = []
        for sub in where:
            directory = os.path.join(base, sub)
            if os.path.isdir(directory):
                found += [os.path.join(directory, name) for name in sorted(os.listdir(directory))]
        return found

    def messages(self, folder=""):
        return [open(path, "rb").read() for path in self.files(folder)]


_next_base = 20000 + os.getpid() * 16 % 12000  # below the ports that the kernel gives to clients


def free_base():
    """A base port for contrib/sandbox, with seven free ones from it on."""
    global _next_base
    for _ in range(200):
        base, _next_base = _next_base, 20000 + (_next_base - 20000 + 16) % 12000
        try:
            for port in range(base, base + 7):
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port))
            return base
        except OSError:
            pass
    raise RuntimeError("no seven free ports in a row from 20000 to 32000")


class Sandbox:
    """A complete instance on ports of its own. users: names for a passwd-file, each with a home and (as root) a uid of its own.
    extra: {name: "extra fields"} of that file. one_uid: virtual users, who share one."""
    def __init__(self, users=("anna",), conf="", passwd_lines=(), system_accounts=False, password=PASSWORD, extra=None, one_uid=False):
        self.dir = tempfile.mkdtemp(prefix="posthouse-test-")
        os.chmod(self.dir, 0o755)
        _sandboxes.append(self)
        atexit.register(self.remove)
        self.homes = os.path.join(self.dir, "homes")
        os.mkdir(self.homes)
        os.chmod(self.homes, 0o755)
        self.users = {name: self._make_user(name, 0 if one_uid else i, password) for i, name in enumerate(users)}
        self.passwd_file = os.path.join(self.dir, "passwd")
        self.passwd_lines, self.extra = list(passwd_lines), extra or {}
        self.write_passwd()
        self.args = ["--passwd-file", self.passwd_file]
        if system_accounts:
            self.args = ["--system-accounts"] + (self.args if users else [])
        if "new_folders" not in conf:
            conf += "new_folders = {}\n"  # tests make what they need
        if conf:
            path = os.path.join(self.dir, "extra.conf")
            with open(path, "w") as f:
                f.write(conf)
            self.args += ["--conf", path]
        self.values = {}
        self.start()

    def _make_user(self, name, index, password):
        home = os.path.join(self.homes, name)
        os.mkdir(home, 0o700)
        uid = 61000 + index if ROOT else os.getuid()
        if ROOT:
            os.chown(home, uid, uid)
        return User(name, home, uid, password)

    def write_passwd(self):
        lines = ["%s:{SHA512-CRYPT}%s:%d:%d::%s:/bin/sh:%s" %
                 (u.name, crypt.crypt(u.password, "$6$rounds=1000$saltsalt$"), u.uid,
                  u.uid if ROOT else os.getgid(), u.home, self.extra.get(u.name, "")) for u in self.users.values()]
        temporary = self.passwd_file + ".tmp"
        with open(temporary, "w") as f:
            f.write("\n".join(lines + self.passwd_lines) + "\n")
        os.chmod(temporary, 0o600)
        os.rename(temporary, self.passwd_file)

    def user(self, name):
        return self.users[name]

    def start(self):
        command = [os.path.join(TOP, "contrib", "sandbox"), "start", os.path.join(self.dir, "box"), "--base-port", str(free_base()),
                   "--build", BUILD] + self.args
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        if done.returncode:
            raise RuntimeError("sandbox did not start:\n" + done.stderr.decode("utf-8", "replace")[-4000:])
        for line in done.stdout.decode().splitlines():
            key, _, value = line.partition("=")
            self.values[key] = value

    def stop(self):
        subprocess.run([os.path.join(TOP, "contrib", "sandbox"), "stop", os.path.join(self.dir, "box")],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)

    def remove(self):
        self.stop()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def __getitem__(self, key):
        return self.values[key]

    def address(self, service):
        host, _, port = self.values[service].rpartition(":")
        return host, int(port)

    def log_text(self):
        try:
            return open(self.values["log"], errors="replace").read()
        except (OSError, KeyError):
            return ""

    def children(self, program):
        """Process ids of that program (e.g. "posthouse-smtp") below this sandbox's three masters."""
        found, frontier = [], [int(self.values[k]) for k in ("pid_auth", "pid_relay", "pid_access")]
        while frontier:
            parent = frontier.pop()
            try:
                kids = open("/proc/%d/task/%d/children" % (parent, parent)).read().split()
            except OSError:
                continue
            for kid in map(int, kids):
                frontier.append(kid)
                try:
                    name = open("/proc/%d/cmdline" % kid, "rb").read().split(b"\0")[0].decode()
                except OSError:
                    continue
                if os.path.basename(name) == program:
                    found.append(kid)
        return found


# ---- talking ----

def build_is_open_to(uid):
    """Can that uid execute what was built? Not if the clone lies in root's home."""
    pid = os.fork()
    if pid == 0:
        os.setresuid(uid, uid, uid)
        os._exit(0 if os.access(os.path.join(BUILD, "auth", "posthouse-authd"), os.X_OK) else 1)
    return os.waitpid(pid, 0)[1] == 0


def eventually(condition, seconds=10, what="it did not happen"):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        check(time.monotonic() < end, "%s within %d s" % (what, seconds))
        time.sleep(0.02)


class Talk:
    """A raw connection: send bytes, expect lines."""

    def __init__(self, server, service, tls=False, timeout=20, address=None):
        self.socket = socket.create_connection(address or server.address(service), timeout=timeout)
        if tls:
            self.start_tls()
        self.buffer = b""

    def start_tls(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def line(self):
        """The next line without CRLF; b"" and closed at the end of the connection."""
        while b"\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                rest, self.buffer = self.buffer, b""
                return rest
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def until(self, pattern):
        """Lines up to one that matches; all of them joined by LF."""
        lines = []
        while True:
            line = self.line()
            lines.append(line)
            if re.match(pattern, line.decode("latin-1")):
                return b"\n".join(lines).decode("latin-1")
            check(line or self.buffer, "the connection ended; wanted /%s/ after %r" % (pattern, lines[-10:]))

    def ask(self, data, pattern=r"\d\d\d |\S+ (OK|NO|BAD)|[+-]"):
        self.send(data if isinstance(data, bytes) else data + "\r\n")
        return self.until(pattern)

    def closed(self):
        """True if the peer ends the connection without another byte."""
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except OSError:
            return True

    def close(self):
        self.socket.close()


def send(server, to, sender="friend@example.org", body="Subject: hello\r\n\r\nhello\r\n", service="smtp"):
    """One message by SMTP; the final reply's text."""
    to = [to] if isinstance(to, str) else to
    t = Talk(server, service)
    t.until(r"220 ")
    t.ask("EHLO client.example.org")
    matches(t.ask("MAIL FROM:<%s>" % sender), r"^250 ", "MAIL")
    for name in to:
        matches(t.ask("RCPT TO:<%s>" % (name if "@" in name else name + "@localhost")), r"^250 ", "RCPT " + name)
    matches(t.ask("DATA"), r"^354 ", "DATA")
    body = body if isinstance(body, bytes) else body.encode()
    t.send(re.sub(rb"(?m)^\.", b"..", body) + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n")
    reply = t.until(r"\d\d\d ")
    t.ask("QUIT")
    t.close()
    return reply
