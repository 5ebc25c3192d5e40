"""dovecot.py - Debian's Dovecot 2.3 over the homes of a Sandbox's users, and clients that speak to either server alike.

    server = Sandbox(users=["anna"])
    dovecot = Dovecot(server)            # skip_all() where it is not installed or cannot be started
    a, b = Client(server, "anna"), Client(dovecot, "anna")
    equal(state(server, "anna"), state(dovecot, "anna"))
    dovecot.is_content()                 # nothing in its log to complain about

Its configuration, sockets and log are in a temporary directory, its ports on loopback; it is stopped by its process id at exit. It
takes POP3 UIDLs, folder layout and file formats as it comes; only the quota (the `maildir` backend) is added where a limit is given.
"""
import poplib

from imapsession import *

READY_SECONDS = 20
COMPLAINT = re.compile(r"(Error|Warning|Panic|Fatal|Corrupt|killed)", re.I)

CONF = """
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/log
log_timestamp = "%H:%M:%S "
protocols = imap pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
default_process_limit = 60
default_client_limit = 400
mail_max_userip_connections = 50
mail_location = maildir:~/Maildir
mail_plugins = {plugins}
passdb {{
  driver = passwd-file
  args = {dir}/passwd
}}
userdb {{
  driver = passwd-file
  args = {dir}/passwd
}}
service anvil {{
  client_limit = 1000
}}
service auth {{
  client_limit = 1000
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
protocol imap {{
  mail_plugins = {plugins} {imap_plugins}
}}
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage={quota}B
}}
{extra}
"""


class Dovecot:
    def __init__(self, sandbox, quota=0, extra=""):
        if not shutil.which("dovecot"):
            skip_all("Dovecot is not installed; as root: contrib/install-deps test")
        if not ROOT:
            skip_all("needs root: Dovecot takes on each user's uid")
        self.users = sandbox.users
        self.dir = tempfile.mkdtemp(prefix="posthouse-dovecot-")
        os.chmod(self.dir, 0o755)
        base = free_base()
        self.ports = {"imap": base, "pop3": base + 1}
        self.process = None
        atexit.register(self.remove)
        with open(os.path.join(self.dir, "passwd"), "w") as f:
            f.writelines("%s:{PLAIN}%s:%d:%d::%s::\n" % (u.name, u.password, u.uid, u.uid, u.home) for u in self.users.values())
        with open(os.path.join(self.dir, "dovecot.conf"), "w") as f:
            f.write(CONF.format(dir=self.dir, plugins="quota" if quota else "", imap_plugins="imap_quota" if quota else "",
                                quota=quota, extra=extra, **self.ports))
        open(os.path.join(self.dir, "log"), "w").close()
        os.chmod(os.path.join(self.dir, "log"), 0o666)  # dovecot-lda writes there as the user
        self.start()

    def start(self):
        self.process = subprocess.Popen(["dovecot", "-F", "-c", os.path.join(self.dir, "dovecot.conf")], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + READY_SECONDS
        for port in self.ports.values():
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if self.process.poll() is not None or time.monotonic() > end:
                        raise RuntimeError("Dovecot did not start:\n" + self.log_text()) from None
                    time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def remove(self):
        self.stop()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def address(self, service):
        return "127.0.0.1", self.ports[service]

    def user(self, name):
        return self.users[name]

    def log_text(self):
        return open(os.path.join(self.dir, "log"), errors="replace").read()

    def complaints(self, but=None):
        """Lines of its log that tell of trouble. but: a pattern of those that are as they should be."""
        return [l for l in self.log_text().splitlines() if COMPLAINT.search(l) and not (but and re.search(but, l))]

    def is_content(self, but=None):
        found = self.complaints(but)
        check(not found, "Dovecot complains:\n" + "\n".join(found[:20]))

    def deliver(self, name, message, folder="INBOX"):
        """By its own delivery agent, as from a mail system that calls it."""
        u = self.users[name]
        done = subprocess.run(["/usr/lib/dovecot/dovecot-lda", "-c", os.path.join(self.dir, "dovecot.conf"), "-d", name, "-m", folder],
                              input=message, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, preexec_fn=lambda: _become(u),
                              env={"HOME": u.home, "USER": name, "PATH": os.environ["PATH"]})
        check(done.returncode == 0, "dovecot-lda ended with %d: %r" % (done.returncode, done.stdout[-1000:]))


def _become(user):
    os.setgroups([])
    os.setresgid(user.uid, user.uid, user.uid)
    os.setresuid(user.uid, user.uid, user.uid)


class Client(Session):
    """A Session over a login at a server (a Sandbox or a Dovecot)."""

    def __init__(self, server, name):
        self.sock = socket.create_connection(server.address("imap"), timeout=30)
        self.buffer, self.n = b"", 0
        self.greeting = self.line()
        self.ok('LOGIN %s "%s"' % (name, server.user(name).password))

    def logout(self):
        self.ok("LOGOUT")
        self.sock.close()

    def end(self):
        self.sock.close()


def pop3(server, name):
    """A POP3 session of Python's own client."""
    session = poplib.POP3(*server.address("pop3"), timeout=30)
    session.user(name)
    session.pass_(server.user(name).password)
    return session


def uidls(server, name):
    """{header X-Id: UIDL}, asked by POP3."""
    session = pop3(server, name)
    found = {}
    for line in session.uidl()[1]:
        number, uidl = line.decode().split(" ", 1)
        found[identity(b"\r\n".join(session.top(int(number), 0)[1]))] = uidl
    session.quit()
    return found


def identity(header):
    """What the header X-Id says: tests give each message one of its own."""
    m = re.search(rb"(?im)^X-Id: *(\S+)", header or b"")
    return m.group(1).decode() if m else None


def letter(ident, body="hello\r\n", line_end="\r\n"):
    """A message that can be told from all others."""
    return ("From: a@example.org%sSubject: %s%sX-Id: %s%s%s%s" %
            (line_end, ident, line_end, ident, line_end, line_end, body)).encode()


def answers(reply):
    """Each FETCH answer by itself: behind an EXPUNGE a number means another message."""
    return [items for line in reply.lines for items in fetched([line]).values()]


ITEMS = "UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (X-ID)]"


def messages(client, folder=None):
    """{UID: (X-Id, flags, size, date)} of a folder (None: the one that is selected), the client's own \\Recent left out."""
    if folder is not None:
        client.ok('EXAMINE "%s"' % folder)
    found = {}
    for items in answers(client.ok("UID FETCH 1:* (%s)" % ITEMS)):
        header = [v for k, v in items.items() if k.upper().startswith("BODY[")]
        if not header:
            continue  # flags of which the server told by the way
        found[int(items["UID"])] = (identity(header[0]), tuple(sorted(f for f in items["FLAGS"] if f != "\\Recent")),
                                    int(items["RFC822.SIZE"]), items["INTERNALDATE"].decode())
    return found


def names_of(reply):
    """Of LIST those that can be selected, of LSUB all."""
    found = []
    for line in reply.lines:
        m = re.match(rb'\* (LIST|LSUB) \(([^)]*)\) "\." "?([^"]*)"?$', line)
        if m and (m.group(1) == b"LSUB" or not re.search(rb"(?i)noselect|nonexistent", m.group(2))):
            found.append(m.group(3).decode())
    return sorted(found)


def state(server, name):
    """All that a client can know of an account, as a value to be compared."""
    client = Client(server, name)
    known = {"subscribed": names_of(client.ok('LSUB "" "*"')), "folders": {}}
    for folder in names_of(client.ok('LIST "" "*"')):
        reply = client.ok('EXAMINE "%s"' % folder)
        validity = re.search(rb"\[UIDVALIDITY (\d+)\]", b"\n".join(reply.lines))
        following = re.search(rb"\[UIDNEXT (\d+)\]", b"\n".join(reply.lines))
        known["folders"][folder] = (int(validity.group(1)), int(following.group(1)), messages(client))
    client.logout()
    known["uidls"] = uidls(server, name)
    return known


def differences(a, b, path=""):
    """Where two states differ, in words."""
    if isinstance(a, dict) and isinstance(b, dict):
        return [d for k in sorted(set(a) | set(b), key=str) for d in differences(a.get(k), b.get(k), "%s/%s" % (path, k))]
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return [d for i, (x, y) in enumerate(zip(a, b)) for d in differences(x, y, "%s/%d" % (path, i))]
    return [] if a == b else ["%s: %r / %r" % (path, a, b)]


def agree(one, other, name, what=""):
    """Both servers tell the same of an account; returns it."""
    a, b = state(one, name), state(other, name)
    found = differences(a, b)
    check(not found, "%s: %s and %s differ\n  %s" % (what, type(one).__name__, type(other).__name__, "\n  ".join(found[:20])))
    return b
