"""crash_power.py - the disks that could be found after a power cut, made from crash_fs's log of one run.

The crash model
---------------
* A directory is changed by create, mkdir, link, unlink, rmdir and rename. What was done before its last fsync survives. Of what
  was done since, a prefix survives, in order: nothing, all, or anything in between. A rename between two directories is one
  change of both: it survives in both or in none, and so does, in each, what was done before it.
* Syncing a file does not make its name survive, and syncing a directory not the contents of the files in it.
* A file's contents: what was written before its last fsync or fdatasync survives. Of the writes and truncations since, a prefix
  survives, the last one of it perhaps in part.
* Whatever was there when the run began survives.

This is weaker than what ext4 and XFS give (there one sync makes everything earlier durable), and about what POSIX promises. What
it assumes is that a rename replaces its target atomically.
"""
import os
import random
import re


class File:
    def __init__(self, origin=None):
        self.origin = origin  # path of a file with what it held when the run began
        self.changes = []     # [(index in the log, kind, offset, data)]
        self.syncs = []


class Directory:
    def __init__(self):
        self.base = {}        # name -> node, when the run began
        self.changes = []     # [Change], in order
        self.syncs = []


class Change:
    """One change of names: in one directory, or a rename in two."""

    def __init__(self, index, kind, directories, names, node=None):
        self.index, self.kind, self.directories, self.names, self.node = index, kind, directories, names, node


def _name(text):
    return re.sub(rb"%(..)", lambda m: bytes([int(m.group(1), 16)]), text).decode("latin-1")


def _records(data):
    """(words, payload) of each record."""
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        words = data[at:end].split(b" ")
        at = end + 1
        payload = None
        if words[0] == b"write":
            payload = data[at:at + int(words[3])]
            at += len(payload)
        yield words, payload


class Log:
    """A run: the tree as it was when it began, and everything done since."""

    def __init__(self, root, ignore_syncs=False):
        """root: in the backing directory, before the run."""
        self.ignore_syncs = ignore_syncs
        self.nodes, self.all = {}, []
        self.root = self._scan(root)
        self.length = 0

    def _scan(self, path):
        directory = self._add(os.stat(path).st_ino, Directory())
        with os.scandir(path) as entries:
            for e in entries:
                if e.is_dir(follow_symlinks=False):
                    directory.base[e.name] = self._scan(e.path)
                else:
                    directory.base[e.name] = self.nodes.get(e.inode()) or self._add(e.inode(), File(e.path))
        return directory

    def _add(self, inode, node):
        self.nodes[inode] = node
        self.all.append(node)
        return node

    def keep_originals(self, template, root):
        """The run's files are written into: read what they held from the template that the run was copied from."""
        for node in self.all:
            if isinstance(node, File):
                node.origin = template + node.origin[len(root):]

    def read(self, data, ack):
        """Take in the log; ack is the inode of the file of acknowledgements, which lies on the same file system."""
        self.acks = []  # (index, text)
        for words, payload in _records(data):
            if words[0] == b"write" and int(words[1]) == ack:
                self.acks.append((self.length, payload))
            else:
                self._take(words[0].decode(), words[1:], payload)
            self.length += 1

    def _take(self, verb, w, payload):
        node = self.nodes.get(int(w[0]))
        if verb in ("create", "mkdir", "link"):
            if verb != "link" and node:
                self._add(int(w[1]), File() if verb == "create" else Directory())
            self._change(verb, [node], [_name(w[2])], self.nodes.get(int(w[1])))
        elif verb in ("unlink", "rmdir"):
            self._change(verb, [node], [_name(w[1])])
        elif verb == "rename":
            self._change(verb, [node, self.nodes.get(int(w[2]))], [_name(w[1]), _name(w[3])])
        elif node and verb in ("sync", "syncdir") and not self.ignore_syncs:
            node.syncs.append(self.length)
        elif node and verb == "write":
            node.changes.append((self.length, verb, int(w[1]), payload))
        elif node and verb == "truncate":
            node.changes.append((self.length, verb, int(w[1]), b""))

    def _change(self, verb, directories, names, node=None):
        if None in directories:
            assert directories[0] is None, "renamed out of the Maildir"
            return
        change = Change(self.length, verb, directories, names, node)
        for directory in {id(d): d for d in directories}.values():
            directory.changes.append(change)

    def acknowledged(self, cut):
        return b"".join(text for index, text in self.acks if index < cut).decode().split("\n")[:-1]

    def index_of(self, line):
        return next(index for index, text in self.acks if text == line)

    def disk(self, cut, fate):
        """What a power cut before record `cut` leaves: (applied changes, {file: (changes, octets of the next one)})."""
        directories = [n for n in self.all if isinstance(n, Directory)]
        kept = {id(d): self._kept(d, cut, fate) for d in directories}
        self._close(directories, kept, cut)
        applied = sorted({c for d in directories for c in d.changes[:kept[id(d)]]}, key=lambda c: c.index)
        files = {n: self._written(n, cut, fate) for n in self.all if isinstance(n, File) and n.changes}
        return applied, files

    @staticmethod
    def _done(node, cut):
        """How many changes were made, and how many of them are synced."""
        index = (lambda c: c.index) if isinstance(node, Directory) else (lambda c: c[0])
        synced_at = max((s for s in node.syncs if s < cut), default=-1)
        return sum(index(c) < cut for c in node.changes), sum(index(c) < synced_at for c in node.changes)

    def _kept(self, directory, cut, fate):
        made, synced = self._done(directory, cut)
        return synced + fate.names(made - synced)

    def _close(self, directories, kept, cut):
        """A rename survives in both directories or in none; what is synced survives, with all that it stands on."""
        forced = {id(d): self._done(d, cut)[1] for d in directories}
        moving = True
        while moving:
            moving = False
            for d in directories:
                for c in d.changes[:forced[id(d)]]:
                    for other in c.directories:
                        at = other.changes.index(c) + 1
                        if forced[id(other)] < at:
                            forced[id(other)] = at
                            moving = True
        for d in directories:
            kept[id(d)] = max(kept[id(d)], forced[id(d)])
        moving = True
        while moving:
            moving = False
            for d in directories:
                for at, c in enumerate(d.changes[:kept[id(d)]]):
                    if any(o.changes.index(c) >= kept[id(o)] for o in c.directories):
                        kept[id(d)] = at
                        moving = True
                        break

    def _written(self, file, cut, fate):
        made, synced = self._done(file, cut)
        whole = synced + fate.writes(made - synced)
        part = fate.part(len(file.changes[whole][3])) if whole < made else 0
        return whole, part

    @staticmethod
    def signature(disk):
        """Equal for equal disks."""
        applied, files = disk
        return tuple(c.index for c in applied), tuple(sorted((id(f), *state) for f, state in files.items()))

    def make(self, disk, target):
        applied, files = disk
        names = {id(n): dict(n.base) for n in self.all if isinstance(n, Directory)}
        for c in applied:
            source = names.setdefault(id(c.directories[0]), {})
            if c.kind in ("create", "mkdir", "link"):
                source[c.names[0]] = c.node
            elif c.kind == "rename":
                node = source.pop(c.names[0])
                names.setdefault(id(c.directories[1]), {})[c.names[1]] = node
            else:
                source.pop(c.names[0], None)
        self._make_directory(self.root, target, names, files)

    def _make_directory(self, directory, path, names, files):
        os.mkdir(path, 0o700)
        for name, node in names.get(id(directory), {}).items():
            to = os.path.join(path, name)
            if isinstance(node, Directory):
                self._make_directory(node, to, names, files)
            elif node.origin and ",S=" in node.origin and not node.changes:
                os.link(node.origin, to)
            else:
                with open(to, "wb") as f:
                    f.write(self._content(node, *files.get(node, (0, 0))))

    @staticmethod
    def _content(node, whole, part):
        content = bytearray()
        if node.origin:
            with open(node.origin, "rb") as f:
                content += f.read()
        changes = list(node.changes[:whole])
        if part:
            index, kind, offset, data = node.changes[whole]
            changes.append((index, kind, offset, data[:part]))
        for _, kind, offset, data in changes:
            if kind == "truncate":
                del content[offset:]
            content += bytes(max(0, offset - len(content)))
            content[offset:offset + len(data)] = data
        return content


class Fate:
    """How much of what was not synced survives: a share of the changes of names, of the writes, and of the octets of a write."""

    def __init__(self, name, names, writes):
        self.name, self._names, self._writes = name, names, writes

    def names(self, n):
        return n if self._names else 0

    def writes(self, n):
        return n if self._writes else 0

    def part(self, n):
        return 0


class Chance(Fate):
    """Chosen at random, the same for the same seed."""

    def __init__(self, seed):
        self.name = "seed %s" % seed
        self.random = random.Random(seed)

    def names(self, n):
        return self.random.choice((0, n, self.random.randint(0, n)))

    writes = names

    def part(self, n):
        return self.random.choice((0, 0, self.random.randint(0, n)))


NOTHING = Fate("nothing unsynced survives", False, False)
FATES = (NOTHING, Fate("everything survives", True, True), Fate("names survive, contents do not", True, False),
         Fate("contents survive, names do not", False, True))
