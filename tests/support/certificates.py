"""Throw-away certificates, made by the openssl command: a CA and what it signs."""

import subprocess
from pathlib import Path


def _openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.decode(errors='replace')}")
    return done.stdout


class Authority:
    def __init__(self, directory, name="Hermetic Test CA"):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate = self.directory / "ca.pem"
        self._key = self.directory / "ca.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", self._key, "-out", self.certificate, "-days", "3650",
                 "-subj", f"/CN={name}")

    def issue(self, *names, key="ec", usage="serverAuth,clientAuth", stem=None):
        """Return (chain, key) files of a certificate for these DNS names; key is "ec" or "rsa"; stem is
        what its files are called."""
        stem = self.directory / (stem or names[0].replace("*", "_"))
        chain, private, request, extensions = (Path(f"{stem}.{end}")
                                               for end in ("pem", "key", "csr", "ext"))
        kind = (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec"
                else ["-newkey", "rsa:2048"])
        _openssl("req", *kind, "-nodes", "-keyout", private, "-out", request,
                 "-subj", f"/CN={names[0]}")
        extensions.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + "\n"
                              "basicConstraints=critical,CA:FALSE\n"
                              f"extendedKeyUsage={usage}\n")
        _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key,
                 "-CAcreateserial", "-days", "825", "-extfile", extensions, "-out", chain)
        private.chmod(0o600)
        return chain, private

    def crl(self, *revoked, days=30):
        """PEM of a CRL that lists these chain files' certificates."""
        index, config = self.directory / "index.txt", self.directory / "crl.cnf"
        lines = []
        for chain in revoked:
            serial = _openssl("x509", "-in", chain, "-noout", "-serial").decode().strip().split("=")[1]
            lines.append(f"R\t350101000000Z\t260101000000Z\t{serial}\tunknown\t/CN={Path(chain).stem}\n")
        index.write_text("".join(lines))
        config.write_text(f"[ca]\ndefault_ca=this\n[this]\ndatabase={index}\ndefault_md=sha256\n")
        return _openssl("ca", "-gencrl", "-config", config, "-cert", self.certificate, "-keyfile", self._key,
                        "-crldays", days).decode()
