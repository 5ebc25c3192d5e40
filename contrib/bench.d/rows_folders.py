"""rows_folders.py - rows about many folders: LIST and STATUS of 500."""
from client import Seconds
from rows import row

FOLDERS = 500
ITEMS = "(MESSAGES UNSEEN UIDNEXT UIDVALIDITY)"


def prepared(server):
    """A session of an account with that many folders, all of which have been looked at."""
    session = server.login("folders")
    if "folder.number499" not in session.text('LIST "" folder.number499'):
        for n in range(FOLDERS):
            session.run("CREATE folder.number%d" % n)
    if not getattr(server, "folders_counted", False):
        for n in range(FOLDERS):
            session.run("STATUS folder.number%d %s" % (n, ITEMS))
        server.folders_counted = True
    return session


@row("list-500", "LIST of 500 folders", size="folders", bar=1.0)
def _(bench, server):
    session = prepared(server)
    session.run('LIST "" *')
    seconds = session.run('LIST "" *')
    session.close()
    return seconds


@row("status-500", "STATUS of 500 folders one by one, warm", size="folders", bar=5.0)
def _(bench, server):
    session = prepared(server)
    seconds = Seconds.total([session.run("STATUS folder.number%d %s" % (n, ITEMS)) for n in range(FOLDERS)])
    session.close()
    return seconds


@row("list-status-500", "LIST with STATUS of 500 folders, warm", size="folders", bar=5.0)
def _(bench, server):
    session = prepared(server)
    command = 'LIST "" folder.* RETURN (STATUS %s)' % ITEMS
    session.run(command)
    seconds = session.run(command)
    session.close()
    return seconds
