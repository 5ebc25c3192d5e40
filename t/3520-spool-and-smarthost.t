#!/usr/bin/env python3
# Mail for elsewhere is taken from those who may, waits in the spool, and goes to the smarthost; who cannot be served is reported.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
import base64, signal
from posthouse import *
from smarthost import Smarthost

host = Smarthost()
server = Sandbox(users=["anna", "ben"], conf="""relay {
    smarthost = "127.0.0.1:%d" smarthost_tls = "none"
    retry_first = 1 retry_max = 2 expire = 12 }
""" % host.port)
anna = server.user("anna")
queue = os.path.join(server.dir, "box", "spool", "queue")


def spool():
    return [name for name in os.listdir(queue) if len(name) == 20]


def submit(to, sender="anna@localhost", body="Subject: out\r\n\r\nhello\r\n"):
    t = Talk(server, "submission")
    t.until(r"220 ")
    t.ask("EHLO client.example.org")
    matches(t.ask("AUTH PLAIN " + base64.b64encode(("\0anna\0" + PASSWORD).encode()).decode()), r"^235 ")
    reply = t.ask("MAIL FROM:<%s>" % sender)
    if not reply.startswith("250"):
        return reply
    for name in to:
        matches(t.ask("RCPT TO:<%s>" % name), r"^250 ")
    t.ask("DATA")
    t.send(body.encode() + b".\r\n")
    return t.until(r"\d\d\d ")


def arrived(pattern, n=1):
    return [m for m in host.messages if re.search(pattern, m[2])][:n]


@test("a client that logged in may send anywhere; the mail waits while the smarthost is down")
def _():
    matches(submit(["x@example.net", "y@example.net"]), r"^250 .*queued")
    eventually(lambda: "Connection refused" in server.log_text(), 10, "no attempt")
    equal(len(spool()), 1)


@test("a spooled message survives a kill of the queue, and goes when the smarthost is there, once, dots and all")
def _():
    submit(["z@example.net"], body="Subject: dots\r\n\r\n..a\r\n...\r\nend\r\n")
    os.kill(server.children("posthouse-queue")[0], signal.SIGKILL)
    host.up()
    eventually(lambda: arrived(rb"Subject: dots"), 20, "not sent")
    eventually(lambda: arrived(rb"Subject: out"), 20, "not sent")
    eventually(lambda: spool() == [], 10, "the spool is not empty")
    sender, recipients, data = arrived(rb"Subject: dots")[0]
    matches(sender, r"^MAIL FROM:<anna@localhost>")
    check(data.endswith(b"\r\n\r\n..a\r\n...\r\nend\r\n"), data)
    sender, recipients, data = arrived(rb"Subject: out")[0]
    equal(recipients, [b"RCPT TO:<x@example.net>\r\n", b"RCPT TO:<y@example.net>\r\n"])
    check(b"Bcc" not in data and b"\n" not in data.replace(b"\r\n", b""), "bare line ends")
    equal(len(host.messages), 2)


@test("each recipient has its own verdict: taken, reported, tried again and given up in time")
def _():
    before = len(anna.files())
    submit(["ok@example.net", "bad@example.net", "later@example.net"], body="Subject: three\r\n\r\nx\r\n")
    eventually(lambda: arrived(rb"Subject: three"), 10, "not sent")
    eventually(lambda: len(anna.files()) == before + 1, 10, "no report")
    report = [m.decode() for m in anna.messages() if b"bad@example.net" in m][0]
    matches(report, r"Status: 5\.1\.1")
    check("later@" not in report, "it reports what still waits")
    eventually(lambda: len(anna.files()) == before + 2, 25, "no second report")
    report = [m.decode() for m in anna.messages() if b"later@example.net" in m][0]
    matches(report, r"Status: 5\.4\.7\n")
    matches(report, r"come later")
    eventually(lambda: spool() == [], 10, "the spool is not empty")
    equal(len(arrived(rb"Subject: three", 9)), 1)


@test("strangers may not send elsewhere, and nobody in another account's name")
def _():
    t = Talk(server, "smtp")
    t.until(r"220 ")
    t.ask("EHLO client.example.org")
    t.ask("MAIL FROM:<anna@localhost>")
    matches(t.ask("RCPT TO:<x@example.net>"), r"^554 5\.7\.1 ")
    t.close()
    matches(submit(["x@example.net"], sender="ben@localhost"), r"^553 5\.7\.1 ")


@test("a spool file that is broken is set aside and stops nothing")
def _():
    broken = os.path.join(queue, "0" * 20)
    with open(broken, "wb") as f:
        f.write(b"PHSPOOL1I\xff\xff\xff\xff")
    os.chmod(broken, 0o600)
    if ROOT:
        st = os.stat(queue)
        os.chown(broken, st.st_uid, st.st_gid)
    os.kill(server.children("posthouse-queue")[0], signal.SIGKILL)
    eventually(lambda: os.path.exists(os.path.join(queue, "..", "damaged", "0" * 20)), 10, "not set aside")
    eventually(lambda: "moved to damaged/" in server.log_text(), 10, "not logged")
    matches(send(server, "anna"), r"^250 ")


@test("without a smarthost mail for elsewhere is refused in words")
def _():
    plain = Sandbox(users=["anna"])
    t = Talk(plain, "submission")
    t.until(r"220 ")
    t.ask("EHLO client.example.org")
    t.ask("AUTH PLAIN " + base64.b64encode(("\0anna\0" + PASSWORD).encode()).decode())
    t.ask("MAIL FROM:<anna@localhost>")
    matches(t.ask("RCPT TO:<x@example.net>"), r"^550 5\.3\.2 .*smarthost")
    t.close()
    plain.stop()


def secured(smarthost, mode):
    """A sandbox that sends through it with TLS and credentials."""
    credentials = os.path.join(server.dir, "credentials")
    with open(credentials, "w") as f:
        f.write("relay:pass word\n")
    os.chmod(credentials, 0o600)
    return Sandbox(users=["anna"], conf="""relay {
        smarthost = "localhost:%d" smarthost_tls = "%s" smarthost_credentials = "%s"
        retry_first = 1 retry_max = 1 }
    """ % (smarthost.port, mode, credentials))


def mail_out(box):
    done = subprocess.run([box["sendmail"], "-i", "-f", "anna@localhost", "x@example.net"], input=b"Subject: tls\n\nx\n",
                          stderr=subprocess.PIPE)
    equal(done.returncode, 0, done.stderr.decode())


PAIR = (server["certificate"], os.path.join(os.path.dirname(server["certificate"]), "key.pem"))
TOKEN = base64.b64encode(b"\0relay\0pass word").decode()


@test("credentials go by AUTH PLAIN under STARTTLS")
def _():
    tls = Smarthost(starttls=PAIR, auth=TOKEN).up()
    box = secured(tls, "starttls")
    mail_out(box)
    eventually(lambda: tls.messages, 15, "not sent")
    check(tls.seen.index(b"STARTTLS\r\n") < tls.seen.index(b"AUTH PLAIN " + TOKEN.encode() + b"\r\n"), "AUTH before TLS")
    box.stop()


@test("... and under TLS from the start")
def _():
    tls = Smarthost(tls=PAIR, auth=TOKEN).up()
    box = secured(tls, "implicit")
    mail_out(box)
    eventually(lambda: tls.messages, 15, "not sent")
    box.stop()


@test("a server that does not offer the STARTTLS that is asked for gets neither credentials nor mail")
def _():
    clear = Smarthost(auth=TOKEN).up()
    box = secured(clear, "starttls")
    mail_out(box)
    eventually(lambda: "does not offer STARTTLS" in box.log_text(), 15, "no complaint")
    equal((clear.messages, clear.logins), ([], []))
    box.stop()


@test("a reply in clear that came with the go-ahead for TLS is not believed")
def _():
    forged = Smarthost(starttls=PAIR, auth=TOKEN, inject=True).up()
    box = secured(forged, "starttls")
    mail_out(box)
    eventually(lambda: "spoke before the TLS handshake" in box.log_text(), 15, "no complaint")
    equal((forged.messages, forged.logins), ([], []))
    box.stop()


run()
