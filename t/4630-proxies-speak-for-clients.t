#!/usr/bin/env python3
# The PROXY protocol on listeners set for it, x-originating-ip from trusted networks: whose address counts.
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from certificates import client_context

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PORTS = [free_base() + i for i in range(5)]
PROXY = "127.0.0.9"  # an address of the proxy's own: 127.0.0.1 is none
server = Sandbox(users=["anna"], conf="""
trusted_networks = {"203.0.113.0/24"}
access {
    imap = {"127.0.0.1:%d", "127.0.0.1:%d proxy"}
    imaps = {"127.0.0.1:%d", "127.0.0.1:%d proxy"}
    pop3 = {"127.0.0.1:%d", "127.0.0.1:%d proxy"}
    proxy_networks = {"%s/32"}
    max_connections_per_address = 4
    max_unauthenticated_per_address = 3
}
relay {
    smtp = {"127.0.0.1:%d", "127.0.0.1:%d proxy"}
    submission = {"127.0.0.1:%d", "127.0.0.1:%d proxy"}
    proxy_networks = {"%s"}
}
""" % (free_base(), PORTS[0], free_base() + 1, PORTS[1], free_base() + 2, PORTS[2], PROXY,
       free_base() + 3, PORTS[3], free_base() + 4, PORTS[4], PROXY))
LOGIN = 'a LOGIN anna "%s"' % PASSWORD


def v1(client="192.0.2.7", family="TCP4", to="198.51.100.1"):
    return ("PROXY %s %s %s 56324 143\r\n" % (family, client, to)).encode()


def v2(client="192.0.2.7", tls=False, command=0x21, tlvs=b""):
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    to = "2001:db8::1" if ":" in client else "198.51.100.1"
    body = socket.inet_pton(family, client) + socket.inet_pton(family, to) + struct.pack("!HH", 56324, 143)
    if tls:
        body += b"\x20" + struct.pack("!H", 15) + b"\1\0\0\0\0\x21\0\7TLSv1.3"
    body += tlvs
    return SIGNATURE + bytes([command, 0x21 if ":" in client else 0x11]) + struct.pack("!H", len(body)) + body


class Proxied(Talk):
    def __init__(self, header, port=PORTS[0], source=PROXY, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout, source_address=(source, 0))
        self.buffer = b""
        self.send(header)


def logged_in_from(address, tls):
    pattern = r"login user=anna service=\w+ remote=%s tls=%s" % (re.escape(address), tls)
    eventually(lambda: re.search(pattern, server.log_text()), 5, "no login from %s, tls=%s" % (address, tls))


@test("the client's address is the one in the header, of version 1 and 2, IPv4 and IPv6")
def _():
    for header, address in [(v2("192.0.2.31", tls=True), "192.0.2.31"), (v2("2001:db8::31", tls=True), "2001:db8::31"),
                            (v2("::ffff:192.0.2.32", tls=True), "192.0.2.32")]:
        t = Proxied(header)
        t.until(r"\* OK")
        matches(t.ask(LOGIN, "a "), r"^a OK", address)
        logged_in_from(address, "yes")
        matches(t.ask("b LOGOUT", "b "), r"b OK")
    t = Proxied(v1("192.0.2.33"), PORTS[1])
    t.socket = client_context().wrap_socket(t.socket)
    t.until(r"\* OK")
    matches(t.ask(LOGIN, "a "), r"^a OK")
    logged_in_from("192.0.2.33", "yes")


@test("TLS may follow the header in the same packet, and the commands of the client too")
def _():
    t = Proxied(v2("192.0.2.41", tls=True) + (LOGIN + "\r\nb NOOP\r\n").encode())
    matches(t.until("b "), r"a OK.*b OK")


@test("a client whose TLS ends at the proxy may log in, and is not offered TLS again; one without TLS must begin it")
def _():
    t = Proxied(v2("192.0.2.42", tls=True))
    greeting = t.until(r"\* OK")
    check("STARTTLS" not in greeting and "AUTH=PLAIN" in greeting, greeting)
    t = Proxied(v2("192.0.2.42"))
    greeting = t.until(r"\* OK")
    check("STARTTLS" in greeting and "LOGINDISABLED" in greeting, greeting)
    matches(t.ask(LOGIN, "a "), r"^a NO \[PRIVACYREQUIRED\]")
    t = Proxied(v1("192.0.2.42"), PORTS[2])
    matches(t.until(r"\+OK"), r"^\+OK")
    matches(t.ask("USER anna"), r"^-ERR")


@test("LOCAL and UNKNOWN are the proxy itself")
def _():
    for header in (SIGNATURE + b"\x20\0\0\0", b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x21\0\0\0"):
        t = Proxied(header)
        matches(t.until(r"\* OK"), "AUTH=PLAIN")
        t.close()


@test("a header in single octets is taken")
def _():
    t = Proxied(b"")
    for octet in v2("192.0.2.43", tls=True):
        t.send(bytes([octet]))
        time.sleep(0.002)
    matches(t.until(r"\* OK"), "OK")


@test("no header, a broken one and one that comes too slowly end the connection")
def _():
    for bad in (b"a LOGIN anna x\r\n", b"PROXY TCP4 1.2.3.4\r\n", v2(tlvs=b"\3\0\4abcd"), SIGNATURE + b"\x21\x11\xff\xff", b"\x16\x03\1\0\1"):
        t = Proxied(bad)
        check(t.closed(), repr(bad))
    began = time.monotonic()
    silent, slow = Proxied(b""), Proxied(b"PROXY TC")
    check(silent.closed() and slow.closed())
    check(4 < time.monotonic() - began < 9, "after %.1f s" % (time.monotonic() - began))
    eventually(lambda: re.search(r'refused service=imap remote=127\.0\.0\.9 reason="no PROXY header"', server.log_text()))


@test("others than the listed proxies are not believed, nor is a header on another listener")
def _():
    t = Proxied(v2(tls=True), source="127.0.0.1")
    check(t.closed())
    eventually(lambda: re.search(r'refused service=imap remote=127\.0\.0\.1 reason="not in proxy_networks"', server.log_text()))
    t = Talk(server, "imap")
    t.until(r"\* OK")
    matches(t.ask(v1("192.0.2.99")[:-2].decode(), r"\S+ BAD"), "BAD")
    matches(t.ask(LOGIN, "a "), r"^a OK")
    check("192.0.2.99" not in server.log_text())


@test("one address has its limit, told as such; the rest of the world does not notice; IPv6 counts by /64")
def _():
    for one, same, other in [("192.0.2.51", "192.0.2.51", "192.0.2.52"), ("2001:db8:5::1", "2001:db8:5::f:2", "2001:db8:5:1::1")]:
        inside = []
        for _ in range(4):
            t = Proxied(v2(one, tls=True))
            matches(t.line(), r"^\* OK")
            matches(t.ask(LOGIN, "a "), r"^a OK")
            inside.append(t)
        for _ in range(4):
            matches(Proxied(v2(same, tls=True)).line(), r"^\* BYE \[LIMIT\] Too many connections from your address$")
            t = Proxied(v1(same, "TCP6" if ":" in same else "TCP4", "::1" if ":" in same else "1.2.3.4"), PORTS[1])
            t.socket = client_context().wrap_socket(t.socket)
            matches(t.line(), r"^\* BYE \[LIMIT\] Too many connections from your address$")
        fresh = Proxied(v2(other, tls=True))
        matches(fresh.line(), r"^\* OK")
        for t in inside:
            matches(t.ask("b NOOP", "b "), r"^b OK")
        inside[0].ask("c LOGOUT", "c ")
        eventually(lambda: b"OK" in Proxied(v2(one, tls=True)).line())


@test("who has not logged in has a limit of his own")
def _():
    waiting = [Proxied(v2("192.0.2.61", tls=True)) for _ in range(3)]
    for t in waiting:
        matches(t.line(), r"^\* OK")
    matches(Proxied(v2("192.0.2.61", tls=True)).line(), r"^\* BYE \[LIMIT\] Too many connections from your address that have not")
    matches(waiting[0].ask(LOGIN, "a "), r"^a OK")
    matches(Proxied(v2("192.0.2.61", tls=True)).line(), r"^\* OK")


@test("trusted networks have no limit as one address")
def _():
    held = [Proxied(v2("203.0.113.7", tls=True)) for _ in range(12)]
    for t in held:
        matches(t.line(), r"^\* OK")


@test("webmail says by ID for whom it comes, and is believed from trusted networks and loopback only")
def _():
    said = '("name" "webmail" "X-Originating-IP" "198.51.100.77" "x" NIL)'
    t = Talk(server, "imap")
    t.until(r"\* OK")
    matches(t.ask("i ID " + said, "i "), r"i OK")
    matches(t.ask(LOGIN, "a "), r"^a OK")
    logged_in_from("198.51.100.77", "no")
    t = Proxied(v2("203.0.113.8", tls=True))
    t.until(r"\* OK")
    t.ask("i ID " + said.replace("77", "78"), "i ")
    matches(t.ask('w LOGIN anna wrong', "w "), r"^w NO")
    matches(t.ask(LOGIN, "a "), r"^a OK")
    logged_in_from("198.51.100.78", "yes")
    eventually(lambda: re.search(r"failed service=imap .*remote=198\.51\.100\.78", server.log_text()))
    t = Proxied(v2("192.0.2.71", tls=True))
    t.until(r"\* OK")
    t.ask("i ID " + said.replace("77", "79"), "i ")
    matches(t.ask(LOGIN, "a "), r"^a OK")
    logged_in_from("192.0.2.71", "yes")
    check("198.51.100.79" not in server.log_text())


@test("what is no address is not believed")
def _():
    t = Talk(server, "imap")
    t.until(r"\* OK")
    for value in ('"x"', '"1.2.3"', '"1.2.3.4 user=root"', '"%s"' % ("1" * 200), '{5+}\r\n1.2\0.', '""', "NIL"):
        t.ask(("i ID (\"x-originating-ip\" " + value + ")").encode("latin-1") + b"\r\n", "i ")
    t = Talk(server, "imap")
    t.until(r"\* OK")
    t.ask('i ID ("x-originating-ip" "1.2.3.4 user=root")', "i ")
    matches(t.ask(LOGIN, "a "), r"^a OK")
    check("1.2.3.4" not in server.log_text())


@test("SMTP: the client's address stands in the message, and TLS that ends at the proxy is good enough for AUTH")
def _():
    t = Proxied(v1("192.0.2.81"), PORTS[3])
    t.until(r"220 ")
    for command in ("EHLO client.example.org", "MAIL FROM:<friend@example.org>", "RCPT TO:<anna@localhost>"):
        matches(t.ask(command, r"\d\d\d "), r"^250 ", command)
    t.ask("DATA", r"354 ")
    matches(t.ask("Subject: by proxy\r\n\r\nhello\r\n.", r"\d\d\d "), r"^250 ")
    matches(server.user("anna").messages()[-1], rb"\[192\.0\.2\.81\]".decode())
    for header, offered in [(v2("192.0.2.82", tls=True), True), (v2("192.0.2.82"), False)]:
        t = Proxied(header, PORTS[4])
        t.until(r"220 ")
        told = t.ask("EHLO client.example.org", r"250 ")
        equal(("AUTH" in told, "STARTTLS" in told), (offered, not offered), told)
    t = Proxied(v2("192.0.2.83", tls=True), PORTS[4])
    t.until(r"220 ")
    t.ask("EHLO client.example.org", r"250 ")
    secret = __import__("base64").b64encode(b"\0anna\0" + PASSWORD.encode()).decode()
    matches(t.ask("AUTH PLAIN " + secret, r"\d\d\d "), r"^235 ")
    eventually(lambda: re.search(r"ok service=smtp user=anna remote=192\.0\.2\.83", server.log_text()))
    for bad in (b"EHLO x\r\n", b"PROXY \r\n"):
        check(Proxied(bad, PORTS[3]).closed(), repr(bad))
    check(Proxied(v1(), PORTS[3], source="127.0.0.1").closed())


@test("a proxy listener without proxy_networks is refused by the check")
def _():
    path = os.path.join(server.dir, "wrong.conf")
    with open(path, "w") as f:
        f.write('access { imap = {"*:143 proxy"} }\n')
    done = subprocess.run([os.path.join(BUILD, "access", "posthouse-accessd"), "-t", "-c", path], capture_output=True)
    equal(done.returncode, 1)
    matches(done.stderr, r"proxy_networks must say")
    with open(path, "w") as f:
        f.write('relay { smtp = {"*:25 proxy"} }\n')
    done = subprocess.run([os.path.join(BUILD, "relay", "posthouse-relayd"), "-t", "-c", path], capture_output=True)
    matches(done.stderr, r"proxy_networks must say")


run()
