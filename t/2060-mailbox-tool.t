#!/usr/bin/env python3
"""`posthouse mailbox`: status tells what IMAP tells, check finds what is odd and changes nothing, rebuild loses nothing."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import json
from dovecot import *

if not ROOT:
    skip_all("needs root: the tool takes on the account's uid")
LIMIT = 1 << 20
server = Sandbox(users=["anna", "ben"], extra={"anna": "userdb_quota_rule=*:bytes=%d" % LIMIT})
anna, ben = server.user("anna"), server.user("ben")


def run_tool(*words, **how):
    env = dict(os.environ, POSTHOUSE_LIBEXECDIR=os.path.join(BUILD, "access"))
    done = subprocess.run([os.path.join(BUILD, "base", "posthouse"), "mailbox"] + list(words), env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, **how)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def tool(verb, *words, status=0):
    got, out, err = run_tool(verb, "-c", os.path.join(server.dir, "box", "posthouse.conf"), *words)
    equal(got, status, "%s %s\n%s%s" % (verb, words, out, err))
    return out if "--json" not in words else json.loads(out)


def tree(user):
    """All that is there but what a look at the index leaves in its table of readers."""
    found = []
    for d, _s, files in os.walk(user.maildir):
        if not d.endswith("/posthouse-index"):
            found.append((d, os.stat(d).st_mtime_ns))
        found += [(os.path.join(d, f), os.lstat(os.path.join(d, f)).st_mtime_ns) for f in files if f != "lock.mdb"]
    return sorted(found)


def put(user, path, content=b"x\n", age=0):
    path = os.path.join(user.maildir, path)
    with open(path, "wb") as f:
        f.write(content)
    os.chown(path, user.uid, user.uid)
    if age:
        os.utime(path, (time.time() - age,) * 2)
    return path


@test("status tells of each folder what IMAP tells, of the index, and of the quota")
def _():
    c = Client(server, "anna")
    c.ok("CREATE Work")
    for i in range(3):
        c.append(letter("a%d" % i), "Work")
    c.append(letter("b"))
    c.ok("SELECT Work")
    c.ok("STORE 1 +FLAGS (\\Seen)")
    send(server, "anna")
    told = tool("status", "--json", "anna")
    (work,) = [f for f in told["folders"] if f["folder"] == "Work"]
    equal((work["messages"], work["unseen"], work["uidnext"], work["index"]), (3, 2, 4, "current"))
    for f in told["folders"]:
        line = c.ok("STATUS %s (MESSAGES UNSEEN RECENT UIDNEXT UIDVALIDITY)" % f["folder"]).untagged("STATUS")[0].decode()
        for key in ("messages", "unseen", "recent", "uidnext", "uidvalidity"):
            equal(int(re.search(key.upper() + r" (\d+)", line).group(1)), f[key], line)
    sizes = [os.stat(p).st_size for folder in ("", "Work") for p in anna.files(folder)]
    equal(told["quota"], {"octets": sum(sizes), "messages": len(sizes), "limit_octets": LIMIT, "limit_messages": 0})
    text = tool("status", "anna", "Work")
    matches(text, r"^ +3 +2 .* Work$")
    c.logout()


@test("check finds nothing wrong with a Maildir in use, and changes nothing")
def _():
    c = Client(server, "anna")
    c.ok("SELECT Work")
    before = tree(anna)
    told = tool("check", "--json", "anna")
    equal((told["problems"], told["messages"], told["folders"], told["complete"]), (0, 5, 2, True))
    equal(tree(anna), before)
    matches(tool("check", "anna", "Work"), r"^1 folders, 3 messages: 0 problems")
    c.logout()


@test("check finds each oddity, says in which file it is and what can be done")
def _():
    c = Client(server, "ben")
    c.ok("CREATE Odd")
    for i in range(3):
        c.append(letter("o%d" % i), "Odd")
    c.logout()
    name = os.path.basename(ben.files("Odd")[0])
    put(ben, ".Odd/cur/" + name.split(":")[0] + ":2,FS")
    os.mkdir(os.path.join(ben.maildir, ".Odd/cur/1700000000.dir"))
    put(ben, ".Odd/cur/1700000001.short,S=77:2,", b"short\n")
    put(ben, ".Odd/cur/1700000002.letter:2,q")
    os.chown(put(ben, ".Odd/new/1700000003.foreign"), 0, 0)
    os.chmod(os.path.join(ben.maildir, ".Odd/new/1700000003.foreign"), 0o600)
    put(ben, ".Odd/dovecot-uidlist.lock", b"1:x", age=1000)
    put(ben, ".Odd/courierimapuiddb", b"1 5 6\n")
    eventually(lambda: not server.children("posthouse-imap"))
    put(ben, "posthouse-keywords", b"something else\n")
    os.mkdir(os.path.join(ben.maildir, "..posthouse-deleted.1"))
    before = tree(ben)
    told = tool("check", "--json", "ben", status=1)
    found = {f["file"]: f for f in told["findings"]}
    equal(tree(ben), before)
    for kind, files in (("problem", [".Odd/cur/1700000000.dir", ".Odd/new/1700000003.foreign", "posthouse-keywords"]),
                        ("note", [".Odd/cur/1700000001.short,S=77:2,", ".Odd/dovecot-uidlist.lock", ".Odd/courierimapuiddb",
                                  "..posthouse-deleted.1", ".Odd/dovecot-keywords"])):
        for f in files:
            check(f in found and found[f]["kind"] == kind and found[f]["way_out"], "%s %s: %r" % (kind, f, sorted(found)))
    check([f for f in found if f.startswith(".Odd/cur/" + name.split(":")[0])], "the message with two names is not found")
    equal(told["problems"], 4)
    text = tool("check", "ben", status=1)
    equal(text.count("problem:"), 4)
    for path in (".Odd/cur/1700000001.short,S=77:2,", ".Odd/cur/1700000002.letter:2,q", ".Odd/new/1700000003.foreign", "posthouse-keywords",
                 ".Odd/cur/" + name.split(":")[0] + ":2,FS"):
        os.unlink(os.path.join(ben.maildir, path))
    os.rmdir(os.path.join(ben.maildir, ".Odd/cur/1700000000.dir"))
    equal(tool("check", "--json", "ben")["problems"], 0)


@test("rebuild reads a folder anew while a session goes on: UIDs and flags are the same")
def _():
    c = Client(server, "anna")
    c.ok("SELECT Work")
    before = messages(c)
    told = tool("rebuild", "--json", "anna", "Work")
    equal(told, {"folder": "Work", "messages": 3})
    equal(messages(c), before)
    c.append(letter("more"), "Work")
    equal(len(messages(c)), 4)
    out = tool("rebuild", "anna")
    matches(out, r"^INBOX: \d+ messages\nWork: 4 messages$")
    equal(len(messages(c)), 4)
    c.ok("STORE 1 +FLAGS (\\Flagged)")
    equal(tool("check", "--json", "anna")["problems"], 0)
    c.logout()


@test("check finds a damaged index, and rebuild of all folders makes another")
def _():
    eventually(lambda: not server.children("posthouse-imap"))
    with open(os.path.join(anna.maildir, "posthouse-index", "data.mdb"), "r+b") as f:
        f.write(b"rubbish " * 1024)
    told = tool("check", "--json", "anna", status=1)
    equal([f["file"] for f in told["findings"] if f["kind"] == "problem"], ["posthouse-index"])
    tool("rebuild", "anna")
    equal(tool("check", "--json", "anna")["problems"], 0)
    equal({f["index"] for f in tool("status", "--json", "anna")["folders"]}, {"current"})


@test("rebuild --uidlist drops lines without a file and keeps all UIDs")
def _():
    c = Client(server, "anna")
    c.ok("SELECT Work")
    c.ok("UID STORE 2 +FLAGS (\\Deleted)")
    c.ok("EXPUNGE")
    before = messages(c)
    c.logout()
    tool("rebuild", "--uidlist", "anna", "Work")
    lines = open(os.path.join(anna.maildir, ".Work", "dovecot-uidlist")).read().split("\n")
    equal([l.split(" ")[0] for l in lines[1:-1]], ["1", "3", "4"])
    c = Client(server, "anna")
    equal(messages(c, "Work"), before)
    c.logout()


@test("an unreadable uidlist is a problem; nothing is renumbered unless that is asked for by name")
def _():
    path = os.path.join(anna.maildir, ".Work", "dovecot-uidlist")
    old = open(path).read()
    with open(path, "w") as f:
        f.write("3 V1 N2 Grubbish\nfoo\n")
    told = tool("check", "--json", "anna", status=1)
    check([f for f in told["findings"] if f["file"] == ".Work/dovecot-uidlist" and "--renumber" in f["way_out"]], told)
    tool("rebuild", "anna", "Work", status=111)
    status, _out, err = run_tool("rebuild", "-c", os.path.join(server.dir, "box", "posthouse.conf"), "--uidlist", "anna", "Work")
    equal(status, 111)
    matches(err, "--renumber")
    matches(err, "new UIDVALIDITY")
    tool("rebuild", "--uidlist", "--renumber", "anna", status=100)
    tool("rebuild", "--uidlist", "--renumber", "anna", "Work")
    c = Client(server, "anna")
    equal(sorted(messages(c, "Work")), [1, 2, 3])
    check("V" + re.search(r"V(\d+)", old).group(1) not in open(path).readline(), "the UIDVALIDITY is the old one")
    check(os.path.exists(path + ".broken"), "the old file is gone")
    c.logout()


@test("root touches no Maildir, an ordinary user only their own; wrong use is told")
def _():
    status, _out, err = run_tool("status", "--mail", anna.maildir)
    equal(status, 111)
    matches(err, "root touches no Maildir")
    equal(tool("status", "nobody-of-that-name", status=111), "")
    for words in ((), ("status",), ("frobnicate", "anna"), ("status", "--uidlist", "anna"), ("status", "anna", "a", "b")):
        equal(run_tool(*words)[0], 100, words)
    if not build_is_open_to(anna.uid):
        skip("the build directory is root's alone")
    status, out, err = run_tool("status", "--mail", anna.maildir, user=anna.uid, group=anna.uid)
    equal((status, err), (0, ""))
    matches(out, "Work")
    status, _out, err = run_tool("status", "--mail", ben.maildir, user=anna.uid, group=anna.uid)
    equal(status, 111)


run()
