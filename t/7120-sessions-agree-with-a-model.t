#!/usr/bin/env python3
"""The random walk and the storm of `make check-model`, in small and always the same."""
import os, sys
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "model")]
from model_storm import *
from model_walk import walk


@test("eight sessions and programs from outside, one command after the other: every answer is as the model says")
def _():
    equal(walk(7120, steps=1200), 1200)


@test("eight sessions at once: no answer contradicts another, no change is lost, and in the end all know the same")
def _():
    check(storm(7120, seconds=2, rounds=2) > 0)


run()
