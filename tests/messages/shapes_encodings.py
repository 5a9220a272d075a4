"""Character sets, transfer encodings, scripts, and binary data made into text."""

import base64
import binascii

from .shape import (base64_lines, crlf, head, lines, message, multipart_message, octets, part,
                    quoted_printable)

# (name, charset, text): each is sent raw, as base64 and as quoted-printable.
CHARSETS = (
    ("latin1", "iso-8859-1", "Grüße aus Köln, ça va très bien, señor\n"),
    ("latin2", "iso-8859-2", "Příliš žluťoučký kůň, zażółć gęślą jaźń\n"),
    ("latin9", "iso-8859-15", "Das kostet 20 €, cœur\n"),
    ("windows-1252", "windows-1252", "“Quotes”, dash – and … €\n"),
    ("windows-1251", "windows-1251", "Съешь ещё этих мягких булок\n"),
    ("koi8-r", "koi8-r", "Съешь ещё этих мягких булок, да выпей чаю\n"),
    ("greek", "iso-8859-7", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία\n"),
    ("hebrew", "iso-8859-8", "דג סקרן שט בים מאוכזב\n"),
    ("arabic", "windows-1256", "نص حكيم له سر قاطع\n"),
    ("turkish", "iso-8859-9", "Pijamalı hasta yağız şoföre\n"),
    ("thai", "tis-620", "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า\n"),
    ("shift-jis", "shift_jis", "いろはにほへと ちりぬるを\n"),
    ("euc-jp", "euc-jp", "いろはにほへと ちりぬるを\n"),
    ("gb2312", "gb2312", "天地玄黄 宇宙洪荒\n"),
    ("gb18030", "gb18030", "天地玄黄 宇宙洪荒 㐀㐁 €\n"),
    ("big5", "big5", "天地玄黃 宇宙洪荒\n"),
    ("euc-kr", "euc-kr", "키스의 고유조건은 입술끼리\n"),
    ("utf8", "utf-8", "Zwölf Boxkämpfer 天地玄黃 עברית 🚀\n"),
)

SCRIPTS = (
    ("rtl-hebrew", "Hebrew with marks of direction", "\u202bשלום עולם\u202c \u200fabc\u200e\n"),
    ("rtl-arabic", "Arabic mixed with numbers", "السعر 1,234 دولار (خصم 10%)\n"),
    ("rtl-override", "a direction override, as phishing uses", "report\u202efdp.exe\n"),
    ("emoji", "emoji with joiners, skin tones and flags", "👩‍👩‍👧‍👦 👍🏽 🇨🇭 ❤️\n"),
    ("combining", "many combining marks", "Z̷̢̛a̸͓̕l̶̰͝g̵̻̈́o̴̬͗\n" * 3),
    ("normalisation", "the same word composed and decomposed", "é é Å Å\n"),
    ("devanagari", "Hindi", "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा\n"),
    ("tamil", "Tamil", "யாமறிந்த மொழிகளிலே தமிழ்மொழி\n"),
    ("ethiopic", "Amharic", "ሰማይ አይታረስ ንጉሥ አይከሰስ።\n"),
    ("cuneiform", "letters beyond the first plane", "𒀀𒀁𒀂 𝄞 𐍈\n"),
    ("zero-width", "zero-width spaces and a byte order mark", "\ufeffzero\u200bwidth\u200d\u2060\n"),
    ("line-separators", "Unicode line ends that end no line here", "a\u2028b\u2029c\u0085d\n"),
    ("private-use", "private use and non-characters", "\ue000 \uf8ff \ufdd0 \U0010fffd\n"),
)


def add_to(all_messages):
    for group in (charsets, scripts, sevenbit_charsets, broken_text, binaries, base64_shapes):
        group(all_messages.add)


def charsets(add):
    for name, charset, text in CHARSETS:
        raw = text.encode(charset) * 12
        kind = f"text/plain; charset={charset}"
        add(f"charset-{name}-8bit", f"{charset} in 8bit",
            message(f"charset-{name}-8bit", raw, Content_Type=kind,
                    Content_Transfer_Encoding="8bit"))
        add(f"charset-{name}-qp", f"{charset} in quoted-printable",
            message(f"charset-{name}-qp", quoted_printable(raw), Content_Type=kind,
                    Content_Transfer_Encoding="quoted-printable"))
        add(f"charset-{name}-base64", f"{charset} in base64, subject as encoded word",
            message(f"charset-{name}-base64", base64_lines(raw), Content_Type=kind,
                    subject=f"=?{charset}?B?{base64.b64encode(text.strip().encode(charset)).decode()}?=",
                    Content_Transfer_Encoding="base64"))


def scripts(add):
    for name, description, text in SCRIPTS:
        add(f"script-{name}", description,
            message(f"script-{name}", text, Content_Type="text/plain; charset=utf-8",
                    Content_Transfer_Encoding="8bit"))


def sevenbit_charsets(add):
    japanese = "いろはにほへと\nちりぬるを\n我が世誰ぞ常ならむ\n".encode("iso-2022-jp")
    add("charset-iso-2022-jp", "Japanese in seven bits with escapes",
        message("charset-iso-2022-jp", japanese, subject="=?ISO-2022-JP?B?GyRCJCQkbSRPGyhC?=",
                Content_Type="text/plain; charset=iso-2022-jp", Content_Transfer_Encoding="7bit"))
    add("charset-iso-2022-kr", "Korean in seven bits with shifts",
        message("charset-iso-2022-kr", "키스의 고유조건은\n".encode("iso-2022-kr"),
                Content_Type="text/plain; charset=iso-2022-kr"))
    add("charset-hz", "Chinese in seven bits with tildes",
        message("charset-hz", "天地玄黄\n".encode("hz"), Content_Type="text/plain; charset=hz-gb-2312"))
    add("charset-utf7", "UTF-7", message("charset-utf7", "Grüße, 天地\n".encode("utf-7"),
                                         Content_Type="text/plain; charset=utf-7"))
    for charset in ("utf-16", "utf-16be", "utf-32"):
        raw = "Grüße aus Köln\n".encode(charset if charset != "utf-16" else "utf-16-le")
        add(f"charset-{charset}", f"{charset} in base64",
            message(f"charset-{charset}", base64_lines(raw),
                    Content_Type=f"text/plain; charset={charset}",
                    Content_Transfer_Encoding="base64"))


def broken_text(add):
    add("text-invalid-utf8", "octets that are no UTF-8 though it is claimed",
        message("text-invalid-utf8", b"ok \xff\xfe \xc3( \xed\xa0\x80 \xf8\x88 end\n",
                Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="8bit"))
    add("text-8bit-undeclared", "8-bit text without any declaration",
        message("text-8bit-undeclared", "Grüße\n".encode("latin-1"), MIME_Version=None))
    add("text-8bit-claims-7bit", "8-bit text that claims 7bit",
        message("text-8bit-claims-7bit", "Grüße\n".encode("latin-1"),
                Content_Type="text/plain; charset=us-ascii", Content_Transfer_Encoding="7bit"))
    add("text-unknown-charset", "a charset that nobody knows",
        message("text-unknown-charset", "text\n", Content_Type="text/plain; charset=x-unknown-9"))
    add("text-mixed-charsets", "parts in four character sets",
        multipart_message("text-mixed-charsets", "mixed", "cs",
                          *[part(f"text/plain; charset={charset}", text.encode(charset),
                                 Content_Transfer_Encoding="8bit")
                            for charset, text in (("utf-8", "größer\n"), ("iso-8859-1", "größer\n"),
                                                  ("koi8-r", "больше\n"), ("gb18030", "更大\n"))]))
    every = bytes(n for n in range(1, 256) if n not in (10, 13))
    add("text-every-octet", "every octet but NUL, CR and LF",
        message("text-every-octet", every + b"\n" + every[::-1] + b"\n",
                Content_Type="application/octet-stream", Content_Transfer_Encoding="8bit"))


def uuencoded(data, name):
    rows = [binascii.b2a_uu(data[at:at + 45]).decode() for at in range(0, len(data), 45)]
    return f"begin 644 {name}\n" + "".join(rows) + "`\nend\n"


def yencoded(data, name):
    """As news readers post it: each octet plus 42, with NUL, CR, LF and = escaped."""
    out, row = [], bytearray()
    for octet in data:
        value = (octet + 42) & 255
        row += bytes((61, (value + 64) & 255)) if value in (0, 10, 13, 61) else bytes((value,))
        if len(row) >= 128:
            out.append(bytes(row))
            row = bytearray()
    out.append(bytes(row))
    return (f"=ybegin line=128 size={len(data)} name={name}\n".encode() + b"\n".join(out)
            + f"\n=yend size={len(data)} crc32={binascii.crc32(data):08x}\n".encode())


def binaries(add):
    data = octets("binary", 4000)
    add("binary-uuencode", "a uuencoded file in the text",
        message("binary-uuencode", "The file:\n\n" + uuencoded(data, "file.bin"), MIME_Version=None))
    add("binary-uuencode-mime", "a uuencoded part",
        message("binary-uuencode-mime", uuencoded(data[:900], "x.bin"),
                Content_Type="application/octet-stream", Content_Transfer_Encoding="x-uuencode"))
    add("binary-yenc", "yEnc: nearly every octet, raw",
        message("binary-yenc", yencoded(data, "picture.jpg"), MIME_Version=None))
    add("binary-yenc-large", "500 kB of yEnc",
        message("binary-yenc-large", yencoded(octets("yenc", 500000), "film.avi")))
    add("binary-binhex", "BinHex-like text",
        message("binary-binhex", "(This file must be converted with BinHex 4.0)\n\n:"
                + base64.b85encode(data[:480]).decode()[:600].replace("`", "'") + ":\n",
                Content_Type="application/mac-binhex40"))
    add("binary-ascii85", "Ascii85 in the text",
        message("binary-ascii85", base64.a85encode(data, wrapcol=72, adobe=True).decode() + "\n"))
    add("binary-qp", "binary data in quoted-printable",
        message("binary-qp", quoted_printable(data[:1500].replace(b"\n", b"\xbb").replace(b"\r", b"\xbc")),
                Content_Type="application/octet-stream", Content_Transfer_Encoding="quoted-printable"))
    add("binary-8bit-lines", "binary-like 8-bit lines of 998 octets",
        message("binary-8bit-lines", b"\n".join(
            bytes(b if b not in (0, 10, 13) else 170 for b in octets(f"row{n}", 998)) for n in range(40))
            + b"\n", Content_Type="application/octet-stream", Content_Transfer_Encoding="8bit"))


def base64_shapes(add):
    data = octets("base64", 3000)
    for width in (1, 4, 57, 64, 77, 100, 996, 4000):
        add(f"base64-width-{width}", f"base64 in lines of {width}",
            message(f"base64-width-{width}", base64_lines(data, width),
                    Content_Type="application/octet-stream", Content_Transfer_Encoding="base64"))
    encoded = base64.b64encode(data[:100]).decode()
    for name, description, body in (
            ("uneven", "lines of uneven length, cut within groups of four",
             "".join(encoded[a:a + n] + "\n" for a, n in ((0, 5), (5, 31), (36, 2), (38, 60), (98, 99)))),
            ("spaces", "spaces and tabs around the lines", " " + encoded[:60] + "\t\n\t" + encoded[60:] + "  \n"),
            ("unpadded", "no padding", encoded.rstrip("=") + "\n"),
            ("padding-inside", "padding in the middle", "SGVsbG8=\nV29ybGQ=\n"),
            ("empty-lines", "empty lines between", "\n".join((encoded[:40], "", encoded[40:80], "", "", encoded[80:])) + "\n"),
            ("text-after", "text after the end", encoded + "\n\n-- \nadded by a list\n"),
            ("dots", "a body whose encoding begins lines with dots nowhere, and text that does",
             encoded + "\n.\n")):
        add(f"base64-{name}", description,
            message(f"base64-{name}", body, Content_Type="application/octet-stream",
                    Content_Transfer_Encoding="base64"))
    add("qp-soft-breaks", "soft line breaks in every position",
        message("qp-soft-breaks", "a=\nbc=\ndef =\n=20=\n=3D=\nend\n",
                Content_Transfer_Encoding="quoted-printable"))
    add("qp-encoded-line-ends", "encoded CR and LF, and an encoded leading dot",
        message("qp-encoded-line-ends", "a=0D=0Ab=0Ac\n=2Edot\n=46rom here\ntrailing=20\n",
                Content_Transfer_Encoding="quoted-printable"))
    add("qp-lower-case", "lower-case hexadecimal digits",
        message("qp-lower-case", "gr=c3=bc=c3=9fe\n", Content_Type="text/plain; charset=utf-8",
                Content_Transfer_Encoding="quoted-printable"))
    add("qp-long-lines", "quoted-printable lines beyond 76",
        message("qp-long-lines", ("=C3=BC" * 60 + "\n") * 5, Content_Transfer_Encoding="quoted-printable"))
    add("qp-prose", "ordinary prose", head("qp-prose", Content_Transfer_Encoding="quoted-printable")
        + b"\r\n" + crlf(quoted_printable(lines(20).encode())))
