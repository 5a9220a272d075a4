"""A TLS client of OpenSSL's own functions, for what Python's ssl module does not let one do: key
updates, renegotiation, ALPN at will."""

import ctypes
import ctypes.util
import select
import socket

_library = ctypes.CDLL(ctypes.util.find_library("ssl") or "libssl.so.3")
for _name, _result, _arguments in (
        ("TLS_client_method", ctypes.c_void_p, []),
        ("SSL_CTX_new", ctypes.c_void_p, [ctypes.c_void_p]),
        ("SSL_CTX_free", None, [ctypes.c_void_p]),
        ("SSL_CTX_ctrl", ctypes.c_long, [ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]),
        ("SSL_new", ctypes.c_void_p, [ctypes.c_void_p]),
        ("SSL_free", None, [ctypes.c_void_p]),
        ("SSL_set_fd", ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
        ("SSL_connect", ctypes.c_int, [ctypes.c_void_p]),
        ("SSL_do_handshake", ctypes.c_int, [ctypes.c_void_p]),
        ("SSL_key_update", ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
        ("SSL_renegotiate", ctypes.c_int, [ctypes.c_void_p]),
        ("SSL_write", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
        ("SSL_read", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
        ("SSL_get_error", ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
        ("SSL_set_alpn_protos", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint]),
        ("ERR_clear_error", None, []),
        ("ERR_peek_error", ctypes.c_ulong, []),
        ("ERR_error_string_n", None, [ctypes.c_ulong, ctypes.c_char_p, ctypes.c_size_t])):
    _function = getattr(_library, _name)
    _function.restype, _function.argtypes = _result, _arguments

TLS1_2, TLS1_3 = 0x0303, 0x0304
_SET_MAX_PROTO_VERSION = 124
_UPDATE_REQUESTED = 1
_WANT_READ, _WANT_WRITE = 2, 3


class TlsFailed(ConnectionError):
    """The words are OpenSSL's: "…:tlsv1 alert no application protocol"."""


class RawTls:
    """Shakes hands on a connected socket, which stays the caller's. Verifies nothing."""

    def __init__(self, connection, *, maximum=TLS1_3, alpn=(), timeout=20.0):
        self.socket, self.timeout = connection, timeout
        self._context = _library.SSL_CTX_new(_library.TLS_client_method())
        _library.SSL_CTX_ctrl(self._context, _SET_MAX_PROTO_VERSION, maximum, None)
        self._ssl = _library.SSL_new(self._context)
        connection.setblocking(False)
        _library.SSL_set_fd(self._ssl, connection.fileno())
        if alpn:
            names = b"".join(bytes([len(name)]) + name for name in alpn)
            _library.SSL_set_alpn_protos(self._ssl, names, len(names))
        self._call(_library.SSL_connect)

    def close(self):
        if self._ssl:
            _library.SSL_free(self._ssl)
            _library.SSL_CTX_free(self._context)
            self._ssl = None
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _call(self, function, *arguments):
        while True:
            _library.ERR_clear_error()
            result = function(self._ssl, *arguments)
            if result > 0:
                return result
            why = _library.SSL_get_error(self._ssl, result)
            if why not in (_WANT_READ, _WANT_WRITE):
                words = ctypes.create_string_buffer(256)
                _library.ERR_error_string_n(_library.ERR_peek_error(), words, 256)
                raise TlsFailed(words.value.decode())
            ready = select.select([self.socket] if why == _WANT_READ else [],
                                  [self.socket] if why == _WANT_WRITE else [], [], self.timeout)
            if not any(ready):
                raise TimeoutError("TLS: the peer does not answer")

    def write(self, data):
        while data:
            data = data[self._call(_library.SSL_write, data, len(data)):]

    def read(self, size=65536):
        into = ctypes.create_string_buffer(size)
        octets = self._call(_library.SSL_read, into, size)
        return into.raw[:octets]

    def update_keys(self):
        """One KeyUpdate that asks the peer for its own (RFC 8446 §4.6.3)."""
        _library.SSL_key_update(self._ssl, _UPDATE_REQUESTED)
        self._call(_library.SSL_do_handshake)

    def renegotiate(self):
        """Sends a ClientHello within the session (TLS 1.2) and goes on reading."""
        _library.SSL_renegotiate(self._ssl)
        self._call(_library.SSL_do_handshake)


def after_starttls(address, source=None, **options):
    """EHLO and STARTTLS in clear, then a RawTls. source: the address to come from."""
    connection = socket.create_connection(address, 20, (source, 0) if source else None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for command in (b"", b"EHLO client.example.test\r\n", b"STARTTLS\r\n"):
        connection.sendall(command)
        reply = b""
        while not reply.endswith(b"\r\n") or reply.split(b"\r\n")[-2][3:4] == b"-":
            more = connection.recv(4096)
            if not more:
                connection.close()
                raise ConnectionError(f"closed after {reply!r}")
            reply += more
    try:
        return RawTls(connection, **options)
    except BaseException:
        connection.close()
        raise
