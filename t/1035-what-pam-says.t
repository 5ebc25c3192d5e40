#!/usr/bin/env python3
# What PAM says beyond yes and no: expired passwords and accounts, /etc/nologin, sessions, another name; shells; workers that hang or leak.
import crypt
import os
import pwd
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

if not ROOT or not shutil.which("useradd") or not os.path.isdir("/etc/pam.d"):
    skip_all("system accounts and PAM services are made by root only")

WORK = tempfile.mkdtemp(prefix="posthouse-auth-")
os.chmod(WORK, 0o755)
SERVICE = "ph-test-%d" % os.getpid()
A, AGED, GONE, SHUT, OTHER = ["ph-pam-%s%d" % (c, os.getpid()) for c in "abcde"]
HOME = os.path.join(WORK, "home-of-a")


def clean():
    for name in (A, AGED, GONE, SHUT, OTHER):
        subprocess.run(["userdel", "-rf", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(WORK, True)
    try:
        os.unlink("/etc/pam.d/" + SERVICE)
    except OSError:
        pass


atexit.register(clean)
for name in (A, AGED, GONE, SHUT, OTHER):
    home = ["-M", "-d", HOME] if name == A else ["-m"]
    subprocess.run(["useradd", *home, "-s", "/usr/sbin/nologin" if name == SHUT else "/bin/sh", name], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["usermod", "-p", crypt.crypt("secret of " + name, "$6$rounds=1000$saltsalt$"), name], check=True)
subprocess.run(["chage", "-d", "2020-01-01", "-M", "30", AGED], check=True)
subprocess.run(["chage", "-E", "2020-01-01", GONE], check=True)


def service(*lines):
    with open("/etc/pam.d/" + SERVICE + ".new", "w") as f:
        f.write("\n".join(lines) + "\n")
    os.rename("/etc/pam.d/" + SERVICE + ".new", "/etc/pam.d/" + SERVICE)
    time.sleep(0)


UNIX = ("auth required pam_unix.so", "account required pam_nologin.so file=%s/nologin" % WORK, "account required pam_unix.so")
service(*UNIX, "session required pam_mkhomedir.so umask=0077")
box = Authd(accounts='"pam"', options="pam_service = %s\n pam_session = yes\n" % SERVICE)
net = box.talk()


def status(name, password=None, talk=net):
    return talk.plain(name, password or "secret of " + name)[0]


@test("a session makes the home, where the module is asked for")
def _():
    check(not os.path.exists(HOME))
    equal(status(A), "OK")
    entry = os.stat(HOME)
    equal((entry.st_uid, entry.st_mode & 0o777), (pwd.getpwnam(A).pw_uid, 0o700))


@test("an expired password and an expired account are told, at once, to whoever knows the password only")
def _():
    for name in (AGED, GONE):
        start = time.monotonic()
        equal(status(name), "EXPIRED")
        check(time.monotonic() - start < 0.9, "a right password was delayed")
        equal(status(name, "wrong"), "FAILED")
        matches(box.text(), r"failed service=imap user=%s .* reason=expired" % name)


@test("/etc/nologin refuses everybody while it is there")
def _():
    open(WORK + "/nologin", "w").close()
    equal(status(A), "FAILED")
    matches(box.text(), r"failed .*user=%s .* reason=account-refused-by-pam" % A)
    os.unlink(WORK + "/nologin")
    equal(status(A), "OK")


@test("an account whose shell lets nobody in cannot log in, but gets its mail; an option lets it in")
def _():
    equal(status(SHUT), "FAILED")
    matches(box.text(), r"user=%s .* reason=shell-lets-nobody-in" % SHUT)
    equal(box.talk("auth-master").by_name(SHUT)[0], "found")
    lax = Authd(accounts='"pam"', options="pam_service = %s\n pam_needs_shell = no\n" % SERVICE)
    equal(status(SHUT, talk=lax.talk()), "OK")
    lax.stop()


@test("a name that a module has changed is whose mail is served, by the password and the rules of that account")
def _():
    module = WORK + "/pam_other_name.so"
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pam_other_name.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", module, source], check=True)
    talk = box.talk()
    for to in (OTHER, GONE, SHUT, "ph-pam-nobody", "root"):
        service("auth optional %s %s %s" % (module, A, to), *UNIX)
        code, ticket, name = talk.plain(A, "secret of " + to)
        if to == OTHER:
            equal((code, name), ("OK", OTHER))
            equal(box.talk("auth-master").redeem(ticket, "imap")[1]["uid"], pwd.getpwnam(OTHER).pw_uid)
            equal(talk.plain(A, "secret of " + A)[0], "FAILED")
        else:
            check(code in ("FAILED", "EXPIRED"), "%s: %s" % (to, code))
    service(*UNIX)


@test("a module that hangs is ended and the others go on; a module that is missing is a temporary failure")
def _():
    with open(WORK + "/hang", "w") as f:
        f.write("#!/bin/sh\nexec sleep 1000\n")
    os.chmod(WORK + "/hang", 0o755)
    service("auth required pam_exec.so seteuid %s/hang" % WORK)
    hanging = box.talk()
    hanging.begin_plain(A, "x")
    eventually(lambda: box.child("posthouse-pam"), 5)
    time.sleep(0.5)
    service(*UNIX)
    equal(status(A), "OK")
    service("auth required pam_ph_missing.so", "account required pam_permit.so")
    check(status(A) in ("TEMPFAIL", "FAILED"))
    service(*UNIX)
    equal(status(A), "OK")


@test("a good verdict is remembered by option, for its name, password and address, until the system's accounts change")
def _():
    with open(WORK + "/count", "w") as f:
        f.write("#!/bin/sh\necho x >> %s/asked\n" % WORK)
    os.chmod(WORK + "/count", 0o755)
    service("auth optional pam_exec.so seteuid %s/count" % WORK, *UNIX)

    def asked():
        return os.path.getsize(WORK + "/asked") // 2 if os.path.exists(WORK + "/asked") else 0

    quick = Authd(accounts='"pam"', options="pam_service = %s\n pam_cache = 1m\n" % SERVICE)
    talk = quick.talk()
    time.sleep(1.2)  # authd has looked once
    for _ in range(10):
        equal(status(OTHER, talk=talk), "OK")
    equal(asked(), 1)
    equal(status(OTHER, "wrong", talk), "FAILED")
    equal(status(A, "secret of " + OTHER, talk), "FAILED")
    equal(talk.plain(OTHER, "secret of " + OTHER, remote="::1")[0], "OK")
    equal(asked(), 4)
    subprocess.run(["usermod", "-p", crypt.crypt("renewed", "$6$rounds=1000$saltsalt$"), OTHER], check=True)
    eventually(lambda: status(OTHER, talk=talk) == "FAILED", 8)
    equal(status(OTHER, "renewed", talk), "OK")
    quick.stop()
    service(*UNIX)


@test("hundreds of logins keep the daemon's descriptors and memory as they are")
def _():
    def state():
        out = []
        for program in ("posthouse-auth", None):
            pid = box.child(program) if program else box.process.pid
            rss = int(re.search(r"VmRSS:\s+(\d+)", open("/proc/%d/status" % pid).read()).group(1))
            out.append((len(os.listdir("/proc/%d/fd" % pid)), rss))
        return out

    def round_of(n):
        pending = [net.begin_plain(A, "secret of " + A) for _ in range(n)]
        for _ in pending:
            equal(net.result()[1], "OK")

    sanitized = "asan" in open("/proc/%d/maps" % box.child("posthouse-auth")).read()  # which keep what is freed for a while
    rounds = int(os.environ.get("ROUNDS", "4"))
    round_of(50)
    round_of(50)
    before = state()
    for _ in range(rounds):
        round_of(50)
    after = state()
    if os.environ.get("ROUNDS"):
        print("# %d logins: %r before, %r after" % (rounds * 50, before, after))
    for (fds, rss), (fds_after, rss_after) in zip(before, after):
        check(abs(fds_after - fds) <= 30, "%r before, %r after" % (before, after))  # of workers, of which there are now more, now less
        check(rss_after <= rss * 1.3 + 1000 or sanitized, "%r before, %r after" % (before, after))


run()
