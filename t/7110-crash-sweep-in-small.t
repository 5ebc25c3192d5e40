#!/usr/bin/env python3
# A sample of `make check-crash`: operations of the library killed, and their system calls failed, at every few points. The whole
# sweep takes minutes.
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

SWEEP = os.path.join(TOP, "t/crash/crash_sweep.py")


def sweep(*arguments):
    env = dict(os.environ, top_builddir=BUILD)
    done = subprocess.run([sys.executable, SWEEP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    if done.returncode == 77:
        skip(done.stdout.strip())
    equal(done.returncode, 0, done.stdout)
    matches(done.stdout, r"^[1-9]\d+ points tried, 0 failed$")


@test("an operation killed at any point has lost nothing that it acknowledged, and works the next time")
def _():
    sweep("--kinds", "kill", "--every", "5")


@test("a failing system call is reported, leaves nothing behind, and the operation works the next time")
def _():
    sweep("--kinds", "error", "--every", "17")


run()
