"""boxes.py - the Maildirs: for each server the same accounts with the same letters under the same names.

    names   100,000 letters; what counts is their names, so few thousand contents are linked under many names
    real    20,000 letters, each with a content of its own
    work    10,000 of them, in which rows change things
    mix0    and so on: 2,000 each, for clients that do all sorts of things at once
    folders ten of them, for rows that are about folders
    quick   none, and a password in clear: for rows about logins, and for POP3, which takes away what is there

Rows that append take the first 200 or 100.

The contents lie once on the image and are linked into each server's Maildir: the page cache then treats the servers alike."""
import base64
import os
import random

from servers import UID

FLAGS = ["S"] * 12 + ["RS"] * 4 + ["FS"] * 2 + ["", "", "FRS", "DS"]
CONTENTS_OF_NAMES = 3000
MIXED = ["mix%d" % n for n in range(5)]
LARGE_OCTETS = 50 << 20  # of the one large letter; a fiftieth of it in a folder of no more than 1,000


class Boxes:
    def __init__(self, base, mail, messages):
        self.base, self.mail = base, mail
        self.counts = {"names": messages, "real": messages // 5, "work": messages // 10, "folders": 10, "quick": 0}
        self.counts.update({name: messages // 50 for name in MIXED})
        self.sizes = dict(self.counts, large=1, append=min(200, messages // 10), multiappend=min(100, messages // 10))
        self.small_letter = b"Subject: small\n\n" + b"One block of the file system is enough for it.\n" * 40
        self.contents = []
        os.mkdir(base)

    def write_contents(self, progress):
        for n in range(self.counts["real"]):
            letter = self.mail.letter(n)
            path = os.path.join(self.base, str(n))
            with open(path, "wb") as f:
                f.write(letter)
            os.chown(path, UID, UID)
            os.chmod(path, 0o600)
            date = 1600000000 + n * 37
            os.utime(path, (date, date))
            self.contents.append((path, len(letter), len(letter) + letter.count(b"\n")))
            if n % 2000 == 0:
                progress("letters", n, self.counts["real"])
        self.bytes = sum(size for _, size, _ in self.contents)

    def name(self, n, flags=True):
        """The nth letter's file name, as Dovecot would have given it."""
        _, size, wire = self.content(n)
        rng = random.Random(n)
        return "%d.M%dP%d.mx1,S=%d,W=%d:2,%s" % (1600000000 + n * 37, rng.randrange(1000000), rng.randrange(300, 32768), size, wire,
                                                 FLAGS[rng.randrange(len(FLAGS))] if flags else "")

    def content(self, n):
        many = len(self.contents)
        return self.contents[n if n < many else n % min(many, CONTENTS_OF_NAMES)]

    def make_maildir(self, path, first, count):
        make_dirs(path)
        for n in range(first, first + count):
            os.link(self.content(n)[0], os.path.join(path, "cur", self.name(n)))

    def populate(self, server, progress):
        for account, count in self.counts.items():
            os.makedirs(server.home(account))
            own(server.home(account))
            self.make_maildir(server.maildir(account), 0, count)
            progress("Maildirs of %s: %s" % (server.name, account), count, count)

    def add_large(self, server):
        """A folder Large of "real" with one large letter, a picture in base64; made once."""
        path = os.path.join(server.maildir("real"), ".Large")
        if os.path.exists(path):
            return
        make_dirs(path)
        octets = LARGE_OCTETS if self.counts["names"] > 1000 else LARGE_OCTETS // 50
        line = base64.b64encode(random.Random(1).randbytes(57)) + b"\n"
        letter = b"Subject: large\nContent-Transfer-Encoding: base64\n\n" + line * (octets // len(line))
        name = "1600000000.M1P1.mx1,S=%d,W=%d:2,S" % (len(letter), len(letter) + letter.count(b"\n"))
        with open(os.path.join(path, "cur", name), "wb") as f:
            f.write(letter)
        os.chown(f.name, UID, UID)

    def letters(self, size):
        """The first letters, with the line ends that they have on the wire."""
        for n in range(self.sizes[size]):
            yield self.mail.letter(n).replace(b"\n", b"\r\n")

    def warm(self):
        """All contents into the page cache."""
        for path, _, _ in self.contents:
            with open(path, "rb") as f:
                f.read()


def own(path):
    os.chown(path, UID, UID)
    os.chmod(path, 0o700)


def make_dirs(path):
    os.mkdir(path)
    own(path)
    for sub in ("cur", "new", "tmp"):
        os.mkdir(os.path.join(path, sub))
        own(os.path.join(path, sub))
