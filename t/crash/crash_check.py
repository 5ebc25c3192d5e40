"""crash_check.py - compare what was acknowledged with what is there.

An operation's plan says which old letters it may take where, which new ones it may make, and whether it is all or nothing when it
reports an error. Everything that the plan does not name has to be as before, to the last byte, name and UID.
"""
import os

from crash_maildir import COURIER_KEYWORDS, COURIER_UIDLS, FOLDERS, KEYWORDS, NEXT, SUBSCRIBED, VALIDITY, Disk


class Plan:
    """One operation of crash_driver.

    folders   the fixture's folders, beside INBOX
    places    {id: folders in which it may be afterwards; None stands for "nowhere"}; others stay where they are
    renames   {old name: new name} of folders
    renewed   folders that may come again with another, larger UIDVALIDITY
    makes     {id: folder}: letters that come
    flags     ids whose flags may change
    atomic    an error that is reported leaves everything as it was
    again     (word of an error, what is true of the Disk then): a second attempt may report it if the first was done
    doubles   an old letter may be twice in one folder after the second attempt (the first was done, but not acknowledged)
    """

    def __init__(self, name, folders=(), places=None, makes=None, flags=(), atomic=True, again=None, doubles=False, renames=None,
                 renewed=()):
        self.name, self.folders, self.places, self.makes = name, folders, places or {}, makes or {}
        self.flags, self.atomic, self.again, self.doubles = flags, atomic, again, doubles
        self.renames, self.renewed = renames or {}, renewed
        for old, new in self.renames.items():
            self.places.update((ident, (old, new)) for _, ident, _, _ in FOLDERS[old])


class Claims:
    """The lines that the driver acknowledged."""

    def __init__(self, lines):
        self.have, self.gone, self.flags, self.open = {}, [], {}, {}
        self.renewed, self.modseqs = {}, {}
        self.folders, self.nofolders, self.subscribed, self.unsubscribed = [], [], [], []
        self.failed = self.leak = None
        self.looked = False
        for line in lines:
            self._take(line.split(" "))

    def _take(self, w):
        kind = w[0]
        if kind == "have":
            self.have[(w[1], w[4], int(w[3]))] = int(w[2])
        elif kind == "gone":
            self.gone.append((w[1], int(w[2])))
        elif kind == "flags":
            self.flags[(w[1], int(w[2]))] = w[3] if len(w) > 3 else ""
        elif kind == "open":
            self.open[w[1]] = (int(w[2]), int(w[3]))
        elif kind == "modseq":
            self.modseqs[w[1]] = int(w[2])
        elif kind == "renewed":
            self.renewed[w[1]] = int(w[2])
        elif kind in ("folder", "nofolder"):
            getattr(self, kind + "s").append(w[1])
        elif kind in ("subscribed", "unsubscribed"):
            getattr(self, kind).append(w[1])
        elif kind == "failed":
            self.failed = " ".join(w[1:])
        elif kind == "leak":
            self.leak = "%s descriptors before, %s after" % (w[1], w[2])
        elif kind == "look":
            self.looked = True


def number_of(folder):
    return list(FOLDERS).index(folder)


def old_letters(plan):
    """(folder, uid or 0, id, flags, validity) of the fixture."""
    for folder, letters in FOLDERS.items():
        if folder == "INBOX" or folder in plan.folders:
            for uid, ident, flags, _ in letters:
                yield folder, uid, ident, flags, VALIDITY + number_of(folder)


def check_old(plan, disk, where):
    for folder, uid, ident, flags, validity in old_letters(plan):
        allowed = plan.places.get(ident, (folder,))
        there = [f for f in where if ident in where[f]]
        assert there or None in allowed, "%s of %s is lost" % (ident, folder)
        for f in there:
            assert f in allowed, "%s is in %s" % (ident, f)
        for f in {folder, plan.renames.get(folder)} & set(there):
            base = where[f][ident][0]
            now = disk.folders[f].uid_of(base)
            assert not uid or now == uid, "%s in %s has UID %d now, had %d" % (ident, f, now, uid)
            if ident not in plan.flags:
                check_flags(disk.folders[f], base, flags, folder)


def check_flags(folder, base, flags, name):
    wanted = "".join(c for c in flags or "" if c.isupper())
    wanted += "".join("+" + KEYWORDS[name][ord(c) - 97] for c in flags or "" if c.islower())
    assert folder.flags(base) == wanted, "%s has flags %r, had %r" % (base, folder.flags(base), wanted)


def check_courier(folder):
    """Once there is a uidlist, nobody looks at Courier's files again: all that they say has to be taken over."""
    for ident, bases in folder.idents().items():
        keywords = set(folder.flags(bases[0]).split("+")[1:])
        uidl = folder.uidls.get(bases[0])
        assert keywords == COURIER_KEYWORDS.get(ident, set()), "keywords of %s are %r" % (ident, keywords)
        assert uidl == COURIER_UIDLS.get(ident) or not folder.uid_of(bases[0]), "UIDL of %s is %r" % (ident, uidl)


def check_folders(plan, disk):
    origin = {new: old for old, new in plan.renames.items()}
    for name, folder in disk.folders.items():
        was = origin.get(name, name)
        if was == "Courier" and "dovecot-uidlist" in folder.names:
            check_courier(folder)
        for base, files in folder.files.items():
            assert len(files) == 1, "two names for one base: %r" % files
        if was not in FOLDERS or was == "Fresh" or not folder.validity:
            continue
        before = VALIDITY + number_of(was)
        assert folder.validity == before or (was in plan.renewed and folder.validity > before), \
            "UIDVALIDITY of %s is %d, was %d" % (name, folder.validity, before)
        assert folder.next >= NEXT[was] or folder.validity > before, "next UID of %s fell to %d" % (name, folder.next)


def check_claims(disk, claims, where):
    for (folder, ident, uid), validity in claims.have.items():
        f = disk.folders.get(folder)
        assert f and ident in where[folder], "acknowledged %s is not in %s" % (ident, folder)
        assert not validity or validity == f.validity, "%s: UIDVALIDITY %d was told, is %d" % (folder, validity, f.validity)
        assert not uid or f.lines.get(uid) in where[folder][ident], "%s: UID %d was told for %s, is %r" % (
            folder, uid, ident, f.lines.get(uid))
    for folder, uid in claims.gone:
        assert disk.folders[folder].lines.get(uid) not in disk.folders[folder].files, "%s: UID %d is not gone" % (folder, uid)
    for (folder, uid), flags in claims.flags.items():
        f = disk.folders[folder]
        now = f.flags(f.lines[uid])
        if folder == "Courier" and not claims.looked:  # while keywords cannot be taken over, mail is shown; see check_courier
            now, flags = now.split("+")[0], flags.split("+")[0]
        assert now == flags, "%s: UID %d has flags %r, told %r" % (folder, uid, now, flags)
    for folder, (validity, following) in claims.open.items():
        f = disk.folders[folder]
        assert f.validity == validity and f.next >= following, "%s: told V%d N%d, is V%d N%d" % (
            folder, validity, following, f.validity, f.next)
    for folder, validity in claims.renewed.items():
        assert disk.folders[folder].validity >= validity > VALIDITY + number_of(folder), "%s came again with UIDVALIDITY %d" % (
            folder, disk.folders[folder].validity)
    for name in claims.folders:
        assert name in disk.folders, "acknowledged folder %s is not there" % name
    for name in claims.nofolders:
        assert name not in disk.folders, "folder %s is still there" % name
    for name in claims.subscribed:
        assert name in disk.subscribed, "%s is not subscribed" % name
    for name in claims.unsubscribed:
        assert name not in disk.subscribed, "%s is still subscribed" % name


def check_new(plan, where, most):
    old = {ident for _, _, ident, _, _ in old_letters(plan)}
    for folder, idents in where.items():
        for ident, bases in idents.items():
            assert ident in old or plan.makes.get(ident) == folder, "%s came to %s" % (ident, folder)
            assert len(bases) <= (1 if ident in old and not plan.doubles else most), "%s is %d times in %s" % (ident, len(bases), folder)


def check_disk(plan, root, claims, most=1):
    """Everything that has to be true at any moment; returns the Disk."""
    disk = Disk(root)
    where = {name: folder.idents() for name, folder in disk.folders.items()}
    check_folders(plan, disk)
    check_old(plan, disk, where)
    check_new(plan, where, most)
    check_claims(disk, claims, where)
    return disk


def check_marks(disk, claims):
    """No mod-sequence was told that is above the mark in its folder. (Where writing the mark fails, changes go on without it.)"""
    for name, told in claims.modseqs.items():
        mark = disk.folders[name].mark if name in disk.folders else told
        assert told <= mark, "%s: mod-sequence %d was told, the mark is %d" % (name, told, mark)


def check_untouched(plan, disk, claims):
    """An operation that is all or nothing reported an error: only what was acknowledged is there."""
    assert not disk.strange, "left over: %s" % ", ".join(disk.strange)
    for folder in disk.folders.values():
        left = os.listdir(folder.path + "/tmp")
        assert not left, "left in tmp/: %s" % ", ".join(left)
    if not plan.atomic:
        return
    assert set(disk.folders) == {"INBOX", *plan.folders}, "folders are now %s" % ", ".join(disk.folders)
    assert sorted(disk.subscribed) == sorted(SUBSCRIBED), "subscribed are now %s" % ", ".join(disk.subscribed)
    was = {(folder, ident) for folder, _, ident, _, _ in old_letters(plan)}
    now = {(name, ident) for name, folder in disk.folders.items() for ident in folder.idents()}
    was |= {(folder, ident) for folder, ident, _ in claims.have}
    assert now == was, "an error was reported, but %s changed" % ", ".join("%s in %s" % (i, f) for f, i in now ^ was)


def check_look(disk, claims):
    """The library listed every file that is there."""
    assert claims.looked, "the second attempt did not come to its end: %s" % claims.failed
    for name, folder in disk.folders.items():
        for base in folder.files:
            key = (name, folder.ident(base), folder.uid_of(base))
            assert key in claims.have, "the library does not list %s of %s (UID %d)" % (key[1], name, key[2])
    assert not [k for k in claims.have if k[1] in ("?", "broken")], "the library reads a broken message"


MADE = ("made1-20", "made2-2500", "made3-200")
TREE = ("Work", "Work.A", "Work.B")
PLANS = [
    Plan("deliver", makes={"made1-20": "INBOX"}),
    Plan("deliver-3", makes=dict.fromkeys(MADE, "INBOX")),
    Plan("deliver-quota", makes=dict.fromkeys(MADE, "INBOX")),
    Plan("append", ["Sent"], makes={"made1-20": "Sent"}),
    Plan("append-3", ["Sent"], makes=dict.fromkeys(MADE, "Sent")),
    Plan("append-quota", ["Sent"], makes={"made1-20": "Sent"}),
    Plan("copy", ["Sent"], places=dict.fromkeys(("in3-300", "in5-3", "in6-3"), ("INBOX", "Sent")), doubles=True),
    Plan("move", ["Sent"], places=dict.fromkeys(("in3-300", "in5-3", "in6-3"), ("INBOX", "Sent")), doubles=True, atomic=False),
    Plan("store", flags=("in3-300", "in5-3", "in6-3"), atomic=False),
    Plan("store-keyword", flags=("in3-300", "in5-3", "in6-3"), atomic=False),
    Plan("session", ["Big"], flags=["big%d-1" % i for i in range(1, 24, 2)], atomic=False),
    Plan("expunge", places=dict.fromkeys(("in2-3", "in6-3"), ("INBOX", None)), atomic=False),
    Plan("expunge-quota", places=dict.fromkeys(("in2-3", "in6-3"), ("INBOX", None)), atomic=False),
    Plan("rewrite", ["Big"]),
    Plan("number", ["Fresh"]),
    Plan("number-courier", ["Courier"], flags=("courier11-3", "courier12-3")),
    Plan("create", again=("exists already", lambda disk: "Projects.2026" in disk.folders)),
    Plan("recreate", ["Work.A"], places={"worka7-3": ("Work.A", None)}, renewed=["Work.A"], atomic=False),
    Plan("rename", TREE, renames={name: "Done." + name for name in TREE},
         again=("exists already", lambda disk: not set(disk.folders) & set(TREE))),
    Plan("rename-inbox", places={ident: ("INBOX", "Old") for _, ident, _, _ in FOLDERS["INBOX"]}, atomic=False,
         again=("exists already", lambda disk: "Old" in disk.folders)),
    Plan("delete", TREE, places={"work1-3": ("Work", None), "work2-3": ("Work", None)},
         again=("not found", lambda disk: "Work" not in disk.folders)),
    Plan("subscribe", ["Work.B"], atomic=False),
    Plan("unsubscribe", ["Sent"], atomic=False),
]
