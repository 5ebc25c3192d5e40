"""rows_search.py - rows that look for messages: SEARCH, SORT and THREAD over the real letters."""
import os

from rows import row

WORD = "\"agenda budget\""  # in few of the letters


def warm(server, command):
    """In a session that has asked before, over an index that knows what the question is about."""
    session = server.login("real")
    session.run("SELECT INBOX")
    session.run(command)
    session.close()
    session = server.login("real")
    session.run("SELECT INBOX")
    session.run(command)
    seconds = session.run(command)
    session.close()
    return seconds


for _key, _command, _bar in (("search-unseen", "SEARCH UNSEEN", 2.0), ("search-from", "SEARCH FROM mueller", 2.0),
                             ("search-since", "SEARCH SENTSINCE 1-Jan-2026", 2.0), ("sort-date", "SORT (DATE) UTF-8 ALL", 1.5),
                             ("sort-subject", "SORT (SUBJECT) UTF-8 ALL", 1.5), ("sort-from", "SORT (FROM) UTF-8 ALL", 1.5),
                             ("thread-references", "THREAD REFERENCES UTF-8 ALL", 1.5),
                             ("thread-subject", "THREAD ORDEREDSUBJECT UTF-8 ALL", 1.5)):
    row(_key, _command + ", warm", size="real", bar=_bar)(lambda bench, server, command=_command: warm(server, command))


def without_texts(server, command):
    """The bodies have to be read; the index is there."""
    session = server.login("real")
    session.run("SELECT INBOX")
    session.run(command)
    texts = os.path.join(server.maildir("real"), "posthouse-text")
    if os.path.exists(texts):
        os.unlink(texts)
    seconds = session.run(command)
    session.close()
    return seconds


for _key in ("body", "text"):
    _command = "SEARCH %s %s" % (_key.upper(), WORD)
    row("search-%s" % _key, "SEARCH %s, without the cache of texts" % _key.upper(), size="real", bar=3.0)(
        lambda bench, server, command=_command: without_texts(server, command))
    row("search-%s-cached" % _key, "SEARCH %s, with the cache of texts" % _key.upper(), size="real", bar=25.0)(
        lambda bench, server, command=_command: warm(server, command))
