"""What this machine lets a test do. A test that cannot run here is left out, with the reason."""

import functools
import os
import subprocess
import unittest


@functools.cache
def why_no_namespaces():
    """None where we may mount in namespaces of our own, as other mail servers under test need it."""
    if os.geteuid() != 0:
        return "only root may make the namespaces that it runs in"
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
         "sh", "-c", "mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w /mnt/m && "
         "mount -t overlay o -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /mnt/m"],
        capture_output=True, text=True)
    if done.returncode != 0:
        return "no namespaces with mounts of one's own are allowed here: " + done.stderr.strip()[:200]
    return None


def need_namespaces():
    """Leaves the test (in setUpClass: the class) out where there can be none."""
    if why_no_namespaces():
        raise unittest.SkipTest(why_no_namespaces())

