"""rows_change.py - rows that change things: STORE, COPY, MOVE, EXPUNGE, APPEND. Everything dirty is written out before the command
that counts, so that each pays for its own syncs only."""
import os

from boxes import UID, make_dirs
from client import Seconds
from rows import Skipped, row


class Scratch:
    """A session with INBOX of the account "work" selected, and folders that are made for one measurement and deleted after it."""

    def __init__(self, server, *folders):
        self.session, self.folders = server.login("work"), folders
        for folder in folders:
            self.session.try_run("DELETE " + folder)
            self.session.run("CREATE " + folder)
        self.session.run("SELECT INBOX")

    def __enter__(self):
        return self.session

    def __exit__(self, *_):
        self.session.close()

    @staticmethod
    def forget(server, *folders):
        session = server.login("work")
        for folder in folders:
            session.try_run("DELETE " + folder)
        session.close()


@row("store", "STORE +FLAGS", size="work", bar=1.0)
def _(bench, server):
    with Scratch(server) as session:
        session.run("STORE 1:* -FLAGS.SILENT (\\Flagged)")
        bench.image.settle()
        return session.run("STORE 1:* +FLAGS (\\Flagged)")


@row("copy", "COPY", size="work", bar=1.3)
def _(bench, server):
    with Scratch(server, "Copied") as session:
        bench.image.settle()
        seconds = session.run("COPY 1:* Copied")
    Scratch.forget(server, "Copied")
    return seconds


@row("move", "MOVE", size="work", bar=1.3)
def _(bench, server):
    with Scratch(server, "From", "To") as session:
        session.run("COPY 1:* From")
        session.run("SELECT From")
        bench.image.settle()
        seconds = session.run("MOVE 1:* To")
    Scratch.forget(server, "From", "To")
    return seconds


@row("expunge", "EXPUNGE", size="work", bar=1.0)
def _(bench, server):
    folder = os.path.join(server.maildir("work"), ".Gone")
    make_dirs(folder)
    for n in range(bench.boxes.counts["work"]):  # files of their own, so that removing them frees something
        path = os.path.join(folder, "cur", bench.boxes.name(n, flags=False) + "ST")
        with open(path, "wb") as f:
            f.write(bench.boxes.small_letter)
        os.chown(path, UID, UID)
    session = server.login("work")
    session.run("SELECT Gone")
    bench.image.settle()
    seconds = session.run("EXPUNGE")
    session.close()
    Scratch.forget(server, "Gone")
    return seconds


@row("append", "APPEND, one at a time", size="append", bar=1.3)
def _(bench, server):
    with Scratch(server, "Appended") as session:
        bench.image.settle()
        seconds = Seconds.total([session.append("Appended", [letter]) for letter in bench.boxes.letters("append")])
    Scratch.forget(server, "Appended")
    return seconds


@row("multiappend", "MULTIAPPEND", size="multiappend", bar=2.0)
def _(bench, server):
    with Scratch(server, "Appended") as session:
        if "MULTIAPPEND" not in session.capabilities:
            raise Skipped("MULTIAPPEND is not in CAPABILITY")
        bench.image.settle()
        seconds = session.append("Appended", list(bench.boxes.letters("multiappend")))
    Scratch.forget(server, "Appended")
    return seconds
