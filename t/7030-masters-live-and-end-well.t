#!/usr/bin/env python3
# The masters' life: a dead child comes back, a reload drops nobody, a bad configuration changes nothing, the log follows its file,
# SIGTERM lets a transaction end.
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna"])


def logged_in():
    t = Talk(server, "imap")
    t.until(r"\* OK")
    t.ask('a LOGIN anna "%s"' % PASSWORD, "a OK")
    return t


def masters():
    return [int(server[k]) for k in ("pid_auth", "pid_relay", "pid_access")]


@test("each long-lived child that dies is started again")
def _():
    for program in ("posthouse-auth", "posthouse-signer", "posthouse-nss", "posthouse-smtp", "posthouse-queue", "posthouse-login"):
        before = server.children(program)
        check(before, program + " does not run")
        os.kill(before[0], signal.SIGKILL)
        eventually(lambda: len(server.children(program)) == len(before) and before[0] not in server.children(program), 10,
                   program + " did not come back")
    eventually(lambda: "250" in send(server, "anna"), 5)


@test("SIGHUP drops no session, and what changed is in force afterwards")
def _():
    t, smtp = logged_in(), Talk(server, "smtp")
    smtp.until("220")
    smtp.ask("EHLO x")
    smtp.ask("MAIL FROM:<friend@example.org>")
    with open(server["conf"]) as f:
        text = f.read()
    with open(server["conf"], "w") as f:
        f.write(re.sub(r"^\s*message_size.*$", "", text, flags=re.M).replace("relay {", 'relay {\n    message_size = "1M"', 1))
    for pid in masters():
        os.kill(pid, signal.SIGHUP)
    eventually(lambda: "SIZE 1048576" in (lambda c: (c.until("220"), c.ask("EHLO y"))[1])(Talk(server, "smtp")), 10,
               "the new size is not announced")
    matches(t.ask("b SELECT INBOX", "b "), "^b OK")
    matches(smtp.ask("RCPT TO:<anna@localhost>"), "^250")
    matches(smtp.ask("DATA"), "^354")
    matches(smtp.ask("Subject: over the reload\r\n\r\nx\r\n."), "^250")


@test("a bad configuration is named with file and line, and everything goes on")
def _():
    with open(server["conf"]) as f:
        good = f.read()
    with open(server["conf"], "w") as f:
        f.write(good + "\nrelay {\n  no_such_option = 1\n}\n")
    os.kill(masters()[1], signal.SIGHUP)
    eventually(lambda: re.search(r"posthouse[^ ]*conf:\d+: .*no_such_option", server.log_text()), 10, "no complaint in the log")
    check("250" in send(server, "anna"))
    with open(server["conf"], "w") as f:
        f.write(good)


@test("a moved log file is opened anew, by itself or on SIGUSR1")
def _():
    os.rename(server["log"], server["log"] + ".1")
    for pid in masters():
        os.kill(pid, signal.SIGUSR1)
    logged_in()
    eventually(lambda: "anna" in server.log_text(), 10, "nothing in the new log file")


@test("SIGTERM lets a transaction in progress end, then all are gone")
def _():
    t = Talk(server, "smtp")
    t.until("220")
    for line in ("EHLO x", "MAIL FROM:<friend@example.org>", "RCPT TO:<anna@localhost>", "DATA"):
        t.ask(line)
    before = len(server.user("anna").files())
    os.kill(masters()[1], signal.SIGTERM)
    time.sleep(0.5)
    refused = True
    try:
        late = Talk(server, "smtp", timeout=2)
        refused = not late.line().startswith(b"220")
    except OSError:
        pass
    check(refused, "a new connection was served after SIGTERM")
    matches(t.ask("Subject: last\r\n\r\nx\r\n."), "^250", "the transaction")
    equal(len(server.user("anna").files()), before + 1, "messages")
    eventually(lambda: not os.path.exists("/proc/%d" % masters()[1]) or
               open("/proc/%d/stat" % masters()[1]).read().split()[2] == "Z", 12, "relayd did not end")


@test("an IMAP session is told that the server goes down")
def _():
    t = logged_in()
    os.kill(masters()[2], signal.SIGTERM)
    matches(t.line(), rb"^\* BYE ".decode())
    check(t.closed(), "the connection stays open")


run()
