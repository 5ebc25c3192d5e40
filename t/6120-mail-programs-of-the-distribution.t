#!/usr/bin/env python3
# mbsync, offlineimap, neomutt, imapfilter, curl, imaplib and fetchmail in IDLE do their work, and are refused nothing. What each asks for: t/README.
import imaplib
import os
import pty
import re
import select
import shutil
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clientproxy import Proxy
from posthouse import *

server = Sandbox(users=["anna", "ben", "carl", "dora", "emil", "frida", "gerd"])
SHOW = os.environ.get("SHOW")


def home_of(name):
    path = os.path.join(server.dir, "client-" + name)
    os.makedirs(path, exist_ok=True)
    return path


def need(program):
    if not shutil.which(program):
        skip(program + " is not installed")


def session(user):
    connection = imaplib.IMAP4(*server.address("imap"))
    connection.login(user, PASSWORD)
    return connection


def fill(user, subjects, folder="INBOX"):
    connection = session(user)
    if folder != "INBOX":
        connection.create(folder)
        connection.subscribe(folder)
    for subject in subjects:
        connection.append(folder, None, None, ("From: a@example.org\r\nMessage-ID: <%s@x>\r\nSubject: %s\r\n\r\ntext of %s\r\n" % (subject, subject, subject)).encode())
    connection.logout()


def subjects(user, folder=""):
    return sorted(m.decode("latin-1").split("Subject: ")[1].split("\n")[0].strip() for m in server.user(user).messages(folder))


def asked(proxy, refused=()):
    names = []
    for c in proxy.commands():
        if c not in names:
            names.append(c)
    if SHOW:
        print("# " + " ".join(names))
    check(names, "nothing was asked:\n" + proxy.transcript()[-2000:])
    equal([r for r in proxy.refused() if not any(re.search(ok, r) for ok in refused)], [])
    return names


def run_program(command, home, input=None, timeout=60):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=timeout, cwd=home,
                          env={"HOME": home, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"})
    equal(done.returncode, 0, done.stdout.decode("latin-1")[-3000:])
    return done.stdout.decode("latin-1")


def on_terminal(command, home, timeout=60):
    """Run on a terminal of its own until it ends by itself; what it showed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.execvpe(command[0], command, {"HOME": home, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"})
    shown, end = b"", time.monotonic() + timeout
    try:
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.5)[0]:
                data = os.read(fd, 65536)
                if not data:
                    break
                shown += data
    except OSError:
        pass
    try:
        eventually(lambda: os.waitpid(pid, os.WNOHANG)[0], 20)
    except AssertionError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        check(False, "it did not end: %r" % shown[-2000:])
    return shown.decode("latin-1")


@test("offlineimap brings a tree home, and local changes back")
def _():
    need("offlineimap")
    fill("anna", ["one", "two"])
    fill("anna", ["three"], "Lists.work")
    home, proxy = home_of("offlineimap"), Proxy(server)
    with open(os.path.join(home, "rc"), "w") as f:
        f.write("[general]\naccounts = a\nui = basic\nmetadata = %s/meta\n[Account a]\nlocalrepository = L\nremoterepository = R\n"
                "[Repository L]\ntype = Maildir\nlocalfolders = %s/mail\n[Repository R]\ntype = IMAP\nremotehost = 127.0.0.1\n"
                "remoteport = %d\nremoteuser = anna\nremotepass = %s\nssl = no\nstarttls = no\n" % (home, home, proxy.port, PASSWORD))
    run_program(["offlineimap", "-o", "-c", "rc"], home)
    inbox = os.path.join(home, "mail", "INBOX")
    files = [os.path.join(inbox, d, n) for d in ("cur", "new") for n in os.listdir(os.path.join(inbox, d))]
    equal(sorted(open(f).read().split("Subject: ")[1].split("\n")[0] for f in files), ["one", "two"])
    equal(len(os.listdir(os.path.join(home, "mail", "Lists.work", "new"))) + len(os.listdir(os.path.join(home, "mail", "Lists.work", "cur"))), 1)
    first = [f for f in files if "Subject: one" in open(f).read()][0]
    base = os.path.basename(first).split(":")[0]
    os.rename(first, os.path.join(inbox, "cur", base + ":2,S"))
    with open(os.path.join(inbox, "new", "1.local"), "w") as f:
        f.write("From: b@example.org\nSubject: local\nMessage-ID: <local@x>\n\nwritten here\n")
    run_program(["offlineimap", "-o", "-c", "rc"], home)
    equal(subjects("anna"), ["local", "one", "two"])
    check(any("one" in open(p, errors="replace").read() and "S" in p.split(":2,")[-1] for p in server.user("anna").files()), "\\Seen did not come")
    asked(proxy)


@test("neomutt shows a mailbox, moves a message and deletes another")
def _():
    need("neomutt")
    fill("ben", ["one", "two", "three"])
    fill("ben", [], "Archive")
    home, proxy = home_of("neomutt"), Proxy(server)
    with open(os.path.join(home, "rc"), "w") as f:
        f.write("set folder=imap://ben@127.0.0.1:%d/ spoolfile=+INBOX imap_user=ben imap_pass='%s' ssl_starttls=no ssl_force_tls=no\n"
                "set confirmappend=no delete=yes quit=yes move=no imap_keepalive=300 timeout=5 wait_key=no sort=date-received confirmcreate=no\n"
                "set header_cache=%s/cache imap_condstore=yes imap_qresync=yes\n" % (proxy.port, PASSWORD, home))
    on_terminal(["neomutt", "-n", "-F", "rc", "-e", "push '<search>one<enter><save-message>=Archive<enter><search>two<enter><delete-message><quit>'"], home)
    equal(subjects("ben"), ["three"])
    equal(subjects("ben", "Archive"), ["one"])
    fill("ben", ["four"])
    on_terminal(["neomutt", "-n", "-F", "rc", "-e", "push '<search>four<enter><flag-message><quit>'"], home)
    check(any("F" in p.split(":2,")[-1] for p in server.user("ben").files()), "\\Flagged did not come: %s" % server.user("ben").files())
    names = asked(proxy)
    check("ENABLE" in names, "QRESYNC was not used: %s" % names)


@test("imapfilter searches, copies, moves and marks")
def _():
    need("imapfilter")
    fill("carl", ["offer one", "letter", "offer two"])
    home, proxy = home_of("imapfilter"), Proxy(server)
    with open(os.path.join(home, "config.lua"), "w") as f:
        f.write("options.create = true\noptions.subscribe = true\noptions.starttls = false\noptions.timeout = 30\n"
                "a = IMAP { server = '127.0.0.1', port = %d, username = 'carl', password = '%s' }\n"
                "offers = a.INBOX:contain_subject('offer')\noffers:copy_messages(a['Copies'])\noffers:move_messages(a['Offers'])\n"
                "a.INBOX:is_unseen():mark_seen()\na['Copies']:contain_body('text of offer one'):delete_messages()\n" % (proxy.port, PASSWORD))
    run_program(["imapfilter", "-c", "config.lua"], home)
    equal(subjects("carl"), ["letter"])
    equal(subjects("carl", "Offers"), ["offer one", "offer two"])
    equal(subjects("carl", "Copies"), ["offer two"])
    check(all("S" in p.split(":2,")[-1] for p in server.user("carl").files()), "\\Seen did not come")
    asked(proxy, refused=["TRYCREATE", "ALREADYEXISTS"])


@test("fetchmail waits in IDLE and takes what comes")
def _():
    need("fetchmail")
    fill("dora", ["early"])
    home, proxy = home_of("fetchmail"), Proxy(server)
    with open(os.path.join(home, "mda"), "w") as f:
        f.write("#!/bin/sh\ncat >> %s/got\n" % home)
    os.chmod(os.path.join(home, "mda"), 0o755)
    with open(os.path.join(home, "rc"), "w") as f:
        f.write('set idfile "%s/ids"\npoll 127.0.0.1 protocol imap port %d auth password\nuser dora password "%s" is root here sslproto "" idle keep mda "%s/mda"\n'
                % (home, proxy.port, PASSWORD, home))
    os.chmod(os.path.join(home, "rc"), 0o600)
    client = subprocess.Popen(["fetchmail", "-f", "rc", "--nodetach", "--pidfile", "pid"], cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8"})

    def got(word):
        path = os.path.join(home, "got")
        return os.path.exists(path) and word in open(path, errors="replace").read()
    try:
        eventually(lambda: got("text of early"), 30)
        eventually(lambda: "IDLE" in proxy.commands(), 30)
        fill("dora", ["late"])
        eventually(lambda: got("text of late"), 30)
    finally:
        client.terminate()
        client.wait(20)
    asked(proxy)


@test("mbsync brings a tree home, and what was changed there back")
def _():
    need("mbsync")
    fill("emil", ["one", "two"])
    fill("emil", ["three"], "Lists.work")
    home, proxy = home_of("mbsync"), Proxy(server)
    local = os.path.join(home, "mail")
    os.mkdir(local)
    with open(os.path.join(home, "rc"), "w") as f:
        f.write("IMAPStore far\nHost 127.0.0.1\nPort %d\nUser emil\nPass \"%s\"\nSSLType None\nAuthMechs LOGIN\n\nMaildirStore near\nPath %s/\n"
                "Inbox %s/INBOX\nSubFolders Verbatim\n\nChannel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\n"
                "SyncState *\n" % (proxy.port, PASSWORD, local, local))
    run_program(["mbsync", "-q", "-c", "rc", "-a"], home)
    check("COMPRESS" in proxy.commands(), "it does not compress")
    text = open(os.path.join(home, "rc")).read()
    with open(os.path.join(home, "rc"), "w") as f:  # so that the rest can be seen
        f.write(text.replace("AuthMechs LOGIN", "AuthMechs LOGIN\nDisableExtension COMPRESS=DEFLATE"))
    inbox = os.path.join(local, "INBOX")
    files = [os.path.join(inbox, d, n) for d in ("cur", "new") for n in os.listdir(os.path.join(inbox, d))]
    equal(len(files), 2)
    for path in files:
        base = os.path.basename(path).split(":")[0]
        os.rename(path, os.path.join(inbox, "cur", base + (":2,S" if "Subject: one" in open(path).read() else ":2,ST")))
    with open(os.path.join(inbox, "new", "1.local"), "w") as f:
        f.write("From: b@example.org\nSubject: local\nMessage-ID: <local@x>\n\nwritten here\n")
    run_program(["mbsync", "-q", "-c", "rc", "-a"], home)
    equal(subjects("emil"), ["local", "one"])
    asked(proxy)


@test("curl lists, searches, fetches a part and uploads")
def _():
    need("curl")
    fill("frida", ["one", "two"])
    home, proxy = home_of("curl"), Proxy(server)
    url = "imap://127.0.0.1:%d/" % proxy.port

    def curl(*more):
        return run_program(["curl", "-s", "-u", "frida:" + PASSWORD, *more], home)
    check('"/"' in curl(url) or '"."' in curl(url), "no list")
    equal(curl(url + "INBOX?SUBJECT%20two").split(), ["*", "SEARCH", "2"])
    check("text of two" in curl(url + "INBOX;MAILINDEX=2/;SECTION=TEXT"), "not that text")
    with open(os.path.join(home, "letter"), "w") as f:
        f.write("From: b@example.org\r\nSubject: new\r\n\r\nnew\r\n")
    curl("-T", "letter", url + "INBOX")
    curl(url + "INBOX", "-X", "STORE 1 +FLAGS (\\Deleted)")
    curl(url + "INBOX", "-X", "EXPUNGE")
    equal(subjects("frida"), ["new", "two"])
    asked(proxy)


@test("Python's imaplib does what its manual shows")
def _():
    fill("gerd", ["one", "two"])
    proxy = Proxy(server)
    m = imaplib.IMAP4("127.0.0.1", proxy.port)
    m.login("gerd", PASSWORD)
    m.capabilities = m.capability()[1][0].decode().split()  # it remembers those from before the login
    equal(m.enable("UTF8=ACCEPT")[0], "OK")
    equal(m.namespace()[0], "OK")
    equal(m.select()[1], [b"2"])
    equal(m.search(None, "ALL")[1], [b"1 2"])
    for number in (b"1", b"2"):
        check(b"text of" in m.fetch(number, "(RFC822)")[1][0][1], "no text")
    equal(m.sort("REVERSE SUBJECT", "UTF-8", "ALL")[1], [b"2 1"])
    equal(m.thread("REFERENCES", "UTF-8", "ALL")[1], [b"(1)(2)"])
    m.create("Copies")
    m.uid("COPY", "1:*", "Copies")
    equal(m.status("Copies", "(MESSAGES)")[1], [b"Copies (MESSAGES 2)"])
    m.store("1", "+FLAGS", "\\Deleted")
    equal(m.expunge()[1], [b"1"])
    m.close()
    m.logout()
    equal(subjects("gerd"), ["two"])
    asked(proxy)


run()
