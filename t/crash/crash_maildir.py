"""crash_maildir.py - the Maildir under the sweep: how it is made, and how it is read, without the library.

Letters are recognized by their first line, "X-Crash: NAME-LINES", from which all of their content follows: a letter is whole if
it is equal to letter(id).
"""
import os
import re
import shutil

VALIDITY = 1000000001  # of INBOX; the other folders come behind it
BIG = 120              # lines of the uidlist of "Big", half of them without a file


def letter(ident):
    lines = int(ident.rsplit("-", 1)[1])
    body = "".join("%s line %05d of this letter\n" % (ident, i) for i in range(lines))
    return ("X-Crash: %s\nSubject: %s\n\n%sEND %s\n" % (ident, ident, body, ident)).encode()


# FOLDER: list of (uid or 0, id, flags, subdirectory). uid 0: not yet in the uidlist.
FOLDERS = {
    "INBOX": [(1, "in1-3", "S", "cur"), (2, "in2-3", "T", "cur"), (3, "in3-300", "", "cur"), (5, "in5-3", "FSa", "cur"),
              (6, "in6-3", "T", "cur"), (0, "in7-3", None, "new"), (0, "in8-3", None, "new")],
    "Sent": [(1, "sent1-3", "S", "cur"), (2, "sent2-3", "Sa", "cur")],
    "Work": [(1, "work1-3", "", "cur"), (2, "work2-3", "", "cur")],
    "Work.A": [(7, "worka7-3", "", "cur")],
    "Work.B": [(8, "workb8-3", "", "cur"), (0, "workb9-3", None, "new")],
    "Big": [(i, "big%d-1" % i, "", "cur") for i in range(1, BIG + 1, 2)],
    "Fresh": [(0, "fresh1-3", "S", "cur"), (0, "fresh2-3", "", "cur"), (0, "fresh3-3", None, "new")],
    "Courier": [(11, "courier11-3", "S", "cur"), (12, "courier12-3", "", "cur"), (0, "courier13-3", None, "new")],
}
KEYWORDS = {"INBOX": ["$Important"], "Sent": ["$Forwarded"]}
# What Courier knew of its folder: 26 of these become letters, the others go to posthouse-keywords.
COURIER_KEYWORDS = {"courier11-3": {"k%d" % i for i in range(30)}, "courier12-3": {"k1"}}
COURIER_UIDLS = {"courier11-3": "UID5-1500000000", "courier13-3": "UID6"}
SUBSCRIBED = ["INBOX", "Sent", "Work.A"]
NEXT = {"INBOX": 9, "Sent": 3, "Work": 3, "Work.A": 8, "Work.B": 9, "Big": BIG + 1, "Courier": 13}  # UIDNEXT


def directory(root, folder):
    return root if folder == "INBOX" else os.path.join(root, "." + folder)


def base_of(number, ident):
    size = len(letter(ident))
    return "%d.M%06dP77.mail,S=%d,W=%d" % (1000000000 + number, number, size, size + letter(ident).count(b"\n"))


def _write(path, content):
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    os.chmod(path, 0o600)


def _make_folder(root, name, number):
    path = directory(root, name)
    for sub in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(path, sub), 0o700)
    if name != "INBOX":
        _write(os.path.join(path, "maildirfolder"), "")
    lines, courier, bases = [], [], {}
    if name == "Big":
        lines = ["%d :gone%d" % (i, i) for i in range(2, BIG + 1, 2)]
    for at, (uid, ident, flags, sub) in enumerate(FOLDERS[name]):
        base = bases[ident] = base_of(1000 * number + at, ident)
        _write(os.path.join(path, sub, base + (":2," + flags if flags is not None else "")), letter(ident))
        if uid:
            lines.append("%d :%s" % (uid, base))
            courier.append("%d %s" % (uid, base))
    lines.sort(key=lambda line: int(line.split()[0]))
    if name == "Courier":
        _make_courier(path, bases)
        _write(os.path.join(path, "courierimapuiddb"), "1 %d %d\n%s\n" % (VALIDITY + number, NEXT[name], "\n".join(courier)))
    elif name != "Fresh":
        _write(os.path.join(path, "dovecot-uidlist"),
               "3 V%d N%d G%032x\n%s\n" % (VALIDITY + number, NEXT[name], number + 1, "\n".join(lines)))
    if name in KEYWORDS:
        _write(os.path.join(path, "dovecot-keywords"), "".join("%d %s\n" % k for k in enumerate(KEYWORDS[name])))


def _make_courier(path, bases):
    """bases: {id: base}"""
    os.mkdir(os.path.join(path, "courierimapkeywords"), 0o700)
    _write(os.path.join(path, "courierimapkeywords", ":list"), "".join("k%d\n" % i for i in range(30)) + "\n%s:%s\n%s:2\n" % (
        bases["courier11-3"], " ".join(map(str, range(30))), bases["courier12-3"]))
    _write(os.path.join(path, "courierimapkeywords", ".5000000." + bases["courier12-3"]), "k1\n")
    _write(os.path.join(path, "courierpop3dsizelist"), "/3 9 1500000000\n%s:2,S 10 5:1500000000:0\n%s 10 6:0:0\n" % (
        bases["courier11-3"], bases["courier13-3"]))


def make(root, only):
    """A Maildir with INBOX and these folders."""
    for number, name in enumerate(FOLDERS):
        if name == "INBOX" or name in only:
            _make_folder(root, name, number)
    top = VALIDITY + len(FOLDERS)
    _write(os.path.join(root, "dovecot-uidvalidity"), "%08x" % top)
    _write(os.path.join(root, "dovecot-uidvalidity.%08x" % top), "")
    _write(os.path.join(root, "subscriptions"),
           "V\t2\n\n" + "".join(name.replace(".", "\t") + "\n" for name in SUBSCRIBED))


def copy(template, target):
    """Copy a Maildir: letters, which nobody writes into, are linked."""
    os.mkdir(target, 0o700)
    with os.scandir(template) as entries:
        for e in entries:
            to = os.path.join(target, e.name)
            if e.is_dir():
                copy(e.path, to)
            elif ",S=" in e.name:
                os.link(e.path, to)
            else:
                shutil.copyfile(e.path, to)


class Folder:
    """What lies in one folder's directory."""

    def __init__(self, path):
        self.path = path
        self.files = {}     # base -> list of (subdirectory, name)
        self.strange = []   # names that nobody should leave there
        self.validity = self.next = 0
        self.lines = {}     # uid -> base
        self.uidls = {}     # base -> field P
        self.keywords = []
        self.names = os.listdir(path)
        for sub in ("cur", "new"):
            for name in os.listdir(os.path.join(path, sub)) if sub in self.names else ():
                self.files.setdefault(name.split(":", 1)[0], []).append((sub, name))
        self._read_uidlist()
        if "dovecot-keywords" in self.names:
            with open(os.path.join(path, "dovecot-keywords")) as f:
                self.keywords = [line.rstrip("\n").split(" ", 1)[1] for line in f]
        self.mark = 0
        if "posthouse-modseq" in self.names:
            with open(os.path.join(path, "posthouse-modseq")) as f:
                self.mark = int(f.read().split(" ")[2])
        self.upper, self.masks = {}, {}  # number -> keyword, base -> numbers
        if "posthouse-keywords" in self.names:
            self._read_upper()

    def _read_upper(self):
        with open(os.path.join(self.path, "posthouse-keywords")) as f:
            head, *lines = f.read().split("\n")[:-1]
        assert head == "posthouse-keywords 1", "posthouse-keywords begins %r" % head
        for kind, what, value in (line.split(" ", 2) for line in lines):
            if kind == "K":
                self.upper[int(what)] = value
            else:
                self.masks[value] = [n for n in range(26, 64) if int(what, 16) >> n & 1]

    def _read_courier(self):
        with open(os.path.join(self.path, "courierimapuiddb")) as f:
            head, *lines = f.read().split("\n")[:-1]
        self.validity, self.next = int(head.split()[1]), int(head.split()[2])
        self.lines = {int(line.split(" ", 1)[0]): line.split(" ", 1)[1] for line in lines}

    def _read_uidlist(self):
        if "dovecot-uidlist" not in self.names:
            if "courierimapuiddb" in self.names:
                self._read_courier()
            return
        with open(os.path.join(self.path, "dovecot-uidlist"), "rb") as f:
            text = f.read().decode("latin-1")
        head, _, rest = text.partition("\n")
        fields = head.split(" ")
        assert fields[0] == "3", "uidlist of version %r" % head
        values = {word[0]: word[1:] for word in fields[1:]}
        self.validity, self.next = int(values["V"]), int(values["N"])
        last = 0
        self.cut_off = rest.rpartition("\n")[2]
        for line in rest.split("\n")[:-1]:
            uid, base = int(line.split(" ", 1)[0]), line.split(":", 1)[1]
            assert uid > last, "UIDs do not ascend: %r" % line
            last = uid
            assert base not in self.lines.values(), "two UIDs for %s" % base
            self.lines[uid] = base
            for field in line.split(":", 1)[0].split()[1:]:
                if field[0] == "P":
                    self.uidls[base] = field[1:]
        self.next = max(self.next, last + 1)

    def ident(self, base):
        """The id of a whole letter; an AssertionError if it is not whole."""
        sub, name = self.files[base][0]
        with open(os.path.join(self.path, sub, name), "rb") as f:
            content = f.read()
        head = re.match(rb"X-Crash: (\S+)\n", content)
        assert head and content == letter(head.group(1).decode()), \
            "%s/%s is not whole: %d octets, begins %r" % (sub, name, len(content), content[:60])
        return head.group(1).decode()

    def flags(self, base):
        """"FS+Keyword" as crash_driver writes it."""
        letters = self.files[base][0][1].partition(":2,")[2]
        names = [self.keywords[ord(c) - 97] if ord(c) - 97 < len(self.keywords) else "?" for c in letters if c.islower()]
        names += [self.upper.get(n, "?") for n in self.masks.get(base, ())]
        return "".join(c for c in letters if c.isupper()) + "".join("+" + n for n in names)

    def idents(self):
        """id -> list of bases"""
        result = {}
        for base in self.files:
            result.setdefault(self.ident(base), []).append(base)
        return result

    def uid_of(self, base):
        return next((uid for uid, b in self.lines.items() if b == base), 0)


class Disk:
    """A whole Maildir as it lies on the disk."""

    def __init__(self, root):
        self.root = root
        self.folders = {"INBOX": Folder(root)}
        self.strange = []
        for name in self.folders["INBOX"].names:
            path = os.path.join(root, name)
            if name.startswith(".") and os.path.isdir(path):
                if name.startswith(".."):
                    self.strange.append(name)
                elif os.path.isdir(os.path.join(path, "cur")):
                    self.folders[name[1:]] = Folder(path)
            elif re.search(r"\.(tmp|lock)$", name):
                self.strange.append(name)
        for name, folder in self.folders.items():
            for entry in folder.names if name != "INBOX" else ():
                if re.search(r"\.(tmp|lock)$", entry):
                    self.strange.append(name + "/" + entry)
        self.subscribed = self._read_subscriptions()

    def _read_subscriptions(self):
        try:
            with open(os.path.join(self.root, "subscriptions")) as f:
                text = f.read()
        except FileNotFoundError:
            return []
        assert text.startswith("V\t2\n\n"), "subscriptions begins %r" % text[:20]
        return [line.replace("\t", ".") for line in text[5:].split("\n") if line]
