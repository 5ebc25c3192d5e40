#!/usr/bin/env python3
# Option autoexpunge: messages go so many days after they were put into a folder.
import json, os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

DAY = 86400
TOOL = os.path.join(BUILD, "access/posthouse-mailbox")


def filled(box=None):
    """Trash and Spam with messages that were put there 1, 20 and 40 days ago; some in INBOX are as old."""
    box = box or Maildir()
    s = Session(box)
    for name in ("Trash", "Spam", "Other"):
        s.ok("CREATE " + name)
    now = int(time.time())
    for folder in ("", "Trash", "Spam", "Other"):
        for n, days in enumerate((1, 20, 40)):
            name = "%d.M%dP%d.host:2,S" % (now - days * DAY, n, os.getpid())
            path = os.path.join(box.folder(folder), "cur", name)
            open(path, "wb").write(b"Subject: %d days\n\n" % days)
            os.utime(path, (now - 500 * DAY,) * 2)
    s.ok("LOGOUT")
    return box


def subjects(box, folder=""):
    return sorted(open(f).readline().split()[1] for f in box.files(folder))


@test("at the end of a session the old ones go, from the folders that are named or have the use")
def _():
    box = filled()
    s = Session(box, "--autoexpunge", "Trash=30d/\\Junk=14d")
    s.ok("SELECT INBOX")
    equal(len(box.files("Trash")), 3)
    s.ok("LOGOUT")
    s.process.wait(20)
    equal(subjects(box, "Trash"), ["1", "20"])
    equal(subjects(box, "Spam"), ["1"])
    equal(len(box.files("Other")), 3)
    equal(len(box.files("")), 3)


@test("what is moved there is new there, however old the letter")
def _():
    box = filled()
    s = Session(box, "--autoexpunge", "Trash=30d")
    s.ok("SELECT INBOX")
    s.ok("MOVE 1:3 Trash")
    s.ok("LOGOUT")
    s.process.wait(20)
    equal(len(box.files("Trash")), 5)


@test("other sessions are told")
def _():
    box = filled()
    other = Session(box)
    other.ok("SELECT Trash")
    s = Session(box, "--autoexpunge", "Trash=30d")
    s.ok("LOGOUT")
    s.process.wait(20)
    equal(len(other.ok("NOOP").untagged("EXPUNGE")), 1)


@test("posthouse mailbox expire says what would go, and does it")
def _():
    server = Sandbox(users=["anna"], conf='autoexpunge = {"Trash=30d", "\\\\Junk=14d"}\n')
    box = Maildir()
    shutil.rmtree(box.path)
    box.path = server.user("anna").maildir
    for sub in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(box.path, sub))
    filled(box)
    if ROOT:
        subprocess.run(["chown", "-R", "%d:%d" % ((server.user("anna").uid,) * 2), server.user("anna").home], check=True)
        command = [TOOL, "expire", "-c", os.path.join(server.dir, "box", "posthouse.conf"), "anna"]
    else:
        command = [TOOL, "expire", "--rules", "Trash=30d/\\Junk=14d", "--mail", box.path]
    shown = json.loads(subprocess.run(command + ["--json", "--dry-run"], stdout=subprocess.PIPE, check=True).stdout)
    equal(sorted((x["folder"], x["days"], x["messages"], x["done"]) for x in shown), [("Spam", 14, 2, False), ("Trash", 30, 1, False)])
    equal(len(box.files("Trash")), 3)
    out = subprocess.run(command + ["Trash"], stdout=subprocess.PIPE, check=True, text=True).stdout
    equal(out, "Trash: 1 messages older than 30 days were removed\n")
    equal(subjects(box, "Trash"), ["1", "20"])
    equal(len(box.files("Spam")), 3)


@test("the option is checked")
def _():
    def complaint(value):
        path = os.path.join(tempfile.mkdtemp(dir=Maildir().dir), "conf")
        open(path, "w").write('autoexpunge = {"%s"}\n' % value)
        done = subprocess.run([os.path.join(BUILD, "access/posthouse-accessd"), "-t", "-c", path], stderr=subprocess.PIPE, text=True)
        return done.returncode, done.stderr
    equal(complaint("Trash=30d")[0], 0)
    equal(complaint("\\\\Junk=14d")[0], 0)
    for wrong in ("Trash", "Trash=", "Trash=30", "Trash=d", "=30d", "a/b=3d", "Trash=999999d"):
        status, text = complaint(wrong)
        check(status != 0 and "autoexpunge" in text, "%r is taken: %s" % (wrong, text))


run()
