#!/usr/bin/env python3
# log = "syslog": the lines of a master and of its chrooted children arrive at the machine's log socket.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *

if not ROOT or os.path.exists("/dev/log"):
    skip_all("needs root, and a machine without a log daemon of its own")

home = tempfile.mkdtemp(prefix="posthouse-test-")
os.chmod(home, 0o755)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("/dev/log")
os.chmod("/dev/log", 0o666)
listener.settimeout(20)
atexit.register(lambda: (os.unlink("/dev/log"), shutil.rmtree(home, ignore_errors=True)))
programs = os.path.join(home, "libexec")
os.mkdir(programs)
for name in ("auth", "nss", "pam", "signer"):
    os.symlink(os.path.join(BUILD, "auth", "posthouse-" + name), os.path.join(programs, "posthouse-" + name))
conf = os.path.join(home, "posthouse.conf")
with open(conf, "w") as f:
    f.write('log = "syslog"\nrun_dir = "%s/run"\nstate_dir = "%s/state"\n' % (home, home))


@test("a master's and a child's lines come with their program's name")
def _():
    authd = subprocess.Popen([os.path.join(BUILD, "auth", "posthouse-authd"), "-c", conf, "-L", programs])
    try:
        text = ""
        while not (re.search(r"authd.*ready", text) and re.search(r"signer.*in use", text)):
            text += listener.recv(4096).decode("utf-8", "replace") + "\n"
    finally:
        authd.terminate()
        equal(authd.wait(20), 0, "exit status")


run()
