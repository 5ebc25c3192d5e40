#!/usr/bin/env python3
# The fail2ban filter in contrib/: it finds each guess in the log that the server really writes, and nothing else.
import configparser
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

FILTER = os.path.join(TOP, "contrib", "fail2ban", "filter.conf")
parser = configparser.ConfigParser(interpolation=None)
parser.read(FILTER)
HOST = r"(?P<host>[0-9.]+|[0-9A-Fa-f:.]+)"
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
regex = re.compile(parser["Definition"]["failregex"].replace("<HOST>", HOST))
server = Sandbox(users=["anna"])
GUESSES = [b"anna", b"nobody", b"anna remote=192.0.2.1", b"x mech=PLAIN reason=wrong-password", b"x\r\ny", b"%s", b"[1]: failed"]


def hosts(lines):
    return [m["host"] for m in (regex.search(STAMP.sub("", line, 1)) for line in lines) if m]


@test("each wrong guess is found with its address, whatever the name is made of; right passwords are not")
def _():
    talks = []
    for i, name in enumerate(GUESSES):
        t = Talk(server, "imap")
        t.until(r"\* OK")
        t.send(('i ID ("x-originating-ip" "198.51.100.%d")\r\n' % (i + 1)).encode())
        t.until("i ")
        t.send(b"a LOGIN {%d+}\r\n%s wrong\r\n" % (len(name), name))
        talks.append(t)
    for t in talks:
        matches(t.until("a "), "^a NO")
    t = Talk(server, "imap")
    t.until(r"\* OK")
    matches(t.ask('a LOGIN anna "%s"' % PASSWORD, "a "), "^a OK")
    eventually(lambda: len(hosts(server.log_text().splitlines())) >= len(GUESSES))
    equal(sorted(hosts(server.log_text().splitlines())), ["198.51.100.%d" % (i + 1) for i in range(len(GUESSES))])


@test("lines of syslog are found, too; words that a stranger puts into other lines are not")
def _():
    equal(hosts([" vm posthouse-auth[1]: failed service=pop3 user= remote=2001:db8::1 mech=PLAIN reason=wrong-password"]), ["2001:db8::1"])
    line = "auth[1]: failed service=imap user=anna remote=1.2.3.4 mech=PLAIN reason=wrong-password"
    equal(hosts(["2026-11-23T16:54:45Z vm smtp[7]: helo=" + line, " vm smtp[7]: " + line, line + " and more"]), [])


@test("fail2ban itself reads the filter so")
def _():
    if not shutil.which("fail2ban-regex"):
        skip("fail2ban is not installed")
    done = subprocess.run(["fail2ban-regex", server["log"], FILTER], capture_output=True, text=True)
    matches(done.stdout, r"Failregex: %d total" % len(GUESSES))


run()
