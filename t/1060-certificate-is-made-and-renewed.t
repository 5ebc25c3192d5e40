#!/usr/bin/env python3
# The signer: a pair for the machine that has none, renewal without a word, and what it signs.
import hashlib
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from authtalk import *

ECDSA_SHA256, ECDSA_P256_SHA256, RSA_RAW, RSA_PSS_SHA256, RSA_PSS_RSAE_SHA256 = 14, 37, 36, 32, 40  # gnutls_sign_algorithm_t
authd = Authd()
signer = lambda: SignerTalk(os.path.join(authd.dir, "run", "net", "signer"))
TLS = os.path.join(authd.dir, "state", "tls")
DIGEST = hashlib.sha256(b"handshake").digest()


@test("the first start makes a self-signed pair, closed to others, and says so")
def _():
    equal(os.stat(os.path.join(TLS, "key.pem")).st_mode & 0o777, 0o600, "mode of the key")
    matches(authd.text(), r"made a self-signed one for mail\.example\.org .*fingerprint [0-9a-f]{64}")
    serial, chain = signer().chain()
    check(serial != 0)
    equal(chain, open(os.path.join(TLS, "cert.pem"), "rb").read())
    if shutil.which("certtool"):
        text = subprocess.run(["certtool", "-i", "--infile", os.path.join(TLS, "cert.pem")], capture_output=True).stdout
        matches(text, r"DNSname: mail\.example\.org.*DNSname: localhost")
        matches(text, r"SECP256R1")


@test("digests of the right size are signed, all else is refused")
def _():
    talk = signer()
    serial, _ = talk.chain()
    check(talk.sign(serial, ECDSA_P256_SHA256, DIGEST) or talk.sign(serial, ECDSA_SHA256, DIGEST), "not signed")
    for algorithm in [ECDSA_SHA256, ECDSA_P256_SHA256]:
        for wrong in [b"", DIGEST[:31], DIGEST + b"x", b"x" * 5000]:
            equal(talk.sign(serial, algorithm, wrong), None, "%d octets" % len(wrong))
    for algorithm in [0, RSA_RAW, RSA_PSS_SHA256, 1, 65535]:
        equal(talk.sign(serial, algorithm, DIGEST), None, "algorithm %d" % algorithm)
    for other in [0, 1, serial ^ 2]:
        equal(talk.sign(other, ECDSA_P256_SHA256, DIGEST), None, "serial %d" % other)


@test("a renewed certificate is in use within seconds; what began with the old one goes on")
def _():
    other = Authd()
    talk = signer()
    old, _ = talk.chain()
    for name in ["cert.pem", "key.pem"]:
        shutil.copy(os.path.join(other.dir, "state", "tls", name), os.path.join(TLS, name + ".new"))
        os.rename(os.path.join(TLS, name + ".new"), os.path.join(TLS, name))
        time.sleep(1.2 if name == "cert.pem" else 0)
    wanted = open(os.path.join(TLS, "cert.pem"), "rb").read()
    eventually(lambda: talk.chain()[1] == wanted, 5)
    new, _ = talk.chain()
    check(new != old)
    for serial in (old, new):
        check(talk.sign(serial, ECDSA_P256_SHA256, DIGEST) or talk.sign(serial, ECDSA_SHA256, DIGEST))
    matches(authd.text(), r"key does not belong to the first certificate")


@test("a broken certificate leaves the good one in use")
def _():
    talk = signer()
    before = talk.chain()
    with open(os.path.join(TLS, "cert.pem"), "w") as f:
        f.write("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    eventually(lambda: authd.text().count("the one in use stays") > 1, 5)
    equal(talk.chain(), before)


@test("RSA keys sign PSS, and PKCS#1 of whole DigestInfos only")
def _():
    if not shutil.which("openssl"):
        skip("openssl is not installed")
    rsa, info = os.path.join(authd.dir, "rsa"), bytes.fromhex("3031300d060960864801650304020105000420")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "5",
                    "-keyout", rsa + ".key", "-out", rsa + ".crt"], check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-in", rsa + ".crt", "-noout", "-pubkey", "-out", rsa + ".pub"], check=True)
    shutil.copy(rsa + ".key", os.path.join(TLS, "key.pem"))
    shutil.copy(rsa + ".crt", os.path.join(TLS, "cert.pem"))
    talk = signer()
    eventually(lambda: talk.chain()[1] == open(rsa + ".crt", "rb").read(), 5)
    serial, _ = talk.chain()
    check(talk.sign(serial, RSA_PSS_RSAE_SHA256, DIGEST), "PSS")
    with open(rsa + ".sig", "wb") as f:
        f.write(talk.sign(serial, RSA_RAW, info + DIGEST))
    with open(rsa + ".data", "wb") as f:
        f.write(b"handshake")
    subprocess.run(["openssl", "dgst", "-sha256", "-verify", rsa + ".pub", "-signature", rsa + ".sig", rsa + ".data"],
                   check=True, capture_output=True)
    for wrong in [DIGEST, info, info + DIGEST + b"x", info[:-1] + b"\x21" + DIGEST, b"\0\1" + b"\xff" * 200 + b"\0" + info + DIGEST]:
        equal(talk.sign(serial, RSA_RAW, wrong), None, "%d octets of raw RSA" % len(wrong))
    equal(talk.sign(serial, ECDSA_P256_SHA256, DIGEST), None, "ECDSA by an RSA key")


@test("signer, auth and nss run without root, in an empty root where the design says so")
def _():
    if not ROOT:
        skip("needs root")
    import pwd
    sanitized = b"libasan" in open(os.path.join(BUILD, "auth", "posthouse-auth"), "rb").read()
    authd.write("anna:%s:61000:61000::/h::\n" % crypt.crypt("secret", "$6$saltsalt$"))
    eventually(lambda: authd.talk().plain("anna", "secret")[0] == "OK", 5)  # threads are there now
    for program, user, rooted in [("signer", "posthouse-sign", True), ("auth", "posthouse-auth", True),
                                  ("nss", "posthouse-auth", False)]:
        pid = authd.child("posthouse-" + program)
        state = open("/proc/%d/status" % pid).read()
        uid = pwd.getpwnam(user).pw_uid
        matches(state, r"^Uid:\s+%d\s+%d\s+%d\s+%d$" % ((uid,) * 4), program)
        matches(state, r"^CapEff:\s+0+$", program)
        matches(state, r"^NoNewPrivs:\s+1$", program)
        if rooted and not sanitized:
            for task in os.listdir("/proc/%d/task" % pid):
                matches(open("/proc/%d/task/%s/status" % (pid, task)).read(), r"^Seccomp:\s+2$", program)
        equal(os.readlink("/proc/%d/root" % pid), authd.dir + "/run/empty" if rooted else "/", program)


run()
