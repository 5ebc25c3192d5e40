"""rows_search.py - rows that look for messages: SEARCH, SORT and THREAD over the real letters."""
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


@row("search-body", "SEARCH BODY, no search index", size="real", bar=3.0)
def _(bench, server):
    return warm(server, "SEARCH BODY %s" % WORD)


@row("search-text", "SEARCH TEXT, no search index", size="real", bar=3.0)
def _(bench, server):
    return warm(server, "SEARCH TEXT %s" % WORD)
