#!/usr/bin/python3
"""Writes more than 200 different messages, shaped as real mail is, with a description of each.

The same bytes every time: nothing comes from a clock, a locale or an unseeded generator. CRLF ends
lines; there is no bare CR, bare LF or NUL (those are refused, which interop/smtplib_test.py
shows). Groups of shapes are in shapes_*.py; add a message there by one more add(…).

    make_messages.py DIRECTORY     NNN-name.eml each, and index.json
"""

import json
import re
import sys
from pathlib import Path

if __package__:
    from . import shapes_encodings, shapes_headers, shapes_kinds, shapes_structure
    from .shape import Collection
else:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from messages import shapes_encodings, shapes_headers, shapes_kinds, shapes_structure
    from messages.shape import Collection


def make_messages():
    """All messages, in their order."""
    collection = Collection()
    for shapes in (shapes_structure, shapes_encodings, shapes_headers, shapes_kinds):
        shapes.add_to(collection)
    check(collection.messages)
    return collection.messages


def check(messages):
    """What every test relies on."""
    names, contents = set(), set()
    for message in messages:
        assert message.name not in names, f"two messages are called {message.name}"
        assert message.data not in contents, f"{message.name} equals another message"
        names.add(message.name)
        contents.add(message.data)
        assert re.fullmatch(r"[a-z0-9-]+", message.name), message.name
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", message.data), f"bare CR, LF or NUL: {message.name}"
        ends = not message.data or message.data.endswith(b"\r\n")
        assert ends != message.bdat_only, f"{message.name}: bdat_only is for a missing CRLF"
    assert len(messages) >= 200, len(messages)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    index = []
    for number, message in enumerate(make_messages()):
        file = f"{number:03d}-{message.name}.eml"
        (directory / file).write_bytes(message.data)
        index.append({"file": file, "name": message.name, "description": message.description,
                      "size": len(message.data), "smtputf8": message.smtputf8,
                      "eight_bit": message.eight_bit, "bdat_only": message.bdat_only,
                      "sender": message.sender})
    (directory / "index.json").write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(index)} messages, {sum(each['size'] for each in index)} octets, in {directory}")


if __name__ == "__main__":
    main()
