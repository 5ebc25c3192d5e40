"""servers.py - what is measured: this server in contrib/sandbox, and Debian's Dovecot 2.3 with a configuration of our own. All on
loopback, all over Maildirs of one uid on the image, all with the same password hash, Dovecot otherwise as it comes."""
import crypt
import glob
import os
import shutil
import socket
import subprocess
import time

from client import Session

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PASSWORD = "wine-dark-sea"
UID = 61900
READY_SECONDS = 30
STOP_SECONDS = 15


def free_base(count):
    """The first of that many free loopback ports in a row, below those that the kernel gives to clients."""
    for base in range(20000 + os.getpid() * 16 % 12000, 32700, 16):
        try:
            for port in range(base, base + count):
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port))
            return base
        except OSError:
            pass
    raise RuntimeError("no %d free loopback ports in a row" % count)


def passwd_lines(homes, accounts):
    hashed = crypt.crypt(PASSWORD, "$6$rounds=1000$saltsalt$")
    secrets = {name: "{PLAIN}" + PASSWORD if name == "quick" else "{SHA512-CRYPT}" + hashed for name in accounts}
    return "".join("%s:%s:%d:%d::%s/%s:/bin/false:\n" % (name, secrets[name], UID, UID, homes, name) for name in accounts)


def parse_address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def make_certificate(work):
    """Of the kind that this server makes for itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-keyout", work + "/key.pem", "-out", work + "/cert.pem"], check=True, stderr=subprocess.DEVNULL)


class Server:
    """name, what its session processes are called, which of its files an index is."""
    sessions = ()

    def __init__(self, homes, work, accounts):
        self.homes, self.work, self.accounts = homes, work, accounts
        os.makedirs(work, exist_ok=True)
        self.address, self.tls_address, self.roots = None, None, []

    def home(self, account):
        return os.path.join(self.homes, account)

    def maildir(self, account):
        return os.path.join(self.homes, account, "Maildir")

    def login(self, account, tls=False):
        return Session(self.tls_address if tls else self.address, account, PASSWORD, self.cpu_seconds, tls)

    def _below(self):
        frontier, found = list(self.roots), []
        while frontier:
            parent = frontier.pop()
            try:
                with open("/proc/%d/task/%d/children" % (parent, parent)) as f:
                    kids = [int(kid) for kid in f.read().split()]
            except OSError:
                continue
            found += kids
            frontier += kids
        return found

    def pids(self):
        """All its processes."""
        return list(self.roots) + self._below()

    def cpu_seconds(self):
        """Of all its processes and their threads that are there now."""
        total = 0
        for pid in self._below():
            for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
                try:
                    with open(path) as f:
                        total += int(f.read().split()[0])
                except OSError:
                    pass
        return total / 1e9

    def session_pids(self):
        """Processes that serve a logged-in user."""
        found = []
        for pid in self._below():
            try:
                with open("/proc/%d/comm" % pid) as f:
                    if f.read().strip() in self.sessions and os.stat("/proc/%d" % pid).st_uid == UID:
                        found.append(pid)
                    elif os.path.basename(os.readlink("/proc/%d/exe" % pid)) in self.sessions and \
                            "Uid:\t%d" % UID in open("/proc/%d/status" % pid).read():
                        found.append(pid)
            except OSError:
                pass
        return sorted(set(found))

    def wait_idle(self):
        """Until no session is left, so that nobody writes an index that is about to be removed."""
        end = time.monotonic() + STOP_SECONDS
        while self.session_pids():
            if time.monotonic() > end:
                raise RuntimeError("%s: a session does not end" % self.name)
            time.sleep(0.01)

    def index_files(self, account):
        return [path for pattern in self.index for path in glob.glob(os.path.join(self.maildir(account), pattern))]

    def remove_index(self, account, uidlist=False):
        self.wait_idle()
        for path in self.index_files(account):
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        if uidlist:
            for path in glob.glob(os.path.join(self.maildir(account), "dovecot-uid*")):
                os.unlink(path)

    def index_size(self, account):
        size = 0
        for path in self.index_files(account):
            parts = [os.path.join(path, name) for name in os.listdir(path)] if os.path.isdir(path) else [path]
            size += sum(os.stat(part).st_size for part in parts)
        return size


class Posthouse(Server):
    sessions = ("posthouse-imap", "posthouse-pop3")
    index = ("posthouse-index",)

    def __init__(self, homes, work, accounts, build):
        super().__init__(homes, work, accounts)
        self.name, self.build = "posthouse", build

    def start(self):
        passwd = os.path.join(self.work, "passwd")
        with open(passwd, "w") as f:
            f.write(passwd_lines(self.homes, self.accounts))
        os.chmod(passwd, 0o600)
        done = subprocess.run([os.path.join(TOP, "contrib", "sandbox"), "start", self.work + "/box", "--passwd-file", passwd, "--base-port",
                               str(free_base(7))] + (["--build", self.build] if self.build else []), stdout=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError("contrib/sandbox did not start, see above")
        values = dict(line.split("=", 1) for line in done.stdout.decode().splitlines())
        self.address, self.tls_address, self.pop3_address = (parse_address(values[service]) for service in ("imap", "imaps", "pop3"))
        self.roots = [int(values["pid_access"]), int(values["pid_auth"])]

    def stop(self):
        subprocess.run([os.path.join(TOP, "contrib", "sandbox"), "stop", self.work + "/box"], stderr=subprocess.DEVNULL)


DOVECOT_CONF = """
base_dir = {work}/run
state_dir = {work}/state
log_path = {work}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{work}/cert.pem
ssl_key = <{work}/key.pem
disable_plaintext_auth = no
first_valid_uid = 1
mail_max_userip_connections = 1000
mail_location = maildir:~/Maildir
passdb {{
  driver = passwd-file
  args = {work}/passwd
}}
userdb {{
  driver = passwd-file
  args = {work}/passwd
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
{login}}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3_port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
{login}}}
service anvil {{
  client_limit = 2000
}}
service auth {{
  client_limit = 4000
}}
"""


class Dovecot(Server):
    sessions = ("imap", "pop3")
    index = ("dovecot.index*", "dovecot.list.index*")
    LOGIN = {"dovecot": "", "dovecot-hp": "  service_count = 0\n  process_min_avail = 2\n"}

    def __init__(self, homes, work, accounts, name):
        super().__init__(homes, work, accounts)
        self.name, self.process = name, None

    def start(self):
        if not shutil.which("dovecot"):
            raise RuntimeError("there is no dovecot; as root: contrib/install-deps bench")
        port = free_base(3)
        make_certificate(self.work)
        with open(os.path.join(self.work, "passwd"), "w") as f:
            f.write(passwd_lines(self.homes, self.accounts))
        conf = os.path.join(self.work, "dovecot.conf")
        with open(conf, "w") as f:
            f.write(DOVECOT_CONF.format(work=self.work, port=port, tls_port=port + 1, pop3_port=port + 2, login=self.LOGIN[self.name]))
        self.process = subprocess.Popen(["dovecot", "-F", "-c", conf], stdin=subprocess.DEVNULL, start_new_session=True)
        self.address, self.tls_address, self.pop3_address = (("127.0.0.1", port + n) for n in range(3))
        self.roots = [self.process.pid]
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                socket.create_connection(self.address, timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("dovecot did not start; its log: " + self.log_end()) from None
                time.sleep(0.05)

    def log_end(self):
        try:
            with open(os.path.join(self.work, "log"), errors="replace") as f:
                return f.read()[-2000:]
        except OSError:
            return "(none)"

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
