#!/usr/bin/env python3
# Certificates by name from tls_directory: which client gets which, and what happens while they change.
import os
import shutil
import signal
import ssl
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from certificates import *

if not shutil.which("openssl"):
    skip_all("openssl is not installed")
TLS = tempfile.mkdtemp(prefix="posthouse-tls-")
atexit.register(shutil.rmtree, TLS, True)
RSA12 = dict(ciphers="ECDHE-RSA-AES128-GCM-SHA256", version=ssl.TLSVersion.TLSv1_2)
ECDSA12 = dict(ciphers="ECDHE-ECDSA-AES128-GCM-SHA256", version=ssl.TLSVersion.TLSv1_2)


def name_dir(name):
    return os.path.join(TLS, name)


one = make_certificate(name_dir("one.example"), "one.example", "mail.one.example")
two = make_certificate(name_dir("two.example"), "two.example")
two_rsa = make_certificate(name_dir("two.example-rsa"), "two.example", rsa=True)
wild = make_certificate(name_dir("wild.example"), "*.wild.example")
make_certificate(name_dir("broken.example"), "broken.example")
shutil.copy(os.path.join(name_dir("one.example"), "privkey.pem"), os.path.join(name_dir("broken.example"), "privkey.pem"))
os.mkdir(name_dir("empty.example"))
with open(os.path.join(TLS, "README"), "w") as f:
    f.write("as certbot leaves it\n")

server = Sandbox(users=["anna"], conf='auth { tls_directory = "%s" }\n' % TLS)
default = ssl.PEM_cert_to_DER_cert(open(server["certificate"]).read())


def got(name, service="imaps", **kwargs):
    return certificate_of(server, service, name, **kwargs)


@test("each name of a certificate gets it, in any case and with the root's dot; so does that of its directory")
def _():
    for name in ["one.example", "mail.one.example", "MAIL.One.Example"]:
        equal(got(name) == one, True, name)
    equal(got("two.example") == two, True)
    equal(got("two.example-rsa") == two_rsa, True, "the directory's name")


@test("IMAP, POP3 and SMTP do alike, also after STARTTLS")
def _():
    for service in ["imaps", "pop3s", "submissions"]:
        equal(got("one.example", service) == one, True, service)
    t = Talk(server, "imap")
    t.until(r"\* OK")
    matches(t.ask("a STARTTLS", "a "), "^a OK")
    t.socket = client_context().wrap_socket(t.socket, server_hostname="one.example")
    equal(t.socket.getpeercert(binary_form=True) == one, True)


@test("no name, a name that is not there and a name that is none get the default")
def _():
    for name in [None, "elsewhere.example", "broken.example", "empty.example", "a" * 63 + ".example"]:
        equal(got(name) == default, True, repr(name))


@test("a wildcard stands for one label")
def _():
    for name in ["a.wild.example", "b.wild.example"]:
        equal(got(name) == wild, True, name)
    for name in ["wild.example.org", "a.b.wild.example"]:
        equal(got(name) == default, True, name)
    for i in range(30):
        equal(got("n%d.wild.example" % i) == wild, True)


@test("P-256 and RSA stand side by side: each client gets the kind that it knows")
def _():
    equal(got("two.example") == two, True, "a client that knows both")
    equal(got("two.example", context=client_context(**RSA12)) == two_rsa, True, "RSA only")
    equal(got("two.example", context=client_context(**ECDSA12)) == two, True, "ECDSA only")


@test("a bad certificate is named in the log, and disables one name only")
def _():
    matches(server.log_text(), r"signer\[\d+\]: error: certificate \S+/broken.example/fullchain.pem: the key does not belong")
    equal(got("one.example") == one, True)


@test("a login works with each kind of key and TLS 1.2 and 1.3")
def _():
    for kwargs in [RSA12, ECDSA12, dict(version=ssl.TLSVersion.TLSv1_3)]:
        t = TlsTalk(server, "imaps", "two.example", context=client_context(**kwargs))
        t.until(r"\* OK")
        matches(t.ask('a LOGIN anna "%s"' % PASSWORD, "a "), "^a OK", repr(kwargs))


@test("what changes is served within seconds, without a reload, and without a word to who is connected")
def _():
    waiting = TlsTalk(server, "imaps", "one.example")
    waiting.until(r"\* OK")
    inside = TlsTalk(server, "imaps", "one.example")
    inside.until(r"\* OK")
    matches(inside.ask('a LOGIN anna "%s"' % PASSWORD, "a "), "^a OK")
    renewed = make_certificate(name_dir("one.example"), "one.example", "mail.one.example")
    added = make_certificate(name_dir("new.example"), "new.example")
    shutil.rmtree(name_dir("wild.example"))
    mended = make_certificate(name_dir("broken.example"), "broken.example")
    for name, wanted in [("one.example", renewed), ("new.example", added), ("a.wild.example", default), ("broken.example", mended)]:
        eventually(lambda: got(name) == wanted, 15, "%s has not changed" % name)
    check("one.example/fullchain.pem: the key does not" not in server.log_text(), "chain and key were read half changed")
    matches(waiting.ask('a LOGIN anna "%s"' % PASSWORD, "a "), "^a OK")
    matches(inside.ask("b NOOP", "b "), "^b OK")


@test("a certificate that goes bad stays in use as it was")
def _():
    with open(os.path.join(name_dir("new.example"), "fullchain.pem"), "w") as f:
        f.write("nonsense\n")
    eventually(lambda: re.search(r"error: certificate \S+/new.example/fullchain.pem: .*what was there before stays", server.log_text()))
    equal(got("new.example") == default, False)


@test("sessions are resumed whichever process the client comes to")
def _():
    for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
        context = client_context(version=version)
        t = TlsTalk(server, "imaps", "two.example", context=context)
        t.until(r"\* OK")
        session, reused = t.socket.session, []
        for _ in range(16):
            again = TlsTalk(server, "imaps", "two.example", context=context, session=session)
            again.until(r"\* OK")
            reused.append(again.socket.session_reused)
            session = again.socket.session
            again.close()
        equal(reused, [True] * 16, repr(version))
        again = TlsTalk(server, "imaps", "two.example", context=context, session=session)
        again.until(r"\* OK")
        matches(again.ask("a SELECT INBOX", "a "), "^a BAD", "a resumed session is not logged in")


@test("ALPN: the protocol's own name is agreed on, another's is refused")
def _():
    t = TlsTalk(server, "imaps", context=client_context(alpn=["imap"]))
    equal(t.socket.selected_alpn_protocol(), "imap")
    equal(TlsTalk(server, "pop3s", context=client_context(alpn=["http/1.1", "pop3"])).socket.selected_alpn_protocol(), "pop3")
    for service, protocols in [("imaps", ["http/1.1"]), ("imaps", ["pop3"]), ("pop3s", ["h2", "imap"]), ("submissions", ["ftp"])]:
        try:
            TlsTalk(server, service, context=client_context(alpn=protocols))
            check(False, "%s took %r" % (service, protocols))
        except ssl.SSLError as why:
            matches(str(why), "(?i)no.application.protocol", service)


@test("TLS 1.1 is refused")
def _():
    context = client_context(ciphers="ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        TlsTalk(server, "imaps", context=context)
        check(False, "TLS 1.1 was taken")
    except (ssl.SSLError, OSError):
        pass


@test("when the signer is killed new handshakes work again soon, and who is connected stays")
def _():
    t = TlsTalk(server, "imaps", "two.example")
    t.until(r"\* OK")
    matches(t.ask('a LOGIN anna "%s"' % PASSWORD, "a "), "^a OK")
    os.kill(server.children("posthouse-signer")[0], 9)

    def served():
        try:
            return got("two.example") == two
        except OSError:
            return False
    eventually(served, 20)
    matches(t.ask("b NOOP", "b "), "^b OK")


@test("a reload takes another directory, or none; names that are no longer there get the default")
def _():
    other = tempfile.mkdtemp(prefix="posthouse-tls-")
    atexit.register(shutil.rmtree, other, True)
    moved = make_certificate(os.path.join(other, "two.example"), "two.example")
    conf = open(server["conf"]).read()
    for text, wanted in [(conf.replace(TLS, other), moved), (conf.replace('tls_directory = "%s"' % TLS, ""), default), (conf, two)]:
        with open(server["conf"], "w") as f:
            f.write(text)
        os.kill(int(server["pid_auth"]), signal.SIGHUP)
        eventually(lambda: got("two.example") == wanted, 15, "two.example has not changed")
        if text != conf:
            eventually(lambda: got("a.two.example") == default and got("one.example") == default, 15, "one.example is still there")


run()
