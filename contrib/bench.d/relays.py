"""relays.py - the servers of delivery rows: this one in contrib/sandbox, and Debian's Postfix with a configuration directory of its own.
Both deliver to Maildirs of accounts with a uid each, on the image, where their spools lie as well."""
import os
import shutil
import socket
import subprocess
import time

from servers import PASSWORD, READY_SECONDS, STOP_SECONDS, TOP, Server, free_base, parse_address

UID = 61900


class Relay(Server):
    """name, address (SMTP), and where mail that is for elsewhere is sent."""

    def __init__(self, homes, work, accounts, sink):
        super().__init__(homes, work, accounts)
        self.sink = sink
        os.chmod(work, 0o755)
        for n, name in enumerate(accounts):
            os.makedirs(self.maildir(name))
            for path in (self.home(name), self.maildir(name)):
                os.chown(path, UID + n, UID + n)
                os.chmod(path, 0o700)
            for sub in ("tmp", "new", "cur"):
                os.mkdir(os.path.join(self.maildir(name), sub), 0o700)
                os.chown(os.path.join(self.maildir(name), sub), UID + n, UID + n)

    def delivered(self):
        """Files in all new/ together."""
        return sum(len(os.listdir(os.path.join(self.maildir(name), "new"))) for name in self.accounts)

    def empty(self):
        for name in self.accounts:
            new = os.path.join(self.maildir(name), "new")
            for entry in os.listdir(new):
                os.unlink(os.path.join(new, entry))
            size = os.path.join(self.maildir(name), "maildirsize")
            if os.path.exists(size):
                os.unlink(size)


class PosthouseRelay(Relay):
    def __init__(self, homes, work, accounts, sink, build):
        super().__init__(homes, work, accounts, sink)
        self.name, self.build = "posthouse", build

    def start(self):
        passwd, conf = os.path.join(self.work, "passwd"), os.path.join(self.work, "extra.conf")
        with open(passwd, "w") as f:
            for n, name in enumerate(self.accounts):
                f.write("%s:{PLAIN}%s:%d:%d::%s:/bin/false:\n" % (name, PASSWORD, UID + n, UID + n, self.home(name)))
        os.chmod(passwd, 0o600)
        with open(conf, "w") as f:
            f.write('new_folders = {}\nrelay { smarthost = "127.0.0.1:%d" smarthost_tls = "none" message_size = 100M messages_per_hour = 0 recipients_per_hour = 0 messages_per_day = 0 recipients_per_day = 0 spool_dir = "%s" }\n' %
                    (self.sink, self.homes + "-spool"))
        done = subprocess.run([os.path.join(TOP, "contrib", "sandbox"), "start", self.work + "/box", "--passwd-file", passwd, "--conf", conf,
                               "--base-port", str(free_base(7))] + (["--build", self.build] if self.build else []), stdout=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError("contrib/sandbox did not start, see above")
        values = dict(line.split("=", 1) for line in done.stdout.decode().splitlines())
        self.address, self.submission = parse_address(values["smtp"]), parse_address(values["submission"])
        self.roots = [int(values["pid_relay"]), int(values["pid_auth"])]

    def stop(self):
        subprocess.run([os.path.join(TOP, "contrib", "sandbox"), "stop", self.work + "/box"], stderr=subprocess.DEVNULL)


MAIN_CF = """
compatibility_level = 3.6
config_directory = {work}
queue_directory = {spool}
data_directory = {work}/data
maillog_file = {work}/log
maillog_file_prefixes = {work}
multi_instance_enable = no
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.org
mydestination =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = localhost
virtual_mailbox_base = {homes}
virtual_mailbox_maps = texthash:{work}/boxes
virtual_uid_maps = texthash:{work}/uids
virtual_gid_maps = texthash:{work}/uids
virtual_minimum_uid = 100
virtual_mailbox_limit = 0
message_size_limit = 104857600
relayhost = [127.0.0.1]:{sink}
smtpd_recipient_restrictions = permit_mynetworks, reject
{more}
"""
MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix(Relay):
    VARIANTS = {"postfix": "", "postfix-nodelay": "in_flow_delay = 0"}

    def __init__(self, homes, work, accounts, name, sink):
        super().__init__(homes, work, accounts, sink)
        self.name = name

    def start(self):
        if not shutil.which("postfix"):
            raise RuntimeError("there is no postfix; as root: contrib/install-deps bench")
        port, spool = free_base(1), self.homes + "-spool"
        os.makedirs(spool)
        os.makedirs(self.work + "/data")
        shutil.chown(self.work + "/data", "postfix")
        self._write("boxes", "".join("%s@localhost %s/Maildir/\n" % (name, name) for name in self.accounts))
        self._write("uids", "".join("%s@localhost %d\n" % (name, UID + n) for n, name in enumerate(self.accounts)))
        self._write("main.cf", MAIN_CF.format(work=self.work, homes=self.homes, spool=spool, sink=self.sink, more=self.VARIANTS[self.name]))
        self._write("master.cf", MASTER_CF.format(port=port))
        self._postfix("start")
        self.address = self.submission = ("127.0.0.1", port)
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                socket.create_connection(self.address, timeout=1).close()
                break
            except OSError:
                if time.monotonic() > end:
                    raise RuntimeError("postfix did not start, see %s/log" % self.work) from None
                time.sleep(0.05)
        with open(spool + "/pid/master.pid") as f:
            self.roots = [int(f.read())]

    def _write(self, name, text):
        with open(os.path.join(self.work, name), "w") as f:
            f.write(text)

    def _postfix(self, verb):
        done = subprocess.run(["postfix", "-c", self.work, verb], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode and verb == "start":
            raise RuntimeError("postfix did not start: " + done.stdout.decode("utf-8", "replace"))

    def stop(self):
        if not self.roots:
            return
        self._postfix("stop")
        end = time.monotonic() + STOP_SECONDS
        while os.path.exists("/proc/%d" % self.roots[0]) and time.monotonic() < end:
            time.sleep(0.05)
