"""rows_login.py - rows about coming and going: logins, and POP3 taking a mailbox away.

The account "quick" has its password in clear, so that nobody measures the password hash. Eight clients come, log in, log out, and come again."""
import os
import socket
import ssl
import threading
import time

import client
from client import Refused, Seconds, client_context
from rows import row
from servers import PASSWORD

CLIENTS = 8
LOGINS = 1600      # of all clients together
POP3_MESSAGES = 5000


def ticks(pid):
    """Processor time of a process and of those children of its that have ended, in seconds."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return sum(map(int, f.read().rpartition(")")[2].split()[11:15])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0


def all_cpu(server):
    return sum(map(ticks, server.pids()))


def come_and_go(server, tls, context):
    """Connect, LOGIN, LOGOUT, as fast as one client can: everything is sent at once."""
    s = socket.create_connection(server.tls_address if tls else server.address, timeout=client.TIMEOUT)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls:
        s = context.wrap_socket(s)
    s.sendall(b'a LOGIN quick "%s"\r\nb LOGOUT\r\n' % PASSWORD.encode())
    said = b""
    while True:
        got = s.recv(65536)
        if not got:
            break
        said += got
    s.close()
    if b"\r\na OK" not in said or b"\r\nb OK" not in said:
        raise Refused("login: %r" % said[-300:])


def at_once(count, work):
    """Seconds in which CLIENTS threads have done `work` that often, together."""
    failures = []

    def run(times):
        try:
            for _ in range(times):
                work()
        except (OSError, Refused) as why:
            failures.append(why)
    threads = [threading.Thread(target=run, args=(count // CLIENTS,)) for _ in range(CLIENTS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if failures:
        raise failures[0]
    return seconds


def logins(bench, server, tls):
    count = 16 if bench.args.quick else LOGINS
    context = client_context() if tls else None
    if context:
        context.options |= ssl.OP_NO_TICKET
    come_and_go(server, tls, context)
    cpu = all_cpu(server)
    seconds = Seconds(at_once(count, lambda: come_and_go(server, tls, context)))
    server.wait_idle()
    seconds.cpu = all_cpu(server) - cpu
    return seconds


row("login", "1,600 times connect, LOGIN, LOGOUT, 8 clients", size="", bar=0.8)(lambda bench, server: logins(bench, server, False))
row("login-tls", "the same over TLS, full handshakes", size="", bar=1.0)(lambda bench, server: logins(bench, server, True))


@row("login-cpu", "server CPU of such a login, without TLS", size="", most=1.0, unit="ms")
def _(bench, server):
    return logins(bench, server, False).cpu / (16 if bench.args.quick else LOGINS) * 1000


# ---- POP3 ----

def fill(bench, server, count):
    """INBOX of "quick": so many letters, linked as the boxes' are, under names that were never there."""
    for n in range(count):
        bench.delivered += 1
        name = bench.boxes.name(n).replace(".M", ".Q%dM" % bench.delivered, 1)
        os.link(bench.boxes.content(n)[0], os.path.join(server.maildir("quick"), "cur", name))


class Pop3:
    def __init__(self, server):
        self.socket = socket.create_connection(server.pop3_address, timeout=client.TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.block = memoryview(bytearray(client.BLOCK))
        self.until(b"\r\n")
        self.ask(b"USER quick")
        self.ask(b"PASS " + PASSWORD.encode())

    def until(self, end):
        tail = b""
        while not tail.endswith(end):
            n = self.socket.recv_into(self.block)
            if not n:
                raise Refused("the connection ended: %r" % tail)
            if not tail and bytes(self.block[:4]) == b"-ERR":
                raise Refused(bytes(self.block[:n]).decode("latin-1").strip())
            tail = (tail + bytes(self.block[max(0, n - 100):n]))[-100:]

    def ask(self, line, end=b"\r\n"):
        self.socket.sendall(line + b"\r\n")
        self.until(end)


@row("pop3", "POP3: RETR and DELE of 5,000 letters, QUIT", size="", bar=2.0)
def _(bench, server):
    count = 50 if bench.args.quick else POP3_MESSAGES
    fill(bench, server, count)
    server.wait_idle()
    pop3 = Pop3(server)
    cpu, start = server.cpu_seconds(), time.perf_counter()
    for n in range(1, count + 1):
        pop3.ask(b"RETR %d" % n, b"\r\n.\r\n")
        pop3.ask(b"DELE %d" % n)
    seconds = Seconds(time.perf_counter() - start)
    seconds.cpu = server.cpu_seconds() - cpu
    start = time.perf_counter()
    pop3.ask(b"QUIT")
    whole = Seconds(seconds + time.perf_counter() - start)
    whole.cpu = seconds.cpu
    pop3.socket.close()
    server.wait_idle()
    return whole
