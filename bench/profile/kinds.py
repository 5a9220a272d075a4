"""What a sample of the server was doing, from its stack: the first rule that fits, innermost frame
first for the libraries, any frame for the kernel's calls."""

import re

# Kernel time by the system call at its bottom: that is what the server asked for.
_KERNEL = (
    (r"__x64_sys_(sendto|sendmsg|writev)|sock_write_iter|tcp_sendmsg", "kernel: send (and the receiver's side of it)"),
    (r"__x64_sys_recv|sock_read_iter|tcp_recvmsg", "kernel: receive"),
    (r"__x64_sys_epoll|ep_poll|__x64_sys_poll", "kernel: epoll"),
    (r"fsync|fdatasync|sync_file_range", "kernel: sync"),
    (r"ext4_|vfs_write|ksys_write|vfs_read|do_sys_open|unlink", "kernel: files"),
    (r"futex", "kernel: waking and waiting for threads"),
    (r"__x64_sys_(accept|connect|close|shutdown|socket|setsockopt|getsockname|getpeername)|inet_accept|__fput",
     "kernel: connections"),
    (r"page_fault|madvise|mmap|munmap", "kernel: memory"),
)

_LIBRARIES = (
    (r"librocksdb", "RocksDB"),
    (r"libcrypto|libssl", "OpenSSL"),
    (r"libjemalloc", "allocation"),
)

_OURS = (
    (r"hermetic::(inbound|smtp|mail)::", "ours: receiving (inbound, smtp, mail)"),
    (r"hermetic::(dispatch|outbound|delivery|settlement|queue|routing|policy|report)::",
     "ours: delivering (delivery, queue, policy)"),
    (r"hermetic::(spool)::", "ours: spool"),
    (r"hermetic::(ledger|events|facts|metrics)::", "ours: log and metrics"),
    (r"hermetic::(net|tls|daemon)::", "ours: connections (net, tls)"),
    (r"boost::asio|__cxa|coroutine", "Asio"),
    (r"hermetic::", "ours: connections (net, tls)"),
)

_FRAME = re.compile(r"^\s*[0-9a-f]+ (.*?)(?:\+0x[0-9a-f]+)? \((.*)\)$")


def _frames(lines):
    for line in lines:
        found = _FRAME.match(line)
        if found:
            yield found.group(1), found.group(2)


def kind_of(lines):
    frames = list(_frames(lines))
    if not frames:
        return "unknown"
    symbol, library = frames[0]
    if "kernel" in library or library == "[unknown]" and symbol.startswith("[k"):
        names = " ".join(name for name, where in frames if "kernel" in where)
        return next((kind for rule, kind in _KERNEL if re.search(rule, names)), "kernel: other")
    for rule, kind in _LIBRARIES:
        if re.search(rule, library):
            return kind
    # libc's copying belongs to whoever asked for it.
    for name, where in frames:
        for rule, kind in _LIBRARIES[:2]:
            if re.search(rule, where):
                return kind
        for rule, kind in _OURS:
            if re.search(rule, name):
                return kind
    return "C library, unknown caller"
