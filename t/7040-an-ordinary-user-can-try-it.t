#!/usr/bin/env python3
# Started by an ordinary user, everything runs under that user's uid, says so, serves that uid's accounts only, and listens on
# loopback addresses only.
import os
import pwd
import smtplib
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

if not ROOT:
    skip_all("every other test is this test when an ordinary user runs them")
try:
    NOBODY = pwd.getpwnam("nobody")
except KeyError:
    skip_all("there is no account nobody")

home = tempfile.mkdtemp(prefix="posthouse-test-")
box = os.path.join(home, "box")
os.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)
values = {}


def as_nobody(*command, **more):
    def step_down():
        os.setgroups([])
        os.setresgid(NOBODY.pw_gid, NOBODY.pw_gid, NOBODY.pw_gid)
        os.setresuid(NOBODY.pw_uid, NOBODY.pw_uid, NOBODY.pw_uid)
    return subprocess.run(command, preexec_fn=step_down, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                          env=dict(os.environ, HOME=home), cwd="/", **more)


def end():
    if values:
        as_nobody(os.path.join(TOP, "contrib", "sandbox"), "stop", box)
    shutil.rmtree(home, ignore_errors=True)


atexit.register(end)
if not build_is_open_to(NOBODY.pw_uid):
    skip_all("the build tree lies where other users cannot look")


def masters():
    return [int(values[k]) for k in ("pid_auth", "pid_relay", "pid_access")]


def conf_with_smtp_on(address):
    path = os.path.join(home, "bad.conf")
    with open(values["conf"]) as f:
        old = f.read()
    with open(path, "w") as f:
        old = re.sub(r'run_dir *= *"[^"]*"', 'run_dir = "%s/other-run"' % home, old)
        f.write(old.replace(values["smtp"], address))
    os.chmod(path, 0o644)
    return path


@test("the sandbox starts, with an account of that user's own")
def _():
    port = str(free_base())
    done = as_nobody(os.path.join(TOP, "contrib", "sandbox"), "start", box, "--base-port", port, "--build", BUILD)
    check(done.returncode == 0, done.stdout.decode("utf-8", "replace"))
    values.update(line.split("=", 1) for line in done.stdout.decode().splitlines() if "=" in line)
    with open(values["log"]) as f:
        matches(f.read(), r"started by uid %d, an ordinary user" % NOBODY.pw_uid)


@test("each process has that uid and no other")
def _():
    seen, frontier = 0, masters()
    while frontier:
        pid = frontier.pop()
        with open("/proc/%d/status" % pid) as f:
            matches(f.read(), r"^Uid:\s+%s$" % r"\s+".join([str(NOBODY.pw_uid)] * 4))
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            frontier += [int(kid) for kid in f.read().split()]
        seen += 1
    check(seen >= 9, "only %d processes" % seen)


@test("a letter goes in and comes out")
def _():
    host, _, port = values["smtp"].rpartition(":")
    client = smtplib.SMTP(host, int(port), timeout=20)
    client.sendmail("friend@example.org", [values["demo_user"] + "@localhost"], "Subject: hello\r\n\r\nhello\r\n")
    client.quit()
    host, _, port = values["imap"].rpartition(":")
    t = Talk(None, "imap", address=(host, int(port)))
    t.until(r"\* OK")
    matches(t.ask('a LOGIN %s "%s"' % (values["demo_user"], values["demo_password"]), "a "), "^a OK")
    matches(t.ask("b SELECT INBOX", "b "), r"^\* 1 EXISTS")


@test("an address that is not loopback is refused, by name")
def _():
    path = conf_with_smtp_on("*:40999")
    done = as_nobody(os.path.join(BUILD, "relay", "posthouse-relayd"), "-c", path, "-L", os.path.join(box, "libexec"))
    check(done.returncode != 0, "it started")
    with open(values["log"]) as f:
        said = done.stdout.decode("utf-8", "replace") + f.read()
    matches("\n".join(said.splitlines()[-5:]), r"\*:40999 is not a loopback address")


@test("an account with another uid is not served")
def _():
    with open(os.path.join(box, "passwd"), "a") as f:
        f.write("other:{SHA512-CRYPT}%s:65000:65000::%s:/bin/sh:\n" % (crypt.crypt("secret", "$6$rounds=1000$saltsalt$"), home))
    time.sleep(2)
    host, _, port = values["imap"].rpartition(":")
    t = Talk(None, "imap", address=(host, int(port)))
    t.until(r"\* OK")
    matches(t.ask("a LOGIN other secret", "a "), "^a NO")


run()
