#!/usr/bin/env python3
"""`posthouse mailbox import-courier` says what the first session will do with what Courier left, and that is what it does then."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import json
from dovecot import *

if not ROOT:
    skip_all("needs root: the tool takes on the account's uid")
VALIDITY = 712345678
server = Sandbox(users=["anna", "ben"])
anna, ben = server.user("anna"), server.user("ben")


def tool(*words, status=0):
    env = dict(os.environ, POSTHOUSE_LIBEXECDIR=os.path.join(BUILD, "access"))
    done = subprocess.run([os.path.join(BUILD, "base", "posthouse"), "mailbox", "import-courier", "-c",
                           os.path.join(server.dir, "box", "posthouse.conf")] + list(words), env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    equal(done.returncode, status, done.stdout.decode() + done.stderr.decode())
    return json.loads(done.stdout.decode()) if "--json" in words else done.stdout.decode()


def put(user, path, text):
    path = os.path.join(user.maildir, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def own(user):
    subprocess.run(["chown", "-R", "%d:%d" % (user.uid, user.uid), user.maildir], check=True)


def tree(user):
    return sorted((os.path.join(d, f), os.lstat(os.path.join(d, f)).st_mtime_ns) for d, s, files in os.walk(user.maildir) for f in files + s)


def courier(user):
    """INBOX: UIDs for 1, 2 and 3 and a file that is gone; UIDLs for 2 and 4; 5 is new. Keywords on 1 and 2. .Sent: nothing known."""
    for sub in ("cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Sent/tmp"):
        os.makedirs(os.path.join(user.maildir, sub), exist_ok=True)
    for i in range(1, 6):
        put(user, "cur/170000000%d.M1P1.h:2,S" % i, "X-Id: m%d\n\nbody\n" % i)
    put(user, ".Sent/cur/1700000009.M1P1.h:2,S", "X-Id: s\n\nbody\n")
    put(user, "courierimapuiddb", "1 %d 30\n" % VALIDITY + "".join("%d 170000000%d.M1P1.h\n" % (10 * i, i) for i in (1, 2)) +
        "21 1600000000.gone\n25 1700000003.M1P1.h\n")
    put(user, "courierpop3dsizelist", "/3 12 1500000000\n1700000002.M1P1.h:2,S 70 4:1500000000:0\n1700000004.M1P1.h:2,S 70 9:1400000000:1\n")
    put(user, "courierimapkeywords/:list", "Work\nHome\n\n1700000001.M1P1.h:0 1\n1700000002.M1P1.h:0\n")
    put(user, "courierimapsubscribed", "INBOX\nINBOX.Sent\nINBOX.Lost\n")
    own(user)


@test("the dry run tells UIDs, UIDLs, keywords and subscriptions of each folder, and changes nothing")
def _():
    courier(anna)
    before = tree(anna)
    told = tool("--json", "anna")
    equal(tree(anna), before)
    folders = {f["folder"]: f for f in told["folders"]}
    inbox = folders["INBOX"]
    equal([inbox[k] for k in ("taken", "uidvalidity", "uidnext", "messages", "keep_uid", "get_uid", "keep_uidl", "keyword_letters",
                              "messages_with_keywords", "conflicts")], [False, VALIDITY, 30, 5, 3, 2, 2, 2, 2, []])
    equal((folders["Sent"]["get_uid"], folders["Sent"]["uidvalidity"]), (1, 0))
    equal(sorted(told["subscriptions"]), ["INBOX", "Lost", "Sent"])
    matches(tool("anna"), r"^subscribed: Sent$")
    equal(tree(anna), before)


@test("and so it comes to pass; afterwards there is nothing to be done")
def _():
    c = Client(server, "anna")
    reply = c.ok("SELECT INBOX")
    check(reply.untagged(r"UIDVALIDITY %d\]" % VALIDITY), reply.lines)
    got = messages(c)
    equal({uid: m[0] for uid, m in got.items()}, {10: "m1", 20: "m2", 25: "m3", 30: "m4", 31: "m5"})
    check("Work" in got[10][1] and "Home" in got[10][1] and "Work" in got[20][1], got)
    c.logout()
    found = uidls(server, "anna")
    equal((found["m2"], found["m4"]), ("UID4-1500000000", "UID9-1400000000"))
    told = tool("--json", "anna")
    equal((told["folders"][0]["taken"], told["folders"][0]["conflicts"]), (True, []))


@test("a dovecot-uidlist of other numbers, and one UIDL for two messages, are told as problems with a way out")
def _():
    courier(ben)
    put(ben, "courierpop3dsizelist", "/3 12 1500000000\n1700000001.M1P1.h:2,S 70 4:1500000000:0\n1700000002.M1P1.h:2,S 70 4:1500000000:0\n")
    own(ben)
    told = tool("--json", "ben", status=1)
    (twin,) = [f for folder in told["folders"] for f in folder["conflicts"]]
    equal(twin["file"], "courierpop3dsizelist")
    matches(twin["what"], "UID4-1500000000")
    put(ben, "dovecot-uidlist", "3 V1234 N9 G0123456789abcdef0123456789abcdef\n1 :1700000001.M1P1.h\n2 :1700000002.M1P1.h\n")
    own(ben)
    before = tree(ben)
    told = tool("--json", "ben", status=1)
    (conflict,) = [f for folder in told["folders"] for f in folder["conflicts"]]
    equal(conflict["file"], "dovecot-uidlist")
    matches(conflict["what"], r"UIDVALIDITY 1234; Courier's is %d, and 3 messages" % VALIDITY)
    equal(tree(ben), before)
    matches(tool("ben", status=1), r"^problem: dovecot-uidlist")


@test("a database that cannot be read is told of, and the other folders too")
def _():
    os.unlink(os.path.join(ben.maildir, "dovecot-uidlist"))
    put(ben, "courierimapuiddb", "1 nonsense\n")
    own(ben)
    equal([f["folder"] for f in tool("--json", "ben", status=111)["folders"]], ["Sent"])


run()
