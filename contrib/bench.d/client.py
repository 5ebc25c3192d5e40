"""client.py - an IMAP client that costs next to nothing, and the same for every server: it sends a command and reads big blocks
until the tagged answer, looking only at the end of each block."""
import socket
import ssl
import time

BLOCK = 1 << 20
TAIL = 1000  # more than any tagged answer has
TIMEOUT = 300


class Refused(Exception):
    """The server answered something else than OK."""


class Seconds(float):
    """A duration, and in cpu the processor time that the server spent meanwhile (None: not known)."""
    cpu = None

    @classmethod
    def total(cls, parts):
        whole = cls(sum(parts))
        whole.cpu = sum(part.cpu for part in parts)
        return whole


class Timer:
    """with Timer(meter) as t: ...; t.seconds. meter() is the processor time of all of the server's processes so far."""

    def __init__(self, meter):
        self.meter = meter

    def __enter__(self):
        self.cpu = self.meter()
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds = Seconds(time.perf_counter() - self.start)
        self.seconds.cpu = self.meter() - self.cpu


def client_context():
    """Encryption without a look at the certificate; the usual cipher of both servers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Session:
    def __init__(self, address, user, password, meter, tls=False):
        self.meter = meter
        self.socket = socket.create_connection(address, timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = client_context().wrap_socket(self.socket)
        self.block = memoryview(bytearray(BLOCK))
        self.number = 0
        self._read_line()
        self.run('LOGIN "%s" "%s"' % (user, password))
        self.capabilities = self.text("CAPABILITY").upper().split()

    def _read_line(self):
        line = b""
        while not line.endswith(b"\n"):
            got = self.socket.recv(4096)
            if not got:
                raise Refused("the connection ended")
            line += got
        return line

    def _tag(self):
        self.number += 1
        return b"b%d.posthouse" % self.number

    def _until_tagged(self, tag, keep=None):
        tail = b""
        while True:
            n = self.socket.recv_into(self.block)
            if n == 0:
                raise Refused("the connection ended; last: %r" % tail[-200:])
            if keep is not None:
                keep.append(bytes(self.block[:n]))
            tail = (tail + bytes(self.block[max(0, n - TAIL):n]))[-TAIL:]
            if tail.endswith(b"\r\n"):
                last = tail[tail.rfind(b"\n", 0, len(tail) - 1) + 1:]
                if last.startswith(tag):
                    if last[len(tag):].lstrip().upper().startswith(b"OK"):
                        return last
                    raise Refused(last.decode("latin-1").strip())

    def run(self, command):
        """Seconds from sending the command to having read its tagged OK."""
        tag = self._tag()
        line = tag + b" " + command.encode() + b"\r\n"
        with Timer(self.meter) as timer:
            self.socket.sendall(line)
            self._until_tagged(tag)
        return timer.seconds

    def text(self, command):
        """The whole answer, for what is not measured."""
        tag, kept = self._tag(), []
        self.socket.sendall(tag + b" " + command.encode() + b"\r\n")
        self._until_tagged(tag, kept)
        return b"".join(kept).decode("latin-1")

    def try_run(self, command):
        """run, but a refusal is no matter."""
        try:
            return self.run(command)
        except Refused:
            return None

    def idle(self):
        """Begin IDLE; the session is of no other use until it is closed."""
        self.socket.sendall(self._tag() + b" IDLE\r\n")
        while not self._read_line().lstrip().startswith(b"+"):
            pass

    def until(self, text):
        """Read until text has come."""
        while text not in self._read_line():
            pass

    def append(self, folder, letters):
        """APPEND of one letter, or MULTIAPPEND of several, without waiting for each literal where the server allows that: seconds."""
        tag, plus = self._tag(), "LITERAL+" in self.capabilities
        head = tag + b" APPEND " + folder.encode()
        with Timer(self.meter) as timer:
            for letter in letters:
                head += b" {%d%s}\r\n" % (len(letter), b"+" if plus else b"")
                if plus:
                    head += letter
                    continue
                self.socket.sendall(head)
                if not self._read_line().startswith(b"+"):
                    raise Refused("no continuation for a literal")
                head = letter
            self.socket.sendall(head + b"\r\n")
            self._until_tagged(tag)
        return timer.seconds

    def close(self):
        """LOGOUT, and wait for the end of the connection."""
        try:
            self.socket.sendall(b"zz LOGOUT\r\n")
            while self.socket.recv_into(self.block):
                pass
        except OSError:
            pass
        self.socket.close()

    def drop(self):
        self.socket.close()
