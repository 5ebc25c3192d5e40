#!/usr/bin/env python3
# contrib/bench --delivery measures both servers, tells the truth about the bars, and leaves nothing behind.
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import json
from posthouse import *

BENCH = os.path.join(TOP, "contrib", "bench")
sys.path.insert(0, BENCH + ".d")
sys.dont_write_bytecode = True
if not ROOT:
    skip_all("needs root, to mount an image")
if not shutil.which("postfix") or not shutil.which("smtp-sink"):
    skip_all("needs postfix")
from image import Image, ImageError

place = tempfile.mkdtemp(prefix="posthouse-test-")
os.chmod(place, 0o755)
atexit.register(shutil.rmtree, place, True)
try:
    Image(64, place).remove()
except ImageError as why:
    skip_all("cannot mount an image: %s" % why)
ROWS = ["deliver-10", "deliver-to-50", "deliver-written", "deliver-cpu", "smarthost-10"]


@test("rows are measured with both servers, and verdicts follow from the bars")
def _():
    path = os.path.join(place, "json")
    done = subprocess.run([BENCH, "--delivery", "--quick", "--build", BUILD, "--dir", place, "--json", path, "--rows", ",".join(ROWS),
                           "--servers", "posthouse,postfix"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    equal(done.returncode, 0, done.stdout.decode())
    with open(path) as f:
        rows = json.load(f)["rows"]
    equal(sorted(r["key"] for r in rows), sorted(ROWS))
    for r in rows:
        ours, other = r["values"]["posthouse"], r["values"]["postfix"]
        check(ours and other, "%s: %r" % (r["key"], r["notes"]))
        if r["most"] is not None:
            equal(r["verdict"], "met" if ours["median"] <= r["most"] else "MISSED", r["key"])
        elif r["bar"] is not None:
            equal(r["verdict"], "met" if other["median"] / ours["median"] >= r["bar"] else "MISSED", r["key"])


@test("nothing is left of it")
def _():
    found = [line for line in open("/proc/mounts") if place in line] + [n for n in os.listdir(place) if n.startswith("posthouse-bench-")]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if place.encode() in open("/proc/%s/cmdline" % pid, "rb").read():
                found.append("process " + pid)
        except OSError:
            pass
    equal(found, [])


run()
