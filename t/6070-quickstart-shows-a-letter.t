#!/usr/bin/env python3
# contrib/quickstart, as a stranger would run it: a letter goes in and comes out, settings are printed, and nothing stays behind.
import os
import signal
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

if not shutil.which("curl"):
    skip_all("curl is not installed")

lines = []
start = subprocess.Popen([os.path.join(TOP, "contrib", "quickstart"), "--build", BUILD], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors="replace")


def read():
    for line in start.stdout:
        lines.append(line)


reader = threading.Thread(target=read, daemon=True)
reader.start()
atexit.register(lambda: start.poll() is None and start.terminate())


def text():
    return "".join(lines)


@test("it gets as far as the log, each step on a line with its time")
def _():
    eventually(lambda: "Ctrl-C stops" in text() or start.poll() is not None, 120, "no settings:\n" + text())
    equal(start.poll(), None, text())
    for step in ("sent a letter with an attachment by SMTP", "fetched it by POP3", "fetched it by IMAP"):
        matches(text(), r"^\[ *\d+\.\d\d s\] " + step + r".*\(\d+ ms\)$", step)


@test("it prints the settings for a mail program, which work")
def _():
    import imaplib
    password = re.search(r"password +(\S+)", text()).group(1)
    box = imaplib.IMAP4("localhost", int(re.search(r"IMAP +localhost, port (\d+)", text()).group(1)))
    box.login("demo", password)
    equal(box.select("INBOX")[1], [b"1"])
    box.logout()


@test("at Ctrl-C it stops the servers and leaves nothing behind")
def _():
    directory = re.search(r"certificate +self-signed: (/.*)/state/tls/cert.pem", text()).group(1)
    check(os.path.isdir(directory), directory)
    start.send_signal(signal.SIGINT)
    equal(start.wait(30), 0, text())
    check(not os.path.exists(directory), directory + " is still there")
    running = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True).stdout
    check(directory not in running, "still running:\n" + running)


run()
