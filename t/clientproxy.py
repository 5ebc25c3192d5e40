"""clientproxy.py - a proxy on loopback between a mail program and a Sandbox's IMAP port that remembers the commands.

    proxy = Proxy(server)
    run_client(port=proxy.port)
    proxy.commands()    # ["CAPABILITY", "LOGIN", "UID FETCH", ...] in order, tags and arguments left out
    proxy.transcript()  # what was said, for diagnosis
"""
import re
import socket
import threading


class Proxy:
    def __init__(self, server, service="imap"):
        self.target = server.address(service)
        self.said, self.lock = [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            for name, a, b in (("C", client, server), ("S", server, client)):
                threading.Thread(target=self._pump, args=(name, a, b), daemon=True).start()

    def _pump(self, name, a, b):
        try:
            while True:
                data = a.recv(65536)
                if not data:
                    break
                with self.lock:
                    self.said.append((name, data))
                b.sendall(data)
        except OSError:
            pass
        try:
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def commands(self):
        with self.lock:
            text = b"".join(data for name, data in self.said if name == "C").decode("latin-1")
        found = []
        for line in text.split("\r\n"):
            m = re.match(r"^\S+ (UID \w+|[A-Za-z]+)", line)
            if m and m[1].upper() == m[1]:
                found.append(m[1])
            elif line == "DONE":
                found.append("DONE")
        return found

    def refused(self):
        """Tagged answers that were not OK."""
        with self.lock:
            text = b"".join(data for name, data in self.said if name == "S").decode("latin-1")
        return re.findall(r"(?m)^\S+ (?:NO|BAD) [^\r\n]*", text)

    def transcript(self):
        with self.lock:
            return "\n".join("%s: %s" % (name, data.decode("latin-1", "replace")) for name, data in self.said)
