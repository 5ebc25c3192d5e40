"""rows_folders.py - rows about many folders: LIST and STATUS of 500."""
from client import Seconds
from rows import row

FOLDERS = 500
ITEMS = "(MESSAGES UNSEEN UIDNEXT UIDVALIDITY)"


def folders(bench):
    return range(20 if bench.args.quick else FOLDERS)


def prepared(bench, server):
    """A session of an account with that many folders, all of which have been looked at."""
    session = server.login("folders")
    if not getattr(server, "folders_counted", False):
        for n in folders(bench):
            session.run("CREATE folder.number%d" % n)
            session.run("STATUS folder.number%d %s" % (n, ITEMS))
        server.folders_counted = True
    return session


@row("list-500", "LIST of 500 folders", size="folders", bar=1.0)
def _(bench, server):
    session = prepared(bench, server)
    session.run('LIST "" *')
    seconds = session.run('LIST "" *')
    session.close()
    return seconds


@row("status-500", "STATUS of 500 folders one by one, warm", size="folders", bar=5.0)
def _(bench, server):
    session = prepared(bench, server)
    seconds = Seconds.total([session.run("STATUS folder.number%d %s" % (n, ITEMS)) for n in folders(bench)])
    session.close()
    return seconds


@row("list-status-500", "LIST with STATUS of 500 folders, warm", size="folders", bar=5.0)
def _(bench, server):
    session = prepared(bench, server)
    command = 'LIST "" folder.* RETURN (STATUS %s)' % ITEMS
    session.run(command)
    seconds = session.run(command)
    session.close()
    return seconds
