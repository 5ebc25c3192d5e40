"""rows_wire.py - rows about octets: downloads in clear and over TLS, and twenty clients that do all sorts of things at once."""
import random
import selectors
import time

from boxes import MIXED
from client import Seconds
from rows import row

CLIENTS = 20
COMMANDS = 250  # of each client


def download(bench, server, folder, tls):
    bench.boxes.add_large(server)
    session = server.login("real", tls)
    session.run("SELECT " + folder)
    session.run("UID FETCH 1:5 BODY.PEEK[]")  # nothing is started or built while it counts
    seconds = session.run("FETCH 1:* BODY.PEEK[]")
    session.close()
    return seconds


for _key, _what, _folder in (("all", "download of all letters", "INBOX"), ("large", "download of one letter of 50 MB", "Large")):
    for _tls in (False, True):
        row("download-%s%s" % (_key, "-tls" if _tls else ""), _what + (", TLS" if _tls else ""), size="real" if _key == "all" else "large",
            bar=3.0 if _tls else 1.2)(lambda bench, server, folder=_folder, tls=_tls: download(bench, server, folder, tls))


# ---- many clients ----

LETTER = b"Subject: mixed\r\nFrom: somebody@example.org\r\n\r\n" + b"One block of the file system is enough for it.\r\n" * 40
MIX = [(20, "FETCH flags"), (15, "FETCH letter"), (15, "FETCH headers"), (15, "STORE"), (10, "SEARCH"), (10, "NOOP"), (5, "SELECT"),
       (5, "STATUS"), (5, "APPEND")]


def command(rng, messages):
    """One command without its tag, by the weights of MIX."""
    n = rng.randint(1, messages)
    some = "%d:%d" % (n, min(n + 20, messages))
    kind = rng.choices([name for _, name in MIX], [weight for weight, _ in MIX])[0]
    return {"FETCH flags": "FETCH %d:%d (UID FLAGS)" % (n, min(n + 200, messages)),
            "FETCH letter": "FETCH %d BODY.PEEK[]" % n,
            "FETCH headers": "FETCH %s (UID ENVELOPE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (References)])" % some,
            "STORE": "STORE %d %sFLAGS (\\Flagged)" % (n, rng.choice("+-")),
            "SEARCH": rng.choice(("SEARCH UNSEEN", "SEARCH FROM anna", "SEARCH FLAGGED")),
            "NOOP": "NOOP",
            "SELECT": "SELECT INBOX",
            "STATUS": "STATUS Sent (MESSAGES UNSEEN)",
            "APPEND": "APPEND Sent {%d+}\r\n%s" % (len(LETTER), LETTER.decode())}[kind]


class Client:
    """One session and its commands, one after the other."""

    def __init__(self, session, seed, messages, commands):
        self.session, self.rng, self.messages = session, random.Random(seed), messages
        self.left, self.tail, self.latencies = commands, b"", []

    def send(self):
        self.tag = b"m%d" % self.left
        self.left -= 1
        self.tail = b"\n"
        line = self.tag + b" " + command(self.rng, self.messages).encode() + b"\r\n"
        self.started = time.perf_counter()
        self.session.socket.sendall(line)

    def take(self):
        """What has come. True when the command has been answered."""
        n = self.session.socket.recv_into(self.session.block)
        self.tail = (self.tail + bytes(self.session.block[max(0, n - 500):n]))[-500:]
        if n and not (self.tail.endswith(b"\r\n") and b"\n" + self.tag + b" " in self.tail):
            return False
        if b"\n" + self.tag + b" OK" not in self.tail:
            raise RuntimeError("mixed load: %r" % self.tail)
        self.latencies.append(time.perf_counter() - self.started)
        return True


def drive(clients):
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.session.socket, selectors.EVENT_READ, client)
            client.send()
        busy = len(clients)
        while busy:
            for key, _ in selector.select():
                client = key.data
                if client.take():
                    if client.left:
                        client.send()
                    else:
                        selector.unregister(client.session.socket)
                        busy -= 1


def mixed(bench, server):
    """Seconds for all commands of all clients, and all latencies."""
    clients = []
    for n in range(CLIENTS):
        session = server.login(MIXED[n % len(MIXED)])
        session.try_run("CREATE Sent")
        session.run("SELECT INBOX")
        clients.append(Client(session, n, bench.boxes.sizes[MIXED[0]], 10 if bench.args.quick else COMMANDS))
    cpu, start = server.cpu_seconds(), time.perf_counter()
    drive(clients)
    seconds = Seconds(time.perf_counter() - start)
    seconds.cpu = server.cpu_seconds() - cpu
    for client in clients:
        client.session.close()
    return seconds, sorted(latency for client in clients for latency in client.latencies)


@row("mixed", "20 clients, 5,000 commands of all sorts", size="mix0", bar=2.0)
def _(bench, server):
    return mixed(bench, server)[0]


@row("mixed-p99", "the same: the slowest hundredth begins at", size="mix0", bar=2.0)
def _(bench, server):
    latencies = mixed(bench, server)[1]
    return latencies[len(latencies) * 99 // 100]
