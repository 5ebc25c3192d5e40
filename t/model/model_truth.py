"""model_truth.py - what is true of the Maildir: folders, messages, flags, as the sum of all that was done to it."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from imapsession import *

LETTERS = {"\\Draft": "D", "\\Flagged": "F", "\\Answered": "R", "\\Seen": "S", "\\Deleted": "T"}


class Message:
    def __init__(self, ident, flags, emailid=None):
        self.ident, self.flags, self.emailid, self.modseq = ident, set(flags), emailid, 0


class Folder:
    def __init__(self, name):
        self.name, self.messages, self.uidnext, self.pending = name, {}, 1, []

    def add(self, uid, message):
        check(uid >= self.uidnext, "UID %d of %s was given before" % (uid, self.name))
        self.messages[uid] = message
        self.uidnext = uid + 1

    def uids(self):
        return sorted(self.messages)


def letter(ident):
    return b"Subject: %s\nX-Id: %s\nMessage-ID: <%s@model>\n\nbody of %s\n" % ((ident.encode(),) * 4)


class Outside:
    """Programs that change the Maildir without asking the server: deliverers, mail readers, rm."""

    def __init__(self, box):
        self.box = box

    def deliver(self, folder, ident):
        self.box.add(letter(ident), folder="" if folder == "INBOX" else folder)

    def path_of(self, folder, uid):
        base = self.box.folder("" if folder == "INBOX" else folder)
        with open(os.path.join(base, "dovecot-uidlist"), encoding="latin-1") as f:
            line = re.search(r"^%d (?:[^:\n]* )?:(.*)$" % uid, f.read(), re.M)
        name = line.group(1).split(":")[0]
        for sub in ("cur", "new"):
            for entry in os.listdir(os.path.join(base, sub)):
                if entry.split(":")[0] == name:
                    return os.path.join(base, sub, entry)
        return None

    def flag(self, folder, uid, flag, on):
        """As a mail reader does that knows no locks. Returns whether it could."""
        path = self.path_of(folder, uid)
        if not path or "/new/" in path:
            return False
        head, _, letters = path.rpartition(":2,")
        letters = set(letters) - {LETTERS[flag]} | ({LETTERS[flag]} if on else set())
        try:
            os.rename(path, head + ":2," + "".join(sorted(letters)))
        except FileNotFoundError:
            return False
        return True

    def remove(self, folder, uid):
        path = self.path_of(folder, uid)
        try:
            os.unlink(path)
        except (FileNotFoundError, TypeError):
            return False
        return True
