#!/usr/bin/env python3
"""Dialogues with octets changed at random. A session may refuse anything, but it must end by itself and with status 0."""
import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import random
from imapsession import *

DIALOGUE = b"""a CAPABILITY
b ID ("name" "x" "version" NIL)
c LIST "" "*" RETURN (SPECIAL-USE)
c LSUB "" {1+}
%
d CREATE Test.Sub
e APPEND Test.Sub (\\Seen Work) "17-Jul-1996 02:44:25 -0700" {14+}
Subject: x

yo
f SELECT INBOX
g FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE BODY.PEEK[1.2.HEADER.FIELDS (To)]<0.20> BODY[TEXT])
h UID FETCH 1,2:3 (BODY.PEEK[HEADER.FIELDS.NOT (Received "X")] RFC822.SIZE INTERNALDATE BODY.PEEK[2.MIME])
i STORE 1:2 +FLAGS.SILENT (\\Deleted $Label)
j SEARCH CHARSET UTF-8 OR (FROM "a" NOT BODY {3+}
abc UNSEEN) SENTSINCE 1-Feb-1994 LARGER 10 UID 1:*
k COPY 1 Test.Sub
l UID MOVE 2 Test.Sub
m STATUS Test.Sub (MESSAGES UIDNEXT)
n RENAME Test.Sub Other
o IDLE
DONE
p EXPUNGE
q SUBSCRIBE Other
r UNSELECT
s DELETE Other
t LOGOUT
""".replace(b"\n", b"\r\n")

MESSAGE = b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\nContent-Type: message/rfc822\n\nSubject: y\n\nz\n--x--\n"


def change(rnd, data):
    data = bytearray(data)
    for _ in range(rnd.randint(1, 12)):
        at, what = rnd.randrange(len(data)), rnd.randrange(5)
        if what == 0:
            data[at] = rnd.choice(b"\0\r\n \"(){}[]<>*%+\\.:,0123456789aZ\xff\xc3\x80")
        elif what == 1:
            del data[at:at + rnd.randint(1, 20)]
        elif what == 2:
            data[at:at] = data[at:at + rnd.randint(1, 60)] * rnd.randint(1, 3)
        elif what == 3:
            other = rnd.randrange(len(data))
            data[at:at] = data[other:other + rnd.randint(1, 40)]
        else:
            data[at:at] = rnd.choice([b"{4294967296}", b"{99+}\r\n", b"{0}\r\n", b"(" * 60, b"1:4294967295", b'"', b"\r\n",
                                      b"* " * 50, b"BODY[", b"]<0.4294967295>", b"&-", b"NIL"])
    return bytes(data)


def talk(data):
    """Send all, read all; returns the exit status and what was written to standard error."""
    box = Maildir()
    for _ in range(4):
        box.add(MESSAGE, flags="")
    process = subprocess.Popen([PROGRAM, "--user", "anna", "--mail", box.path], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, log = process.communicate(data, timeout=60)
    shutil.rmtree(box.dir)
    return process.returncode, log


@test("the dialogue as it stands is served")
def _():
    equal(talk(DIALOGUE)[0], 0)


@test("the dialogue with octets changed harms nobody")
def _():
    rnd = random.Random(int(os.environ.get("SEED", "4090")))
    for n in range(int(os.environ.get("ROUNDS", "150"))):
        data = change(rnd, DIALOGUE)
        status, log = talk(data)
        check(status == 0, "round %d ended with %d\n%r\n%s" % (n, status, data, log.decode("latin-1")[-3000:]))


run()
