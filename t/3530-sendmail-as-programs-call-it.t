#!/usr/bin/env python3
# The sendmail command, as PHP, cron, git and mutt call it, by users without privileges.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
from posthouse import *
from smarthost import Smarthost

host = Smarthost().up()
server = Sandbox(users=["anna", "ben"], conf="""relay { smarthost = "127.0.0.1:%d" smarthost_tls = "none" retry_first = 60 }
""" % host.port)
anna, ben = server.user("anna"), server.user("ben")
LETTER = b"To: ben@localhost\nSubject: hi\n\nhello\n"


def sendmail(*args, text=LETTER, user=anna, name=None):
    command = [server["sendmail"]] + list(args)
    if name:
        command = ["sh", "-c", "exec -a %s \"$@\"" % name, "-", os.path.join(BUILD, "relay", "sendmail")] + list(args)
        command[0] = "bash"
    env = dict(os.environ, POSTHOUSE_CONF=server["conf"])
    who = {"user": user.uid, "group": user.uid, "extra_groups": []} if ROOT and user else {}
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd="/", timeout=60, **who)


def delivered(to, *args, **more):
    """What one call adds to the mailbox of `to`."""
    before = set(to.files())
    done = sendmail(*args, **more)
    equal(done.returncode, 0, done.stderr.decode())
    new = [f for f in to.files() if f not in before]
    equal(len(new), 1, "messages")
    return open(new[0], "rb").read().decode()


@test("PHP: sendmail -t -i takes the recipients of the header, and the sender is the caller's account")
def _():
    message = delivered(ben, "-t", "-i")
    matches(message, r"\AReturn-Path: <anna@localhost>\nDelivered-To: ben@localhost\n"
                     r"Received: by localhost \(Posthouse, from userid %d\)\n" % anna.uid)
    for field in ("From: ", "Date: ", "Message-ID: <"):
        equal(len(re.findall(r"(?m)^" + field, message)), 1, field)
    check(message.endswith("To: ben@localhost\nSubject: hi\n\nhello\n"), message)


@test("... with -f among the extra parameters")
def _():
    matches(delivered(ben, "-t", "-i", "-fbounces@example.org"), r"\AReturn-Path: <bounces@example\.org>\n")


@test("cron: -FCronDaemon -i -B8BITMIME -oem user")
def _():
    message = delivered(anna, "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "anna", text=b"Subject: Cron\n\n.\nout\xc3\xa9put\n")
    matches(message, r'(?m)^From: "CronDaemon" <')
    check(message.endswith("\n.\nout\u00e9put\n"), message)


@test("git send-email: -i -f sender recipients")
def _():
    matches(delivered(ben, "-i", "-f", "me@example.org", "ben@localhost"), r"\AReturn-Path: <me@example\.org>\n")


@test("mutt: -oem -oi -f sender -N never -R hdrs -- recipients")
def _():
    delivered(ben, "-oem", "-oi", "-f", "anna@localhost", "-N", "never", "-R", "hdrs", "-B8BITMIME", "--", "ben@localhost")


@test("a lone dot ends the message unless -i or -oi says that it is text; CRLF becomes LF")
def _():
    text = b"Subject: x\r\n\r\none\r\n.\r\ntwo\r\n"
    check(delivered(ben, "ben", text=text).endswith("\n\none\n"), "dot")
    check(delivered(ben, "-i", "ben", text=text).endswith("\n\none\n.\ntwo\n"), "-i")
    check(delivered(ben, "-oi", "ben", text=text).endswith("\n\none\n.\ntwo\n"), "-oi")


@test("Bcc gets a copy and stands in none")
def _():
    before = len(anna.files())
    message = delivered(ben, "-t", text=b"To: ben@localhost\nBcc: anna@localhost,\n x@example.net\nSubject: b\n\nb\n")
    equal(len(anna.files()), before + 1)
    for copy in [message] + [m.decode() for m in anna.messages()]:
        check(not re.search(r"(?mi)^bcc:", copy) and "x@example.net" not in copy, copy)
    eventually(lambda: host.messages, 15, "nothing at the smarthost")
    equal(host.messages[0][1], [b"RCPT TO:<x@example.net>\r\n"])
    check(b"anna@localhost," not in host.messages[0][2] and b"cc:" not in host.messages[0][2].lower(), host.messages[0][2])


@test("a null sender is a null sender")
def _():
    matches(delivered(ben, "-i", "-f", "<>", "ben"), r"\AReturn-Path: <>\n")
    matches(delivered(ben, "-i", "-f", "", "ben"), r"\AReturn-Path: <>\n")


@test("exit statuses tell what happened")
def _():
    equal(sendmail("-i").returncode, 64)
    equal(sendmail("-t", text=b"Subject: x\n\n").returncode, 64)
    equal(sendmail("-i", "nobody-here").returncode, 67)
    equal(sendmail("-i", "a/b@localhost").returncode, 65)


@test("options that name files, and addresses that look like options, do nothing")
def _():
    victim = os.path.join(anna.home, "victim")
    delivered(ben, "-X", victim, "-C", "/nonexistent", "-D", victim, "-OQueueDirectory=/tmp", "-i", "ben")
    check(not os.path.exists(victim), "-X wrote a file")
    equal(sendmail("-i", "--", "-Xvictim").returncode, 67)
    equal(sendmail("-i", "ben", "-f", "x").returncode, 0, "-f after an address is an address; one of three is known")


@test("mailq shows the caller's own mail, and root's shows all")
def _():
    host.down()
    equal(sendmail("-i", "wait@example.net").returncode, 0)
    eventually(lambda: b"wait@example.net" in sendmail("-bp").stdout, 10, "not listed")
    eventually(lambda: b"Connection refused" in sendmail(name="mailq").stdout, 10, "no reason")
    if ROOT:
        equal(b"wait@example.net" in sendmail("-bp", user=ben).stdout, False)
        equal(b"wait@example.net" in sendmail("-bp", user=None).stdout, True)


@test("-q tries again now, for those who may")
def _():
    host.up()
    if ROOT:
        equal(sendmail("-q").returncode, 77)
    equal(sendmail("-q", user=None).returncode, 0)
    eventually(lambda: any(b"wait@" in m[1][0] for m in host.messages), 10, "not sent")


@test("newaliases and -bi look at the file of aliases and say which lines do not count")
def _():
    equal(sendmail(name="newaliases").returncode, 0)
    path = os.path.join(server.dir, "aliases")
    with open(path, "w") as f:
        f.write("root: anna\nbroken\n")
    conf = os.path.join(server.dir, "aliases.conf")
    with open(conf, "w") as f:
        f.write(open(server["conf"]).read().replace('aliases = ""', 'aliases = "%s"' % path))
    done = subprocess.run([os.path.join(BUILD, "relay", "sendmail"), "-bi"], env=dict(os.environ, POSTHOUSE_CONF=conf),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20)
    equal(done.returncode, 65, done.stderr)
    matches(done.stderr, re.escape(path) + ":2: ")
    matches(done.stdout, ": 1 aliases")


@test("-bv tells of each address what would become of its mail")
def _():
    done = sendmail("-bv", "ben", "x@example.net")
    equal(done.returncode, 0)
    matches(done.stdout, r"ben: 250 .*\nx@example\.net: 250 ")
    equal(sendmail("-bv", "ben", "nobody-here").returncode, 67)


@test("-bs speaks SMTP, and delivers under the caller's uid")
def _():
    text = (b"EHLO x\r\nMAIL FROM:<anna@localhost>\r\nRCPT TO:<ben@localhost>\r\nDATA\r\nSubject: s\r\n\r\n..dot\r\nend\r\n.\r\n"
            b"MAIL FROM:<>\r\nRCPT TO:<nobody-here>\r\nDATA\r\nx\r\n.\r\nRCPT TO:<ben>\r\nQUIT\r\n")
    before = len(ben.files())
    done = sendmail("-bs", text=text)
    codes = [line[:4] for line in done.stdout.decode().splitlines()]
    equal([c for c in codes if c[3] == " "], ["220 ", "250 ", "250 ", "250 ", "354 ", "250 ", "250 ", "250 ", "354 ", "550 ", "503 ", "221 "])
    equal(len(ben.files()), before + 1)
    check(any(m.endswith(b"Subject: s\n\n.dot\nend\n") for m in ben.messages()), "dots")


run()
