"""A certificate for simulated cameras, as cameras have it: made by itself, and signed by nobody else."""

import functools
import ssl
import subprocess
import tempfile
from pathlib import Path

_OPENSSL = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1")


@functools.cache
def unsigned() -> ssl.SSLContext:
    """What a server needs to speak TLS. Raises OSError when the command `openssl` is missing or fails."""
    with tempfile.TemporaryDirectory(prefix="holdfast-lab-") as folder:
        key, certificate = Path(folder) / "key.pem", Path(folder) / "certificate.pem"
        command = [*_OPENSSL, "-keyout", str(key), "-out", str(certificate)]
        made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if made.returncode != 0:
            raise OSError(f"openssl made no certificate: {made.stderr[-300:]}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    return context
