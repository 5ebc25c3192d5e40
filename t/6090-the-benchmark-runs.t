#!/usr/bin/env python3
# contrib/bench measures every row with every server, tells the truth about the bars, and leaves nothing behind.
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

import atexit
import email
import signal
import statistics
import xml.dom.minidom

BENCH = os.path.join(TOP, "contrib", "bench")
sys.path.insert(0, BENCH + ".d")
sys.dont_write_bytecode = True
if not ROOT:
    skip_all("needs root, to mount an image")
if not shutil.which("dovecot") or not os.path.exists("/usr/lib/dovecot/imap"):
    skip_all("needs dovecot-imapd")
from image import Image, ImageError
from mail import LARGEST, Mail, SMALLEST

place = tempfile.mkdtemp(prefix="posthouse-test-")
os.chmod(place, 0o755)
atexit.register(shutil.rmtree, place, True)
try:
    Image(64, place).remove()
except ImageError as why:
    skip_all("cannot mount an image: %s" % why)
json_file, svg_file = os.path.join(place, "json"), os.path.join(place, "svg")
COMMAND = [BENCH, "--quick", "--build", BUILD, "--dir", place]
# What a server may be unable to do yet, or ever; everything else has to be measured.
MAY_BE_SKIPPED = {("append-syncs", "*"), ("append-calls", "*"), ("logged-out-memory-tls", "dovecot")} | {("tls%d-resumed" % v, s) for v in (12, 13) for s in ("dovecot", "dovecot-hp")}


def whole():
    with open(json_file) as f:
        return json.load(f)


def left_behind():
    """Mounts, processes and directories of a bench that has ended."""
    found = [line for line in open("/proc/mounts") if place in line] + [n for n in os.listdir(place) if n.startswith("posthouse-bench-")]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if place.encode() in open("/proc/%s/cmdline" % pid, "rb").read():
                found.append("process " + pid)
        except OSError:
            pass
    return found


@test("every row is measured with all three servers, or the JSON says why not")
def _():
    bench = subprocess.Popen(COMMAND + ["--syncs", "--json", json_file, "--chart", svg_file], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        errors = bench.communicate(timeout=300)[1].decode()
    except subprocess.TimeoutExpired:
        bench.send_signal(signal.SIGINT)  # so that it removes what it has made
        errors = "it took too long; " + repr(bench.communicate()[0][-300:])
    equal(bench.returncode, 0, errors)
    listed = subprocess.run([BENCH, "--list"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    rows = whole()["rows"]
    equal([r["key"] for r in rows], [line.split()[0] for line in listed])
    check(len(rows) >= 24, "only %d rows" % len(rows))
    for r in rows:
        for server in ("posthouse", "dovecot", "dovecot-hp"):
            value = r["values"][server]
            if value is None and MAY_BE_SKIPPED & {(r["key"], server), (r["key"], "*")}:
                check(any(note.startswith(server + ": ") for note in r["notes"]), "%s says not why" % r["key"])
                continue
            check(value and len(value["samples"]) == 1 and value["median"] > 0, "%s of %s: %r, %r" % (r["key"], server, value, r["notes"]))


@test("ratios are to the faster Dovecot, and verdicts follow from the bars")
def _():
    for r in whole()["rows"]:
        ours = r["values"]["posthouse"]
        if not ours:
            equal(r["verdict"], "skipped")
            continue
        others = [r["values"][s]["median"] for s in ("dovecot", "dovecot-hp") if r["values"][s]]
        if not others:
            equal(r["ratio"], None)
            continue
        check(abs(r["ratio"] * ours["median"] / min(others) - 1) < 1e-6, "ratio of " + r["key"])
        if r["most"] is not None:
            equal(r["verdict"], "met" if ours["median"] <= r["most"] else "MISSED", r["key"])
        elif r["bar"] is not None:
            equal(r["verdict"], "met" if r["ratio"] >= r["bar"] else "MISSED", r["key"])


@test("the chart is well-formed and shows each row that has a ratio")
def _():
    texts = [t.firstChild.data for t in xml.dom.minidom.parse(svg_file).getElementsByTagName("text")]
    for r in whole()["rows"]:
        if r["ratio"] is not None:
            check(any(r["what"] in t for t in texts), "%r is not in the chart" % r["what"])


@test("nothing is left of it when it has ended")
def _():
    equal(left_behind(), [])


@test("interrupted in the middle, it leaves nothing either")
def _():
    bench = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for line in bench.stdout:
        if line.startswith(b"row "):  # the servers are up
            break
    check(left_behind(), "there is nothing to clean up yet")
    bench.send_signal(signal.SIGINT)
    equal(bench.wait(60), 130)
    bench.stdout.close()
    equal(left_behind(), [])


@test("an ordinary user is told that it needs root")
def _():
    if not build_is_open_to(61900):
        skip("the tree is closed to other users")
    done = subprocess.run(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, user=61900, group=61900, extra_groups=[])
    check(done.returncode not in (0, 130) and b"must be root" in done.stderr, done.stderr.decode())


@test("letters are the same for the same seed, whole, and of the sizes that are promised")
def _():
    one, two, other = Mail(7), Mail(7), Mail(8)
    letters = [one.letter(n) for n in range(600)]
    equal(two.letter(599), letters[599])
    check(other.letter(599) != letters[599], "the seed changes nothing")
    sizes = sorted(map(len, letters))
    check(sizes[0] >= SMALLEST and sizes[-1] <= LARGEST + 4096, "sizes from %d to %d" % (sizes[0], sizes[-1]))
    check(2500 < sizes[300] < 6000 and 8000 < statistics.mean(sizes) < 17000, "median %d" % sizes[300])
    kinds = set()
    for letter in letters:
        parsed = email.message_from_bytes(letter)
        check(parsed["From"] and parsed["Date"] and parsed["Message-ID"] and not parsed.defects, repr(letter[:2000]))
        kinds |= {part.get_content_type() for part in parsed.walk()}
        check(b"\r" not in letter, "a CR")
    check({"text/plain", "text/html", "multipart/alternative", "multipart/mixed", "message/rfc822", "application/pdf"} <= kinds, str(kinds))


run()
