#!/usr/bin/env python3
# Connections that end anywhere, and those that would never end: no process dies, nothing stays behind, nobody is kept out.
import base64
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from certificates import TlsTalk, client_context

PROXIED = free_base()
server = Sandbox(users=["anna", "ben"], conf="""
access { imap = {"127.0.0.1:%d", "127.0.0.1:%d proxy"} proxy_networks = {"127.0.0.1"} login_timeout = 5s }
""" % (free_base(), PROXIED))
QUOTED = '"%s"' % PASSWORD
LOGIN = "LOGIN anna " + QUOTED
PLAIN = base64.b64encode(b"\0anna\0" + PASSWORD.encode()).decode()


def talk(service="imap"):
    t = Talk(server, service)
    t.until(r"\* OK|\+OK")
    return t


def descriptors():
    return sum(len(os.listdir("/proc/%d/fd" % pid)) for pid in server.children("posthouse-login"))


def processes():
    return sorted(pid for name in ("login", "auth", "signer", "nss") for pid in server.children("posthouse-" + name))


SCRIPTS = {
    "imap": "a CAPABILITY\r\nb AUTHENTICATE PLAIN\r\n%s\r\nc SELECT INBOX\r\nd FETCH 1:* (FLAGS)\r\ne IDLE\r\nDONE\r\nf LOGOUT\r\n" % PLAIN,
    "pop3": "CAPA\r\nUSER anna\r\nPASS %s\r\nSTAT\r\nUIDL\r\nQUIT\r\n" % PASSWORD,
    "imaps": "a LOGIN {4}\r\nanna {%d+}\r\n%s\r\nb SELECT INBOX\r\nc LOGOUT\r\n" % (len(PASSWORD), PASSWORD),
}


def end_after(service, script, n, how):
    t = TlsTalk(server, service) if service == "imaps" else Talk(server, service)
    t.send(script[:n].encode())
    if how == 1:
        t.socket.shutdown(socket.SHUT_WR)
        t.socket.settimeout(0.01)
        try:
            t.socket.recv(65536)
        except OSError:
            pass
    elif how == 2:
        t.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    t.close()


@test("connections that end after each octet of a session leave no process, no descriptor and no count behind")
def _():
    send(server, "anna")
    time.sleep(0.3)
    before, open_before = processes(), descriptors()
    for service, script in SCRIPTS.items():
        for n in range(len(script) + 1):
            end_after(service, script, n, n % 3)
    equal(processes(), before, "processes died")
    eventually(lambda: descriptors() <= open_before, 20, "descriptors stay open")
    eventually(lambda: not server.children("posthouse-imap") and not server.children("posthouse-pop3"), 20, "sessions stay")
    t = talk()
    matches(t.ask("a " + LOGIN, "a "), "^a OK")
    check(not re.search(r"killed by signal|Sanitizer|assert", server.log_text()), "something died")


@test("ends in the middle of a TLS handshake, too")
def _():
    before, open_before = processes(), descriptors()
    incoming, outgoing = __import__("ssl").MemoryBIO(), __import__("ssl").MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        tls.do_handshake()
    except OSError:
        pass
    hello = outgoing.read()
    for n in range(0, len(hello), 3):
        with socket.create_connection(server.address("imaps")) as s:
            s.sendall(hello[:n])
    equal(processes(), before)
    eventually(lambda: descriptors() <= open_before, 20, "descriptors stay open")


# ---- never ending ----

@test("a thousand connections from twenty addresses that say next to nothing do not keep others out, and end at the stated time")
def _():
    began, loris = time.monotonic(), []
    for i in range(1000):
        s = socket.create_connection(("127.0.0.1", PROXIED), timeout=30)
        s.sendall(b"PROXY TCP4 192.0.2.%d 198.51.100.1 %d 143\r\n" % (i % 20, 1024 + i))
        loris.append(s)
    filled = time.monotonic()
    while time.monotonic() - began < 3:
        for s in loris[::7]:
            try:
                s.sendall(b"x")  # this does not lengthen its time
            except OSError:
                pass
        t = Talk(server, "imaps", tls=True)
        t.until(r"\* OK")
        matches(t.ask('a LOGIN ben ' + QUOTED, "a "), "^a OK")
        matches(t.ask("b LOGOUT", "b "), "b OK")
        time.sleep(0.1)
    for s in loris:
        s.settimeout(20)
        try:
            while s.recv(4096):
                pass
        except ConnectionResetError:
            pass
    check(time.monotonic() - filled < 5 + 6, "they were still there after %.1f s" % (time.monotonic() - filled))


@test("sixty sessions of one user do not hold up another")
def _():
    sessions = []
    for i in range(60):
        t = talk()
        matches(t.ask("a " + LOGIN, "a "), "^a OK")
        t.ask("b SELECT INBOX", "b ")
        t.send("c IDLE\r\n" if i % 2 else "c NOOP\r\n" * 20)
        sessions.append(t)
    for _ in range(5):
        t = talk()
        matches(t.ask("a LOGIN ben " + QUOTED, "a "), "^a OK")
        matches(t.ask("b SELECT INBOX", "b "), "^b OK")
        t.close()
    for t in sessions[:3]:
        t.close()
    t = talk()
    matches(t.ask("a " + LOGIN, "a "), "^a OK")


run()
