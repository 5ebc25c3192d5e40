#!/usr/bin/env python3
"""Keywords that have no letter are kept in posthouse-keywords: without the index, over COPY, MOVE, APPEND, and beside Dovecot, which
does without them and leaves the file alone."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dovecot import *

server = Sandbox(users=["anna", "ben", "carl"])
dovecot = Dovecot(server)
ALL = ["k%d" % i for i in range(64)]


def path(name, folder=""):
    base = server.user(name).maildir
    return os.path.join(base, "." + folder if folder else "", "posthouse-keywords")


def keywords(client, folder="INBOX"):
    """{identity: keywords}"""
    client.ok("SELECT " + folder)
    found = {}
    for v in client.fetch("1:*", "FLAGS BODY.PEEK[HEADER]").values():
        found[identity(v["BODY[HEADER]"])] = {f for f in v["FLAGS"] if f[0] != "\\"}
    return found


def fill(name):
    c = Client(server, name)
    for ident in ("one", "two", "three"):
        c.append(letter(ident))
    c.ok("SELECT INBOX")
    c.ok("STORE 1 +FLAGS.SILENT (%s)" % " ".join(ALL))
    c.ok("STORE 2 +FLAGS.SILENT (k5 k50)")
    return c


ANNA = {"one": set(ALL), "two": {"k5", "k50"}, "three": set()}


@test("they are there when the index is not")
def _():
    c = fill("anna")
    equal(keywords(c), ANNA, "at first")
    c.logout()
    eventually(lambda: not server.children("posthouse-imap"), what="the session did not end")
    shutil.rmtree(os.path.join(server.user("anna").maildir, "posthouse-index"))
    equal(keywords(Client(server, "anna")), ANNA, "without the index")


@test("COPY, MOVE and APPEND take them along by name")
def _():
    c = Client(server, "anna")
    c.ok("CREATE Other")
    for i in range(30):
        c.append(letter("x"), "Other", flags="own%d" % i)
    c.append(letter("four"), flags="k60 k1 \\Seen")
    c.ok("SELECT INBOX")
    c.ok("COPY 2 Other")
    c.ok("MOVE 4 Other")
    got = keywords(c, "Other")
    equal((got["two"], got["four"]), ({"k5", "k50"}, {"k60", "k1"}), "in the other folder")
    equal(keywords(c), ANNA, "where they come from")
    c.logout()


@test("Dovecot changes flags and sees the letters, and what is beyond them stays")
def _():
    before = open(path("anna")).read()
    d = Client(dovecot, "anna")
    got = keywords(d)
    equal(len(got["one"]), 26, "keywords that Dovecot sees")
    check(got["one"] <= set(ALL) and got["two"] == {"k5"}, got)
    d.ok("STORE 1:2 +FLAGS.SILENT (\\Flagged)")
    d.ok("STORE 1 -FLAGS.SILENT (k7)")
    d.ok("STORE 3 +FLAGS.SILENT (k6)")
    d.ok("LOGOUT")
    equal(keywords(Client(server, "anna")), {"one": set(ALL) - {"k7"}, "two": {"k5", "k50"}, "three": {"k6"}}, "afterwards")
    equal(open(path("anna")).read(), before, "the file")
    dovecot.is_content()


@test("Dovecot renames a folder with them, and deletes one")
def _():
    c, d = Client(server, "anna"), Client(dovecot, "anna")
    d.ok("RENAME Other Elsewhere")
    equal(keywords(c, "Elsewhere")["two"], {"k5", "k50"}, "after RENAME")
    c.ok("SELECT INBOX")
    d.ok("DELETE Elsewhere")
    check(not os.path.exists(os.path.dirname(path("anna", "Elsewhere"))), "the folder is still there")
    dovecot.is_content()


@test("what is taken from a message stays away, also from one that comes back")
def _():
    c = fill("ben")
    c.ok("STORE 1 -FLAGS.SILENT (k30 k63)")
    c.ok("STORE 2 FLAGS.SILENT ()")
    c.logout()
    equal(keywords(Client(server, "ben")), {"one": set(ALL) - {"k30", "k63"}, "two": set(), "three": set()})


@test("the lines of messages that are gone go")
def _():
    c = fill("carl")
    for _ in range(3):
        literal = letter("many")
        c.ok(b"APPEND INBOX" + b"".join(b" (k40) {%d+}\r\n%s" % (len(literal), literal) for _ in range(150)))
    c.ok("NOOP")
    check(len(open(path("carl")).readlines()) > 450, "no line for each message")
    c.ok("STORE 4:* +FLAGS.SILENT (\\Deleted)")
    c.ok("EXPUNGE")
    c.append(letter("last"), flags="k41")
    c.logout()
    got = keywords(Client(server, "carl"))
    equal(got, dict(ANNA, last={"k41"}), "keywords")
    check(len(open(path("carl")).readlines()) < 100, "%d lines for 4 messages" % len(open(path("carl")).readlines()))


run()
