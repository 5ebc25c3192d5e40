"""rows_sync.py - rows of a client that keeps what it knows (CONDSTORE, QRESYNC) and asks what has changed."""
import re

from rows import row


def away(server, account):
    """What a client remembers, and a session of another one that has changed ten messages since."""
    session = server.login(account)
    session.run("ENABLE QRESYNC")
    told = session.text("SELECT INBOX")
    validity, highest = (int(re.search(r"\[%s (\d+)\]" % word, told).group(1)) for word in ("UIDVALIDITY", "HIGHESTMODSEQ"))
    for turn in "+-":
        session.run("STORE 1:10 %sFLAGS.SILENT (\\Flagged)" % turn)
    session.close()
    server.wait_idle()
    return validity, highest


@row("resync", "SELECT (QRESYNC), ten messages changed", size="names", bar=1.0)
def _(bench, server):
    known = away(server, "names")
    session = server.login("names")
    session.run("ENABLE QRESYNC")
    seconds = session.run("SELECT INBOX (QRESYNC (%d %d))" % known)
    session.close()
    return seconds


@row("changedsince", "FETCH 1:* (UID FLAGS) (CHANGEDSINCE), the same", size="names", bar=1.0)
def _(bench, server):
    _, highest = away(server, "names")
    session = server.login("names")
    session.run("SELECT INBOX (CONDSTORE)")
    seconds = session.run("FETCH 1:* (UID FLAGS) (CHANGEDSINCE %d)" % highest)
    session.close()
    return seconds
