"""smtpload.py - SMTP clients that cost little: a few processes, each with its share of the connections, everything pipelined.

A message is two writes and two reads: MAIL, RCPT and DATA at once, then the octets with their final dot."""
import multiprocessing
import selectors
import socket
import time

PROCESSES = 4
SECONDS = 300


class LoadError(Exception):
    pass


class Connection:
    """One client. next_message() gives (recipients, octets) or None."""

    def __init__(self, address, next_message, auth=None):
        self.next_message, self.sender = next_message, "anna@localhost" if auth else "bench@example.org"
        self.socket = socket.create_connection(address, timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self._expect(b"220")
        self._ask(b"EHLO client.example.org\r\n")
        if auth:
            self._ask(b"AUTH PLAIN " + auth + b"\r\n")
        self.left, self.octets, self.waits = 0, b"", []

    def _expect(self, code):
        while True:
            lines = self.buffer.split(b"\r\n")
            if any(line[3:4] == b" " for line in lines[:-1]):
                if not lines[-2].startswith(code):
                    raise LoadError(repr(self.buffer))
                self.buffer = b""
                return
            got = self.socket.recv(4096)
            if not got:
                raise LoadError("the connection ended: %r" % self.buffer)
            self.buffer += got

    def _ask(self, line):
        self.socket.sendall(line)
        self._expect(b"2")

    def begin(self):
        """False: nothing more to send."""
        message = self.next_message()
        if not message:
            self.socket.close()
            return False
        recipients, self.octets = message
        self.left, self.text, self.buffer = len(recipients) + 2, False, b""
        self.start = time.perf_counter()
        self.socket.sendall(("MAIL FROM:<%s>\r\n" % self.sender + "".join("RCPT TO:<%s>\r\n" % r for r in recipients) + "DATA\r\n").encode())
        return True

    def readable(self):
        """True when the present message has been acknowledged."""
        got = self.socket.recv(65536)
        self.buffer += got
        if not got:
            raise LoadError("the connection ended: %r" % self.buffer)
        lines = self.buffer.split(b"\r\n")
        if len(lines) - 1 < (1 if self.text else self.left):
            return False
        if lines[-2][:3] != (b"250" if self.text else b"354"):
            raise LoadError(repr(self.buffer))
        self.buffer = b""
        if self.text:
            self.waits.append(time.perf_counter() - self.start)
            return True
        self.text = True
        self.socket.sendall(self.octets)
        return False


def _serve(address, shares, recipients_of, octets, auth, ready, go, result):
    try:
        selector, waits = selectors.DefaultSelector(), []
        connections = []
        for share in shares:
            todo = iter(share)
            connections.append(Connection(address, lambda todo=todo: next(((recipients_of(n), octets) for n in todo), None), auth))
        ready.release()
        go.wait()
        for c in connections:
            if c.begin():
                selector.register(c.socket, selectors.EVENT_READ, c)
        while selector.get_map():
            for key, _ in selector.select(SECONDS):
                c = key.data
                if not c.readable():
                    continue
                selector.unregister(c.socket)
                if c.begin():
                    selector.register(c.socket, selectors.EVENT_READ, c)
        for c in connections:
            waits += c.waits
        result.put(waits)
    except (OSError, LoadError) as why:
        ready.release()
        result.put(str(why))


def send(address, count, connections, recipients_of, octets, auth=None):
    """Send `count` messages. Returns (time.perf_counter() at which sending began, seconds that each acknowledgement took)."""
    context = multiprocessing.get_context("fork")
    ready, go, result = context.Semaphore(0), context.Event(), context.Queue()
    processes = min(PROCESSES, connections)
    shares = [range(n, count, connections) for n in range(connections)]
    workers = [context.Process(target=_serve, args=(address, shares[p::processes], recipients_of, octets, auth, ready, go, result), daemon=True)
               for p in range(processes)]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    start = time.perf_counter()
    go.set()
    answers = [result.get() for _ in workers]
    for worker in workers:
        worker.join()
    for answer in answers:
        if isinstance(answer, str):
            raise LoadError(answer)
    return start, sum(answers, [])
