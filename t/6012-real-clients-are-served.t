#!/usr/bin/env python3
# curl, swaks and gnutls-cli on every port.
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

server = Sandbox(users=["anna", "ben"])
LETTER = os.path.join(server.dir, "letter")
TEXT = b"From: ben@localhost\r\nTo: anna@localhost\r\nSubject: by curl\r\n\r\n.dot\r\nlast line\r\n"
with open(LETTER, "wb") as f:
    f.write(TEXT)


def shell(*command, input=b""):
    if not shutil.which(command[0]):
        skip(command[0] + " is not installed")
    done = subprocess.run(command, input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout.decode("latin-1")


def curl(url, *more, user="anna"):
    status, said = shell("curl", "--silent", "--show-error", "--max-time", "30", "--cacert", server["certificate"],
                         "--user", "%s:%s" % (user, PASSWORD), url, *more)
    equal(status, 0, "curl %s: %s" % (url, said))
    return said


def url(scheme, service, path=""):
    return "%s://localhost:%d/%s" % (scheme, server.address(service)[1], path)


def files():
    return len(server.user("anna").files())


@test("curl sends by smtp, with STARTTLS on submission, and by smtps")
def _():
    to = ("--mail-from", "ben@localhost", "--mail-rcpt", "anna@localhost", "--upload-file", LETTER)
    status, said = shell("curl", "--silent", "--show-error", url("smtp", "smtp"), *to)
    equal(status, 0, said)
    curl(url("smtp", "submission"), "--ssl-reqd", *to, user="ben")
    curl(url("smtps", "submissions"), *to, user="ben")
    equal(files(), 3)


@test("curl fetches the same bytes by imap, imaps, pop3 and pop3s")
def _():
    for scheme, service, path, more in (("imap", "imap", "INBOX;MAILINDEX=1", ()), ("imap", "imap", "INBOX;UID=2", ("--ssl-reqd",)),
                                        ("imaps", "imaps", "INBOX;MAILINDEX=3", ()), ("pop3", "pop3", "1", ()),
                                        ("pop3", "pop3", "2", ("--ssl-reqd",)), ("pop3s", "pop3s", "3", ())):
        got = curl(url(scheme, service, path), *more)
        check(got.endswith(TEXT.decode()), "%s: %r" % (scheme, got[-300:]))


@test("curl lists folders and looks at one")
def _():
    matches(curl(url("imap", "imap")), r'\* LIST \(.*\) "?.*"? "?INBOX"?', "LIST")
    matches(curl(url("imap", "imap", "INBOX"), "-X", "STATUS INBOX (MESSAGES)"), r"MESSAGES 3", "STATUS")
    matches(curl(url("imaps", "imaps", "INBOX?SUBJECT%20curl")), r"\* SEARCH 1 2 3", "SEARCH")


@test("curl uploads a letter by IMAP APPEND, which comes back as it is")
def _():
    curl(url("imaps", "imaps", "INBOX"), "--upload-file", LETTER)
    equal(curl(url("imaps", "imaps", "INBOX;MAILINDEX=4")), TEXT.decode())


@test("swaks delivers in clear to port smtp")
def _():
    before = files()
    status, said = shell("swaks", "--server", server["smtp"], "--from", "friend@example.org", "--to", "anna@localhost")
    equal(status, 0, said)
    equal(files(), before + 1)


@test("swaks submits with STARTTLS and AUTH PLAIN, and with AUTH LOGIN on the TLS port")
def _():
    before = files()
    for mechanism, more in (("PLAIN", ("--server", server["submission"], "--tls")),
                            ("LOGIN", ("--server", server["submissions"], "--tlsc"))):
        status, said = shell("swaks", "--from", "ben@localhost", "--to", "anna@localhost", "--auth", mechanism, "--auth-user", "ben",
                             "--auth-password", PASSWORD, *more)
        equal(status, 0, said)
        matches(said, r"<~+\s+235", "AUTH %s under TLS" % mechanism)
    equal(files(), before + 2)


@test("swaks is refused with a wrong password")
def _():
    status, said = shell("swaks", "--server", server["submission"], "--tls", "--from", "ben@localhost", "--to", "anna@localhost",
                         "--auth", "PLAIN", "--auth-user", "ben", "--auth-password", "wrong")
    check(status != 0, said)
    matches(said, r"<~\* 535", "535")


def handshake(service, priority, starttls=None):
    host, port = "localhost", server.address(service)[1]
    return shell("gnutls-cli", "--x509cafile", server["certificate"], "--priority", priority, "--port", str(port),
                 *(("--starttls-proto", starttls) if starttls else ()), host)


@test("gnutls-cli verifies the certificate with TLS 1.2 and 1.3 on every port")
def _():
    for version in ("1.2", "1.3"):
        for service, starttls in (("smtp", "smtp"), ("submission", "smtp"), ("submissions", None), ("imap", "imap"), ("imaps", None),
                                  ("pop3", "pop3"), ("pop3s", None)):
            status, said = handshake(service, "NORMAL:-VERS-ALL:+VERS-TLS" + version, starttls)
            matches(said, r"Handshake was completed", "%s with TLS %s" % (service, version))
            matches(said, r"The certificate is trusted", "%s with TLS %s" % (service, version))
            matches(said, r"TLS%s" % version, "%s version" % service)


@test("TLS 1.1 is refused")
def _():
    for service in ("imaps", "pop3s", "submissions"):
        status, said = handshake(service, "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT")
        check("Handshake was completed" not in said, service + ": " + said)


run()
