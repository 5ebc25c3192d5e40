#!/usr/bin/env python3
# 50 users with 20 connections each are all served at once, half of them over TLS, and letters still come in meanwhile.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

import resource

USERS, EACH = 50, 20
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard < 2500:
    skip_all("needs 2500 descriptors")
resource.setrlimit(resource.RLIMIT_NOFILE, (2500, hard))

server = Sandbox(users=["user%d" % i for i in range(USERS)])
sessions = []


@test("1000 sessions log in")
def _():
    for j in range(EACH):
        wave = []
        for i in range(USERS):
            t = Talk(server, "imaps" if i % 2 else "imap", tls=bool(i % 2), timeout=60)
            t.until(r"\* OK")
            t.send('a LOGIN user%d "%s"\r\nb SELECT INBOX\r\n' % (i, PASSWORD))
            wave.append(t)
        for t in wave:
            matches(t.until("a "), "^a OK")
        sessions.extend(wave)
    equal(len(sessions), USERS * EACH)


@test("each has its mailbox open")
def _():
    for t in sessions:
        matches(t.until("b "), "^b OK")


@test("a letter comes in, and a session of that user sees it")
def _():
    check("250" in send(server, "user7"))
    t = sessions[7]
    matches(t.ask("c NOOP", "c "), r"^\* 1 EXISTS")


@test("all of them log out, and nothing is left")
def _():
    for t in sessions:
        t.send("z LOGOUT\r\n")
    for t in sessions:
        t.until("z OK")
        t.close()
    eventually(lambda: not server.children("posthouse-imap"), 20, "sessions are still there")


run()
