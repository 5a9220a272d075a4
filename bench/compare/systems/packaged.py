"""What the servers that come as Debian packages share: tests/support/peers.py starts them in private
namespaces; here their queue is put on the disk (there it is in memory) and their processes in a group."""

import load  # makes tests/support importable

from support import peers


class Packaged:
    """Mix in before a peers.Peer."""

    key_kind = "ec"
    spool = None  # its queue's folder as the server names it

    def __init__(self, case, directory, next_hop, group):
        self.case, self.group = case, group
        self.parent, self.prefix = directory, group.prefix
        super().__init__(next_hop or 9, relay_tls="encrypt" if case.tls else "none", minimum="1.3")

    @classmethod
    def unsupported(cls, _case):
        return None

    @classmethod
    def version(cls):
        """As the package's file names have it."""
        debs = peers.fetched(cls.name).parent / "debs"
        first = sorted(debs.glob(f"{cls.name}*.deb"))[0]
        return first.name.split("_")[1]

    def start(self, seconds=60):
        super().start(seconds)
        self.group.root = self.process.pid
        return self

    def stop(self):
        super().stop()
        self.group.close()

    def prepare(self, files, script):
        disk = self.directory / "spool"
        super().prepare(files, f"mkdir -p {disk} {self.spool}\n"
                               f"cp -a {self.spool}/. {disk}\n"
                               f"mount --bind {disk} {self.spool}\n" + script)
