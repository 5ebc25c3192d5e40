#!/usr/bin/env python3
"""Thunderbird of the distribution, on a screen that nobody sees: it logs in, lists folders and messages, opens one and throws it away.

`make check-desktop` runs it, and leaves screenshots in t/: it is not part of `make check`, since Thunderbird is large and slow. Packages:
contrib/install-deps desktop. Compression is switched off in it, so that the proxy can read along."""
import imaplib
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clientproxy import Proxy
from posthouse import *

for program in ("thunderbird", "Xvfb", "xdotool", "import"):
    if not shutil.which(program):
        skip_all(program + " is not installed: contrib/install-deps desktop")

server = Sandbox(users=["anna"], conf='new_folders = {"Drafts", "Sent", "Trash", "Junk", "Archive"}\n')
anna = server.user("anna")
home = os.path.join(server.dir, "desktop")
environment = dict(os.environ, HOME=home, LANG="C.UTF-8", GDK_BACKEND="x11", NO_AT_BRIDGE="1", MOZ_DISABLE_CONTENT_SANDBOX="1")
processes = []
SECOND_MESSAGE = ("430", "185")  # where it is in the list, on a screen of 1200 x 800


def start(command):
    log = open(os.path.join(home, os.path.basename(command[0]) + ".log"), "wb")
    processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL))


def stop():
    for process in reversed(processes):
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def x(*words):
    return subprocess.run(["xdotool", *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def window(part):
    for number in x("search", "--onlyvisible", "--name", ".").split():
        if part in x("getwindowname", number):
            return number
    return None


def screenshot(name):
    subprocess.run(["import", "-window", "root", os.path.join(BUILD, "t", "thunderbird-%s.png" % name)], env=environment)


def profile(port):
    """A profile with one account, and without anything that asks the world or the user."""
    quiet = ["mailnews.start_page.enabled", "app.update.enabled", "mail.spam.manualMark", "mailnews.database.global.indexer.enabled",
             "mail.shell.checkDefaultClient", "network.captive-portal-service.enabled", "network.connectivity-service.enabled",
             "extensions.update.enabled", "toolkit.telemetry.enabled", "mail.inappnotifications.enabled", "mail.chat.enabled",
             "mail.tabs.drawInTitlebar", "mail.server.default.use_compress_deflate"]
    values = {
        "mail.accountmanager.accounts": "account1", "mail.accountmanager.defaultaccount": "account1",
        "mail.account.account1.identities": "id1", "mail.account.account1.server": "server1", "mail.account.lastKey": 1,
        "mail.identity.id1.fullName": "Anna", "mail.identity.id1.useremail": "anna@localhost", "mail.identity.id1.valid": True,
        "mail.server.server1.type": "imap", "mail.server.server1.hostname": "127.0.0.1", "mail.server.server1.port": port,
        "mail.server.server1.userName": "anna", "mail.server.server1.name": "anna@localhost", "mail.server.server1.socketType": 0,
        "mail.server.server1.authMethod": 3, "mail.server.server1.login_at_startup": True, "mail.server.server1.check_new_mail": True,
        "mail.server.server1.delete_model": 1, "mail.rights.version": 1, "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
        "mail.provider.suppress_dialog_on_startup": True, "app.donation.eoy.version.viewed": 999, "calendar.timezone.local": "UTC",
        "security.sandbox.content.level": 0, "layers.acceleration.disabled": True,
    }
    values.update((name, False) for name in quiet)
    directory = os.path.join(home, "profile")
    os.makedirs(directory)
    with open(os.path.join(directory, "user.js"), "w") as f:
        for name, value in values.items():
            f.write("user_pref(%s, %s);\n" % (json.dumps(name), json.dumps(value)))
    return directory


connection = imaplib.IMAP4(*server.address("imap"))
connection.login("anna", PASSWORD)
for i in range(3):
    connection.append("INBOX", None, None, ("From: Ben <ben@example.org>\r\nDate: Mon, 23 Nov 2026 10:0%d:00 +0000\r\nMessage-ID: <%d@x>\r\n"
                                            "Subject: Letter number %d\r\n\r\nThis is the text of letter %d.\r\n" % (i, i, i, i)).encode())
connection.logout()
proxy = Proxy(server)


@test("it logs in, and asks for folders and messages")
def _():
    start(["Xvfb", ":77", "-screen", "0", "1200x800x24", "-nolisten", "tcp"])
    environment["DISPLAY"] = ":77"
    time.sleep(2)
    start(["thunderbird", "--profile", profile(proxy.port), "--no-remote"])
    dialogue = eventually(lambda: window("assword"), 90)
    x("windowfocus", dialogue)
    time.sleep(1)
    x("type", "--delay", "50", PASSWORD)
    x("key", "Return")
    eventually(lambda: "IDLE" in proxy.commands(), 90)
    time.sleep(5)
    screenshot("folders-and-messages")
    check(re.search(r"(?i)list \(subscribed\)", proxy.transcript()) and "UID fetch 1:" in proxy.transcript())


@test("a message that is opened is seen")
def _():
    x("mousemove", *SECOND_MESSAGE, "click", "1")
    eventually(lambda: any(f.endswith(":2,S") and b"number 1" in open(f, "rb").read() for f in anna.files()), 60)
    time.sleep(2)
    screenshot("message")


@test("one that is deleted goes to Trash")
def _():
    x("key", "Delete")
    eventually(lambda: [m for m in anna.messages("Trash") if b"number 1" in m], 60)
    eventually(lambda: len(anna.files()) == 2, 60)
    time.sleep(2)
    screenshot("after-delete")


@test("nothing that it asked for was refused")
def _():
    if os.environ.get("SHOW"):
        print("# " + " ".join(sorted(set(re.findall(r"(?m)^C: \d+ ((?:uid )?[a-z]+)", proxy.transcript(), re.I)))))
    equal(proxy.refused(), [])


os.makedirs(home)
try:
    run()
finally:
    stop()
