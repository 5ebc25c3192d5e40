"""certificates.py - certificates for tests, as an ACME client would leave them, and clients that ask for names."""
import os
import ssl
import subprocess

from posthouse import Talk


def make_certificate(directory, *names, rsa=False, days=30):
    """directory/fullchain.pem and privkey.pem for these names, replaced file by file; returns the certificate in DER."""
    os.makedirs(directory, exist_ok=True)
    key, chain = os.path.join(directory, "privkey.pem"), os.path.join(directory, "fullchain.pem")
    kind = ["-newkey", "rsa:2048"] if rsa else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-subj", "/CN=" + names[0].replace("*", "any"), "-days", str(days),
                    "-addext", "subjectAltName=" + ",".join("DNS:" + n for n in names), "-keyout", key + ".new",
                    "-out", chain + ".new"] + kind, check=True, capture_output=True)
    os.chmod(key + ".new", 0o600)
    os.rename(key + ".new", key)
    os.rename(chain + ".new", chain)
    return ssl.PEM_cert_to_DER_cert(open(chain).read())


def client_context(ciphers=None, version=None, alpn=None):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version:
        context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


class TlsTalk(Talk):
    """A connection under TLS that asks for a name, with a context of the caller's, perhaps resuming a session."""

    def __init__(self, server, service, name=None, context=None, session=None, timeout=20):
        super().__init__(server, service, timeout=timeout)
        self.socket = (context or client_context()).wrap_socket(self.socket, server_hostname=name, session=session)

    def certificate(self):
        return self.socket.getpeercert(binary_form=True)


def certificate_of(server, service, name=None, **kwargs):
    t = TlsTalk(server, service, name, **kwargs)
    try:
        return t.certificate()
    finally:
        t.close()
