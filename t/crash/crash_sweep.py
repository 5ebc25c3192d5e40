#!/usr/bin/env python3
"""crash_sweep.py - the sweep: each operation of crash_driver is disturbed at each of its system calls, and what is left is checked.

  crash_sweep.py [--jobs N] [--kinds kill,error] [--every N] [OPERATION ...]

kill    the process is killed between any two system calls
error   each system call fails with each of ERRORS, and each write is cut short

Each time what is left is checked (crash_check.py), then the operation is done again and all is checked again. --every N takes
each N-th call only. The directory is kept with KEEP=1 in the environment.
"""
import argparse
import errno
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crash_maildir
from crash_check import PLANS, Claims, check_disk, check_look, check_untouched

BUILD = os.environ.get("top_builddir", ".")
DRIVER, INJECT = (os.path.join(BUILD, "t/crash", name) for name in ("crash_driver", "crash_inject"))
ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EMFILE", "EINTR")
FAILURES_SHOWN = 10


def spawn(arguments, ack, out):
    """Run a program with its acknowledgements and output in files; its exit status (negative: a signal)."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    actions = [(os.POSIX_SPAWN_OPEN, 1, out, flags, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2),
               (os.POSIX_SPAWN_OPEN, 3, ack, flags, 0o600)]
    pid = os.posix_spawn(arguments[0], arguments, os.environ, file_actions=actions)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def lines_of(path):
    with open(path) as f:
        return f.read().split("\n")[:-1]


class Sweep:
    """One operation, in a directory of its own."""

    def __init__(self, plan, place, every):
        self.plan, self.place, self.every = plan, os.path.join(place, plan.name), every
        self.points = {}
        self.failures = []
        self.runs = 0
        os.mkdir(self.place)
        self.template = os.path.join(self.place, "template")
        crash_maildir.make(self.template, plan.folders)

    def fresh(self):
        self.runs += 1
        root = os.path.join(self.place, "run%d" % self.runs)
        crash_maildir.copy(self.template, root)
        return root

    def disturb(self, root, how):
        """Run the operation under crash_inject: the number of the call that was hit or None, and the claims."""
        ack, out = root + ".ack", root + ".out"
        spawn([INJECT, *how, "--", DRIVER, root, self.plan.name], ack, out)
        words = dict(line.split(" ", 1) for line in lines_of(out))
        claims = Claims(lines_of(ack))
        self.calls = int(words.get("calls", 0))
        self.status = words.get("exit") or "signal " + words.get("signal", "?")
        return words.get("hit"), claims

    def try_again(self, root, before):
        """The operation a second time, as a user would: it works, and everything promised is still there."""
        ack, out = root + ".ack2", root + ".out2"
        status = spawn([DRIVER, root, "recover", self.plan.name], ack, out)
        after = Claims(lines_of(ack))
        assert status >= 0, "the second attempt was ended by signal %d (a lock that blocks?)" % -status
        assert status == 0 or (after.failed or "").startswith(self.plan.again or "-"), \
            "the second attempt failed: %s" % after.failed
        if after.failed:
            spawn([DRIVER, root, "recover", "look"], ack, out)
            after = Claims(lines_of(ack))
        disk = check_disk(self.plan, root, after, most=2)
        check_disk(self.plan, root, before, most=2)
        check_look(disk, after)

    def attempt(self, kind, what, root, function):
        self.points[kind] = self.points.get(kind, 0) + 1
        try:
            function()
        except Exception as problem:
            self.failures.append("%s, %s: %s" % (self.plan.name, what, problem if isinstance(problem, AssertionError) else repr(problem)))
            if os.environ.get("KEEP"):
                self.failures[-1] += " [%s]" % root
                return
        shutil.rmtree(root, ignore_errors=True)

    def kill(self):
        n = 1 - self.every
        hit = True
        while hit:
            n += self.every
            root = self.fresh()
            hit, claims = self.disturb(root, ["kill", str(n)])

            def check():
                check_disk(self.plan, root, claims)
                self.try_again(root, claims)
            self.attempt("kill", "killed before call %d" % n, root, check)

    def failed_call(self, n, word, how):
        root = self.fresh()
        hit, claims = self.disturb(root, how)

        def check():
            assert claims.leak is None, claims.leak
            disk = check_disk(self.plan, root, claims)
            if claims.failed:
                check_untouched(self.plan, disk, claims)
            self.try_again(root, claims)
        if hit:
            self.attempt("error", "call %d (number %s) %s, exit %s" % (n, hit, word, self.status), root, check)
        else:
            shutil.rmtree(root)
        return hit

    def error(self):
        n = 1 - self.every
        hit = True
        while hit:
            n += self.every
            for name in ERRORS:
                hit = self.failed_call(n, "fails with " + name, ["error", str(n), str(getattr(errno, name))])
            self.failed_call(n, "cut short", ["short", str(n)])


def sweep(job):
    plan, kinds, place, every = job
    began = time.monotonic()
    s = Sweep(plan, place, every)
    for kind in kinds:
        getattr(s, kind)()
    if not s.failures and not os.environ.get("KEEP"):
        shutil.rmtree(s.place)
    return plan.name, s.points, s.failures, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--kinds", default="kill,error")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("operations", nargs="*")
    options = parser.parse_args()
    plans = [p for p in PLANS if not options.operations or p.name in options.operations]
    if subprocess.run([INJECT], stderr=subprocess.PIPE).returncode == 77:
        print("the system calls of this machine are not known to crash_inject")
        return 77
    place = tempfile.mkdtemp(prefix="posthouse-crash-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    total = failed = 0
    with multiprocessing.Pool(options.jobs) as pool:
        for name, points, failures, seconds in pool.imap_unordered(
                sweep, [(p, options.kinds.split(","), place, options.every) for p in plans], chunksize=1):
            total += sum(points.values())
            failed += len(failures)
            print("%-16s %s  %d failed  (%.0f s)" % (
                name, "  ".join("%5d %s" % (n, kind) for kind, n in points.items()), len(failures), seconds), flush=True)
            for line in failures[:FAILURES_SHOWN]:
                print("    " + line)
    if not os.environ.get("KEEP"):
        shutil.rmtree(place, ignore_errors=True)
    print("%d points tried, %d failed" % (total, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
