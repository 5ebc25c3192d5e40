#!/usr/bin/env python3
# posthouse check: one command tells all that is wrong with the configuration.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from posthouse import *
from certificates import make_certificate

place = tempfile.mkdtemp(prefix="posthouse-check-")
atexit.register(shutil.rmtree, place, True)
for part in ("auth", "relay", "access"):
    os.symlink(os.path.join(BUILD, part, "posthouse-%sd" % part), os.path.join(place, "posthouse-%sd" % part))
with open(os.path.join(place, "posthouse-greet"), "w") as f:
    f.write('#!/bin/sh\necho "$*"\nexit 7\n')
os.chmod(os.path.join(place, "posthouse-greet"), 0o755)


def posthouse(*args):
    env = dict(os.environ, POSTHOUSE_SBINDIR=place, POSTHOUSE_LIBEXECDIR=place)
    done = subprocess.run([os.path.join(BUILD, "base", "posthouse")] + list(args), env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout.decode()


def check_file(text):
    path = os.path.join(place, "conf")
    with open(path, "w") as f:
        f.write(text)
    return posthouse("check", "-c", path)


@test("a good file is fine")
def _():
    equal(check_file('log_level = "debug"\naccess { imap = {"127.0.0.1:2143"} }\n'), (0, "configuration is fine\n"))


@test("every mistake in every section is told, once, with its line")
def _():
    status, said = check_file('bogus = 1\naccess { nonsense = 3 }\nauth { foo = 1 }\nrelay { bar = 1 }\n')
    equal(status, 1)
    for line, word in ((1, "bogus"), (2, "nonsense"), (3, "foo"), (4, "bar")):
        equal(len(re.findall(r"conf:%d: .*%s" % (line, word), said)), 1, said)


@test("a file that is not there is a mistake")
def _():
    status, said = posthouse("check", "-c", os.path.join(place, "missing"))
    equal(status, 1)
    matches(said, "missing: No such file")


@test("it warns of certificates that cannot be used or will soon expire, and the configuration is fine")
def _():
    if not shutil.which("openssl"):
        skip("openssl is not installed")
    tls = os.path.join(place, "tls")
    for name, days in (("good.example", 60), ("soon.example", 3), ("bad.example", 60)):
        make_certificate(os.path.join(tls, name), name, days=days)
    shutil.copy(os.path.join(tls, "good.example", "privkey.pem"), os.path.join(tls, "bad.example", "privkey.pem"))
    status, said = check_file('auth { tls_directory = "%s" }\n' % tls)
    equal(status, 0, said)
    matches(said, r"^warning: \S+/soon\.example/fullchain\.pem: the certificate expires on \d{4}-\d\d-\d\d, in [23] days$")
    matches(said, r"^warning: \S+/bad\.example/fullchain\.pem: the key does not belong")
    matches(said, r"^configuration is fine$")
    check("good.example" not in said, said)


@test("a verb is a program of its own")
def _():
    equal(posthouse("greet", "a", "b"), (7, "a b\n"))


@test("an unknown verb, a path for a verb, and no verb are told apart from success")
def _():
    for args in (("dance",), ("../sbin/x",), ()):
        equal(posthouse(*args)[0], 100, repr(args))


@test("a format of UIDL that tells no message from another is refused, with what would do")
def _():
    status, said = check_file('access { pop3_uidl_format = "%v" }\n')
    equal(status, 1)
    check("pop3_uidl_format" in said and "%u" in said, said)


run()
