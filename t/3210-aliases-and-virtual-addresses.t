#!/usr/bin/env python3
# Where an address leads: /etc/aliases, virtual maps and lists of domains, read again when they change.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
from posthouse import *
from smarthost import Smarthost

host = Smarthost().up()
files = tempfile.mkdtemp(prefix="posthouse-maps-")
os.chmod(files, 0o755)
ALIASES, VIRTUAL, DOMAINS, LIST = (os.path.join(files, n) for n in ("aliases", "virtual", "domains", "list"))


def write(path, text, mode=0o644):
    with open(path + ".new", "w") as f:
        f.write(text)
    os.chmod(path + ".new", mode)
    os.rename(path + ".new", path)


write(ALIASES, """# comment
Root:   anna
team:   anna, ben,
        carl, anna
"big list": :include:%s
a: b
b: a
ben: \\ben, anna
away: someone@example.net
mixed: nobody-at-all, carl
broken line
prog: "|/bin/cat > /tmp/x", carl
file: /tmp/posthouse-file
""" % LIST)
write(LIST, "# people\nanna\nben, carl@localhost\n")
write(VIRTUAL, """virtual.example anything
info@virtual.example  anna@localhost,
   ben@localhost
@catch.example  carl
named@catch.example  anna
sales-*@virtual.example ben
@old.example @localhost
b\u00fcro@b\u00fccher.example anna
b\u00fccher.example x
nothing@virtual.example
""")
write(DOMAINS, "listed.example\n*.wild.example\n")
server = Sandbox(users=["anna", "ben", "carl"], conf="""relay {
  smarthost = "127.0.0.1:%d" smarthost_tls = "none" retry_first = 60
  aliases = "%s" virtual_maps = {"%s"} domain_files = {"%s"} }
""" % (host.port, ALIASES, VIRTUAL, DOMAINS))
people = [server.user(n) for n in ("anna", "ben", "carl")]


def reaches(*to):
    """How many messages each of anna, ben, carl gets of one."""
    before = [len(u.files()) for u in people]
    matches(send(server, list(to)), r"^250 ")
    return [len(u.files()) - n for u, n in zip(people, before)]


def reply(to):
    t = Talk(server, "smtp")
    t.until(r"220 ")
    t.ask("EHLO client.example.org")
    t.ask("MAIL FROM:<friend@example.org>")
    answer = t.ask("RCPT TO:<%s>" % to)
    t.close()
    return answer


@test("an alias leads to each of its addresses, once, over continuation lines and whatever its case")
def _():
    equal(reaches("team@localhost"), [1, 1, 1])
    equal(reaches("TEAM"), [1, 1, 1])
    equal(reaches("team", "anna"), [1, 1, 1])


@test(":include: reads a list, and reads it again when it has changed")
def _():
    equal(reaches('"big list"@localhost'), [1, 1, 1])
    write(LIST, "ben\n")
    equal(reaches('"big list"@localhost'), [1, 1, 0], "an alias of ben's gives anna a copy")


@test("an alias may name its own account, and a circle is nobody")
def _():
    equal(reaches("ben"), [1, 1, 0])
    matches(reply("a"), r"^550 5\.1\.1 ")


@test("postmaster goes where root's mail goes")
def _():
    equal(reaches("postmaster"), [1, 0, 0])
    equal(reaches("Postmaster@localhost"), [1, 0, 0])


@test("a detail behind + does not hide an alias")
def _():
    equal(reaches("team+x@localhost"), [1, 1, 1])


@test("an alias to elsewhere is relayed, for strangers too, and the sender is rewritten")
def _():
    matches(send(server, "away"), r"^250 ")
    eventually(lambda: any(b"someone@example.net" in m[1][0] for m in host.messages), 15, "not relayed")
    matches(host.messages[-1][0].decode(), r"MAIL FROM:<SRS0=[a-z2-7]{8}=[a-z2-7]{2}=example\.org=friend@localhost>")


@test("... and its bounce finds the way back, but a forged or another one does not")
def _():
    sender = re.search(r"<(.*?)>", host.messages[-1][0].decode()).group(1)
    n = len(host.messages)
    matches(send(server, sender, sender=""), r"^250 ")
    eventually(lambda: len(host.messages) > n, 15, "not sent back")
    equal(host.messages[-1][1], [b"RCPT TO:<friend@example.org>\r\n"])
    matches(reply(sender.replace("friend", "fiend")), r"^550 5\.1\.1 ")
    matches(reply(sender.upper().replace("LOCALHOST", "localhost")), r"^250 ")


@test("of several, one that is not there is reported, and the others get theirs")
def _():
    before = len(host.messages)
    equal(reaches("mixed"), [0, 0, 1])
    eventually(lambda: any(b"nobody-at-all" in m[2] for m in host.messages[before:]), 15, "no report")


@test("commands and files get nothing; broken lines are named in the log and the rest counts")
def _():
    equal(reaches("prog"), [0, 0, 1])
    matches(reply("file"), r"^550 ")
    check(not os.path.exists("/tmp/posthouse-file"))
    log = server.log_text()
    matches(log, re.escape(ALIASES) + r":11: a line is")
    matches(log, re.escape(ALIASES) + r":12: \|/bin/cat .*: mail is not given to commands")
    matches(log, re.escape(VIRTUAL) + r":10: ")


@test("a virtual map: addresses, patterns, all of a domain, the same name elsewhere")
def _():
    equal(reaches("info@virtual.example"), [1, 1, 0])
    equal(reaches("Info+x@VIRTUAL.example"), [1, 1, 0])
    equal(reaches("anybody@catch.example"), [0, 0, 1])
    equal(reaches("named@catch.example"), [1, 0, 0])
    equal(reaches("sales-north@virtual.example"), [1, 1, 0])
    equal(reaches("carl@old.example"), [0, 0, 1])
    matches(reply("nobody@virtual.example"), r"^550 5\.1\.1 ")
    matches(reply("anna@virtual.example"), r"^550 5\.1\.1 ")
    matches(reply("x@sub.catch.example"), r"^554 5\.7\.1 ")


@test("lists of domains, with all below one")
def _():
    equal(reaches("anna@listed.example"), [1, 0, 0])
    equal(reaches("anna@deep.wild.example"), [1, 0, 0])
    matches(reply("anna@wild.example"), r"^554 ")


@test("what is written into a map counts from the next message on")
def _():
    matches(reply("new@virtual.example"), r"^550 ")
    with open(VIRTUAL, "a") as f:
        f.write("new@virtual.example carl\n")
    equal(reaches("new@virtual.example"), [0, 0, 1])
    with open(DOMAINS, "a") as f:
        f.write("later.example\n")
    equal(reaches("anna@later.example"), [1, 0, 0])


@test("both spellings of an international address are one mailbox")
def _():
    t = Talk(server, "smtp")
    t.until(r"220 ")
    t.ask("EHLO client.example.org")
    t.ask("MAIL FROM:<friend@example.org> SMTPUTF8")
    for spelled in ("b\u00fcro@b\u00fccher.example", "bu\u0308ro@xn--bcher-kva.example", "B\u00dcRO@B\u00dcCHER.example"):
        matches(t.ask("RCPT TO:<%s>" % spelled), r"^250 ")
    t.close()


@test("a map that cannot be read puts mail off; nobody is called unknown")
def _():
    os.rename(VIRTUAL, VIRTUAL + ".away")
    matches(reply("anna@localhost"), r"^451 4\.")
    os.rename(VIRTUAL + ".away", VIRTUAL)
    matches(reply("anna@localhost"), r"^250 ")


@test("posthouse explain address names the file and line that decided")
def _():
    done = subprocess.run([os.path.join(BUILD, "auth", "posthouse-explain"), "address", "-c", server["conf"], "team+x@localhost"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20,
                          env=dict(os.environ, POSTHOUSE_LIBEXECDIR=os.path.join(BUILD, "relay")))
    text = done.stdout.decode()
    equal(done.returncode, 0, text)
    matches(text, re.escape(ALIASES) + r":3")
    matches(text, r"account carl")


run()
