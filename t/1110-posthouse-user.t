#!/usr/bin/env python3
# `posthouse user`: accounts made, changed and removed by a command, while the server runs.
import os
import pty
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

FIRST, LAST = (64100, 64400) if ROOT else (70000, 99999)
authd = None
HOMES = tempfile.mkdtemp(prefix="posthouse-auth-")
os.chmod(HOMES, 0o755)
atexit.register(shutil.rmtree, HOMES, True)
authd = Authd("# a comment that stays\n", 'virtual_home = "%s/%%u"\nfirst_virtual_uid = %d\nlast_virtual_uid = %d\n' % (HOMES, FIRST, LAST))
net, master = authd.talk(), authd.talk("auth-master")


def user(*words, password=None, expect=0, conf=None):
    done = subprocess.run([os.path.join(BUILD, "auth", "posthouse-user"), words[0], "-c", conf or authd.conf, *words[1:]],
                          input=(password + "\n").encode() if password is not None else b"", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    equal(done.returncode, expect, "%s: %s" % (words, done.stderr.decode()))
    return (done.stdout + done.stderr).decode()


def text():
    return open(authd.passwd_file).read()


def logs_in(name, password):
    return net.plain(name, password)[0] == "OK"


@test("an account that was added can log in at once, with a home of its own, and nobody else reads the file")
def _():
    user("add", "anna", password="first secret")
    eventually(lambda: logs_in("anna", "first secret"), 5)
    matches(text(), r"\A# a comment that stays\nanna:\{CRYPT\}\$y\$")
    entry = os.stat(os.path.join(HOMES, "anna"))
    equal(entry.st_mode & 0o777, 0o700)
    equal(os.stat(authd.passwd_file).st_mode & 0o777, 0o600)
    equal(master.by_name("anna")[1]["mail"], os.path.join(HOMES, "anna", "Maildir"))
    if ROOT:
        equal(entry.st_uid, FIRST)


@test("each account has a uid of its own, which is not given again when the account has gone")
def _():
    if not ROOT:
        skip("an ordinary user has one uid")
    uids = set()
    for name in ["u1", "u2", "u3"]:
        user("add", "--no-password", name)
        uids.add(master_uid(name))
    equal(len(uids), 3)
    user("delete", "u3")
    user("add", "--no-password", "--home", HOMES + "/again", "u3")
    check(master_uid("u3") not in uids, "a uid was given twice")


def master_uid(name):
    line = [line for line in text().splitlines() if line.startswith(name + ":")]
    return int(line[0].split(":")[2])


@test("the other schemes are written and believed")
def _():
    for scheme, mark in [("argon2id", "{ARGON2ID}$argon2id$"), ("scram-sha-256", "{SCRAM-SHA-256}16384,"), ("yescrypt", "{CRYPT}$y$")]:
        name = "by-" + scheme
        user("add", "--scheme", scheme, name, password="secret of " + name)
        check(name + ":" + mark in text(), mark)
        eventually(lambda: logs_in(name, "secret of " + name), 5)
        equal(net.plain(name, "secret")[0], "FAILED")
        matches(user("show", name), {"a": r"^password +Argon2 hash$", "s": r"^password +SCRAM verifier$", "y": r"^password +crypt\(3\) hash$"}[scheme[0]])


@test("a new password counts at once and the old one no longer")
def _():
    user("passwd", "anna", password="second secret")
    eventually(lambda: logs_in("anna", "second secret"), 5)
    equal(net.plain("anna", "first secret")[0], "FAILED")


@test("a disabled account cannot log in but gets its mail, until it is enabled")
def _():
    user("disable", "anna")
    eventually(lambda: not logs_in("anna", "second secret"), 5)
    equal(master.by_name("anna")[0], "found")
    matches(user("list"), r"^anna\t\d+\tdisabled\t")
    user("enable", "anna")
    eventually(lambda: logs_in("anna", "second secret"), 5)


@test("quota, networks, aliases and mail location are written as the server reads them")
def _():
    user("add", "--quota", "1G", "--allow-nets", "10.0.0.0/8", "--aliases", "info@example.org,Sales@example.org", "--mail", "maildir:~/Mail",
         "ben", password="third secret")
    eventually(lambda: master.by_name("ben")[0] == "found", 5)
    account = master.by_name("ben")[1]
    equal((account["bytes"], account["mail"]), (1 << 30, os.path.join(HOMES, "ben", "Mail")))
    equal(master.by_name("info@example.org")[1]["name"], "ben")
    equal(master.by_name("sales@EXAMPLE.org")[1]["name"], "ben")
    equal(net.plain("ben", "third secret", remote="10.1.1.1")[0], "OK")
    equal(net.plain("ben", "third secret", remote="192.0.2.1")[0], "FAILED")
    shown = user("show", "ben")
    matches(shown, r"^quota +1073741824 bytes\nallow_nets +10\.0\.0\.0/8\naliases +info@example\.org,sales@example\.org$")
    check("$y$" not in shown, "a hash was shown")


@test("what the server would not take is not written")
def _():
    before = text()
    for words in [("add", "--quota", "much", "carl"), ("add", "--mail", "mbox:~/mail", "carl"), ("add", "--mail", "maildir:~/M:LAYOUT=fs", "carl"),
                  ("add", "--allow-nets", "everywhere", "carl"), ("add", "--uid", "0", "carl"), ("add", "../carl"), ("add", "a:b"),
                  ("add", "--home", "relative", "carl"), ("add", "--aliases", "x\nroot:x:0:0", "carl"), ("add", "anna"),
                  ("passwd", "nobody-here"), ("delete", "nobody-here"), ("disable", "nobody-here"), ("show", "nobody-here")]:
        user(*words, password="x", expect=1)
    user("add", "carl", password="", expect=1)
    user("frobnicate", expect=100)
    equal(text(), before)
    check(not os.path.exists(HOMES + "/carl"))


@test("a home that belongs to somebody else is not taken")
def _():
    if not ROOT:
        skip("an ordinary user has one uid")
    os.mkdir(HOMES + "/dora", 0o755)
    matches(user("add", "dora", password="x", expect=1), r"does not belong to uid")
    equal(os.stat(HOMES + "/dora").st_uid, 0)


@test("deleting takes the line away and says where the mail stays; every other line stays as it is")
def _():
    before = text()
    matches(user("delete", "ben"), r"the mail of ben stays where it is: .*/ben/Mail")
    equal(text(), "".join(line for line in before.splitlines(True) if not line.startswith("ben:")))
    check(os.path.isdir(HOMES + "/ben"))


@test("twenty commands at once lose none of each other's changes")
def _():
    threads = [threading.Thread(target=user, args=("add", "--no-password", "par%d" % i)) for i in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i in range(20):
        equal(text().count("par%d:!:" % i), 1)
    left = [name for name in os.listdir(authd.dir) if name.endswith(".new")]
    equal(left, [])


@test("on a terminal the password is asked for twice and not shown")
def _():
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(os.path.join(BUILD, "auth", "posthouse-user"), ["posthouse-user", "passwd", "-c", authd.conf, "anna"])
    seen = b""
    for prompt in [b"New password: ", b"Again: "]:
        while not seen.endswith(prompt):
            seen += os.read(fd, 1)
        os.write(fd, b"typed secret\n")
    try:
        while True:
            seen += os.read(fd, 100)
    except OSError:
        pass
    equal(os.waitpid(pid, 0)[1], 0)
    check(b"typed" not in seen, seen)
    eventually(lambda: logs_in("anna", "typed secret"), 5)


@test("with %d in passwd_file each domain has its own, made when it gets its first account")
def _():
    conf = authd.conf + ".domains"
    with open(conf, "w") as f:
        f.write(open(authd.conf).read().replace(authd.passwd_file, HOMES + "/domains/%d/users"))
    user("add", "eva@example.org", password="x", conf=conf)
    user("add", "eva@example.net", password="x", conf=conf)
    user("add", "eva", password="x", conf=conf, expect=1)
    check(open(HOMES + "/domains/example.org/users").read().startswith("eva@example.org:"))
    matches(user("list", conf=conf), r"\Aeva@example\.net\t.*\neva@example\.org\t[^\n]*\n\Z")


@test("the accounts of each domain are served from its file; a file that comes, changes or goes away counts")
def _():
    box = Authd(options='virtual_home = "%s/%%u"\nfirst_virtual_uid = %d\n' % (HOMES, FIRST))
    box.stop()
    with open(box.conf) as f:
        conf = f.read().replace(box.passwd_file, box.dir + "/domains/%d/users")
    with open(box.conf, "w") as f:
        f.write(conf)
    user("add", "fred@example.org", password="one", conf=box.conf)
    os.makedirs(box.dir + "/domains/-bad/")
    shutil.copy(box.dir + "/domains/example.org/users", box.dir + "/domains/-bad/users")
    box.start()
    talk, ask = box.talk(), box.talk("auth-master")
    equal(talk.plain("fred@example.org", "one")[0], "OK")
    equal(ask.by_name("fred")[0], "none")
    equal(ask.by_name("fred@example.net")[0], "none")
    user("add", "fred@example.net", password="two", conf=box.conf)
    eventually(lambda: talk.plain("fred@example.net", "two")[0] == "OK", 6)
    equal(talk.plain("fred@example.net", "one")[0], "FAILED")
    uid = open(box.dir + "/domains/example.org/users").read().split(":")[2]
    with open(box.dir + "/domains/example.org/users", "a") as f:
        f.write("gina:{PLAIN}three:%s:%s::/home/gina::\nhugo@example.net:{PLAIN}four:%s:%s::/home/hugo::\n" % (uid, uid, uid, uid))
    eventually(lambda: talk.plain("gina@Example.Org", "three")[0] == "OK", 6)
    equal(ask.by_name("hugo@example.net")[0], "none")
    matches(box.text(), r"example.org/users:3: hugo@example.net is not a name of the domain example.org")
    shutil.rmtree(box.dir + "/domains/example.net")
    eventually(lambda: ask.by_name("fred@example.net")[0] == "none", 12)
    equal(ask.by_name("fred@example.org")[0], "found")


run()
