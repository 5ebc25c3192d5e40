"""rows_read.py - rows that read: SELECT and FETCH. A function gets a bench and a server, brings the server to the state that its row
tells of, and returns the seconds of the one command that counts."""
import itertools
import os
import time

from client import Timer
from rows import row

HEADERS = "From To Cc Subject Date Message-ID References In-Reply-To Content-Type Reply-To"
settled_seconds = 4  # directories younger than that are read again by servers that do not trust the granularity of mtime
_changes = itertools.count()


def select(server, account, folder="INBOX"):
    session = server.login(account)
    try:
        return session.run("SELECT " + folder)
    finally:
        session.close()


def settle(server, account):
    """An index that is up to date, over directories that were left alone for a while."""
    select(server, account)
    dirs = [os.path.join(server.maildir(account), sub) for sub in ("cur", "new")]
    age = time.time() - max(os.stat(d).st_mtime for d in dirs)
    if age < settled_seconds:
        time.sleep(settled_seconds - age)
    select(server, account)
    server.wait_idle()


def change_flag(server, account):
    """Another program takes or gives \\Seen by renaming a file in cur/."""
    cur = os.path.join(server.maildir(account), "cur")
    with os.scandir(cur) as entries:
        name = next(itertools.islice(entries, next(_changes) % 50, None)).name
    base, _, flags = name.partition(":2,")
    flags = flags.replace("S", "") if "S" in flags else "".join(sorted(flags + "S"))
    os.rename(os.path.join(cur, name), os.path.join(cur, base + ":2," + flags))


def select_cold(bench, server, uidlist):
    server.remove_index("names", uidlist=uidlist)
    os.listdir(os.path.join(server.maildir("names"), "cur"))
    bench.image.settle()
    return select(server, "names")


@row("select-no-index", "SELECT, no index, uidlist kept", size="names", bar=2.0)
def _(bench, server):
    return select_cold(bench, server, uidlist=False)


@row("select-no-uidlist", "SELECT, neither index nor uidlist", size="names", bar=2.0)
def _(bench, server):
    return select_cold(bench, server, uidlist=True)


@row("select-changed", "SELECT after a file in cur/ was renamed", size="names", bar=1.5)
def _(bench, server):
    select(server, "names")
    change_flag(server, "names")
    session = server.login("names")
    seconds = session.run("SELECT INBOX")
    session.close()
    return seconds


@row("select-changed-watched", "SELECT after a rename, a session in IDLE", size="names", bar=10.0)
def _(bench, server):
    settle(server, "names")
    watcher = server.login("names")
    watcher.run("SELECT INBOX")
    watcher.idle()
    change_flag(server, "names")
    session = server.login("names")
    seconds = session.run("SELECT INBOX")
    session.close()
    watcher.drop()
    server.wait_idle()
    return seconds


@row("select-new-mail", "SELECT after one delivery to new/", size="names", bar=10.0)
def _(bench, server):
    settle(server, "names")
    bench.deliver(server, "names")
    session = server.login("names")
    seconds = session.run("SELECT INBOX")
    session.close()
    return seconds


@row("select-unchanged", "SELECT, unchanged, new session", size="names", bar=1.0)
def _(bench, server):
    settle(server, "names")
    return select(server, "names")


@row("login-select", "connect, LOGIN, SELECT, unchanged", size="names")
def _(bench, server):
    settle(server, "names")
    with Timer(server.cpu_seconds) as timer:
        session = server.login("names")
        session.run("SELECT INBOX")
    session.close()
    return timer.seconds


@row("fetch-flags", "FETCH 1:* (UID FLAGS)", size="names", bar=1.5)
def _(bench, server):
    return fetch_warm(server, "names", "(UID FLAGS)")


def fetch_first(bench, server, item):
    server.remove_index("real")
    bench.image.settle()
    session = server.login("real")
    session.run("SELECT INBOX")
    seconds = session.run("FETCH 1:* " + item)
    session.close()
    return seconds


def fetch_warm(server, account, item):
    session = server.login(account)
    session.run("SELECT INBOX")
    session.run("FETCH 1:* " + item)
    session.close()
    session = server.login(account)
    session.run("SELECT INBOX")
    session.run("FETCH 1:* " + item)
    seconds = session.run("FETCH 1:* " + item)
    session.close()
    return seconds


for _key, _item, _what in (("envelope", "ENVELOPE", "FETCH ENVELOPE"), ("structure", "BODYSTRUCTURE", "FETCH BODYSTRUCTURE"),
                           ("header", "BODY.PEEK[HEADER.FIELDS (%s)]" % HEADERS, "FETCH of ten header fields")):
    row("fetch-%s-first" % _key, _what + ", first time", size="real", bar=2.0)(
        lambda bench, server, item=_item: fetch_first(bench, server, item))
    row("fetch-%s-warm" % _key, _what + ", warm", size="real", bar=1.5)(
        lambda bench, server, item=_item: fetch_warm(server, "real", item))
