"""authtalk - speak the records of auth/auth_proto.h to a running posthouse-auth, for behaviour tests."""
import base64
import socket
import struct

START, PLAIN, CONTINUE, CANCEL, RESULT, LOOKUP, ACCOUNT = range(1, 8)
STATUS = ["CONTINUE", "OK", "FAILED", "INVALID", "TEMPFAIL"]
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


class Talk:
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
        """(id, status, text, name)"""
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

    def begin(self, mechanism, initial=None, service="imap", remote="127.0.0.1", secure=1):
        i = self.next_id()
        self.send(START, u32(i), data(service), data(remote), u32(secure), data(mechanism),
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
