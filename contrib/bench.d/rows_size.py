"""rows_size.py - rows that count bytes and system calls, against limits instead of against Dovecot."""
import os
import re
import shutil
import signal
import subprocess
import time

import rows_read
from rows import Skipped, row
from rows_change import Scratch
from rows_read import HEADERS, settle

SYNCS = ("fsync", "fdatasync", "sync_file_range", "syncfs", "sync", "msync")
TRACED_APPENDS = 20
ATTACH_SECONDS = 10


@row("index-size", "index, all of it filled, per message", size="real", most=1600, unit="bytes")
def _(bench, server):
    server.remove_index("real")
    session = server.login("real")
    session.run("SELECT INBOX")
    for item in ("(UID FLAGS RFC822.SIZE INTERNALDATE)", "ENVELOPE", "BODYSTRUCTURE", "BODY.PEEK[HEADER.FIELDS (%s)]" % HEADERS):
        session.run("FETCH 1:* " + item)
    session.close()
    server.wait_idle()
    size = server.index_size("real")
    if not size:
        raise Skipped("it keeps no index")
    return size / bench.boxes.counts["real"]


def private_kib(pid):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return sum(int(kib) for kib in re.findall(r"^Private_(?:Clean|Dirty): +(\d+) kB", f.read(), re.M))


def memory(server, *commands):
    """Of a session beside one of another account that did the same, without which the program itself would count as private."""
    settle(server, "names")
    other = server.login("real")
    for command in commands:
        other.run(command)
    known = server.session_pids()
    session = server.login("names")
    for command in commands:
        session.run(command)
    time.sleep(min(1, rows_read.settled_seconds))  # a session that works keeps more mapped than one that waits
    kib = [private_kib(pid) for pid in server.session_pids() if pid not in known]
    session.close()
    other.close()
    if len(kib) != 1:
        raise Skipped("its session process was not found" if not kib else "several session processes")
    return kib[0]


@row("memory", "private memory, folder selected", size="names", most=400, unit="KiB")
def _(bench, server):
    return memory(server, "SELECT INBOX")


@row("memory-fetched", "private memory after FETCH 1:* (UID FLAGS)", size="names", most=400, unit="KiB")
def _(bench, server):
    return memory(server, "SELECT INBOX", "FETCH 1:* (UID FLAGS)")


class Trace:
    """strace on one process, for as long as the block lasts; calls: the names of the system calls that it made."""

    def __init__(self, pid, path):
        if not shutil.which("strace"):
            raise Skipped("there is no strace; as root: contrib/install-deps bench")
        self.pid, self.path, self.calls = pid, path, []

    def _traced(self):
        with open("/proc/%d/status" % self.pid) as f:
            return not re.search(r"^TracerPid:\t0$", f.read(), re.M)

    def __enter__(self):
        self.strace = subprocess.Popen(["strace", "-f", "-o", self.path, "-p", str(self.pid)], stderr=subprocess.DEVNULL)
        end = time.monotonic() + ATTACH_SECONDS
        while not self._traced():
            if time.monotonic() > end or self.strace.poll() is not None:
                self.__exit__()
                raise Skipped("strace cannot attach")
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait()
        if os.path.exists(self.path):
            with open(self.path) as f:
                self.calls = [m[1] for m in (re.match(r"\d+ +(\w+)\(", line) for line in f) if m]


def traced_appends(bench, server):
    """Names of the system calls of that many APPENDs."""
    server.wait_idle()
    with Scratch(server, "Appended") as session:
        pids = server.session_pids()
        if len(pids) != 1:
            raise Skipped("its session process was not found")
        letter = bench.boxes.small_letter
        session.append("Appended", [letter])
        with Trace(pids[0], os.path.join(bench.image.dir, "trace")) as trace:
            for _ in range(TRACED_APPENDS):
                session.append("Appended", [letter])
    Scratch.forget(server, "Appended")
    return trace.calls


@row("append-syncs", "syncs of an APPEND", size="", most=3, unit="syncs")
def _(bench, server):
    return sum(call in SYNCS for call in traced_appends(bench, server)) / TRACED_APPENDS


@row("append-calls", "system calls of an APPEND", size="", unit="calls")
def _(bench, server):
    return len(traced_appends(bench, server)) / TRACED_APPENDS
