#!/usr/bin/env python3
# A ban is refused at accept, by every service, without a word; nobody else notices.
import ctypes
import os
import ssl
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

GUESSER, NEIGHBOUR = "192.0.2.77", "192.0.2.78"
if not ROOT or not shutil.which("ip"):
    skip_all("addresses of our own need root and ip(8)")
if ctypes.CDLL(None, use_errno=True).unshare(0x40000000) != 0:  # CLONE_NEWNET
    skip_all("no network of our own can be had here")
for words in (["link", "set", "lo", "up"], ["addr", "add", GUESSER + "/32", "dev", "lo"], ["addr", "add", NEIGHBOUR + "/32", "dev", "lo"]):
    subprocess.run(["ip", *words], check=True)

server = Sandbox(users=["anna"], conf="auth { ban_after = 3 }\n")


def connect(service, source, tls=False):
    host, port = server.address(service)
    s = socket.create_connection((host, port), 10, (source, 0))
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        s = context.wrap_socket(s)
    return s


def greeting(service, source):
    """What a new connection is told; empty: it was closed without a word."""
    try:
        with connect(service, source) as s:
            return s.recv(1000)
    except ConnectionError:
        return b""


def ban(*words):
    conf = re.search(r"\S*posthouse\.conf", open("/proc/%s/cmdline" % server.values["pid_auth"]).read().replace("\0", " ")).group(0)
    return subprocess.run([os.path.join(BUILD, "auth", "posthouse-ban"), words[0], "-c", conf, *words[1:]], check=True,
                          stdout=subprocess.PIPE).stdout.decode()


@test("who guesses over IMAP is refused by IMAP, POP3 and SMTP; his neighbour is not")
def _():
    with connect("imaps", GUESSER, True) as s:
        s.recv(1000)
        for i in range(3):
            s.sendall(b"a%d LOGIN anna wrong%d\r\n" % (i, i))
            matches(s.recv(1000), rb"a%d NO \[AUTHENTICATIONFAILED\]" .decode() % i)
    eventually(lambda: GUESSER in ban("list"), 10)
    for service in ["imap", "pop3", "smtp", "submission"]:
        eventually(lambda: greeting(service, GUESSER) == b"", 5, service)
        check(greeting(service, NEIGHBOUR), service)
        check(greeting(service, "127.0.0.1"), service)


@test("the operator's word lifts it at once")
def _():
    ban("remove", GUESSER)
    for service in ["imap", "pop3", "smtp"]:
        eventually(lambda: greeting(service, GUESSER) != b"", 5, service)


run()
