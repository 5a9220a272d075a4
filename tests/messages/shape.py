"""What messages are built from: headers, parts, encodings, and octets that only look random."""

import base64
import hashlib
import quopri
from dataclasses import dataclass

LOREM = (
    "Thank you for the figures that you sent on Tuesday. Two of them do not agree with the contract, "
    "and before we answer the customer somebody should look at both. Could you do that before noon? "
    "The rest is fine, and the appendix can go out as it is; only the second table lacks its unit. "
    "I shall be in the office until four, and after that on the usual number. ")


@dataclass
class Shape:
    name: str
    description: str
    data: bytes
    sender: str = "alice@sender.example.test"
    smtputf8: bool = False
    bdat_only: bool = False   # does not end in CRLF: DATA cannot carry it unchanged

    @property
    def eight_bit(self):
        return any(octet > 127 for octet in self.data)


class Collection:
    def __init__(self):
        self.messages = []

    def add(self, name, description, data, **options):
        self.messages.append(Shape(name, description, data, **options))


def octets(seed, count):
    """`count` octets that look random, the same for every run."""
    return hashlib.shake_256(seed.encode()).digest(count)


def crlf(text, encoding="utf-8"):
    """Text (or bytes) with \\n for line ends as the wire has it."""
    data = text if isinstance(text, bytes) else text.encode(encoding)
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def lines(count, seed=""):
    """That many lines of ordinary prose, 72 octets at most."""
    words = (LOREM * (count // 4 + 2)).split()
    out, line = [], seed
    for word in words:
        if len(line) + len(word) + 1 > 72:
            out.append(line)
            line = ""
            if len(out) == count:
                break
        line = f"{line} {word}".strip()
    return "".join(each + "\n" for each in out)


def head(name, subject=None, **fields):
    """The header that all well-formed messages begin with; fields replace or add (None removes).
    Underscores in names stand for hyphens."""
    header = {
        "Date": "Fri, 13 Nov 2026 09:30:00 +0100",
        "From": "Alice Example <alice@sender.example.test>",
        "To": "Bob Example <bob@receiver.example.test>",
        "Subject": subject if subject is not None else name.replace("-", " "),
        "Message-ID": f"<{name}.20261113@sender.example.test>",
        "MIME-Version": "1.0",
    }
    for key, value in fields.items():
        header[key.replace("_", "-")] = value
    return crlf("".join(f"{key}: {value}\n" for key, value in header.items() if value is not None))


def message(name, body, subject=None, **fields):
    return head(name, subject, **fields) + b"\r\n" + crlf(body)


def base64_lines(data, width=76):
    encoded = base64.b64encode(data).decode()
    return "".join(encoded[at:at + width] + "\n" for at in range(0, len(encoded), width))


def quoted_printable(data):
    """Of text with \\n line ends; every line ends, and none is longer than 76."""
    encoded = quopri.encodestring(data).decode("ascii")
    return encoded if encoded.endswith("\n") else encoded + "=\n"


def part(content_type, body, **fields):
    """A body part: fields, an empty line, and the body as bytes or text with \\n."""
    header = f"Content-Type: {content_type}\n" if content_type else ""
    header += "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in fields.items())
    return crlf(header) + b"\r\n" + crlf(body)


def attachment(content_type, data, filename, disposition="attachment"):
    return part(f'{content_type}; name="{filename}"', base64_lines(data),
                Content_Transfer_Encoding="base64",
                Content_Disposition=f'{disposition}; filename="{filename}"')


def multipart(boundary, *parts, preamble="", epilogue="", close=True):
    """Parts between delimiters; each part's bytes end in CRLF, which belongs to the delimiter."""
    marker = boundary.encode()
    out = crlf(preamble)
    for each in parts:
        out += b"--" + marker + b"\r\n" + each
    if close:
        out += b"--" + marker + b"--\r\n"
    return out + crlf(epilogue)


def multipart_message(name, kind, boundary, *parts, subject=None, preamble="", epilogue="",
                      close=True, parameters="", **fields):
    fields.setdefault("Content_Type", f'multipart/{kind}; boundary="{boundary}"{parameters}')
    return (head(name, subject, **fields) + b"\r\n"
            + multipart(boundary, *parts, preamble=preamble, epilogue=epilogue, close=close))


def nested(kind, boundary, *parts):
    """A multipart as a part of another."""
    return (crlf(f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n')
            + multipart(boundary, *parts))


TEXT = part("text/plain; charset=us-ascii", "See the attached file.\n\n-- \nAlice\n")
