#!/usr/bin/env python3
# t/run-test, by which make check calls each test: what a test started ends with it, and a test that hangs ends as well.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

RUNNER = os.path.join(TOP, "t", "run-test")
DAEMON = "(setsid sleep 300 & echo $!; trap '' TERM; exec sleep 300) & "


def runner(script, limit=60):
    """Output, which ends only when nobody holds the pipe, and exit status."""
    done = subprocess.run([RUNNER, "sh", "-c", script], stdout=subprocess.PIPE, timeout=50,
                          env=dict(os.environ, TEST_SECONDS=str(limit)))
    return done.stdout.decode(), done.returncode


def gone(text):
    return not os.path.exists("/proc/" + re.search(r"^\d+$", text, re.M).group())


@test("the exit status of a test is passed on")
def _():
    equal(runner("echo 1..0; exit 3"), ("1..0\n", 3))


@test("daemons that outlive their test are killed, and hold no pipe")
def _():
    out, status = runner(DAEMON + "sleep 0.2; exit 0")
    equal(status, 0)
    check(gone(out), out)


@test("a test that hangs is ended at its limit with all that it started, and says so")
def _():
    out, status = runner(DAEMON + "wait", 1)
    equal(status, 99)
    matches(out, r"^Bail out! it still ran after 1 s; there were: sh sleep$")
    check(gone(out), out)


@test("who ends the runner ends the test")
def _():
    child = subprocess.Popen([RUNNER, "sh", "-c", DAEMON + "wait"], stdout=subprocess.PIPE)
    first = child.stdout.readline().decode()
    child.terminate()
    out = child.communicate(timeout=20)[0].decode()
    matches(out, r"^Bail out! ended from outside; ")
    check(gone(first), first)


@test("orphans are buried while the test goes on")
def _():
    out, status = runner("p=$(sh -c 'true & echo $!'); sleep 0.3; test ! -e /proc/$p")
    equal(status, 0)


run()
