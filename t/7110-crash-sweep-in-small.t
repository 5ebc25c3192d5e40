#!/usr/bin/env python3
# A sample of `make check-crash`: operations of the library killed, their system calls failed, and the power cut, at every few
# points. The whole sweep takes minutes.
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

SWEEP = os.path.join(TOP, "t/crash/crash_sweep.py")


def sweep(*arguments, ends=0):
    env = dict(os.environ, top_builddir=BUILD)
    done = subprocess.run([sys.executable, SWEEP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    if done.returncode == 77:
        skip(done.stdout.strip())
    equal(done.returncode, ends, done.stdout)
    matches(done.stdout, r"^[1-9]\d+ points tried, %s failed$" % (r"[1-9]\d*" if ends else "0"))


@test("an operation killed at any point has lost nothing that it acknowledged, and works the next time")
def _():
    sweep("--kinds", "kill", "--every", "11", "deliver-3", "append", "move", "store-keyword", "rename", "subscribe")


@test("a failing system call is reported, leaves nothing behind, and the operation works the next time")
def _():
    sweep("--kinds", "error", "--every", "37", "deliver-3", "append", "copy", "create", "rename", "subscribe")


@test("after a power cut at any point everything acknowledged is there, and nothing in part")
def _():
    sweep("--kinds", "power", "--seeds", "0", "deliver-3", "append", "store", "recreate", "rename")


@test("without syncs the sweep finds what a power cut loses")
def _():
    sweep("--kinds", "power", "--seeds", "0", "--ignore-syncs", "deliver-3", "append", "create", ends=1)


run()
