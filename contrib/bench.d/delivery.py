"""delivery.py - contrib/bench --delivery: this server beside Debian's Postfix, as it comes and with in_flow_delay = 0, over the same accounts
and messages, all on one journaled image.

Sending ends when the last message lies in new/ of its Maildir (or has reached smtp-sink), not when it is acknowledged."""
import argparse
import base64
import fnmatch
import os
import re
import signal
import statistics
import subprocess
import sys
import time

import report
import smtpload
from image import Image, ImageError
from relays import PosthouseRelay, Postfix
from rows import Row
from rows_login import all_cpu
from servers import PASSWORD, free_base

ACCOUNTS = ["anna"] + ["u%d" % n for n in range(1, 50)]
SECONDS = 240
ROWS = []


def row(key, what, bar=None, most=None, unit="s"):
    def add(function):
        ROWS.append(Row(key, what, "", bar, most, unit, function))
        return function
    return add


def letter(size):
    head = "From: Anna <anna@localhost>\r\nTo: you@localhost\r\nSubject: measured\r\nMessage-ID: <1@example.org>\r\n\r\n"
    line = "The quick brown fox jumps over the lazy dog, and nobody minds it.\r\n"
    return (head + line * ((size - len(head)) // len(line)) + ".\r\n").encode()


def one_of(n):
    return ["%s@localhost" % ACCOUNTS[n % len(ACCOUNTS)]]


def everybody(n):
    return ["%s@localhost" % name for name in ACCOUNTS]


def until(condition, what):
    end = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(what)
        time.sleep(0.002)


class Outcome:
    """What a run of deliveries came to."""

    def __init__(self, bench, server, count, connections, size, recipients=one_of):
        server.empty()
        bench.image.settle()
        wanted = count * len(recipients(0))
        cpu, written = all_cpu(server), bench.written()
        start, self.waits = smtpload.send(server.address, count, connections, recipients, letter(size))
        until(lambda: server.delivered() >= wanted, "not all was delivered")
        self.seconds = time.perf_counter() - start
        self.cpu = (all_cpu(server) - cpu) / count
        bench.image.settle()
        self.written = (bench.written() - written) / count
        if server.delivered() != wanted:
            raise RuntimeError("%d files for %d deliveries" % (server.delivered(), wanted))


def per_message(count, connections, size):
    def measure(bench, server):
        n = max(connections, bench.count(count))
        outcome = Outcome(bench, server, n, connections, size)
        seconds = type("Seconds", (float,), {})(outcome.seconds / n)
        seconds.cpu = outcome.cpu
        return seconds
    return measure


row("deliver-10", "10 KB into Maildirs, 10 connections: per message", bar=3)(per_message(2000, 10, 10240))
row("deliver-1", "1 connection", bar=2)(per_message(500, 1, 10240))
row("deliver-50", "50 connections", bar=4)(per_message(2500, 50, 10240))
row("deliver-1k", "1 KB, 10 connections", bar=3)(per_message(2000, 10, 1024))
row("deliver-100k", "100 KB, 10 connections", bar=2.5)(per_message(1000, 10, 102400))


@row("deliver-50m", "one message of 50 MB", bar=2)
def _(bench, server):
    return statistics.median(Outcome(bench, server, 1, 1, (1 if bench.args.quick else 50) << 20).seconds for _ in range(1 if bench.args.quick else 3))


@row("deliver-to-50", "one message to 50 recipients here", bar=2)
def _(bench, server):
    Outcome(bench, server, 1, 1, 10240, everybody)  # deliverers are there, as on a machine that has mail
    return statistics.median(Outcome(bench, server, 1, 1, 10240, everybody).seconds for _ in range(1 if bench.args.quick else 10))


@row("deliver-cpu", "server CPU per message, 10 KB, 10 connections", most=0.8, unit="ms")
def _(bench, server):
    return Outcome(bench, server, bench.count(2000), 10, 10240).cpu * 1000


@row("deliver-p99", "99th of 100 acknowledgements, 10 connections")
def _(bench, server):
    waits = sorted(Outcome(bench, server, bench.count(2000), 10, 10240).waits)
    return waits[len(waits) * 99 // 100]


def bytes_written(size):
    return lambda bench, server: Outcome(bench, server, bench.count(1000), 10, size).written / 1024


row("deliver-written", "written to disk per message of 10 KB", bar=2, unit="KiB")(bytes_written(10240))
row("deliver-written-100k", "of 100 KB", bar=2, unit="KiB")(bytes_written(102400))


def calls(bench, server, only, count, connections):
    """Calls of all its processes while messages go in, by strace."""
    path = os.path.join(bench.image.dir, "strace")
    tracer = subprocess.Popen(["strace", "-f", "-q", "-c", "-o", path] + (["-e", "trace=" + only] if only else []) +
                              [w for pid in server.pids() for w in ("-p", str(pid))], stderr=subprocess.DEVNULL)
    time.sleep(1)
    Outcome(bench, server, count, connections, 10240)
    time.sleep(0.5)
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    with open(path) as f:
        total = [line.split() for line in f if line.endswith(" total\n")]
    return int(total[0][3]) / count if total else 0


@row("deliver-calls", "system calls per message, 10 connections", most=80, unit="")
def _(bench, server):
    Outcome(bench, server, 50, 10, 10240)
    return calls(bench, server, None, 20 if bench.args.quick else 400, 10)


@row("deliver-syncs", "syncs per message, 1 connection", most=2, unit="")
def _(bench, server):
    Outcome(bench, server, 50, 1, 10240)
    return calls(bench, server, "fsync,fdatasync,sync_file_range", 20 if bench.args.quick else 200, 1)


@row("deliver-syncs-10", "syncs per message, 10 connections", most=2, unit="")
def _(bench, server):
    Outcome(bench, server, 50, 10, 10240)
    return calls(bench, server, "fsync,fdatasync,sync_file_range", 20 if bench.args.quick else 400, 10)


@row("smarthost-10", "10 KB to a smarthost, 10 connections: per message", bar=2)
def _(bench, server):
    count = bench.count(1000)
    auth = base64.b64encode(("\0anna\0" + PASSWORD).encode()) if server.name == "posthouse" else None
    before = bench.sunk()
    start, _ = smtpload.send(server.submission, count, 10, lambda n: ["x%d@example.net" % n], letter(10240), auth)
    until(lambda: bench.sunk() - before >= count, "not all reached the smarthost: %d of %d" % (bench.sunk() - before, count))
    return (time.perf_counter() - start) / count


class Delivery:
    """What rows may use: the image, the sink, the servers."""

    def __init__(self, args):
        self.args, self.servers, self.sink, self.notes = args, [], None, []
        self.image = Image(3072, args.dir)

    def count(self, n):
        return 20 if self.args.quick else n

    def prepare(self):
        port = free_base(2)
        self.sink_log = open(os.path.join(self.image.dir, "sunk"), "w+b")
        self.sink = subprocess.Popen(["smtp-sink", "-u", "nobody", "-c", "127.0.0.1:%d" % port, "100"], stdout=self.sink_log, stderr=subprocess.STDOUT)
        time.sleep(0.3)
        with open("/proc/mounts") as f:
            device = next(line.split()[0] for line in f if line.split()[1] == self.image.path)
        self.stat = "/sys/block/%s/stat" % os.path.basename(device)
        for name in self.args.servers.split(","):
            homes, work = os.path.join(self.image.path, name), os.path.join(self.image.dir, name)
            os.mkdir(homes)
            os.chmod(homes, 0o755)
            self.servers.append(PosthouseRelay(homes, work, ACCOUNTS, port, self.args.build) if name == "posthouse" else
                                Postfix(homes, work, ACCOUNTS, name, port))
            self.servers[-1].start()

    def written(self):
        """Octets written to the image's device so far, journal and all."""
        with open(self.stat) as f:
            return int(f.read().split()[6]) * 512

    def sunk(self):
        self.sink_log.seek(0)
        found = re.findall(rb"mesg=(\d+)", self.sink_log.read())
        return int(found[-1]) if found else 0

    def measure(self, r):
        samples, notes = {server.name: [] for server in self.servers}, []
        for _ in range(self.args.rounds):
            for server in self.servers:
                try:
                    samples[server.name].append(r.function(self, server))
                except (smtpload.LoadError, OSError, RuntimeError) as why:
                    notes.append("%s: %s" % (server.name, why))
        return report.result(r, {}, samples, notes)

    def close(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for server in self.servers:
            server.stop()
        if self.sink:
            self.sink.kill()
            self.sink.wait()
        self.image.remove()


def options(words):
    parser = argparse.ArgumentParser(description="Measure delivery beside Postfix.", prog="bench --delivery")
    parser.add_argument("--rows", default="*")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a few messages, one round: shows that it works, measures nothing")
    parser.add_argument("--servers", default="posthouse,postfix,postfix-nodelay")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--build", metavar="DIR")
    parser.add_argument("--dir", metavar="DIR", default="/var/tmp")
    parser.add_argument("--list", action="store_true")
    chosen = parser.parse_args(words)
    if chosen.quick:
        chosen.rounds = 1
    return chosen


def interrupted(signo, frame):
    raise KeyboardInterrupt


def main(words):
    args = options(words)
    wanted = [r for r in ROWS if any(fnmatch.fnmatch(r.key, p) for p in args.rows.split(","))]
    if args.list:
        for r in wanted:
            print("%-26s %s" % (r.key, r.what))
        return 0
    if os.geteuid() != 0:
        sys.exit("bench: must be root: it mounts a file system image on a loop device")
    signal.signal(signal.SIGTERM, interrupted)
    bench = None
    try:
        bench = Delivery(args)
        bench.prepare()
        names = [server.name for server in bench.servers]
        report.print_head(names)
        results = []
        for r in wanted:
            results.append(bench.measure(r))
            report.print_row(results[-1], names)
            if args.json:
                report.write_json(args.json, {k: v for k, v in vars(args).items() if k != "json"}, results)
    except (ImageError, OSError, RuntimeError) as why:
        sys.exit("bench: %s" % why)
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    finally:
        if bench:
            bench.close()
    return 0
