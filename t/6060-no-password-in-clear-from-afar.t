#!/usr/bin/env python3
# No password in clear from elsewhere than loopback, on any protocol, and none at all when plaintext_login = never; never a relay
# for strangers. "Elsewhere" is a network namespace of the test's own, joined by a veth pair.
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

if not ROOT or not shutil.which("ip"):
    skip_all("needs root and iproute2 for a network namespace")

SPACE = "phtest%d" % os.getpid()
OUTSIDE, INSIDE = "192.0.2.1", "192.0.2.2"  # of the documentation block, inside the test's own namespaces


def ip(*args):
    return subprocess.run(("ip",) + args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def enter_own_namespaces():
    """Run this whole test in a fresh network namespace with a second one beside it, so that the machine's network is not touched."""
    if os.environ.get("PH_IN_NAMESPACE"):
        return
    tried = subprocess.run(["unshare", "--net", "--mount", "true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if tried.returncode:
        skip_all("no namespaces here: " + tried.stdout.decode().strip())
    os.environ["PH_IN_NAMESPACE"] = "1"
    done = subprocess.run(["unshare", "--net", "--mount", sys.executable] + sys.argv)
    sys.exit(done.returncode)


enter_own_namespaces()
if ip("link", "set", "lo", "up").returncode:
    skip_all("no network namespaces here")
made = ip("netns", "add", SPACE)
if made.returncode:
    skip_all("no network namespaces here: " + made.stdout.decode())
atexit.register(lambda: ip("netns", "del", SPACE))
ip("link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", SPACE)
ip("addr", "add", OUTSIDE + "/24", "dev", "v0")
ip("link", "set", "v0", "up")
ip("-n", SPACE, "addr", "add", INSIDE + "/24", "dev", "v1")
ip("-n", SPACE, "link", "set", "v1", "up")
ip("-n", SPACE, "link", "set", "lo", "up")

LISTEN = """
relay { smtp = {"*:2025"} submission = {"*:2587"} submissions = {"*:2465"} }
access { imap = {"*:2143"} imaps = {"*:2993"} pop3 = {"*:2110"} pop3s = {"*:2995"} }
"""
PORTS = {"smtp": 2025, "submission": 2587, "imap": 2143, "pop3": 2110}


def dialogue(port, script, tls=False):
    """Run a dialogue from inside the other namespace; what was received."""
    program = r'''
import socket, ssl, sys
s = socket.create_connection((%r, %d), timeout=10)
if %r:
    c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
    s = c.wrap_socket(s)
f = s.makefile("rb")
def answer():
    lines = []
    while True:
        line = f.readline()
        lines.append(line)
        if not line or line[:1] in b"+-" or (line[:3].isdigit() and line[3:4] == b" ") or b" OK" in line[:12] or b" NO" in line[:8] or b" BAD" in line[:8] or line[:4] == b"* OK":
            if line[:4] == b"+OK " and b"apab" in line:
                continue
            return lines
out = answer()
for line in %r:
    s.sendall(line.encode() + b"\r\n")
    out += answer()
sys.stdout.buffer.write(b"".join(out))
''' % (OUTSIDE, port, tls, script)
    done = subprocess.run(["ip", "netns", "exec", SPACE, sys.executable, "-c", program], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    check(done.returncode == 0, done.stderr.decode())
    return done.stdout.decode("latin-1")


PLAIN = __import__("base64").b64encode(b"\0anna\0" + PASSWORD.encode()).decode()
server = Sandbox(users=["anna"], conf=LISTEN)


@test("IMAP offers LOGINDISABLED from afar and refuses LOGIN and AUTHENTICATE")
def _():
    text = dialogue(PORTS["imap"], ["a CAPABILITY", 'b LOGIN anna "%s"' % PASSWORD, "c AUTHENTICATE PLAIN " + PLAIN])
    matches(text, r"LOGINDISABLED")
    check("AUTH=PLAIN" not in text, text)
    matches(text, r"^b (NO|BAD)")
    matches(text, r"^c (NO|BAD)")


@test("POP3 refuses USER and AUTH from afar")
def _():
    text = dialogue(PORTS["pop3"], ["USER anna", "AUTH PLAIN " + PLAIN])
    equal(len(re.findall(r"^-ERR", text, re.M)), 2, text)


@test("SMTP offers no AUTH from afar and refuses it")
def _():
    for service in ("smtp", "submission"):
        text = dialogue(PORTS[service], ["EHLO afar.example", "AUTH PLAIN " + PLAIN])
        check("250-AUTH" not in text and "250 AUTH" not in text, text)
        matches(text, r"^5\d\d ", service)
        check("235" not in text, text)


@test("under TLS the same password is taken from afar")
def _():
    text = dialogue(2993, ["b LOGIN anna \"%s\"" % PASSWORD, "c SELECT INBOX"], tls=True)
    matches(text, r"^b OK")


@test("from loopback a password in clear is taken")
def _():
    t = Talk(server, "imap", address=("127.0.0.1", PORTS["imap"]))
    t.until(r"\* OK")
    matches(t.ask('b LOGIN anna "%s"' % PASSWORD, r"b "), r"^b OK")


@test("a stranger cannot relay, from afar or from here")
def _():
    text = dialogue(PORTS["smtp"], ["EHLO afar.example", "MAIL FROM:<x@example.org>", "RCPT TO:<y@example.net>"])
    matches(text, r"^55\d 5\.7\.1")
    t = Talk(server, "smtp", address=("127.0.0.1", PORTS["smtp"]))
    t.until("220")
    for line in ("EHLO here", "MAIL FROM:<anna@localhost>"):
        t.ask(line)
    for target in ("y@example.net", "anna%example.net@localhost", "@localhost:y@example.net", '"y@example.net"@localhost',
                   "y@[192.0.2.9]"):
        matches(t.ask("RCPT TO:<%s>" % target), r"^5\d\d ", target)


@test("with plaintext_login = never loopback is refused too")
def _():
    server.stop()
    box = Sandbox(users=["anna"], conf='plaintext_login = "never"\n')
    t = Talk(box, "imap")
    t.until(r"\* OK")
    matches(t.ask("a CAPABILITY", r"a "), r"LOGINDISABLED")
    matches(t.ask('b LOGIN anna "%s"' % PASSWORD, r"b "), r"^b (NO|BAD)")
    t = Talk(box, "pop3")
    t.until(r"\+OK")
    matches(t.ask("USER anna", r"[+-]"), r"^-ERR")
    t = Talk(box, "submission")
    t.until("220")
    check("AUTH" not in t.ask("EHLO x"), "AUTH is offered")
    matches(t.ask("AUTH PLAIN " + PLAIN), r"^5\d\d ")


run()
