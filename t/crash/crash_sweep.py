#!/usr/bin/env python3
"""crash_sweep.py - the sweep: each operation of crash_driver is disturbed at each of its system calls, and what is left is checked.

  crash_sweep.py [--jobs N] [--kinds kill,error,power] [--every N] [--seeds N] [OPERATION ...]

kill    the process is killed between any two system calls; the operation is done again, and the power fails
error   each system call fails with each of ERRORS, and each write is cut short; then the power fails too. What failed works the next
        time, in another session and in the same one
power   the power fails between any two changes of the disk, and what was not synced is lost in several ways (crash_power.py)

Each is done on a Maildir that the library has not seen yet, and on one that it knows (there EIO stands for all errors). Each time what is left is checked (crash_check.py), then the operation is done again and all is checked again. --every N takes
each N-th call only; --seeds N adds N random fates to the four fixed ones at each power cut. The directory is kept with KEEP=1 in the environment.
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
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crash_maildir
import crash_power
from crash_check import PLANS, Claims, check_disk, check_look, check_marks, check_untouched

BUILD = os.environ.get("top_builddir", ".")
DRIVER, INJECT, CRASH_FS = (os.path.join(BUILD, "t/crash", name) for name in ("crash_driver", "crash_inject", "crash_fs"))
ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EMFILE", "EINTR")
WRITES = ("1", "18")  # system calls that crash_inject can cut short
FAILURES_SHOWN = 10
WARM = {False: "", True: " (seen before)"}


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


class Mount:
    """crash_fs over a directory of its own; None where FUSE is not to be had."""

    def __init__(self, place):
        self.backing, self.log, self.point = (os.path.join(place, name) for name in ("backing", "log", "mount"))
        os.mkdir(self.backing)
        os.mkdir(self.point)
        self.process = subprocess.Popen([CRASH_FS, self.backing, self.log, self.point], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not os.path.ismount(self.point):
            assert self.process.poll() is None and time.monotonic() < deadline, "crash_fs does not mount %s" % self.point
            time.sleep(0.005)

    def end(self):
        subprocess.run(["fusermount3", "-u", self.point], check=True)
        self.process.wait()


class Run:
    """A fresh copy of the Maildir: where the driver finds it, where it lies, and the log of what is done to it."""

    def __init__(self, sweep, name, warm):
        mount = sweep.mount
        self.root = os.path.join(mount.point if mount else sweep.place, name)
        self.disk = os.path.join(mount.backing if mount else sweep.place, name)
        self.log, self.log_path = None, mount and mount.log
        origin = sweep.template
        crash_maildir.copy(origin, self.disk)
        if warm:
            spawn([DRIVER, self.root, "recover", "look"], self.disk + ".ack", self.disk + ".out")
            if mount:
                origin = self.disk + ".before"
                crash_maildir.copy(self.disk, origin)
        if mount:
            self.log = crash_power.Log(self.disk, sweep.options.ignore_syncs)
            self.log.keep_originals(origin, self.disk)
            os.truncate(mount.log, 0)

    def read_log(self):
        with open(self.log_path, "rb") as f:
            self.log.read(f.read(), os.stat(self.disk + ".ack").st_ino)

    def end(self):
        for name in (self.disk, self.disk + ".lost", self.disk + ".before"):
            shutil.rmtree(name, ignore_errors=True)


def settle_locks(root):
    """The machine has been off for longer than two seconds. The few octets of a lock are written wholly or not at all."""
    for path, _, names in os.walk(root):
        for name in names:
            if name.endswith(".lock"):
                with open(os.path.join(path, name), "r+b") as f:
                    if not f.read().endswith(b"\n"):
                        f.truncate(0)
                past = time.time() - 3
                os.utime(os.path.join(path, name), (past, past))


def another_boot(root):
    """The index says under which boot of the machine it was written."""
    path = os.path.join(root, "posthouse-index", "data.mdb")
    if os.path.exists(path):
        with open("/proc/sys/kernel/random/boot_id", "rb") as f:
            now = f.read().strip()
        with open(path, "r+b") as f:
            content = f.read()
            f.seek(0)
            f.write(content.replace(now, now[::-1]))


class Sweep:
    """One operation, in a directory of its own."""

    def __init__(self, plan, place, options):
        self.plan, self.place = plan, os.path.join(place, plan.name)
        self.options, self.every = options, options.every
        self.points = {}
        self.failures = []
        self.runs = 0
        self.mount = None
        os.mkdir(self.place)
        self.template = os.path.join(self.place, "template")
        crash_maildir.make(self.template, plan.folders)

    def fresh(self, warm):
        self.runs += 1
        return Run(self, "run%d" % self.runs, warm)

    def disturb(self, run, how, *mode):
        """Run the operation under crash_inject: the number of the call that was hit or None, and the claims."""
        ack, out = run.root + ".ack", run.disk + ".out"
        spawn([INJECT, *how, "--", DRIVER, run.root, *mode, self.plan.name], ack, out)
        words = dict(line.split(" ", 1) for line in lines_of(out))
        claims = Claims(lines_of(run.disk + ".ack"))
        self.calls = int(words.get("calls", 0))
        self.status = words.get("exit") or "signal " + words.get("signal", "?")
        return words.get("hit"), claims

    def check_second(self, root, claims):
        """A second attempt did what is asked, or says that there is nothing left to do."""
        if claims.failed:
            word, done = self.plan.again or (None, None)
            assert word and claims.failed.startswith(word) and done(crash_maildir.Disk(root)), \
                "the second attempt failed: %s" % claims.failed

    def try_again(self, root, before, disk=None):
        """The operation a second time, as a user would: it works, and everything promised is still there. disk: where root's
        files lie, if the driver is to find them on the mount. Returns what the second attempt acknowledged."""
        disk = disk or root
        ack, out = root + ".ack2", disk + ".out2"
        status = spawn([DRIVER, root, "recover", self.plan.name], ack, out)
        lines = lines_of(disk + ".ack2")
        after = Claims(lines)
        assert status >= 0, "the second attempt was ended by signal %d (a lock that blocks?)" % -status
        self.check_second(disk, after)
        if after.failed:
            spawn([DRIVER, root, "recover", "look"], ack, out)
            after = Claims(lines_of(disk + ".ack2"))
        there = check_disk(self.plan, disk, after, most=2)
        check_disk(self.plan, disk, before, most=2)
        check_look(there, after)
        return Claims(lines[:lines.index("look")] if "look" in lines else [])

    def attempt(self, kind, what, root, function):
        self.points[kind] = self.points.get(kind, 0) + 1
        try:
            function()
        except Exception as problem:
            self.failures.append("%s, %s: %s" % (self.plan.name, what, problem if isinstance(problem, AssertionError) else repr(problem)))
            if os.environ.get("KEEP"):
                self.failures[-1] += " [%s]" % root

    def check_lost(self, run, claims):
        """Now the power fails, too."""
        if not run.log:
            return
        run.read_log()
        run.log.make(run.log.disk(run.log.length, crash_power.NOTHING), run.disk + ".lost")
        check_marks(check_disk(self.plan, run.disk + ".lost", claims, most=2), claims)

    def kill(self):
        for warm in (False, True):
            n = 1 - self.every
            hit = True
            while hit:
                n += self.every
                run = self.fresh(warm)
                hit, claims = self.disturb(run, ["kill", str(n)])

                def check():
                    check_marks(check_disk(self.plan, run.disk, claims), claims)
                    second = self.try_again(run.root, claims, run.disk)
                    self.check_lost(run, second)
                self.attempt("kill", "killed before call %d%s" % (n, WARM[warm]), run.disk, check)
                run.end()

    # ---- errors ----

    def failed_call(self, n, word, how, warm, stubborn=False):
        run = self.fresh(warm)
        hit, claims = self.disturb(run, how, *(["stubborn"] if stubborn else []))

        def check():
            assert claims.leak is None, claims.leak
            disk = check_disk(self.plan, run.disk, claims, 2 if stubborn else 1)
            if stubborn:
                self.check_second(run.disk, claims)
            elif claims.failed:
                check_untouched(self.plan, disk, claims)
            if not stubborn:  # a second attempt builds on what it sees, and a failed sync has been reported
                self.check_lost(run, claims)
            self.try_again(run.disk, claims)
        if hit:
            self.attempt("error", "call %d (number %s) %s%s, exit %s" % (n, hit, word, WARM[warm], self.status), run.disk, check)
        run.end()
        return hit

    def error(self):
        for warm, errors in ((False, ERRORS), (True, ERRORS[:1])):
            n = 1 - self.every
            hit = True
            while hit:
                n += self.every
                for name in errors:
                    hit = self.failed_call(n, "fails with " + name, ["error", str(n), str(getattr(errno, name))], warm)
                self.failed_call(n, "fails with EIO in a session that tries again", ["error", str(n), str(errno.EIO)], warm, True)
                if hit in WRITES:
                    self.failed_call(n, "cut short", ["short", str(n)], warm)

    # ---- power ----

    def power(self):
        for warm in (False, True) if self.mount else ():
            self.lose_power(warm)

    def lose_power(self, warm):
        run = self.fresh(warm)
        _, whole = self.disturb(run, ["kill", "1000000000"])
        assert whole.failed is None, whole.failed
        run.read_log()
        seen = set()
        for cut in range(run.log.length, run.log.index_of(b"begin\n"), -1):
            claims = Claims(run.log.acknowledged(cut))
            for fate in (*crash_power.FATES, *(crash_power.Chance("%d.%d" % (cut, seed)) for seed in range(self.options.seeds))):
                self.lose(run, cut, fate, claims, seen, WARM[warm])
        run.end()

    def lose(self, run, cut, fate, claims, seen, warm):
        """The later a cut, the more is acknowledged: a disk that was found good then is good now."""
        disk = run.log.disk(cut, fate)
        signature = run.log.signature(disk)
        root = run.disk + ".lost"

        def check():
            if signature in seen:
                return
            seen.add(signature)
            self.points["disks"] = self.points.get("disks", 0) + 1
            run.log.make(disk, root)
            settle_locks(root)
            another_boot(root)
            check_marks(check_disk(self.plan, root, claims), claims)
            self.try_again(root, claims)
        self.attempt("power", "power cut before record %d, %s%s" % (cut, fate.name, warm), root, check)
        shutil.rmtree(root, ignore_errors=True)


def sweep(job):
    name, place, options = job
    plan = next(p for p in PLANS if p.name == name)
    began = time.monotonic()
    s = Sweep(plan, place, options)
    try:
        for kind in options.kinds.split(","):
            if options.fuse and not s.mount:
                s.mount = Mount(s.place)
            getattr(s, kind)()
    except Exception:
        s.failures.append("%s: the sweep itself broke: %s" % (name, traceback.format_exc()))
    finally:
        if s.mount:
            s.mount.end()
    if not s.failures and not os.environ.get("KEEP"):
        shutil.rmtree(s.place)
    return plan.name, s.points, s.failures, time.monotonic() - began


def no_fuse():
    """Why there are no power cuts, or None."""
    if not os.path.exists(CRASH_FS):
        return "crash_fs is not built: libfuse3 was missing when configure ran (on Debian: apt-get install libfuse3-dev fuse3)"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK) or not shutil.which("fusermount3"):
        return "FUSE is not to be had here: /dev/fuse or fusermount3 is missing"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=2 * os.cpu_count())
    parser.add_argument("--kinds", default="kill,error,power")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--ignore-syncs", action="store_true")
    parser.add_argument("operations", nargs="*")
    options = parser.parse_args()
    plans = [p for p in PLANS if not options.operations or p.name in options.operations]
    if "error" in options.kinds and b"__asan_init" in open(DRIVER, "rb").read():
        print("sanitizers make system calls of their own, and do not bear that those fail")
        return 77
    if subprocess.run([INJECT], stderr=subprocess.PIPE).returncode == 77:
        print("the system calls of this machine are not known to crash_inject")
        return 77
    missing = no_fuse()
    options.fuse = not missing
    if missing and options.kinds == "power":
        print(missing)
        return 77
    if missing:
        print("no power cuts: " + missing)
    place = tempfile.mkdtemp(prefix="posthouse-crash-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    total = failed = 0
    with multiprocessing.Pool(options.jobs) as pool:
        for name, points, failures, seconds in pool.imap_unordered(
                sweep, [(p.name, place, options) for p in plans], chunksize=1):
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
