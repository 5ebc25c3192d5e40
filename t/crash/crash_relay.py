#!/usr/bin/env python3
"""crash_relay.py - the relay's sweep: its queue (or deliverer) is killed before, or made to fail at, each system call of the way of a message.

  crash_relay.py [--every N] [--offset N] [--kinds kill,error] [--jobs-shown N] [SCENARIO ...]

The real daemons serve; strace disturbs the running process at the K-th call of a name from the moment on at which it was attached, for each name
and K that an undisturbed run of the scenario shows. The scenarios: here (delivered in the transaction), many (through the spool to Maildirs),
away (spool, smarthost), bounce (spool, refused by the smarthost, report).

Afterwards: whatever was acknowledged arrives, whole; in Maildirs once; nothing is left in the spool; nothing was set aside; and after an error, which
is not told with 250 unless the message arrives, the process holds as many descriptors as before."""
import argparse
import collections
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from posthouse import *
from smarthost import Smarthost

MANY = ["m%d" % n for n in range(21)]
BODY = "a line of the message\r\n" * 1200
# What touches the disk, other processes, or memory for messages. Waiting and reading clocks are no points of their own.
CALLS = ("openat,read,write,pread64,pwrite64,fsync,fdatasync,linkat,renameat2,unlinkat,ftruncate,memfd_create,fcntl,fchmod,close,sendmsg,recvmsg,"
         "newfstatat,fstat,faccessat2,mmap")
ERRORS = {"openat": "EMFILE", "write": "ENOSPC", "pwrite64": "ENOSPC", "fsync": "EIO", "fdatasync": "EIO", "linkat": "ENOSPC", "renameat2": "EIO",
          "unlinkat": "EIO", "ftruncate": "EIO", "memfd_create": "EMFILE", "pread64": "EIO"}
SETTLE_SECONDS = 30


class Relay:
    def __init__(self):
        self.host = Smarthost(extensions=("PIPELINING",)).up()
        self.box = Sandbox(users=["anna", "ben"] + MANY, conf="""relay { smarthost = "127.0.0.1:%d" smarthost_tls = "none" retry_first = 1
            retry_max = 1 }\n""" % self.host.port)
        self.queue = os.path.join(self.box.dir, "box", "spool", "queue")
        self.number = 0
        self.acknowledged = []  # (number, scenario)
        self.repeats = 0

    def recipients(self, scenario):
        return {"here": ["ben"], "many": ["%s@localhost" % name for name in MANY], "away": ["x@example.net"],
                "bounce": ["bad@n%d.example.net" % self.number]}[scenario]

    def send(self, scenario):
        """True if it was acknowledged, by SMTP from here or by the sendmail command for elsewhere."""
        self.number += 1
        text = "Subject: n%d.\r\n\r\n%sEND\r\n" % (self.number, BODY)
        try:
            if scenario in ("away", "bounce"):
                done = subprocess.run([self.box["sendmail"], "-i", "-f", "anna@localhost"] + self.recipients(scenario),
                                      input=text.replace("\r\n", "\n").encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
                taken = done.returncode == 0
            else:
                taken = send(self.box, self.recipients(scenario), body=text).startswith("250")
        except Exception:  # the connection broke off
            taken = False
        if taken:
            self.acknowledged.append((self.number, scenario))
        return taken

    def pid(self, program):
        found = self.box.children(program)
        return found[0] if found else None

    def settled(self):
        return [n for n in os.listdir(self.queue) if len(n) == 20] == []

    def descriptors(self):
        pid = self.pid("posthouse-queue")
        links = [os.readlink("/proc/%d/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%d/fd" % pid)]
        return collections.Counter("memfd" if "memfd" in l else "spool" if "/spool/" in l else "other" for l in links)

    def numbers(self, messages):
        found = collections.Counter()
        for m in messages:
            text = m.decode("latin-1").replace("\r\n", "\n")
            report = "multipart/report" in text
            number = re.search(r"^Final-Recipient: rfc822; bad@n(\d+)\." if report else r"^Subject: n(\d+)\.$", text, re.M)
            if number and not report:
                check(text.endswith("\n\n" + BODY.replace("\r\n", "\n") + "END\n"), "message %s in part" % number.group(1))
                found[int(number.group(1))] += 1
            elif number:
                found[-int(number.group(1))] += 1
        return found

    def verify(self):
        eventually(self.settled, SETTLE_SECONDS, "the spool does not get empty: %r" % os.listdir(self.queue))
        ben, anna = self.numbers(self.box.user("ben").messages()), self.numbers(self.box.user("anna").messages())
        away = self.numbers(m[2] for m in self.host.messages)
        many = [self.numbers(self.box.user(name).messages()) for name in MANY]
        for number, scenario in self.acknowledged:
            for found in {"here": [ben], "many": many, "away": [away], "bounce": []}[scenario]:
                check(found[number], "message %d (%s) was acknowledged and is lost" % (number, scenario))
            if scenario == "bounce":
                check(anna[-number], "nobody was told of message %d" % number)
        for found in [ben] + many:
            double = [n for n, times in found.items() if times > 1]
            check(not double, "delivered twice to one Maildir: %r" % double)
        self.repeats += sum(times - 1 for times in away.values() if times > 1)
        equal(os.listdir(os.path.join(self.queue, "..", "damaged")), [], "set aside")


def status(pid):
    try:
        return open("/proc/%d/status" % pid).read()
    except OSError:
        return ""


def attach(pid, words, log="/dev/null"):
    tracer = subprocess.Popen(["strace", "-f", "-q", "-o", log, "-p", str(pid)] + words, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while "TracerPid:\t%d\n" % tracer.pid not in status(pid):
        if time.monotonic() > end or tracer.poll() is not None:
            raise AssertionError("strace could not be attached")
        time.sleep(0.005)
    time.sleep(0.02)  # all threads
    return tracer


def detach(tracer):
    if tracer.poll() is None:
        tracer.send_signal(signal.SIGINT)
    tracer.wait()


def points(relay, scenario, program):
    """[(name, K)] of an undisturbed run."""
    log = os.path.join(relay.box.dir, "strace")
    relay.send(scenario)
    relay.verify()
    tracer = attach(eventually(lambda: relay.pid(program), 10), ["-e", "trace=" + CALLS], log)
    relay.send(scenario)
    eventually(relay.settled, SETTLE_SECONDS)
    detach(tracer)
    with open(log) as f:
        names = collections.Counter(m.group(1) for m in re.finditer(r"^\d+ +(\w+)\(", f.read(), re.M))
    return [(name, k) for name in sorted(names) for k in range(1, names[name] + 1)]


def disturb(relay, scenario, program, kind, name, k):
    pid = eventually(lambda: relay.pid(program), 10, "%s does not come back" % program)
    before = relay.descriptors()
    what = "signal=SIGKILL" if kind == "kill" else "error=" + ERRORS[name]
    tracer = attach(pid, ["-e", "trace=" + name, "-e", "inject=%s:%s:when=%d" % (name, what, k)])
    relay.send(scenario)
    if kind == "error":
        eventually(relay.settled, SETTLE_SECONDS, "the spool does not get empty")
    else:
        end = time.monotonic() + 0.3
        while os.path.exists("/proc/%d" % pid) and time.monotonic() < end and not relay.settled():
            time.sleep(0.01)
    detach(tracer)
    if kind == "error" and relay.pid(program) == pid and program == "posthouse-queue":
        eventually(lambda: relay.descriptors()["memfd"] <= before["memfd"] and relay.descriptors()["spool"] <= before["spool"], 10,
                   "descriptors: %r, before %r" % (relay.descriptors(), before))


def sweep(relay, scenarios, kinds, every=1, offset=0, progress=None, program="posthouse-queue"):
    """Returns the number of points that were tried."""
    tried = 0
    for scenario in scenarios:
        for kind in kinds:
            chosen = [p for p in points(relay, scenario, program) if kind == "kill" or p[0] in ERRORS]
            for n, (name, k) in enumerate(chosen):
                if (n + offset) % every:
                    continue
                if progress:
                    progress("%s: %s at %s %d" % (scenario, kind, name, k))
                try:
                    disturb(relay, scenario, program, kind, name, k)
                    relay.verify()
                except AssertionError as why:
                    raise AssertionError("%s: %s at %s %d: %s" % (scenario, kind, name, k, why)) from None
                tried += 1
    return tried


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--kinds", default="kill,error")
    parser.add_argument("scenarios", nargs="*", default=["here", "many", "away", "bounce"])
    args = parser.parse_args()
    relay = Relay()
    try:
        tried = sweep(relay, args.scenarios, args.kinds.split(","), args.every, args.offset,
                      (lambda text: print("\r\033[K" + text, end="", file=sys.stderr, flush=True)) if sys.stderr.isatty() else None)
    except AssertionError as why:
        print("\n" + str(why) + "\n" + relay.box.log_text()[-3000:])
        return 1
    print("%d points, %d messages acknowledged, none lost, none in part, none twice in a Maildir, %d repeated at the smarthost" %
          (tried, len(relay.acknowledged), relay.repeats))
    return 0


if __name__ == "__main__":
    sys.exit(main())
