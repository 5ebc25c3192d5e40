#!/usr/bin/env python3
# The operator sees what waits, and why, and may try, hold, release and delete it, one by one or by filter.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
import json
from posthouse import *
from smarthost import Smarthost

host = Smarthost()
server = Sandbox(users=["anna", "ben"], conf="""relay { smarthost = "127.0.0.1:%d" smarthost_tls = "none" retry_first = 600 retry_max = 600 }
""" % host.port)
queue = os.path.join(server.dir, "box", "spool", "queue")
conf = os.path.join(server.dir, "box", "posthouse.conf")
POSTHOUSE = os.path.join(BUILD, "base", "posthouse")


def ctl(*words, status=0):
    done = subprocess.run([POSTHOUSE, "queue"] + [words[0], "-c", conf] + list(words[1:]), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, POSTHOUSE_LIBEXECDIR=os.path.join(server.dir, "box", "libexec")))
    equal(done.returncode, status, done.stdout.decode() + done.stderr.decode())
    return done.stdout.decode()


def listed(*filters):
    return [json.loads(line) for line in ctl("list", "--json", *filters).splitlines()]


def mail(sender, *to, subject="x"):
    done = subprocess.run([server["sendmail"], "-i", "-f", sender] + list(to), input=("Subject: %s\n\nbody\n" % subject).encode(),
                          stderr=subprocess.PIPE)
    equal(done.returncode, 0, done.stderr.decode())


def tried(n):
    return lambda: sum(m["attempts"] for m in listed()) >= n


@test("an empty queue is said to be empty")
def _():
    matches(ctl("list"), r"^0 messages$")
    equal(listed(), [])
    equal(json.loads(ctl("stats", "--json"))["messages"], 0)


@test("what waits is listed in the order of arrival, with sender, recipients, last words and time of the next attempt")
def _():
    mail("anna@localhost", "x@example.net", "y@example.com")
    mail("ben@localhost", "z@example.net", subject="a \x1b[31m letter")
    eventually(tried(2), 10, "not tried")
    one, two = listed()
    equal((one["sender"], two["sender"]), ("anna@localhost", "ben@localhost"))
    equal([r["address"] for r in one["recipients"]], ["x@example.net", "y@example.com"])
    matches(one["recipients"][0]["reply"], r"^4\.4\.1 ")
    check(time.time() + 500 < one["next"] < time.time() + 700, one)
    matches(ctl("list"), r"<anna@localhost>\n.*    x@example\.net\n        451 4\.4\.1 .*\n    1 attempts, next 20.*\n2 messages$")


@test("filters pick by sender, recipient, domain, age and reason")
def _():
    for filters, n in ((["--sender", "ANNA"], 1), (["--recipient", "z@"], 1), (["--domain", "example.com"], 1), (["--domain", "ample.com"], 0),
                       (["--older", "1h"], 0), (["--younger", "1h"], 2), (["--reason", "4.4.1"], 2), (["--reason", "no such words"], 0),
                       (["--held"], 0), (["--sender", "anna", "--recipient", "z@"], 0)):
        equal(len(listed(*filters)), n, " ".join(filters))


@test("one message is shown with its header, without control characters")
def _():
    shown = ctl("show", listed("--sender", "ben")[0]["id"])
    matches(shown, r"^Subject: a \?\[31m letter$")
    check("body" not in shown)
    ctl("show", "0" * 20, status=2)


@test("numbers are told by domain")
def _():
    stats = json.loads(ctl("stats", "--json"))
    equal((stats["messages"], stats["recipients"], stats["held"]), (2, 3, 0))
    equal(stats["domains"][0], {"domain": "example.net", "recipients": 2})
    matches(ctl("stats"), r"^       2  example\.net\n       1  example\.com$")


@test("a held message is not tried, whatever happens, until it is released")
def _():
    matches(ctl("hold", "--sender", "ben"), r"^1 message held")
    host.up()
    matches(ctl("retry", "--all"), r"^2 messages")
    eventually(lambda: len(listed()) == 1, 10, "not sent")
    server.stop()
    server.start()
    ctl("retry", "--all")
    matches(ctl("list"), r"held: by the operator")
    equal(listed()[0]["held"], True)
    time.sleep(0.5)
    equal([m[0].split()[1] for m in host.messages], [b"FROM:<anna@localhost>"])
    matches(ctl("release", "--held"), r"^1 message released")
    eventually(lambda: os.listdir(queue) == [], 10, "not sent")
    equal(len(host.messages), 2)


@test("a deleted message is gone, without a report")
def _():
    host.down()
    before = len(server.user("anna").files())
    for i in range(45):
        mail("anna@localhost", "later@example.net")
    eventually(lambda: len(listed()) == 45, 10)
    matches(ctl("hold", "--all"), r"^45 messages held")
    matches(ctl("delete", "--sender", "anna@"), r"^45 messages deleted")
    equal(os.listdir(queue), [])
    equal(len(server.user("anna").files()), before)
    ctl("delete", "--all", status=2)


@test("an order without a word about which messages is refused")
def _():
    ctl("delete", status=100)
    ctl("retry", status=100)
    ctl("nonsense", "--all", status=100)
    ctl("list", "--older", "soon", status=100)


@test("an ordinary user can neither read the spool nor give orders")
def _():
    if not ROOT or not build_is_open_to(61900):
        skip("needs root, and a tree that is open to other users")
    done = subprocess.run([POSTHOUSE, "queue", "list", "-c", conf], stdout=subprocess.PIPE, stderr=subprocess.PIPE, user=61900, group=61900,
                          extra_groups=[], env=dict(os.environ, POSTHOUSE_LIBEXECDIR=os.path.join(server.dir, "box", "libexec")))
    equal(done.returncode, 1)
    matches(done.stderr, r"mailq")


run()
