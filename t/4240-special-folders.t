#!/usr/bin/env python3
# Folders that come with a new Maildir: new_folders in posthouse.conf.
import os, smtplib, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dovecot import *

DEFAULT = {"Archive": "\\Archive", "Drafts": "\\Drafts", "Junk": "\\Junk", "Sent": "\\Sent", "Trash": "\\Trash"}


def uses(client, command='LIST (SPECIAL-USE SUBSCRIBED) "" *'):
    found = {}
    for line in client.ok(command).untagged(r"^\* LIST"):
        m = re.match(r'\* LIST \(([^)]*)\) "\." "?([^"]*)"?$', line.decode())
        found[m[2]] = " ".join(sorted(a for a in m[1].split() if a in ("\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash")))
    return found


def names(client):
    return sorted(re.search(r'"?([^" ]*)"?$', l.decode())[1] for l in client.ok('LIST "" *').lines)


def deliver(server, name):
    with smtplib.SMTP(*server.address("smtp")) as smtp:
        smtp.sendmail("a@example.org", [name + "@localhost"], "Subject: x\r\n\r\nx\r\n")


@test("a new Maildir has the folders that clients look for, subscribed, whether a login or a letter made it")
def _():
    server = Sandbox(users=["anna", "ben"], conf="new_folders = {%s}\n" % ", ".join('"%s"' % n for n in DEFAULT))
    equal(uses(Client(server, "anna")), DEFAULT)
    deliver(server, "ben")
    eventually(lambda: server.user("ben").files())
    client = Client(server, "ben")
    equal(uses(client), DEFAULT)
    equal(client.ok("STATUS INBOX (MESSAGES)").lines, [b"* STATUS INBOX (MESSAGES 1)"])


@test("an existing tree is left as it is, however little is in it")
def _():
    server = Sandbox(users=["anna"], conf='new_folders = {"Drafts", "Sent"}\n')
    user = server.user("anna")
    for sub in ("cur", "new", "tmp", ".Sent Messages/cur", ".Sent Messages/new", ".Sent Messages/tmp"):
        os.makedirs(os.path.join(user.maildir, sub))
    subprocess.run(["chown", "-R", "%d:%d" % (user.uid, user.uid if ROOT else os.getgid()), user.home], check=True)
    client = Client(server, "anna")
    equal(uses(client, 'LIST (SPECIAL-USE) "" *'), {"Sent Messages": "\\Sent"})
    equal(len(names(client)), 2)


@test("names and uses are an option")
def _():
    server = Sandbox(users=["anna"], conf='new_folders = {"Gesendet=\\\\Sent", "Listen"}\n')
    client = Client(server, "anna")
    equal(uses(client), {"Gesendet": "\\Sent"})
    equal(names(client), ["Gesendet", "INBOX", "Listen"])


@test("by default they are the usual five, and there may be none")
def _():
    out = subprocess.run([os.path.join(BUILD, "access/posthouse-accessd"), "-d"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    matches(out, r'(?m)^ *new_folders = .*"Drafts", "Sent", "Trash", "Junk", "Archive"')
    equal(names(Client(Sandbox(users=["anna"]), "anna")), ["INBOX"])


run()
