#!/usr/bin/env python3
# A Maildir as Courier left it, in all forms of its files: UIDs, UIDVALIDITY, UIDLs and keywords are as clients of Courier knew them.
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *

POP3 = os.path.join(BUILD, "access", "posthouse-pop3")
VALIDITY = 712345678


class CourierBox(Maildir):
    def message(self, base, flags="", folder="", sub="cur"):
        name = base + (":2," + flags if sub == "cur" else "")
        with open(os.path.join(self.folder(folder), sub, name), "wb") as f:
            f.write(b"Subject: %s\n\n%s\n" % (base.encode("utf-8", "surrogateescape"), b"x" * 20))

    def write(self, name, text, folder=""):
        path = os.path.join(self.folder(folder), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)

    def read(self, name, folder=""):
        with open(os.path.join(self.folder(folder), name), encoding="utf-8", errors="surrogateescape") as f:
            return f.read()

    def uidlist(self, folder=""):
        lines = self.read("dovecot-uidlist", folder).splitlines()
        return lines[0], sorted(lines[1:], key=lambda l: int(l.split()[0]))

    def state(self):
        """Courier's own files, to see that they stay as they are."""
        found = {}
        for top, _, files in os.walk(self.path):
            found.update({os.path.join(top, f): open(os.path.join(top, f), "rb").read() for f in files
                          if "courier" in os.path.join(top, f)[len(self.path):]})
        return found


def pop3(box, *commands):
    """The answers of a POP3 session, one list of lines each."""
    done = subprocess.run([POP3, "--user", "anna", "--mail", box.path], stdout=subprocess.PIPE, timeout=30,
                          input="".join(c + "\r\n" for c in commands + ("QUIT",)).encode())
    lines = done.stdout.decode("latin-1").split("\r\n")[1:]
    answers = []
    for c in commands:
        answer = [lines.pop(0)]
        if c in ("UIDL", "LIST"):
            while lines[0] != ".":
                answer.append(lines.pop(0))
            lines.pop(0)
        answers.append(answer)
    return answers


def uidls(box):
    """{base name from the Subject: UIDL}"""
    found = {}
    for line in pop3(box, "UIDL")[0][1:]:
        n, uidl = line.split(" ", 1)
        done = subprocess.run([POP3, "--user", "anna", "--mail", box.path], stdout=subprocess.PIPE, timeout=30,
                              input=b"TOP %s 0\r\nQUIT\r\n" % n.encode())
        found[re.search(rb"Subject: (.*?)\r\n", done.stdout).group(1).decode()] = uidl
    return found


def by_uid(session):
    return {int(v["UID"]): v for v in session.fetch("1:*", "UID FLAGS BODY[HEADER.FIELDS (SUBJECT)]").values()}


def subject(value):
    for key, content in value.items():
        if key.startswith("BODY["):
            return content.decode("utf-8", "surrogateescape").split(": ", 1)[1].strip()


A, B, C, D, E, F = ("1700000001.M1P1.h,S=50", "1700000002.M2P1.h,S=60", "1700000003.M3P1.h", "1700000004.M4P1.h,S=9", "1700000005.M5P1.h",
                    "1700000006.M6P1.h")


def both():
    """IMAP knows A, C and D (and something that is gone), POP3 knows B, C and E; F is new to both."""
    box = CourierBox()
    for base, flags in ((A, "S"), (B, "RS"), (C, ""), (D, "FS"), (E, "")):
        box.message(base, flags)
    box.message(F, sub="new")
    box.write("courierimapuiddb", "1 %d 30\n3 %s\n7 1600000000.gone.h\n8 %s\n21 %s\n" % (VALIDITY, A, C, D.replace("S=9", "S=53")))
    box.write("courierpop3dsizelist", "/3 12 1500000000\n%s:2,S 70 4:1500000000:0\n%s:2, 70 9:1400000000:1\n%s 70 10:0:0\n1600000000.gone.h 1 1:1500000000:0\n"
              % (B, C, E))
    return box


@test("IMAP: UIDVALIDITY and UIDs are Courier's, new ones go on behind them by arrival")
def _():
    box = both()
    before = box.state()
    s = Session(box)
    reply = s.ok("SELECT INBOX")
    check(reply.untagged(r"UIDVALIDITY %d\]" % VALIDITY), "UIDVALIDITY: %r" % reply.lines)
    got = by_uid(s)
    equal({uid: subject(v) for uid, v in got.items()}, {3: A, 8: C, 21: D, 30: B, 31: E, 32: F}, "UIDs")
    equal(sorted(got[21]["FLAGS"]), ["\\Flagged", "\\Seen"], "flags")
    s.logout()
    equal(box.state(), before, "Courier's files stay")


@test("the uidlist holds Courier's UIDs with its UIDLs in field P")
def _():
    box = both()
    Session(box).ok("SELECT INBOX")
    header, lines = box.uidlist()
    matches(header, r"^3 V%d N33 G[0-9a-f]{32}$" % VALIDITY)
    equal(lines, ["3 :" + A, "8 PUID9-1400000000 :" + C, "21 :" + D, "30 PUID4-1500000000 :" + B, "31 PUID10 :" + E, "32 :" + F], "lines")


@test("POP3: UIDLs are Courier's, whichever protocol came first")
def _():
    for first_imap in (True, False):
        box = both()
        if first_imap:
            Session(box).ok("SELECT INBOX")
        got = uidls(box)
        equal({k: got[k] for k in (B, C, E)}, {B: "UID4-1500000000", C: "UID9-1400000000", E: "UID10"}, "UIDLs")
        equal(len(set(got.values())), 6, "UIDLs differ from each other")


@test("once taken over, Courier's files are not looked at again")
def _():
    box = both()
    Session(box).ok("SELECT INBOX")
    box.write("courierimapuiddb", "1 5 6\n1 %s\n" % A)
    box.write("courierpop3dsizelist", "/3 12 1\n%s:2,S 70 4:1:0\n" % B)
    s = Session(box)
    check(s.ok("SELECT INBOX").untagged(r"UIDVALIDITY %d\]" % VALIDITY), "another UIDVALIDITY")
    equal(uidls(box)[B], "UID4-1500000000", "UIDL")


@test("a dovecot-uidlist beside Courier's files wins")
def _():
    box = both()
    box.write("dovecot-uidlist", "3 V77 N9 G" + "ab" * 16 + "\n5 Pmine :%s\n" % A)
    s = Session(box)
    check(s.ok("SELECT INBOX").untagged(r"UIDVALIDITY 77\]"), "another UIDVALIDITY")
    equal(subject(by_uid(s)[5]), A, "UID 5")
    equal(uidls(box)[A], "mine", "UIDL")


@test("a list of UIDLs alone is taken over, in all its versions")
def _():
    forms = (("/3 9 1500000000\n%s:2,S 70 4:1500000000:0\n%s:2, 70 6:0:1\n", "UID4-1500000000", "UID6"),
             ("/2 9 1500000000\n%s:2,S 70 4:1500000000\n%s 70 6:1400000000\n", "UID4-1500000000", "UID6-1400000000"),
             ("/1 9\n%s:2,S 70 4\n%s:2,FS 70 6\n", "UID4", "UID6"),
             ("%s:2,S 70\n%s 70\n", A, "1700000002.M2P1.h,S=60"))
    for text, first, second in forms:
        box = CourierBox()
        for base in (A, B, C):
            box.message(base, "S")
        box.write("courierpop3dsizelist", text % (A, B))
        got = uidls(box)
        equal((got[A], got[B]), (first, second), "UIDLs of " + text)
        equal([l.split()[0] for l in box.uidlist()[1]], ["1", "2", "3"], "UIDs")


@test("odd names: blanks, 8-bit, quotes")
def _():
    box = CourierBox()
    odd = ["17 with blanks", "18.it's+\"q\".h", "19.\udcfc.h"]
    for base in odd:
        box.message(base, "S")
    box.write("courierimapuiddb", "1 %d 9\n" % VALIDITY + "".join("%d %s\n" % (i + 2, b) for i, b in enumerate(odd)))
    box.write("courierpop3dsizelist", "/3 9 1500000000\n" + "".join("%s:2,S 70 0:0:0\n" % b for b in odd))
    s = Session(box)
    s.ok("SELECT INBOX")
    equal(sorted(by_uid(s)), [2, 3, 4], "UIDs")
    equal([l.split(" ", 1)[1] for l in pop3(box, "UIDL")[0][1:]], ["17+20with+20blanks", "18.it+27s+2B+22q+22.h", "19.+FC.h"], "UIDLs")


def keyworded():
    box = both()
    box.write("courierimapkeywords/:list", "$Label1\nProjekt\nunused\n\n%s:0 1\n%s:0\n%s:1\n1600000000.gone.h:2\n" % (A, C, D))
    box.write("courierimapkeywords/.5000000.%s" % C, "$Label1\n$Label2\n")
    box.write("courierimapkeywords/.5000001.%s" % C, "$Label2\n")
    box.write("courierimapkeywords/%s" % A, "NonJunk\n$Label1\n")
    box.write("courierimapkeywords/.5000001.%s" % A, "")
    box.write("courierimapkeywords/.5000001.%s" % D, "")
    box.write("courierimapkeywords/.tmp.1.x", "$Label4\n")
    box.write("courierimapkeywords/%s,S=7" % F, "$Label1\n")
    return box


@test("keywords of Courier are letters in file names, with their names in dovecot-keywords")
def _():
    box = keyworded()
    before = box.state()
    s = Session(box)
    s.ok("SELECT INBOX")
    words = {subject(v): sorted(f for f in v["FLAGS"] if f[0] != "\\") for v in by_uid(s).values()}
    equal(words, {A: ["$Label1", "NonJunk"], B: [], C: ["$Label2"], D: [], E: [], F: ["$Label1"]}, "keywords")
    names = dict(l.split(" ") for l in box.read("dovecot-keywords").splitlines())
    letters = {b: sorted(names[str(ord(c) - 97)] for c in f.split(":2,")[1] if c.islower())
               for f in map(os.path.basename, box.files()) for b in [f.split(":")[0]]}
    equal(letters, words, "letters")
    check("unused" not in names.values(), "a name that no message has got a letter: %r" % names)
    equal(box.state(), before, "Courier's files stay")


@test("what is changed after taking over stays changed")
def _():
    box = keyworded()
    s = Session(box)
    s.ok("SELECT INBOX")
    s.ok("UID STORE 3 -FLAGS ($Label1)")
    s.end()
    s = Session(box)
    s.ok("SELECT INBOX")
    equal([f for f in by_uid(s)[3]["FLAGS"] if f[0] != "\\"], ["NonJunk"], "keywords of UID 3")


@test("more keywords than letters: the most used get letters, the others are in posthouse-keywords")
def _():
    box = CourierBox()
    for base in (A, B, C):
        box.message(base, "S")
    names = ["k%d" % i for i in range(40)]
    box.write("courierimapuiddb", "1 %d 30\n3 %s\n8 %s\n21 %s\n" % (VALIDITY, A, B, C))
    box.write("courierimapkeywords/:list", "\n".join(names) + "\n\n%s:%s\n%s:%s\n" %
              (A, " ".join(map(str, range(40))), B, " ".join(map(str, range(20, 40)))))
    s = Session(box)
    s.ok("SELECT INBOX")
    words = {uid: sorted(f for f in v["FLAGS"] if f[0] != "\\") for uid, v in by_uid(s).items()}
    equal(words, {3: sorted(names), 8: sorted(names[20:]), 21: []}, "keywords in IMAP")
    letters = dict(l.split(" ") for l in box.read("dovecot-keywords").splitlines())
    equal(set(letters.values()), set(names[20:] + names[:6]), "letters")
    name_of = {f.split(":")[0]: f.split(":2,")[1] for f in map(os.path.basename, box.files())}
    equal(len([c for c in name_of[A] if c.islower()]), 26, "letters of A")
    equal(len([c for c in name_of[B] if c.islower()]), 20, "letters of B")
    more = box.read("posthouse-keywords")
    equal(set(re.findall(r"^K \d+ (\S+)$", more, re.M)), set(names[6:20]), "names beyond")
    matches(more, r"^M %x %s$" % (sum(1 << n for n in range(26, 40)), re.escape(A)))


@test("a broken courierimapuiddb is refused in a folder that has mail, and nothing is written")
def _():
    box = both()
    box.write("courierimapuiddb", "1 rubbish\n")
    before = set(os.listdir(box.path))
    reply = Session(box).no("SELECT INBOX")
    check(not os.path.exists(os.path.join(box.path, "dovecot-uidlist")), "renumbered: %r" % reply.text)
    equal({n for n in os.listdir(box.path) if "uidlist" in n} - before, set(), "files")


@test("posthouse mailbox import-courier tells beforehand, and changes nothing")
def _():
    box = keyworded()
    box.write("courierimapsubscribed", "INBOX\n")

    def give_away():
        for top, _, files in os.walk(box.dir):
            for path in [top] + [os.path.join(top, f) for f in files]:
                os.chown(path, 65534, 65534)
    if ROOT:
        give_away()
    tool = os.path.join(BUILD, "access", "posthouse-mailbox")

    def ask(*words):
        done = subprocess.run([tool, "import-courier", "--mail", box.path] + list(words), stdout=subprocess.PIPE, timeout=30,
                              user=65534 if ROOT else None, group=65534 if ROOT else None)
        equal(done.returncode, 0, "exit status")
        return done.stdout.decode()

    def tree():
        return sorted((top, sorted(files)) for top, _, files in os.walk(box.path))
    if ROOT and not build_is_open_to(65534):
        skip("the build lies where nobody else may go")
    before = tree()
    equal(ask(), "INBOX: 6 messages: 3 keep their UID (UIDVALIDITY %d), 3 get one from 30 on; 3 keep their UIDL; 3 have keywords, 3 of which get "
          "a letter and 0 stand in posthouse-keywords; 2 lines are about messages that are gone\nsubscribed: INBOX\n" % VALIDITY)
    told = json.loads(ask("--json"))["folders"]
    equal([(f["folder"], f["keep_uid"], f["get_uid"], f["keyword_letters"]) for f in told], [("INBOX", 3, 3, 3)], "JSON")
    equal(tree(), before, "the Maildir")
    os.utime(box.path)
    Session(box).ok("SELECT INBOX")
    if ROOT:
        give_away()
    equal(ask(), "INBOX: has a dovecot-uidlist: Courier's files are not looked at\nsubscribed: INBOX\n")


@test("a folder that is to be numbered anew does not get Courier's numbers again, but its UIDLs")
def _():
    box = both()
    s = Session(box)
    s.ok("SELECT INBOX")
    s.append(b"Subject: later\r\n\r\n")
    s.end()
    path = os.path.join(box.path, "dovecot-uidlist")
    os.rename(path, path + ".broken")
    s = Session(box)
    found = s.ok("SELECT INBOX").untagged(r"UIDVALIDITY")
    check(int(re.search(rb"UIDVALIDITY (\d+)", found[0]).group(1)) > 1500000000, found)
    equal(sorted(by_uid(s)), [1, 2, 3, 4, 5, 6, 7], "UIDs")
    equal({k: v for k, v in uidls(box).items() if k in (B, C, E)}, {B: "UID4-1500000000", C: "UID9-1400000000", E: "UID10"}, "UIDLs")


@test("an older state of Courier that is put back gives no UID twice")
def _():
    box = both()
    s = Session(box)
    s.ok("SELECT INBOX")
    s.append(b"Subject: later\r\n\r\n")
    os.unlink(os.path.join(box.path, "dovecot-uidlist"))
    for path in box.files():
        if path.split("/")[-1].startswith("16") or "1700000006" in path:
            os.unlink(path)
    s.append(b"Subject: last\r\n\r\n")
    s.ok("NOOP")
    new = [uid for uid, v in by_uid(s).items() if subject(v) == "last"]
    check(new and new[0] > 33, "the last message has UID %r; 33 was given to another one" % new)


@test("each folder has its own numbers")
def _():
    box = both()
    os.makedirs(box.folder("Sent") + "/tmp")
    for sub in ("cur", "new"):
        os.makedirs(os.path.join(box.folder("Sent"), sub))
    box.message(A, "S", folder="Sent")
    box.write("courierimapuiddb", "1 5551 9\n4 %s\n" % A, folder="Sent")
    s = Session(box)
    check(s.ok("SELECT Sent").untagged(r"UIDVALIDITY 5551\]"), "another UIDVALIDITY")
    equal(sorted(by_uid(s)), [4], "UIDs")


run()
