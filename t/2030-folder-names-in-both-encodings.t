#!/usr/bin/env python3
# Folders spelled in modified UTF-7 and in UTF-8 in one tree: none is missing, each is found under its name, nothing is made twice.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from imapsession import *


def utf7(name):
    """IMAP's form of a name."""
    def shift(m):
        import base64
        return "&" + base64.b64encode(m.group(0).encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
    return re.sub(r"[^\x20-\x7e]+", shift, name.replace("&", "&-"))


class Tree(Maildir):
    def __init__(self, *directories):
        super().__init__()
        for d in directories:
            for sub in ("cur", "new", "tmp"):
                os.makedirs(os.path.join(self.path, d, sub))
            with open(os.path.join(self.path, d, "cur", "1700000000.M1P1.h:2,S"), "wb") as f:
                f.write(b"Subject: %s\n\n" % d.encode())

    def directories(self):
        return sorted(d for d in os.listdir(self.path) if d.startswith(".") and not d.startswith(".."))

    def write(self, name, text):
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as f:
            f.write(text)

    def read(self, name):
        with open(os.path.join(self.path, name), encoding="utf-8") as f:
            return f.read()


def names(reply):
    found = []
    for line in reply.lines:
        m = re.match(rb'\* (?:LIST|LSUB) \(.*?\) "\." (.*)$', line)
        if m:
            found.append(m.group(1).decode().strip('"'))
    return sorted(n for n in found if n != "INBOX")


def subject(s, name):
    """Of the message in that folder, which tells the directory."""
    s.ok('SELECT "%s"' % utf7(name))
    for key, value in s.fetch("1", "BODY[HEADER.FIELDS (SUBJECT)]")[1].items():
        if key.startswith("BODY["):
            return value.decode().split(": ", 1)[1].strip()


MIXED = (".Entw&APw-rfe", ".Bücher", ".Bücher.Größe", ".R&D", ".A&-B", ".Plain")


@test("folders in both spellings are listed, opened and counted")
def _():
    box = Tree(*MIXED)
    s = Session(box)
    wanted = {"Entwürfe": MIXED[0], "Bücher": MIXED[1], "Bücher.Größe": MIXED[2], "R&D": MIXED[3], "A&B": MIXED[4], "Plain": MIXED[5]}
    equal(names(s.ok('LIST "" "*"')), sorted(map(utf7, wanted)), "LIST")
    for name, directory in wanted.items():
        equal(subject(s, name), directory, name)
        matches(s.ok('STATUS "%s" (MESSAGES)' % utf7(name)).lines[0], r"MESSAGES 1\)", name)
    s.append(b"Subject: another\r\n\r\n", '"%s"' % utf7("Bücher"))
    equal(len(box.files("Bücher")), 2, "files after APPEND")
    equal(box.directories(), sorted(MIXED), "directories")


@test("a folder in both spellings is two folders, each with its mail")
def _():
    box = Tree(".Entw&APw-rfe", ".Entwürfe", ".Entwürfe.alt")
    s = Session(box)
    equal(names(s.ok('LIST "" "*"')), sorted(map(utf7, ["Entwürfe", "Entwürfe (UTF-8)", "Entwürfe.alt"])), "LIST")
    equal(subject(s, "Entwürfe"), ".Entw&APw-rfe")
    equal(subject(s, "Entwürfe (UTF-8)"), ".Entwürfe")
    equal(subject(s, "Entwürfe.alt"), ".Entwürfe.alt")


def create(box, name):
    """The directory that CREATE made."""
    before = set(box.directories())
    Session(box).ok('CREATE "%s"' % utf7(name))
    return sorted(set(box.directories()) - before)


@test("a new folder is spelled as the others are, else in modified UTF-7")
def _():
    for tree, wanted in (((), ".Entw&APw-rfe"), ((".Plain", ".A&-B"), ".Entw&APw-rfe"), ((".B&APw-cher",), ".Entw&APw-rfe"),
                         ((".Bücher", ".Plain"), ".Entwürfe"), ((".Bücher", ".Gr&APYA3w-e"), ".Entw&APw-rfe")):
        equal(create(Tree(*tree), "Entwürfe"), [wanted], "beside %r" % (tree,))
    equal(create(Tree(".Bücher"), "R&D"), [".R&D"], "an ampersand")
    equal(create(Tree(".Bücher"), "R&AOk-D"), [".R&-AOk-D"], "what would be read as something else")


@test("a folder that exists in one spelling is not made in the other")
def _():
    box = Tree(*MIXED)
    s = Session(box)
    for name in ("Entwürfe", "Bücher", "Bücher.Größe", "R&D", "A&B"):
        s.no('CREATE "%s"' % utf7(name), "ALREADYEXISTS")
    s.no('RENAME Plain "%s"' % utf7("Bücher"), "ALREADYEXISTS")
    equal(box.directories(), sorted(MIXED), "directories")


@test("folders are renamed with their children, and deleted, in whichever spelling they are")
def _():
    box = Tree(*MIXED)
    s = Session(box)
    s.ok('RENAME "%s" "%s"' % (utf7("Bücher"), utf7("Hefte.für")))
    equal(names(s.ok('LIST "" "Hefte*"')), sorted(map(utf7, ["Hefte", "Hefte.für", "Hefte.für.Größe"])), "LIST")
    equal(subject(s, "Hefte.für"), ".Bücher")
    equal(subject(s, "Hefte.für.Größe"), ".Bücher.Größe")
    s.ok('RENAME "R&-D" "Research"')
    s.ok('DELETE "%s"' % utf7("Entwürfe"))
    equal(box.directories(), sorted([".A&-B", ".Hefte.f&APw-r", ".Hefte.f&APw-r.Gr&APYA3w-e", ".Plain", ".Research"]), "directories")
    box = Tree(".Bücher", ".Bücher.Größe")
    s = Session(box)
    s.ok('DELETE "%s"' % utf7("Bücher"))
    equal(box.directories(), [".Bücher.Größe"], "after DELETE")
    s.ok('RENAME "%s" "%s"' % (utf7("Bücher"), utf7("Für")))
    equal(box.directories(), [".Für.Größe"], "a tree in UTF-8 stays so")


@test("of two folders of one name the second can be renamed, and deleted")
def _():
    box = Tree(".Entw&APw-rfe", ".Entwürfe")
    s = Session(box)
    s.ok('RENAME "%s" Alt' % utf7("Entwürfe (UTF-8)"))
    equal((subject(s, "Alt"), subject(s, "Entwürfe")), (".Entwürfe", ".Entw&APw-rfe"), "after RENAME")
    box = Tree(".Entw&APw-rfe", ".Entwürfe")
    Session(box).ok('DELETE "%s"' % utf7("Entwürfe (UTF-8)"))
    equal(box.directories(), [".Entw&APw-rfe"], "after DELETE")


@test("subscriptions in both spellings are found, and stay as they are written")
def _():
    box = Tree(*MIXED)
    box.write("subscriptions", "V\t2\n\nBücher\nEntw&APw-rfe\nBücher\tGröße\n")
    s = Session(box)
    equal(names(s.ok('LSUB "" "*"')), sorted(map(utf7, ["Bücher", "Entwürfe", "Bücher.Größe"])), "LSUB")
    s.ok('SUBSCRIBE "%s"' % utf7("Plain"))
    s.ok('UNSUBSCRIBE "%s"' % utf7("Bücher"))
    equal(box.read("subscriptions"), "V\t2\n\nEntw&APw-rfe\nBücher\tGröße\nPlain\n", "file")


@test("subscriptions of Courier are taken over once, in its spelling")
def _():
    box = Tree(*MIXED)
    courier = "INBOX\nINBOX.Bücher\nINBOX.Entw&APw-rfe\n#shared.x.y\nINBOX.Gone\n"
    box.write("courierimapsubscribed", courier)
    s = Session(box)
    equal(names(s.ok('LSUB "" "*"')), sorted(map(utf7, ["Bücher", "Entwürfe", "Gone"])), "LSUB")
    equal(box.read("subscriptions"), "V\t2\n\nINBOX\nBücher\nEntw&APw-rfe\nGone\n", "file")
    equal(box.read("courierimapsubscribed"), courier, "Courier's file")
    for name in ("INBOX", "Bücher", "Entwürfe", "Gone"):
        s.ok('UNSUBSCRIBE "%s"' % utf7(name))
    s.end()
    equal(names(Session(box).ok('LSUB "" "*"')), [], "LSUB after all were unsubscribed")


@test("unsubscribing before anything was listed takes Courier's subscriptions over, too")
def _():
    box = Tree(*MIXED)
    box.write("courierimapsubscribed", "INBOX.Plain\nINBOX.Bücher\n")
    s = Session(box)
    s.ok("UNSUBSCRIBE Plain")
    equal(box.read("subscriptions"), "V\t2\n\nBücher\n", "file")


run()
