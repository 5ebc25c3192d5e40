"""rows_door.py - rows about clients that have not logged in: handshakes, full and resumed, and what a waiting connection costs."""
import resource
import socket
import ssl
import time

from client import Timer, client_context
from rows import Skipped, row
from rows_idle import pss_kib

HANDSHAKES = 200
CONNECTIONS = 10000
SPARE_FILES = 200  # descriptors of ours that are no connections


def connect(server, context, session=None):
    """A connection under TLS that has been greeted."""
    s = context.wrap_socket(socket.create_connection(server.tls_address, timeout=30), session=session)
    if not s.recv(4096):
        raise Skipped("it does not greet")
    return s


def handshakes(bench, server, version, resumed):
    """Seconds of one connection with its handshake and greeting."""
    context, session = client_context(), None
    context.minimum_version = context.maximum_version = version
    connect(server, context).close()
    count = 5 if bench.args.quick else HANDSHAKES
    if resumed:
        first = connect(server, context)
        session = first.session
        first.close()
    with Timer(server.cpu_seconds) as timer:
        for _ in range(count):
            s = connect(server, context, session)
            if resumed:
                if not s.session_reused:
                    raise Skipped("it resumes no session")
                session = s.session
            s.close()
    seconds = type(timer.seconds)(timer.seconds / count)
    seconds.cpu = timer.seconds.cpu / count
    return seconds


@row("tls12-full", "TLS 1.2: connect, handshake, greeting", size="folders")
def _(bench, server):
    return handshakes(bench, server, ssl.TLSVersion.TLSv1_2, False)


@row("tls12-resumed", "the same, resumed", size="folders")
def _(bench, server):
    return handshakes(bench, server, ssl.TLSVersion.TLSv1_2, True)


@row("tls13-full", "TLS 1.3: connect, handshake, greeting", size="folders")
def _(bench, server):
    return handshakes(bench, server, ssl.TLSVersion.TLSv1_3, False)


@row("tls13-resumed", "the same, resumed (still with a key exchange)", size="folders")
def _(bench, server):
    return handshakes(bench, server, ssl.TLSVersion.TLSv1_3, True)


@row("logged-out-memory-tls", "memory of a TLS connection before its login", size="folders", most=30, unit="KiB")
def _(bench, server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # fewer than what we may hold, and than max_unauthenticated
    count = 20 if bench.args.quick else min(CONNECTIONS, hard - SPARE_FILES, 3900)
    if server.name == "dovecot":
        raise Skipped("a process for each, of which it starts a hundred")
    context, held = client_context(), []
    before = pss_kib(server.pids())
    try:
        for _ in range(count):
            held.append(connect(server, context))
        time.sleep(0 if bench.args.quick else 1)
        return (pss_kib(server.pids()) - before) / count
    except OSError as why:
        raise Skipped("%d connections were too many: %s" % (len(held), why))
    finally:
        for s in held:
            s.close()
