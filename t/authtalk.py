"""authtalk.py - posthouse-authd alone, and its records (auth/auth_proto.h, base/tls.h), for behaviour tests of family 1."""
import atexit
import base64
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

from posthouse import BUILD, ROOT, eventually

START, PLAIN, CONTINUE, CANCEL, RESULT, LOOKUP, ACCOUNT = range(1, 8)
BAN, BAN_ASK = 10, 11
STATUS = ["CONTINUE", "OK", "FAILED", "INVALID", "EXPIRED", "TEMPFAIL"]
LOOKUP_STATUS = ["none", "found", "tempfail"]


def u32(v):
    return struct.pack("=I", v)


def data(b):
    b = b.encode() if isinstance(b, str) else b
    return u32(len(b)) + b


class Reader:
    def __init__(self, b):
        self.b = b

    def take(self, n):
        part, self.b = self.b[:n], self.b[n:]
        return part

    def u32(self):
        return struct.unpack("=I", self.take(4))[0]

    def u64(self):
        return struct.unpack("=Q", self.take(8))[0]

    def data(self):
        return self.take(self.u32())


class AuthTalk:
    """One connection to net/auth, auth-lookup or auth-master."""

    def __init__(self, path, timeout=30):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.settimeout(timeout)
        self.s.connect(path)
        self.ids = 0

    def close(self):
        self.s.close()

    def send(self, kind, *fields):
        self.s.send(struct.pack("=H", kind) + b"".join(fields))

    def receive(self):
        packet = self.s.recv(65536)
        if not packet:
            raise EOFError("disconnected")
        return struct.unpack("=H", packet[:2])[0], Reader(packet[2:])

    def next_id(self):
        self.ids += 1
        return self.ids

    def result(self):
        """(id, status, text, name); what is said about bans in between is passed over."""
        kind, r = self.receive()
        while kind == BAN:
            kind, r = self.receive()
        assert kind == RESULT, kind
        return r.u32(), STATUS[r.u32()], r.data().decode(), r.data().decode()

    def begin_plain(self, name, password, service="imap", remote="127.0.0.1", secure=1):
        i = self.next_id()
        self.send(PLAIN, u32(i), data(service), data(remote), u32(secure), data(name), data(password))
        return i

    def plain(self, *args, **kwargs):
        """Name and password; returns (status, text, name)."""
        i = self.begin_plain(*args, **kwargs)
        j, status, text, name = self.result()
        assert i == j
        return status, text, name

    def begin(self, mechanism, initial=None, service="imap", remote="127.0.0.1", secure=1, binding=b""):
        i = self.next_id()
        self.send(START, u32(i), data(service), data(remote), u32(secure), data(mechanism), data(binding),
                  u32(initial is not None), data(initial or b""))
        return i

    def sasl(self, mechanism, initial=None, *answers, **kwargs):
        """A whole exchange of base64 texts; returns (status, text, prompts)."""
        i = self.begin(mechanism, initial, **kwargs)
        prompts, answers = [], list(answers)
        while True:
            j, status, text, _ = self.result()
            assert i == j
            if status != "CONTINUE":
                return status, text, prompts
            prompts.append(text)
            self.send(CONTINUE, u32(i), data(answers.pop(0) if answers else "*"))

    def ask(self, by, name="", uid=0, ticket="", service=""):
        """Look up; returns (status, account as a dict)."""
        i = self.next_id()
        self.send(LOOKUP, u32(i), u32(by), data(name), u32(uid), data(ticket), data(service))
        kind, r = self.receive()
        assert kind == ACCOUNT and r.u32() == i
        status = LOOKUP_STATUS[r.u32()]
        account = {"name": r.data().decode(), "uid": r.u32(), "gid": r.u32(), "home": r.data().decode(),
                   "mail": r.data().decode(), "bytes": r.u64(), "messages": r.u64()}
        return status, account

    def by_name(self, name):
        return self.ask(0, name=name)

    def by_uid(self, uid):
        return self.ask(1, uid=uid)

    def redeem(self, ticket, service):
        return self.ask(2, ticket=ticket, service=service)


def b64(s):
    return base64.b64encode(s.encode() if isinstance(s, str) else s).decode()


class Authd:
    """posthouse-authd with its children in a directory of its own. uid: the ordinary user to start it as (root only)."""

    def __init__(self, users="", options="", accounts='"passwd-file"', uid=None, mode=0o600):
        self.dir = tempfile.mkdtemp(prefix="posthouse-auth-")
        os.chmod(self.dir, 0o755)
        atexit.register(self.remove)
        self.uid, self.passwd_file = uid, os.path.join(self.dir, "users")
        self.write(users, mode)
        self.conf = os.path.join(self.dir, "posthouse.conf")
        with open(self.conf, "w") as f:
            f.write('hostname = "mail.example.org"\nrun_dir = "%s/run"\nstate_dir = "%s/state"\n'
                    'auth {\n accounts = {%s}\n passwd_file = "%s"\n%s\n}\n'
                    % (self.dir, self.dir, accounts, self.passwd_file, options))
        if uid is not None:
            os.chown(self.dir, uid, uid)
        self.log = os.path.join(self.dir, "log")
        self.start()

    def start(self):
        open(self.log, "w").close()
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "auth", "posthouse-authd"), "-c", self.conf, "-L", os.path.join(BUILD, "auth")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(self.log, "w"),
            user=self.uid, group=self.uid, extra_groups=[] if self.uid is not None else None)
        try:
            eventually(lambda: self.process.poll() is not None or "authd" in self.text() and ": ready" in self.text(), 20)
        finally:
            if self.process.poll() is not None or ": ready" not in self.text():
                raise RuntimeError("authd did not start:\n" + self.text())

    def write(self, users, mode=0o600):
        """Replace the passwd-file in one step, as a careful editor does."""
        with open(self.passwd_file + ".new", "w") as f:
            f.write(users)
        os.chmod(self.passwd_file + ".new", mode)
        if self.uid is not None:
            os.chown(self.passwd_file + ".new", self.uid, self.uid)
        os.rename(self.passwd_file + ".new", self.passwd_file)

    def text(self):
        return open(self.log, errors="replace").read()

    def talk(self, path="net/auth"):
        return AuthTalk(os.path.join(self.dir, "run", path))

    def child(self, program):
        """The process id of that child, or None."""
        try:
            kids = open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)).read().split()
        except OSError:
            return None
        for kid in map(int, kids):
            try:
                if os.path.basename(open("/proc/%d/cmdline" % kid, "rb").read().split(b"\0")[0].decode()) == program:
                    return kid
            except OSError:
                pass
        return None

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)

    def remove(self):
        self.stop()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)


class SignerTalk(AuthTalk):
    """One connection to net/signer."""

    def chain(self):
        """(serial, PEM)"""
        self.send(1, struct.pack("=Q", 0))
        kind, r = self.receive()
        assert kind == 1
        return r.u64(), r.data()

    def sign(self, serial, algorithm, digest):
        """The signature, or None."""
        self.send(2, struct.pack("=Q", serial), u32(algorithm), data(digest))
        kind, r = self.receive()
        assert kind == 2
        ok = r.u32()
        return r.data() if ok else None

    def serials(self, name=""):
        """Of the certificates for that name."""
        self.send(3, data(name))
        kind, r = self.receive()
        assert kind == 3
        return [r.u64() for _ in range(r.u32())]

    def state(self):
        """(generation, the key of tickets)"""
        self.send(4)
        kind, r = self.receive()
        assert kind == 4
        return r.u64(), r.data()
