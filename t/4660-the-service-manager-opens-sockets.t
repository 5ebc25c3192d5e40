#!/usr/bin/env python3
# Socket activation and notification, as systemd does them (sd_listen_fds(3), sd_notify(3)).
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna"])
LOGIN = 'a LOGIN anna "%s"' % PASSWORD
NOTIFY = os.path.join(server.dir, "notify")
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(NOTIFY)
notify.settimeout(5)
accessd = None


def stop_accessd(pid):
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: not os.path.exists("/proc/%d" % pid) or open("/proc/%d/stat" % pid).read().split(") ")[1][0] == "Z", 20)


def start(sockets, conf=None, pid="$$"):
    """posthouse-accessd as the service manager starts it, with these descriptors from 3 on."""
    log = open(os.path.join(server.dir, "stderr2"), "a")
    high = [os.dup2(s.fileno(), 100 + i, inheritable=True) for i, s in enumerate(sockets)]
    moves = "".join(" %d<&%d %d<&-" % (3 + i, fd, fd) for i, fd in enumerate(high))
    script = "LISTEN_PID=%s LISTEN_FDS=%d LISTEN_FDNAMES=x exec \"$@\"%s" % (pid, len(sockets), moves)
    child = subprocess.Popen(["bash", "-c", script, "bash", os.path.join(BUILD, "access", "posthouse-accessd"), "-c", conf or server["conf"],
                              "-L", os.path.join(server.dir, "box", "libexec")], env=dict(os.environ, NOTIFY_SOCKET=NOTIFY),
                             stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=high)
    for fd in high:
        os.close(fd)
    atexit.register(lambda: child.poll() is None and (child.terminate(), child.wait(20)))
    return child


def until_notified(word):
    while True:
        text = notify.recv(4096).decode()
        if word in text:
            return text


def listening(service):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(server.address(service))
    s.listen(100)
    return s


@test("a connection that came before the server was started is served, and readiness is told")
def _():
    global accessd
    stop_accessd(int(server["pid_access"]))
    sockets = [listening("imap"), listening("pop3s")]
    early = Talk(server, "imap")
    accessd = start(sockets)
    until_notified("READY=1")
    early.until(r"\* OK")
    matches(early.ask(LOGIN, "a "), "^a OK")
    for service, tls in (("imap", False), ("imaps", True), ("pop3", False), ("pop3s", True)):
        t = Talk(server, service, tls=tls)
        matches(t.until(r"\* OK|\+OK"), "OK", service)
    inodes = {os.fstat(s.fileno()).st_ino for s in sockets}
    held = [os.readlink("/proc/%d/fd/%s" % (accessd.pid, fd)) for fd in os.listdir("/proc/%d/fd" % accessd.pid)]
    equal({i for i in inodes if "socket:[%d]" % i in held}, inodes, "sockets that were handed over are not those in use")
    for s in sockets:
        s.close()


@test("a reload keeps them, and is told, too")
def _():
    accessd.send_signal(signal.SIGHUP)
    matches(until_notified("RELOADING=1"), "MONOTONIC_USEC=")
    until_notified("READY=1")
    t = Talk(server, "imap")
    t.until(r"\* OK")
    matches(t.ask(LOGIN, "a "), "^a OK")


@test("while it is stopped nobody is refused: who connects meanwhile is served by the next")
def _():
    global accessd
    accessd.terminate()
    until_notified("STOPPING=1")
    accessd.wait(20)
    sockets = [listening("imap")]
    early = [Talk(server, "imap") for _ in range(20)]
    accessd = start(sockets)
    until_notified("READY=1")
    for t in early:
        t.until(r"\* OK")
        matches(t.ask(LOGIN, "a "), "^a OK")
    accessd.terminate()
    until_notified("STOPPING=1")
    accessd.wait(20)


@test("sockets meant for another process are left alone, and those that nobody asked for closed with a word")
def _():
    global accessd
    stray = socket.socket()
    stray.bind(("127.0.0.1", 0))
    stray.listen()
    accessd = start([stray])
    until_notified("READY=1")
    eventually(lambda: "opened a socket that the configuration does not ask for" in server.log_text())
    accessd.terminate()
    accessd.wait(20)
    before = server.log_text().count("does not ask for")
    accessd = start([stray], pid="1")
    until_notified("READY=1")
    equal(server.log_text().count("does not ask for"), before)
    accessd.terminate()
    accessd.wait(20)


@test("one socket for IPv6 and IPv4 serves an address with a star")
def _():
    global accessd
    both = socket.socket(socket.AF_INET6)
    try:
        both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        both.bind(("::", 0))
    except OSError as why:
        skip("no IPv6 here: %s" % why)
    if not ROOT:
        skip("an ordinary user listens on loopback only")
    both.listen()
    port = both.getsockname()[1]
    conf = os.path.join(server.dir, "star.conf")
    text = re.sub(r"access \{ (\w+) = \S+ \}\n", r"access { \1 = {} }\n", open(server["conf"]).read())
    with open(conf, "w") as f:
        f.write(text.replace("access { imap = {} }", 'access { imap = {"*:%d"} }' % port))
    accessd = start([both], conf)
    until_notified("READY=1")
    for address in ("127.0.0.1", "::1"):
        t = Talk(server, "imap", address=(address, port))
        t.until(r"\* OK")
        matches(t.ask(LOGIN, "a "), "^a OK")
    matches(server.log_text(), r"login user=anna service=imap remote=127\.0\.0\.1")
    accessd.send_signal(signal.SIGHUP)
    until_notified("READY=1")
    check("everything stays as it was" not in server.log_text())


run()
