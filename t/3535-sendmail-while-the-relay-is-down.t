#!/usr/bin/env python3
# Mail that programs hand in while the relay does not run waits in the drop directory, and goes out when it does.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
import shutil
import stat
from posthouse import *

server = Sandbox(users=["anna", "ben"])
anna, ben = server.user("anna"), server.user("ben")
DROP = os.path.join(server.dir, "box", "spool-drop")
LETTER = b"To: ben@localhost\nSubject: hi\n\nhello\n"


def sendmail(*args, text=LETTER, user=anna, before=()):
    who = {"user": user.uid, "group": user.uid, "extra_groups": []} if ROOT and user else {}
    return subprocess.run(list(before) + [server["sendmail"]] + list(args), input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          cwd="/", timeout=60, **who)


def dropped():
    return sorted(os.listdir(DROP))


def back():
    server.start()
    eventually(lambda: dropped() == [], 15, "the drop directory is not emptied")


@test("the directory is nobody's to look into")
def _():
    st = os.stat(DROP)
    if ROOT:
        import grp, pwd
        equal((st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)),
              (pwd.getpwnam("posthouse").pw_uid, grp.getgrnam("posthouse-drop").gr_gid, 0o730))
        equal(subprocess.run(["ls", DROP], user=anna.uid, group=anna.uid, extra_groups=[], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL).returncode, 2)
    else:
        equal(stat.S_IMODE(st.st_mode), 0o700)


@test("with the relay down, sendmail -t leaves the message, as the caller's file, and says so with -v")
def _():
    server.stop()
    done = sendmail("-t", "-i", "-v", text=b"To: ben@localhost\nBcc: anna@localhost\nSubject: first\n\none\n")
    equal(done.returncode, 0, done.stderr)
    matches(done.stderr, r"the relay does not run")
    equal(len(dropped()), 1)
    check(dropped()[0].startswith("d"), dropped())
    equal(os.stat(os.path.join(DROP, dropped()[0])).st_uid, anna.uid)
    equal(sendmail("-f", "x@example.org", "-i", "ben", text=b"Subject: second\n\ntwo\n").stderr, b"")
    equal(sendmail("-i", "-f", "<>", "ben@localhost", text=b"Subject: third\n\nthree\n").returncode, 0)


@test("when it is back each goes to all its recipients, from whom sendmail was told, and nothing is left")
def _():
    back()
    eventually(lambda: len(ben.files()) == 3 and len(anna.files()) == 1, 10, "not delivered")
    texts = {re.search(rb"Subject: (\w+)", m).group(1): m.decode() for m in ben.messages()}
    matches(texts[b"first"], r"\AReturn-Path: <anna@localhost>\n(.*\n)*Received: by localhost \(Posthouse, from userid %d\)\n" % anna.uid)
    check("cc:" not in texts[b"first"].lower() and texts[b"first"].endswith("\n\none\n"), texts[b"first"])
    matches(texts[b"second"], r"\AReturn-Path: <x@example\.org>\n")
    matches(texts[b"third"], r"\AReturn-Path: <>\n")
    matches(open(server["log"]).read(), r"uid=%d login=anna directory=/ size=\d+ recipients=2 status=submitted by=drop" % anna.uid)


@test("a megabyte goes the same way, and what has no recipient here comes back as a report")
def _():
    server.stop()
    body = b"".join(b"%06d\n" % i for i in range(150000))
    equal(sendmail("-i", "ben", text=b"Subject: large\n\n" + body).returncode, 0)
    equal(sendmail("-i", "nobody-here@localhost", text=b"Subject: lost\n\nx\n").returncode, 0)
    back()
    eventually(lambda: len(ben.files()) == 4 and len(anna.files()) == 2, 10, "not delivered")
    check(any(m.endswith(b"\n\n" + body) for m in ben.messages()), "the large one is not whole")
    check(any(b"nobody-here@localhost" in m and b"multipart/report" in m for m in anna.messages()), "no report")


@test("without the right to the directory (no_new_privs, as php-fpm has it) the caller is told, with EX_TEMPFAIL")
def _():
    server.stop()
    if not ROOT:
        skip("an ordinary user's directory is open to them")
    done = sendmail("-i", "ben", before=["setpriv", "--no-new-privs"])
    equal(done.returncode, 75)
    matches(done.stderr, r"start posthouse-relayd")
    equal(dropped(), [])


@test("the helper writes nowhere but into such a directory")
def _():
    if not ROOT:
        skip("nothing to gain without set-gid")
    mine = os.path.join(anna.home, "mine")
    os.mkdir(mine)
    os.chown(mine, anna.uid, anna.uid)
    os.chmod(mine, 0o730)
    helper = os.path.join(server.dir, "box", "libexec", "posthouse-drop")
    for directory in (mine, "/tmp", "relative", os.path.join(server.dir, "box", "spool")):
        done = subprocess.run([helper, directory], input=b"x", user=anna.uid, group=anna.uid, extra_groups=[], stderr=subprocess.PIPE)
        check(done.returncode in (64, 75), (directory, done))
    equal(os.listdir(mine), [])


@test("what is no message is set aside with a line in the log, links are not followed, and the rest goes on")
def _():
    secret = os.path.join(server.dir, "secret")
    with open(secret, "w") as f:
        f.write("PHSPOOL1")
    with open(os.path.join(DROP, "d1.junk"), "wb") as f:
        f.write(b"junk")
    os.symlink(secret, os.path.join(DROP, "d2.link"))
    os.mkdir(os.path.join(DROP, "d3.directory"))
    half = os.path.join(DROP, "t4.half")
    with open(half, "wb") as f:
        f.write(b"PHSPOOL1")
    os.utime(half, (1, 1))
    equal(sendmail("-i", "ben", text=b"Subject: good\n\ngood\n").returncode, 0)
    server.start()
    eventually(lambda: len(ben.files()) == 5, 10, "not delivered")
    eventually(lambda: dropped() == ["d2.link", "x1.junk", "x3.directory"], 10, "left: %s" % dropped())
    matches(open(server["log"]).read(), r"d1\.junk in the drop directory is no message .*: its envelope is malformed; kept as x1\.junk")
    check(os.path.exists(secret), "the link was followed")


run()
