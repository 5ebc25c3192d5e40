#!/usr/bin/env python3
# SCRAM-SHA-256 and -PLUS: both sides prove that they know the password; the channel is really bound; nobody learns who has an account.
import hashlib
import hmac
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

UID = 61000 if ROOT else os.getuid()
SECRET = "pencil,=\u00e4"


def verifier(password, iterations=4096, salt=b"0123456789abcdef"):
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.new(salted, b"Client Key", "sha256").digest()
    server = hmac.new(salted, b"Server Key", "sha256").digest()
    return "{SCRAM-SHA-256}%d,%s,%s,%s" % (iterations, b64(salt), b64(hashlib.sha256(client).digest()), b64(server))


def line(name, field, extra=""):
    return "%s:%s:%d:%d::/home/%s::%s\n" % (name, field, UID, UID, name, extra)


LINES = (line("anna", verifier(SECRET)) + line("hash", crypt.crypt(SECRET, "$6$rounds=1000$saltsalt$")) +
         line("away", verifier(SECRET), "nologin") + line("weak", verifier(SECRET, 1000)))
MECHANISMS = 'sasl_mechanisms = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}\n'
box = Authd(LINES)


def restart(site):
    box.stop()
    conf = open(box.conf).read()
    with open(box.conf, "w") as f:
        f.write(site + "trusted_networks = {\"192.0.2.0/24\"}\n" + conf)
    box.start()


@test("what is not in sasl_mechanisms is not to be had")
def _():
    equal(box.talk().sasl("SCRAM-SHA-256", b64("n,,n=anna,r=x"))[0], "INVALID")
    restart(MECHANISMS)


class Scram:
    """The client's side of one exchange over records."""
    def __init__(self, name="anna", password=SECRET, plus=False, binding=b"", sent_binding=None, flag=None, authzid="", answer="", **more):
        self.talk = box.talk()
        flag = flag or ("p=tls-exporter" if plus else "n")
        header = "%s,%s," % (flag, "a=" + authzid if authzid else "")
        bare = "n=%s,r=%s" % (name.replace("=", "=3D").replace(",", "=2C"), b64(os.urandom(12)))
        i = self.talk.begin("SCRAM-SHA-256" + ("-PLUS" if plus else ""), b64(header + bare), binding=binding, remote="192.0.2.1", **more)
        _, self.status, text, _ = self.talk.result()
        if self.status != "CONTINUE":
            return
        self.first = base64.b64decode(text).decode()
        fields = dict(f.split("=", 1) for f in self.first.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
        client = hmac.new(salted, b"Client Key", "sha256").digest()
        bound = header.encode() + (sent_binding if sent_binding is not None else binding if plus else b"")
        without = "c=%s,r=%s" % (b64(bound), fields["r"])
        message = ",".join([bare, self.first, without]).encode()
        signature = hmac.new(hashlib.sha256(client).digest(), message, "sha256").digest()
        proof = bytes(a ^ b for a, b in zip(client, signature))
        self.talk.send(CONTINUE, u32(i), data(b64("%s,p=%s" % (without, b64(proof)))))
        start = time.monotonic()
        _, self.status, text, _ = self.talk.result()
        self.seconds = time.monotonic() - start
        if self.status != "CONTINUE":
            return
        server = hmac.new(hmac.new(salted, b"Server Key", "sha256").digest(), message, "sha256").digest()
        self.mutual = base64.b64decode(text).decode() == "v=" + b64(server)
        self.talk.send(CONTINUE, u32(i), data(answer))
        _, self.status, self.ticket, self.name = self.talk.result()


BOUND = bytes(range(32))


@test("the right password proves both sides to each other and gives a ticket for its account")
def _():
    s = Scram()
    equal((s.status, s.mutual, s.name), ("OK", True, "anna"))
    equal(box.talk("auth-master").redeem(s.ticket, "imap")[1]["name"], "anna")


@test("the same verifier serves PLAIN, too")
def _():
    equal(box.talk().plain("anna", SECRET)[0], "OK")
    equal(box.talk().plain("anna", "wrong")[0], "FAILED")
    equal(Scram("weak").status, "FAILED", "less than 4096 iterations")


@test("wrong passwords, unknown names, accounts without a verifier and closed ones fail alike, after the same time")
def _():
    tries = [Scram(password="wrong"), Scram("nobody-here"), Scram("hash"), Scram("away"), Scram("../x")]
    equal([s.status for s in tries], ["FAILED"] * 5)
    for s in tries:
        check(0.95 <= s.seconds < 1.7, "%.2f s" % s.seconds)
    for reason in ["wrong-password", "unknown-user", "no-scram-verifier", "nologin", "bad-name"]:
        matches(box.text(), r"failed service=imap user=\S+ remote=192\.0\.2\.1 mech=SCRAM-SHA-256 reason=%s$" % reason)


@test("names that nobody has get a salt that stays the same, over a restart too, and differs between names")
def _():
    def salt(name):
        return re.search(r"s=[^,]+,i=\d+", Scram(name, "x").first).group(0)
    before = salt("nobody-here")
    check(before != salt("nobody-else"))
    box.stop()
    box.start()
    equal(salt("nobody-here"), before)


@test("-PLUS takes the binding of this connection and no other")
def _():
    equal(Scram(plus=True, binding=BOUND).status, "OK")
    equal(Scram(plus=True, binding=BOUND, sent_binding=bytes(32)).status, "FAILED", "another connection's")
    equal(Scram(plus=True, binding=BOUND, sent_binding=b"").status, "FAILED", "none")
    equal(Scram(plus=True, binding=BOUND, flag="p=tls-unique").status, "INVALID", "another kind")
    equal(Scram(plus=True, binding=BOUND, flag="n").status, "INVALID", "no binding under the name of -PLUS")
    equal(Scram(plus=True, binding=b"").status, "INVALID", "a connection without one")


@test("without -PLUS a client that binds, or was told that we cannot, is refused")
def _():
    equal(Scram(binding=BOUND, flag="y").status, "INVALID", "somebody has taken -PLUS out of the list")
    equal(Scram(binding=b"", flag="y").status, "OK")
    equal(Scram(binding=BOUND, flag="p=tls-exporter", sent_binding=BOUND).status, "INVALID")
    equal(Scram(binding=BOUND, flag="n").status, "OK")


@test("nobody acts for another, and what follows the proof is nothing")
def _():
    equal(Scram(authzid="ben").status, "INVALID")
    equal(Scram(authzid="anna").status, "OK")
    equal(Scram(answer=b64("x")).status, "INVALID")
    equal(Scram(answer="*").status, "INVALID")


@test("malformed messages are refused, and the next exchange works")
def _():
    for first in ["", "\0,,n=anna,r=x", "n", "n,,", "n,,n=,r=x", "x,,n=anna,r=x", "n,,m=ext,n=anna,r=x", "n,,n=an=2na,r=x", "n,,n=an\0na,r=x", "n,,n=anna", "n,,n=anna,r=" + "x" * 9000]:
        talk = box.talk()
        status = talk.sasl("SCRAM-SHA-256", b64(first) or "=", b64("c=biws,r=x,p=x"), remote="192.0.2.1")[0]
        check(status in ("INVALID", "FAILED"), first[:40] + " " + status)
        talk.close()
    equal(Scram().status, "OK")


@test("an independent client logs in by SCRAM over TLS, bound to the channel, and to none of it with the wrong password")
def _():
    if not shutil.which("gsasl"):
        skip("gsasl is not installed")
    server = Sandbox(users=[], passwd_lines=[line("anna", verifier("pencil"))] if not ROOT else
                     ["anna:%s:61000:61000::%s::" % (verifier("pencil"), "/tmp")], conf=MECHANISMS)
    for protocol, service in [("--imap", "imap"), ("--smtp", "submission")]:
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]:
            for password, good in [("pencil", True), ("stencil", False)]:
                done = subprocess.run(["gsasl", protocol, "--connect", server.values[service], "--mechanism", mechanism, "-a", "anna", "-p", password,
                                       "--starttls", "--verbose", "--x509-ca-file="] + ([] if "PLUS" in mechanism else ["--no-cb"]),
                                      input=b"", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
                said = done.stdout.decode("latin-1")
                equal("server trusted" in said, good, "%s %s %s" % (service, mechanism, said))


run()
