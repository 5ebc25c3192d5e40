#!/usr/bin/env python3
# mbsync keeps a tree of folders in step with a local Maildir, both ways; a second run changes nothing.
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

if not shutil.which("mbsync"):
    skip_all("mbsync (package isync) is not installed")

server = Sandbox(users=["anna"])
local = os.path.join(server.dir, "local")
os.mkdir(local)
CONFIG = os.path.join(server.dir, "mbsyncrc")
FOLDERS = ["Sent", "Archive", "Archive.2025", "Entw&APw-rfe"]


def mbsync():
    done = subprocess.run(["mbsync", "-V", "-c", CONFIG, "-a"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    check(done.returncode == 0, "mbsync failed:\n" + done.stdout.decode("utf-8", "replace")[-3000:])
    return done.stdout.decode("utf-8", "replace")


def tree(root):
    """Every message file below root by folder, name without flags, and flags."""
    found = []
    for base, _, names in os.walk(root):
        if os.path.basename(base) in ("cur", "new"):
            folder = os.path.relpath(os.path.dirname(base), root)
            found += [(folder, open(os.path.join(base, n), "rb").read().replace(b"\r\n", b"\n").split(b"\n\n", 1)[-1],
                       "".join(sorted(n.partition(":2,")[2]))) for n in names]
    return sorted(found)


with open(CONFIG, "w") as f:
    host, port = server.address("imap")
    f.write("""IMAPAccount box
Host %s
Port %d
User anna
Pass "%s"
SSLType None
AuthMechs LOGIN

IMAPStore far
Account box

MaildirStore near
Path %s/
Inbox %s/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
""" % (host, port, PASSWORD, local, local))


@test("the first run brings every folder and message over")
def _():
    t = Talk(server, "imap")
    t.until(r"\* OK")
    t.ask('a LOGIN anna "%s"' % PASSWORD, r"a OK")
    for i, name in enumerate(FOLDERS):
        t.ask("b CREATE %s" % name, r"b OK")
        for j in range(3):
            body = "Subject: %d-%d\r\nMessage-ID: <%d.%d@x>\r\n\r\nfolder %d message %d\r\n" % (i, j, i, j, i, j)
            t.ask("c APPEND %s (\\Seen%s) {%d}" % (name, " \\Flagged" if j else "", len(body)), r"\+")
            t.ask(body, r"c OK")
    for j in range(5):
        send(server, "anna", body="Subject: in %d\r\nMessage-ID: <in%d@x>\r\n\r\nletter %d\r\n" % (j, j, j))
    mbsync()
    here = tree(local)
    equal(len(here), 3 * len(FOLDERS) + 5, "messages here")
    check(os.path.isdir(os.path.join(local, "Archive.2025")) or os.path.isdir(os.path.join(local, "Archive", "2025")),
          "no folder for Archive.2025: %r" % os.listdir(local))


@test("a second run changes nothing")
def _():
    before_here, before_there = tree(local), sorted(server.user("anna").files())
    mbsync()
    equal(tree(local), before_here, "the local side changed")
    equal(sorted(server.user("anna").files()), before_there, "the server's side changed")


@test("flags, removals and new messages go both ways")
def _():
    near = os.path.join(local, "Sent", "cur")
    names = sorted(os.listdir(near))
    os.rename(os.path.join(near, names[0]), os.path.join(near, names[0].partition(":")[0] + ":2,RS"))
    os.unlink(os.path.join(near, names[1]))
    with open(os.path.join(local, "Sent", "new", "1700000000.M1P1.here"), "w") as new:
        new.write("Subject: from here\nMessage-ID: <here@x>\n\nwritten here\n")
    mbsync()
    there = server.user("anna").messages("Sent")
    check(any(b"written here" in m for m in there), "the new message did not arrive")
    equal(len(there), 3, "messages in Sent on the server")
    check(any(":2," in f and "R" in f.partition(":2,")[2] for f in server.user("anna").files("Sent")),
          "the flag did not arrive")


@test("after that, again, a run changes nothing")
def _():
    before_here, before_there = tree(local), sorted(server.user("anna").files("Sent"))
    mbsync()
    equal(tree(local), before_here, "the local side changed")
    equal(sorted(server.user("anna").files("Sent")), before_there, "the server's side changed")


run()
