#!/usr/bin/env python3
# kill -9 of each process in the middle of a delivery, an APPEND and a POP3 QUIT: what was acknowledged is there afterwards, no
# message is there in part, and the service is back by itself.
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna"])
anna = server.user("anna")
KILLS = 4  # of each process in each test: its restarts are delayed by 0.1, 0.2, 0.4 ... s
BODY = "".join("line %d of a message that is long enough to be cut\r\n" % i for i in range(2000))


def letter(number):
    return "Subject: %s\r\n\r\n%sEND %s\r\n" % (number, BODY, number)


def whole(message):
    """The message's own number if it is there from the first line to the last, else an error."""
    text = message.decode()
    number = re.search(r"^Subject: (\S+)$", text, re.M)
    check(number and text.endswith("END %s\n" % number.group(1)), "a message in part: %r ... %r" % (text[:300], text[-100:]))
    check(BODY.replace("\r\n", "\n") in text, "a message in part")
    return number.group(1)


def present():
    return [whole(m) for m in anna.messages()]


def serving():
    """All services answer again."""
    try:
        for service, greeting in (("smtp", "220"), ("imap", r"\* OK"), ("pop3", r"\+OK")):
            t = Talk(server, service, timeout=2)
            t.until(greeting)
            if service == "smtp":
                for line in ("EHLO x", "MAIL FROM:<friend@example.org>", "RCPT TO:<anna@localhost>"):
                    if not t.ask(line).split("\n")[-1].startswith("250"):
                        return False
            t.close()
        t = Talk(server, "imap", timeout=2)
        t.until(r"\* OK")
        return "a OK" in t.ask('a LOGIN anna "%s"' % PASSWORD, "a ")
    except (OSError, AssertionError):
        return False


def kill(program):
    for pid in server.children(program):
        os.kill(pid, signal.SIGKILL)


def clean():
    for path in anna.files():
        os.unlink(path)


SMTP_SIDE = ["posthouse-smtp", "posthouse-queue", "posthouse-local", "posthouse-auth", "posthouse-nss", "posthouse-signer"]
ACCESS_SIDE = ["posthouse-login", "posthouse-imap", "posthouse-pop3", "posthouse-auth"]


def deliver(number, program, delay):
    """One letter; program is killed `delay` after the final dot. True if it was acknowledged."""
    try:
        t = Talk(server, "smtp", timeout=15)
        t.until("220")
        for line in ("EHLO x", "MAIL FROM:<friend@example.org>", "RCPT TO:<anna@localhost>", "DATA"):
            if t.ask(line)[:1] not in "23":
                return False
        t.send(letter(number))
        t.send(".\r\n")
        time.sleep(delay)
        kill(program)
        return t.line().startswith(b"250")
    except (OSError, AssertionError):
        return False


def try_delivery(program):
    clean()
    acknowledged = []
    for i in range(KILLS):
        number = "%s-%d" % (program, i)
        if deliver(number, program, 0.0012 * i):
            acknowledged.append(number)
        eventually(serving, 20, "the service did not come back after killing " + program)
    found = eventually(lambda: (lambda f: (f,) if set(acknowledged) <= set(f) else None)(present()), 15,
                       "acknowledged %r, not all there" % acknowledged)[0]
    check(len(found) <= 2 * KILLS, "too many: %r" % found)


for program in SMTP_SIDE:
    test("%s killed during deliveries: acknowledged letters are there, whole" % program)(
        lambda program=program: try_delivery(program))


def imap_session():
    t = Talk(server, "imap", timeout=15)
    t.until(r"\* OK")
    t.ask('a LOGIN anna "%s"' % PASSWORD, "a OK")
    return t


def try_append(program):
    clean()
    acknowledged = []
    for i in range(KILLS):
        number = "%s-%d" % (program, i)
        try:
            t = imap_session()
            text = letter(number)
            t.ask("b APPEND INBOX {%d}" % len(text), r"\+")
            if i % 2:
                t.send(text[:len(text) // 2])
                kill(program)
                t.send(text[len(text) // 2:] + "\r\n")
            else:
                t.send(text + "\r\n")
                time.sleep(0.0012 * i)
                kill(program)
            if t.line().startswith(b"b OK"):
                acknowledged.append(number)
        except (OSError, AssertionError):
            pass
        eventually(serving, 20, "the service did not come back after killing " + program)
    check(set(acknowledged) <= set(present()), "acknowledged %r, there %r" % (acknowledged, present()))


for program in ACCESS_SIDE:
    if program != "posthouse-pop3":
        test("%s killed during APPEND: acknowledged messages are there, whole" % program)(
            lambda program=program: try_append(program))


def try_quit(program):
    for i in range(KILLS - 1):
        clean()
        for j in range(6):
            check("250" in send(server, "anna", body=letter(j)))
        done = False
        try:
            t = Talk(server, "pop3", timeout=15)
            t.until(r"\+OK")
            t.ask("USER anna", r"\+OK")
            t.ask("PASS " + PASSWORD, r"\+OK")
            for j in (1, 2, 3):
                t.ask("DELE %d" % j, r"\+OK")
            t.send("QUIT\r\n")
            time.sleep(0.0012 * i)
            kill(program)
            done = t.line().startswith(b"+OK")
        except (OSError, AssertionError):
            pass
        eventually(serving, 20, "the service did not come back after killing " + program)
        left = present()
        check(set("345") <= set(left), "a message that was not deleted is gone: %r" % left)
        if done:
            equal(sorted(left), ["3", "4", "5"], "QUIT was acknowledged")


for program in ("posthouse-pop3", "posthouse-login"):
    test("%s killed during POP3 QUIT: the others stay, acknowledged deletions are done" % program)(
        lambda program=program: try_quit(program))


@test("nothing is left over in tmp/ that a client could see, and no file is in part")
def _():
    present()


run()
