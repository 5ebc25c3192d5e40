#!/usr/bin/env python3
# The operator sees who is logged in, since when and where they are, reads one line for each session that has ended, and can end one.
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import json, poplib
from dovecot import *

server = Sandbox(users=["anna", "ben"])
CONF = os.path.join(server.dir, "box", "posthouse.conf")
WHO, KICK = (os.path.join(BUILD, "access", "posthouse-" + name) for name in ("who", "kick"))


def run_it(program, *words, **how):
    done = subprocess.run([program, "-c", CONF, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **how)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def who(*words):
    status, out, err = run_it(WHO, "--json", *words)
    equal((status, err), (0, ""))
    return json.loads(out)


def imap(user, tls=False):
    t = Talk(server, "imaps" if tls else "imap", tls=tls)
    t.until(r"\* OK")
    t.ask('a LOGIN %s "%s"' % (user, PASSWORD), "a OK")
    return t


def ended(user, service="imap"):
    """The values of the last session of this user that has ended."""
    lines = re.findall(r"posthouse-%s\[\d+\]: logout user=%s (.*)" % (service, user), server.log_text())
    return dict(re.findall(r'(\w+)=("[^"]*"|\S+)', lines[-1] if lines else ""))


@test("who tells of each session who, from where, how and since when, and the folder")
def _():
    equal(who(), [])
    first = imap("anna")
    second = imap("ben", tls=True)
    first.ask("b CREATE Lists", "b OK")
    first.ask("c SELECT Lists", "c OK")
    if ROOT:
        eventually(lambda: [s.get("folder") for s in who()] == ["Lists", None] and all("idle_since" in s for s in who()))
    sessions = who()
    equal([(s["user"], s["service"], s["remote"], s["tls"]) for s in sessions], [("anna", "imap", "127.0.0.1", False), ("ben", "imap", "127.0.0.1", True)])
    equal(len(who("ben")), 1)
    for s in sessions:
        equal(s["uid"], server.user(s["user"]).uid)
        check(abs(s["since"] - time.time()) < 60, "since %r" % s["since"])
    status, out, _err = run_it(WHO)
    equal(status, 0)
    matches(out, r"(?m)^anna\timap\t127\.0\.0\.1\tclear\t\d+s\t[-\ds]+\t%d\t" % sessions[0]["pid"])
    for t in (first, second):
        t.ask("z LOGOUT", "z OK")
    eventually(lambda: who() == [])


@test("who tells how long a session has been idle, by the client's last word and not by what it was told")
def _():
    if not ROOT:
        skip("only root sees that")
    t = imap("anna")
    t.ask("b SELECT INBOX", "b OK")
    t.send("c IDLE\r\n")
    t.until(r"\+ ")
    eventually(lambda: "idle_since" in who("anna")[0])
    since = who("anna")[0]["idle_since"]
    time.sleep(1.2)
    user = server.user("anna")
    path = os.path.join(user.maildir, "tmp", "1700000000.M1P1.host")
    with open(path, "w") as f:
        f.write("Subject: x\n\nx\n")
    os.chown(path, user.uid, user.uid)
    os.rename(path, path.replace("/tmp/17", "/new/17"))
    t.until(r"\* 1 EXISTS")
    time.sleep(0.6)
    equal(who("anna")[0]["idle_since"], since)
    t.send("DONE\r\n")
    t.until("c OK")
    eventually(lambda: who("anna")[0].get("idle_since", 0) > since)
    t.ask("z LOGOUT", "z OK")


@test("kick ends a session with a word to its client; of a user all, by number one")
def _():
    anna, ben, other = imap("anna"), imap("ben"), imap("ben")
    status, out, err = run_it(KICK, "anna")
    equal((status, err), (0, ""))
    matches(out, r"imap session of anna from 127\.0\.0\.1 is asked to end \(process \d+\)")
    matches(anna.until(r"\* BYE"), r"BYE \[UNAVAILABLE\]")
    eventually(lambda: len(who()) == 2)
    pid = who()[0]["pid"]
    equal(run_it(KICK, str(pid))[0], 0)
    eventually(lambda: len(who()) == 1)
    check(who()[0]["pid"] != pid, "the wrong one")
    equal(run_it(KICK, "ben")[0], 0)
    eventually(lambda: who() == [])
    status, _out, err = run_it(KICK, "ben")
    equal(status, 1)
    check("posthouse who" in err, err)
    del ben, other


@test("kick does not touch processes that are no sessions")
def _():
    for pid in (os.getpid(), int(server["pid_access"]), 1):
        equal(run_it(KICK, str(pid))[0], 1)
    check(os.path.exists("/proc/%s" % server["pid_access"]), "accessd is gone")


@test("a session leaves one line: octets, messages that went, came and were removed, and why it ended")
def _():
    t = imap("anna")
    t.ask("b SELECT INBOX", "b OK")
    t.send("c APPEND INBOX {20+}\r\nSubject: two\r\n\r\nx\r\n\r\n")
    t.until("c OK")
    t.ask("d FETCH 1:* BODY.PEEK[]", "d OK")
    t.ask("e STORE 1 +FLAGS (\\Deleted)", "e OK")
    t.ask("f EXPUNGE", "f OK")
    t.ask("z LOGOUT", "z OK")
    eventually(lambda: ended("anna").get("stored") == "1")
    got = ended("anna")
    equal((got["sent"], got["removed"], got["tls"], got["why"]), ("2", "1", "no", '"logged out"'))
    check(int(got["in"]) > 100 and int(got["out"]) > 100, str(got))
    t = imap("ben", tls=True)
    t.close()
    eventually(lambda: ended("ben").get("why") == '"the client is gone"')
    equal(ended("ben")["tls"], "yes")
    p = poplib.POP3(*server.address("pop3"))
    p.user("anna")
    p.pass_(PASSWORD)
    p.retr(1)
    p.dele(1)
    p.quit()
    eventually(lambda: "service=pop3" in server.log_text())
    eventually(lambda: ended("anna", "pop3").get("removed") == "1")
    equal(ended("anna", "pop3")["sent"], "1")


@test("without accessd they say so, and how they are used")
def _():
    equal(run_it(WHO, "a", "b")[0], 100)
    equal(subprocess.run([KICK], stderr=subprocess.DEVNULL).returncode, 100)
    server.stop()
    for program, words in ((WHO, []), (KICK, ["anna"])):
        status, _out, err = run_it(program, *words)
        check(status not in (0, 100) and "does not run" in err, err)


run()
