#!/usr/bin/env python3
# fetchmail downloads and deletes, over POP3 and over IMAP; getmail's kind of use (keep, UIDL) downloads nothing twice.
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

if not shutil.which("fetchmail"):
    skip_all("fetchmail is not installed")

server = Sandbox(users=["anna"])
got = os.path.join(server.dir, "got")
mda = os.path.join(server.dir, "mda")
with open(mda, "w") as f:
    f.write("#!/bin/sh\ncat >> %s\necho ==END== >> %s\n" % (got, got))
os.chmod(mda, 0o755)


def fetchmail(protocol, service, *options, server_options=""):
    host, port = server.address(service)
    rc = os.path.join(server.dir, "fetchmailrc")
    with open(rc, "w") as f:
        f.write('poll %s protocol %s port %d %s user anna password "%s" %s mda "%s"\n' %
                (host, protocol, port, server_options, PASSWORD, " ".join(options), mda))
    os.chmod(rc, 0o600)
    environment = dict(os.environ, HOME=server.dir, FETCHMAILHOME=server.dir)
    done = subprocess.run(["fetchmail", "-f", rc, "--nodetach", "-v", "--pidfile", os.path.join(server.dir, "fetchmail.pid")],
                          env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    check(done.returncode in (0, 1), "fetchmail: %d\n%s" % (done.returncode, done.stdout.decode("utf-8", "replace")[-3000:]))


def downloaded():
    try:
        text = open(got).read()
    except FileNotFoundError:
        return []
    os.unlink(got)
    return text.split("==END==\n")[:-1]


def fetched_and_gone(protocol, service, *options):
    for i in range(3):
        send(server, "anna", body="Subject: %d\r\n\r\nletter %d\r\n.dot\r\n" % (i, i))
    fetchmail(protocol, service, *options)
    letters = downloaded()
    equal(len(letters), 3, "messages downloaded")
    for i, letter in enumerate(letters):
        check("letter %d\n.dot\n" % i in letter, "letter %d came broken: %r" % (i, letter))
    equal(server.user("anna").files(), [], "what is left on the server")


@test("over POP3 three letters are downloaded and gone from the Maildir")
def _():
    fetched_and_gone("pop3", "pop3", "sslproto ''")


@test("over POP3 with TLS, too")
def _():
    fetched_and_gone("pop3", "pop3s", "ssl", "no sslcertck")


@test("over IMAP three letters are downloaded and gone")
def _():
    fetched_and_gone("imap", "imap", "sslproto ''")


@test("kept on the server, nothing is downloaded twice")
def _():
    send(server, "anna", body="Subject: keep\r\n\r\nstays\r\n")
    fetchmail("pop3", "pop3", "sslproto ''", "keep", server_options="uidl")
    equal(len(downloaded()), 1, "first time")
    fetchmail("pop3", "pop3", "sslproto ''", "keep", server_options="uidl")
    equal(len(downloaded()), 0, "second time")
    equal(len(server.user("anna").files()), 1, "messages on the server")


run()
