#!/usr/bin/env python3
# What users decide about their mail: folders behind +, ~/.forward, and forward= of the passwd-file.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
from posthouse import *
from smarthost import Smarthost

host = Smarthost().up()
server = Sandbox(users=["anna", "ben", "carl", "dora", "emil"], conf="""relay { smarthost = "127.0.0.1:%d" smarthost_tls = "none" retry_first = 60 srs_domain = "bounces.example" }
new_folders = {"Lists"}
""" % host.port, extra={"dora": "forward=dora@example.net,ben", "emil": "forward=emil,carl@localhost"})
anna, ben, carl, dora, emil = (server.user(n) for n in ("anna", "ben", "carl", "dora", "emil"))


def forward(user, text, mode=0o600):
    path = os.path.join(user.home, ".forward")
    with open(path + ".new", "w") as f:
        f.write(text)
    os.chmod(path + ".new", mode)
    if ROOT:
        os.chown(path + ".new", user.uid, user.uid)
    os.rename(path + ".new", path)


def added(to, folder="", **more):
    before = {u.name: len(u.files()) for u in server.users.values()}
    matches(send(server, to, **more), r"^250 ")
    return {n: len(server.user(n).files()) - k for n, k in before.items() if len(server.user(n).files()) != k}


def at_smarthost(recipient, n=1):
    def there():
        return sum(("RCPT TO:<%s>" % recipient).encode() in b"".join(m[1]) for m in host.messages) == n
    eventually(there, 15, "not at the smarthost: " + recipient)
    return [m for m in host.messages if recipient.encode() in b"".join(m[1])][-1]


@test("mail to user+folder goes into that folder if there is one, else into INBOX")
def _():
    send(server, "anna")
    equal(added("anna+Lists@localhost"), {})
    equal(len(anna.files("Lists")), 1)
    added("anna+LISTS@localhost")
    equal(len(anna.files("Lists")), 2, "in any case")
    equal(added("anna+other@localhost"), {"anna": 1})


@test("~/.forward sends mail on, keeps a copy for the user's own name, and the sender is rewritten")
def _():
    forward(anna, "# mine\n\\anna, anna@example.net\n")
    equal(added("anna"), {"anna": 1})
    m = at_smarthost("anna@example.net")
    matches(m[0].decode(), r"MAIL FROM:<SRS0=\S+@bounces\.example>")
    matches(m[2].decode(), r"(?m)^Delivered-To: anna@localhost\r?$")


@test("... without it no copy is kept; to a user here it is delivered at once")
def _():
    forward(anna, "ben@localhost\n")
    equal(added("anna"), {"ben": 1})


@test("a circle of two users ends: each message arrives or is refused, and nothing goes round")
def _():
    forward(ben, "anna\n")
    reply = send(server, "anna")
    check(reply[:1] in "25", reply)
    time.sleep(0.3)
    check(len([l for l in server.log_text().splitlines() if "goes on from" in l]) < 10, "round and round")
    os.unlink(ben.home + "/.forward")


@test("a folder of the own Maildir may be named, commands and other files not")
def _():
    forward(anna, "~/Maildir/.Lists/\n\"|touch %s/hacked\"\n/etc/hacked\n" % anna.home)
    n = len(anna.files("Lists"))
    equal(added("anna"), {})
    equal(len(anna.files("Lists")), n + 1)
    check(not os.path.exists(anna.home + "/hacked"))
    matches(server.log_text(), r"/\.forward:2: mail is not given to commands")


@test("a file that others may write, or that holds nothing of use, leaves the mail in INBOX")
def _():
    forward(anna, "ben\n", 0o666)
    equal(added("anna"), {"anna": 1})
    matches(server.log_text(), r"\.forward does not count: others may write it")
    forward(anna, "not an address\n")
    equal(added("anna"), {"anna": 1})


@test("forward= of the passwd-file does the same for accounts without a home of their own")
def _():
    equal(added("dora"), {"ben": 1})
    at_smarthost("dora@example.net")
    equal(added("emil"), {"carl": 1, "emil": 1})


@test("a message in the spool goes on once, though its first attempt failed")
def _():
    forward(anna, "wait@example.net\n")
    host.down()
    matches(send(server, "anna"), r"^250 ")
    host.up()
    subprocess.run([server["sendmail"], "-q"], timeout=20)
    at_smarthost("wait@example.net")


run()
