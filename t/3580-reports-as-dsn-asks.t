#!/usr/bin/env python3
# Reports are what a sender needs to know and has asked for: failures with the words of the other server, delays, successes, the whole message
# or its header, and never one about a report.
import os, sys; sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
import email
from posthouse import *
from smarthost import Smarthost

host = Smarthost().up()
server = Sandbox(users=["anna", "ben"], conf="""relay { smarthost = "127.0.0.1:%d" smarthost_tls = "none" retry_first = 1 retry_max = 1
    delay_notice = 2 expire = 8 }
""" % host.port)
anna, ben = server.user("anna"), server.user("ben")
queue = os.path.join(server.dir, "box", "spool", "queue")


def mail(to, *options, sender="anna@localhost", box=None):
    done = subprocess.run([(box or server)["sendmail"], "-i", "-f", sender] + list(options) + to.split(), input=b"Subject: report\n\nthe body\n",
                          stderr=subprocess.PIPE)
    equal(done.returncode, 0, done.stderr.decode())


def reports(word):
    found = [email.message_from_bytes(m) for m in anna.messages()]
    return [m for m in found if m.get_content_type() == "multipart/report" and word in m.as_string()]


def report(word, seconds=15):
    return eventually(lambda: reports(word), seconds, "no report")[0]


def fields(m):
    """The fields of the message, and those of its recipients."""
    return m.get_payload(1).get_payload()


@test("a failure is told with the words of the other server and the header of the message")
def _():
    mail("bad@example.net")
    m = report("bad@example.net")
    equal((m["Return-Path"], m["Auto-Submitted"]), ("<>", "auto-replied"))
    equal([part.get_content_type() for part in m.get_payload()], ["text/plain", "message/delivery-status", "text/rfc822-headers"])
    whole, one = fields(m)
    check(whole["Reporting-MTA"] and whole["Arrival-Date"], str(whole))
    equal((one["Final-Recipient"], one["Action"], one["Status"]), ("rfc822; bad@example.net", "failed", "5.1.1"))
    matches(one["Remote-MTA"], r"^dns; 127\.0\.0\.1")
    matches(m.get_payload(0).get_payload(), r"<bad@example\.net>\n    The server 127.*said:\n    Reason: 5\.1\.1 ")
    check("the body" not in m.as_string() and "Subject: report" in m.get_payload(2).as_string(), "the wrong part of the message")


@test("what is late is told once, and at last as failed")
def _():
    mail("later@example.net")
    m = report("Action: delayed")
    equal(m["Subject"], "Your message is late")
    one = fields(m)[1]
    equal(one["Action"], "delayed")
    check(one["Will-Retry-Until"], str(one))
    eventually(lambda: [r for r in reports("later@example.net") if "5.4.7" in r.as_string()], 20, "not given up")
    equal(len(reports("Action: delayed")), 1)
    eventually(lambda: os.listdir(queue) == [], 10, "the spool is not empty")


@test("the null sender is told nothing")
def _():
    before = len(anna.files()) + len(ben.files())
    mail("bad@example.net", sender="<>")
    eventually(lambda: "a report could not be delivered and is given up" in server.log_text(), 10, "no word in the log")
    eventually(lambda: os.listdir(queue) == [], 10, "the spool is not empty")
    equal(len(anna.files()) + len(ben.files()), before)


@test("success is reported when it was asked for, with the envelope's id, and the whole message if that was asked for, too")
def _():
    mail("ben@localhost", "-N", "success", "-R", "full", "-V", "id 42=x")
    m = report("Action: delivered")
    equal([part.get_content_type() for part in m.get_payload()], ["text/plain", "message/delivery-status", "message/rfc822"])
    whole, one = fields(m)
    equal((one["Final-Recipient"], one["Action"], one["Status"]), ("rfc822; ben@localhost", "delivered", "2.1.5"))
    check("id+2042+3Dx" in whole["Original-Envelope-Id"] or "id 42=x" in whole["Original-Envelope-Id"], str(whole))
    check("the body" in m.get_payload(2).as_string(), "the message is not whole")


@test("success at a server without DSN is reported as relayed")
def _():
    mail("fine@example.net", "-N", "success,failure")
    equal(fields(report("fine@example.net"))[1]["Action"], "relayed")


@test("never means never")
def _():
    before = len(anna.files())
    mail("bad@example.net", "-N", "never")
    mail("bad@example.net", "-N", "success,delay")
    eventually(lambda: os.listdir(queue) == [], 10, "the spool is not empty")
    equal(len(anna.files()), before)


@test("a server that knows DSN is told what is asked for, all commands in one piece if it can, and has to report success itself")
def _():
    other = Smarthost(extensions=("DSN", "PIPELINING")).up()
    box = Sandbox(users=["anna"], conf='relay { smarthost = "127.0.0.1:%d" smarthost_tls = "none" }\n' % other.port)
    mail("one@example.net bad@example.net", "-N", "success,failure", "-R", "hdrs", "-V", "abc", box=box)
    eventually(lambda: len(other.messages) == 1, 10, "not sent")
    mail("two@example.net", box=box)
    eventually(lambda: len(other.messages) == 2, 10, "not sent")
    equal(other.messages[0][0].split()[2:], [b"BODY=8BITMIME", b"RET=HDRS", b"ENVID=abc"])
    equal(other.messages[0][1], [b"RCPT TO:<one@example.net> NOTIFY=SUCCESS,FAILURE\r\n"])
    equal(other.messages[1][1], [b"RCPT TO:<two@example.net>\r\n"])
    eventually(lambda: len(box.user("anna").files()) == 1, 10, "no report of the failure")
    check(b"one@example.net" not in box.user("anna").messages()[0], "it reports success in the server's place")
    mail("bad@example.net", box=box)
    eventually(lambda: len(box.user("anna").files()) == 2, 10, "no report when all recipients are refused")
    box.stop()


@test("a connection over which a message has gone is used for the next one")
def _():
    other = Smarthost(extensions=("PIPELINING",)).up()
    box = Sandbox(users=["anna"], conf='relay { smarthost = "127.0.0.1:%d" smarthost_tls = "none" }\n' % other.port)
    for i in range(5):
        mail("x%d@example.net" % i, box=box)
        eventually(lambda: len(other.messages) == i + 1, 10, "not sent")
    check(len(other.connections) < 3, "%d connections" % len(other.connections))
    box.stop()


run()
