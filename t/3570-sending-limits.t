#!/usr/bin/env python3
# Who sends more than it may sends no more: the rest is held, the administrator and the account are told once, and a script is named by its
# directory. Strangers and others are not touched.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
import base64, json
from posthouse import *

server = Sandbox(users=["anna", "ben", "carl", "dora", "postmaster"], extra={"carl": "send_limits=2:100", "dora": "send_limits=0:0:0:0"},
                 conf="relay { messages_per_hour = 4 recipients_per_hour = 30 messages_per_day = 1000 recipients_per_day = 1000 }\n")
conf = os.path.join(server.dir, "box", "posthouse.conf")


def held(*filters):
    done = subprocess.run([os.path.join(BUILD, "base", "posthouse"), "queue", "list", "-c", conf, "--json", "--held"] + list(filters),
                          stdout=subprocess.PIPE, env=dict(os.environ, POSTHOUSE_LIBEXECDIR=os.path.join(server.dir, "box", "libexec")))
    equal(done.returncode, 0)
    return [json.loads(line) for line in done.stdout.splitlines()]


def order(verb, *words):
    done = subprocess.run([os.path.join(BUILD, "base", "posthouse"), "queue", verb, "-c", conf] + list(words), stdout=subprocess.PIPE,
                          env=dict(os.environ, POSTHOUSE_LIBEXECDIR=os.path.join(server.dir, "box", "libexec")))
    equal(done.returncode, 0)


def submit(login, to="ben@localhost", n=1):
    t = Talk(server, "submission")
    t.until(r"220 ")
    t.ask("EHLO client.example.org")
    matches(t.ask("AUTH PLAIN " + base64.b64encode(("\0%s\0%s" % (login, PASSWORD)).encode()).decode()), r"^235 ")
    replies = []
    for _ in range(n):
        t.ask("MAIL FROM:<%s@localhost>" % login)
        for one in to.split():
            t.ask("RCPT TO:<%s>" % one)
        t.ask("DATA")
        t.send(b"Subject: limits\r\n\r\nx\r\n.\r\n")
        replies.append(t.until(r"\d\d\d "))
    t.close()
    return replies


def inbox(name):
    return len(server.user(name).files())


def notices(name):
    return [m for m in server.user(name).messages() if b"sending limit" in m]


@test("what is over the hour's limit is held, with a 250 and a log line")
def _():
    replies = submit("anna", n=7)
    for reply in replies:
        matches(reply, r"^250 ")
    eventually(lambda: inbox("ben") == 4, 10, "%d delivered" % inbox("ben"))
    messages = held("--login", "anna")
    equal(len(messages), 3)
    matches(messages[0]["reason"], r"over the sending limit of 4 messages an hour")
    matches(server.log_text(), r"login=anna .*status=held reason=\"over the sending limit of 4 messages an hour\"")


@test("the administrator and the account are told once")
def _():
    eventually(lambda: notices("postmaster") and notices("anna"), 10, "nobody was told")
    equal((len(notices("postmaster")), len(notices("anna"))), (1, 1))
    matches(notices("postmaster")[0], r"^anna has sent more than it may: over the sending limit of 4 messages an hour")


@test("others may send as before, and strangers may write to the account")
def _():
    before = inbox("anna")
    matches(submit("ben", to="anna@localhost")[0], r"^250 .*delivered")
    for _ in range(6):
        matches(send(server, "anna"), r"^250 .*delivered")
    equal(inbox("anna"), before + 7)


@test("an account's own limits go before those of the configuration, both ways")
def _():
    submit("carl", to="anna@localhost", n=3)
    eventually(lambda: len(held("--login", "carl")) == 1, 5, "carl is not held")
    for reply in submit("dora", to="anna@localhost", n=9):
        matches(reply, r"delivered")


@test("recipients are counted, too")
def _():
    for _ in range(2):
        submit("dora", to="anna@localhost ben@localhost carl@localhost")
    equal(held("--login", "dora"), [])
    submit("ben", to="anna@localhost ben@localhost carl@localhost dora@localhost postmaster@localhost")
    equal(held("--login", "ben"), [])


@test("released by the administrator, it goes")
def _():
    before = inbox("ben")
    order("release", "--login", "anna")
    eventually(lambda: inbox("ben") == before + 3, 10, "not delivered")
    equal(held("--login", "anna"), [])


@test("after a hundred that are held the rest is refused for now")
def _():
    replies = submit("anna", n=120)
    equal(len([r for r in replies if r.startswith("250")]) + 3, 100)
    matches(replies[-1], r"^450 4\.7\.1 ")
    equal(len(notices("anna")), 1)


@test("a local user without an account is limited by uid, and the directory of the script is told")
def _():
    if not ROOT or not build_is_open_to(61999):
        skip("needs root, and a tree that is open to other users")
    place = tempfile.mkdtemp(prefix="wordpress-", dir="/tmp")
    os.chmod(place, 0o755)
    try:
        for _ in range(6):
            done = subprocess.run([server["sendmail"], "-i", "-f", "www@example.org", "anna@localhost"], input=b"Subject: spam\n\nx\n", cwd=place,
                                  stderr=subprocess.PIPE, user=61999, group=61999, extra_groups=[])
            equal(done.returncode, 0, done.stderr.decode())
    finally:
        os.rmdir(place)
    messages = held("--sender", "www@")
    equal([(m["uid"], m["origin"]) for m in messages], [(61999, place)] * 2)
    eventually(lambda: len(notices("postmaster")) >= 3, 10, "nobody was told")
    check(any(b"uid 61999" in m and place.encode() in m for m in notices("postmaster")), "the notice does not name it")


run()
