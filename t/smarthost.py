"""smarthost.py - a smarthost for tests: takes mail by SMTP and keeps it, refuses what its addresses say, can be taken down."""
import socket
import ssl
import threading


class Smarthost:
    """bad@... is refused for good, later@... for now. Each message is (sender, recipients, bytes as they came)."""

    def __init__(self, port=0, tls=None, starttls=None, auth=None, inject=False, extensions=()):
        self.messages, self.logins, self.seen = [], [], []
        self.tls, self.starttls, self.auth, self.inject = tls, starttls, auth, inject
        self.listener, self.extensions, self.connections = None, extensions, []
        self.port = port or self._free_port()

    @staticmethod
    def _free_port():
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        s.close()
        return port

    def up(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(20)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def down(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for c in self.connections:
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _context(self, pair):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        return context

    def _serve(self, c):
        try:
            if self.tls:
                c = self._context(self.tls).wrap_socket(c, server_side=True)
            self._talk(c)
        except OSError:
            pass
        finally:
            c.close()

    def _talk(self, c):
        say = lambda text: c.sendall(text.encode() + b"\r\n")
        secure, sender, recipients = bool(self.tls), None, []
        f = c.makefile("rb")
        say("220 smarthost.test ESMTP")
        for line in iter(lambda: f.readline(), b""):
            self.seen.append(line)
            verb = line.split()[0].upper() if line.strip() else b""
            if verb == b"EHLO":
                say("250-smarthost.test")
                if self.starttls and not secure:
                    say("250-STARTTLS")
                if self.auth:
                    say("250-AUTH LOGIN PLAIN")
                for word in self.extensions:
                    say("250-" + word)
                say("250 8BITMIME")
            elif verb == b"STARTTLS" and self.starttls:
                c.sendall(b"220 go\r\n" + (b"250 forged\r\n" if self.inject else b""))
                c = self._context(self.starttls).wrap_socket(c, server_side=True)
                f, secure = c.makefile("rb"), True
            elif verb == b"AUTH":
                self.logins.append(line)
                say("235 2.7.0 ok" if line.split()[-1].decode() == self.auth else "535 5.7.8 no")
            elif verb == b"MAIL":
                sender, recipients = line, []
                say("250 ok")
            elif verb == b"RCPT":
                if b"<bad@" in line:
                    say("550-5.1.1 no such\r\n550 5.1.1 user")
                elif b"<later@" in line:
                    say("450 4.2.0 come later")
                else:
                    recipients.append(line)
                    say("250 ok")
            elif verb == b"DATA" and not recipients:
                say("554 5.5.1 no recipients")
            elif verb == b"DATA":
                say("354 go")
                data = b""
                for part in iter(f.readline, b".\r\n"):
                    if not part:
                        return
                    data += part
                self.messages.append((sender, recipients, data))
                say("250 2.0.0 taken")
            elif verb == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")
