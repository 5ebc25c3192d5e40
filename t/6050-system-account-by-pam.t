#!/usr/bin/env python3
# A real system account: logs in through PAM, receives mail into its own ~/Maildir under its own uid, and nobody else gets at it.
import base64
import imaplib
import os
import pwd
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

if not ROOT:
    skip_all("system accounts are made by root only")
if not shutil.which("useradd"):
    skip_all("useradd is not installed")

NAMES = ["ph-test-a%d" % os.getpid(), "ph-test-b%d" % os.getpid()]
SECRETS = ["first secret", "second secret"]


def remove_accounts():
    for name in NAMES:
        subprocess.run(["userdel", "-rf", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


atexit.register(remove_accounts)
for name, secret in zip(NAMES, SECRETS):
    subprocess.run(["useradd", "-m", "-s", "/bin/sh", name], check=True, stderr=subprocess.DEVNULL)
    hashed = crypt.crypt(secret, "$6$rounds=1000$saltsalt$")
    subprocess.run(["usermod", "-p", hashed, name], check=True)

server = Sandbox(users=[], system_accounts=True)
HOME = pwd.getpwnam(NAMES[0]).pw_dir
UID = pwd.getpwnam(NAMES[0]).pw_uid


def login(name, secret, service="imap"):
    box = imaplib.IMAP4(*server.address(service))
    try:
        box.login(name, secret)
        return box
    except imaplib.IMAP4.error:
        return None


@test("a letter lands in ~/Maildir/new under the account's own uid, mode 0600")
def _():
    matches(send(server, NAMES[0]), r"^250 ")
    new = os.path.join(HOME, "Maildir", "new")
    names = os.listdir(new)
    equal(len(names), 1, "files in new/")
    st = os.stat(os.path.join(new, names[0]))
    equal((st.st_uid, st.st_mode & 0o777), (UID, 0o600), "owner and mode")
    equal(os.stat(os.path.join(HOME, "Maildir")).st_uid, UID, "owner of the Maildir")
    text = open(os.path.join(new, names[0])).read()
    matches(text, r"\AReturn-Path: <friend@example.org>\n")
    matches(text, r"^Delivered-To: %s" % NAMES[0])
    matches(text, r"^Received: from client.example.org .*by ")


@test("the account reads it by IMAP with its system password")
def _():
    box = login(NAMES[0], SECRETS[0])
    check(box, "login refused")
    equal(box.select("INBOX")[1], [b"1"], "messages")
    check(b"hello" in box.fetch("1", "(BODY[])")[1][0][1])
    box.logout()
    for path in [os.path.join(base, n) for base, d, files in os.walk(os.path.join(HOME, "Maildir")) for n in files + d]:
        equal(os.stat(path).st_uid, UID, "owner of " + path)


@test("the session runs under the account's uid and in no other group")
def _():
    box = login(NAMES[0], SECRETS[0])
    pid = eventually(lambda: server.children("posthouse-imap"))[0]
    status = open("/proc/%d/status" % pid).read()
    matches(status, r"^Uid:\s+%d\s+%d\s+%d\s+%d$" % (UID, UID, UID, UID))
    matches(status, r"^Groups:\s*$")
    box.logout()


@test("a wrong password is refused")
def _():
    check(login(NAMES[0], "wrong") is None, "logged in")


@test("an empty password is refused")
def _():
    check(login(NAMES[0], "") is None, "logged in")


@test("another account's password is refused")
def _():
    check(login(NAMES[0], SECRETS[1]) is None, "logged in")
    box = login(NAMES[1], SECRETS[1])
    check(box, "the other account itself cannot log in")
    equal(box.select("INBOX")[1], [b"0"], "the other one's mailbox")
    box.logout()


@test("root cannot log in and receives nothing")
def _():
    check(login("root", "x") is None, "logged in")
    t = Talk(server, "smtp")
    t.until("220")
    t.ask("EHLO x")
    t.ask("MAIL FROM:<>")
    matches(t.ask("RCPT TO:<root@localhost>"), r"^550 ")
    t.close()


@test("a locked account is refused")
def _():
    subprocess.run(["usermod", "-L", NAMES[1]], check=True)
    time.sleep(6)  # a look-up is remembered for 5 seconds
    check(login(NAMES[1], SECRETS[1]) is None, "logged in")


@test("an expired password is told as that to whoever knows it, in the code that each protocol has for it")
def _():
    subprocess.run(["usermod", "-U", NAMES[1]], check=True)
    subprocess.run(["chage", "-d", "2020-01-01", "-M", "30", NAMES[1]], check=True)
    word = base64.b64encode(("\0%s\0%s" % (NAMES[1], SECRETS[1])).encode()).decode()

    def ask(service, *commands):
        with socket.create_connection(server.address(service), 20) as s:
            f = s.makefile("rb")
            f.readline()
            for command in commands:
                s.sendall(command.encode() + b"\r\n")
                answer = f.readline()
                while answer[3:4] == b"-":
                    answer = f.readline()
            return answer.decode()

    matches(ask("imap", 'a LOGIN %s "%s"' % (NAMES[1], SECRETS[1])), r"^a NO \[EXPIRED\] ")
    matches(ask("imap", 'a LOGIN %s "%s"' % (NAMES[1], "wrong")), r"^a NO \[AUTHENTICATIONFAILED\] ")
    matches(ask("pop3", "USER " + NAMES[1], "PASS " + SECRETS[1]), r"^-ERR \[AUTH\] .*expired")
    matches(ask("submission", "EHLO x", "AUTH PLAIN " + word), r"^535 5\.7\.8 .*expired")


run()
