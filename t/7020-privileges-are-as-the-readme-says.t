#!/usr/bin/env python3
# Every process holds exactly the privileges that the README's table gives it: read from /proc and compared.
import os
import pwd
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

if not ROOT:
    skip_all("an ordinary user's processes have no privileges to compare")

MASTERS = ("authd", "relayd", "accessd")
FILES = {  # what may stand behind a descriptor beside sockets and the loop
    "authd": r"\.pid$|posthouse\.conf", "relayd": r"\.pid$|posthouse\.conf|memfd", "accessd": r"\.pid$|posthouse\.conf|memfd",
    "auth": r"/passwd|/bans$|/known$|/app-passwords\.used$", "smtp": r"memfd|/spool/", "queue": r"memfd|/spool|/proc",
    "local": r"/Maildir|memfd|/spool", "imap": r"/Maildir|inotify|memfd", "pop3": r"/Maildir|memfd", "remote": r"memfd|/spool|resolv"}


def table():
    rows = {}
    with open(os.path.join(TOP, "README")) as f:
        inside = False
        for line in f:
            if re.match(r"\s+process\s+uid\s+root\s+filter", line):
                inside = True
            elif inside and not line.strip():
                break
            elif inside:
                cells = re.split(r"\s{2,}", line.strip())
                rows[cells[0]] = dict(uid=cells[1], root=cells[2], filter=cells[3])
    return rows


server = Sandbox(users=["anna"])
ROWS = table()
BOX = os.path.join(server.dir, "box")


def status_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def pids(process):
    if process in MASTERS:
        return [int(server["pid_" + {"authd": "auth", "relayd": "relay", "accessd": "access"}[process]])]
    return server.children("posthouse-" + process)


def compare(process, pid):
    row, status = ROWS[process], status_of(pid)
    uid = server.user("anna").uid if row["uid"].startswith("the ") else pwd.getpwnam(row["uid"]).pw_uid
    equal(status["Uid"].split(), [str(uid)] * 4, process + ": uid, all four")
    root = os.readlink("/proc/%d/root" % pid)
    if row["root"].startswith("RUN/"):
        check(root.endswith("/" + row["root"][4:]) and root.startswith(BOX), "%s: root is %s" % (process, root))
    elif row["root"] == "SPOOL":
        check("spool" in root and root.startswith(BOX), "%s: root is %s" % (process, root))
    else:
        equal(root, "/", process + ": root directory")
    if process not in MASTERS:
        equal(status["NoNewPrivs"], "1", process + ": no new privileges")
        equal(status["Groups"].strip(), "", process + ": supplementary groups")
    if uid:
        for kind in ("CapEff", "CapPrm"):
            equal(int(status[kind], 16), 0, process + ": " + kind)
        equal(os.stat("/proc/%d/environ" % pid).st_uid, 0, process + ": can be traced by its own uid")
    if not sanitized():
        equal(status["Seccomp"], "2" if row["filter"] == "yes" else "0", process + ": system-call filter")
    with open("/proc/%d/limits" % pid) as f:
        matches(f.read(), r"Max core file size\s+0\s" if process not in MASTERS else ".", process + ": core files")
    compare_descriptors(process, pid)


def sanitized():
    with open(os.path.join(BUILD, "config.h")) as f:
        return "#define WITH_SANITIZERS 1" in f.read()


def compare_descriptors(process, pid):
    usual = r"^(socket:|anon_inode:|pipe:|/dev/null)|" + re.escape(server.dir) + r".*(log|stderr)"
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            target = os.readlink("/proc/%d/fd/%s" % (pid, fd))
        except OSError:
            continue
        if fd == "2" or re.search(usual, target):
            continue
        check(process in FILES and re.search(FILES[process], target),
              "%s holds descriptor %s: %s, which the README does not list" % (process, fd, target))


def check_all(process):
    running = pids(process)
    check(running, process + " does not run")
    for pid in running:
        compare(process, pid)


@test("the README has a row for each process")
def _():
    equal(sorted(ROWS), sorted(["authd", "auth", "nss", "signer", "relayd", "smtp", "queue", "local", "remote", "accessd", "login",
                                "imap", "pop3", "pam", "watch"]))


for process in ("authd", "auth", "nss", "signer", "relayd", "smtp", "queue", "accessd", "login"):
    test("%s is what the table says" % process)(lambda process=process: check_all(process))


@test("imap is what the table says")
def _():
    t = Talk(server, "imap")
    t.until(r"\* OK")
    t.ask('a LOGIN anna "%s"' % PASSWORD, "a OK")
    t.ask("b SELECT INBOX", "b OK")
    check_all("imap")
    t.close()


@test("pop3 is what the table says")
def _():
    t = Talk(server, "pop3")
    t.until(r"\+OK")
    t.ask("USER anna", r"\+OK")
    t.ask("PASS " + PASSWORD, r"\+OK")
    check_all("pop3")
    t.close()


@test("local is what the table says")
def _():
    send(server, "anna")
    check_all("local")


@test("with TLS, login holds no private key")
def _():
    t = Talk(server, "imaps", tls=True)
    t.until(r"\* OK")
    for process in ("login", "smtp"):
        for pid in pids(process):
            with open("/proc/%d/maps" % pid) as f:
                check("key.pem" not in f.read())


@test("a log line names pid and program of a chrooted child, and escapes what a stranger sends")
def _():
    t = Talk(server, "smtp")
    t.until("220")
    t.send(b"EHLO evil\x1b[31m\r\n")
    t.line()
    eventually(lambda: "ready" in server.log_text())
    check("\x1b" not in server.log_text(), "a control character came through to the log")


run()
