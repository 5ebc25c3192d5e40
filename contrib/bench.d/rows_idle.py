"""rows_idle.py - rows about sessions that wait: what each costs in memory, and how soon it is told."""
import time

from client import Seconds
from rows import row

SESSIONS = 90  # a default Dovecot starts no more than a hundred processes for logins
REST_S = 2      # after which a waiting session has given back what it can
DELIVERIES = 30


def pss_kib(pids):
    total = 0
    for pid in pids:
        try:
            with open("/proc/%d/smaps_rollup" % pid) as f:
                total += int(next(line for line in f if line.startswith("Pss:")).split()[1])
        except (OSError, StopIteration):
            pass
    return total


def idle_sessions(server, count, tls):
    sessions = []
    for _ in range(count):
        session = server.login("folders", tls)
        session.run("SELECT INBOX")
        session.idle()
        sessions.append(session)
    return sessions


def idle_memory(bench, server, tls):
    """PSS of all of the server's processes, what it has without sessions left out, for each connection."""
    before = pss_kib(server.pids())
    sessions = idle_sessions(server, 5 if bench.args.quick else SESSIONS, tls)
    time.sleep(0 if bench.args.quick else REST_S)
    kib = (pss_kib(server.pids()) - before) / len(sessions)
    for session in sessions:
        session.drop()
    server.wait_idle()
    return kib


@row("idle-memory", "memory of an idle connection, all processes", size="folders", most=130, unit="KiB")
def _(bench, server):
    return idle_memory(bench, server, False)


@row("idle-memory-tls", "the same over TLS", size="folders", most=160, unit="KiB")
def _(bench, server):
    return idle_memory(bench, server, True)


@row("idle-told", "a delivery is told to a session in IDLE", size="folders", bar=50.0)
def _(bench, server):
    session = idle_sessions(server, 1, False)[0]
    waits = []
    for _ in range(2 if bench.args.quick else DELIVERIES):
        time.sleep(0.12)  # not the second of two that follow closely
        start = time.perf_counter()
        bench.deliver(server, "folders")
        session.until(b"EXISTS")
        waits.append(time.perf_counter() - start)
    session.drop()
    server.wait_idle()
    told = Seconds(sorted(waits)[len(waits) // 2])
    told.cpu = None
    return told
