"""Bodies and MIME structure: empty and huge bodies, dots, long lines, multiparts, white space."""

from .shape import (LOREM, TEXT, attachment, base64_lines, crlf, head, lines, message, multipart,
                    multipart_message, nested, octets, part)


def add_to(all_messages):
    for group in (plain, dots, line_lengths, white_space, multiparts, broken_mime, sizes,
                  without_final_crlf):
        group(all_messages.add)


def plain(add):
    add("plain-short", "one line of text", message("plain-short", "Noon is fine.\n"))
    add("plain-letter", "a letter with a signature",
        message("plain-letter", lines(12) + "\n-- \nAlice Example\n+44 20 7946 0000\n"))
    add("plain-quoted-reply", "a reply below three levels of quotation",
        message("plain-quoted-reply", "> > > first\n> > second\n> third\n\nI agree.\n",
                In_Reply_To="<1@a.example.test>", References="<0@a.example.test> <1@a.example.test>"))
    add("plain-format-flowed", "format=flowed; DelSp=yes, space-stuffed lines",
        message("plain-format-flowed", "A paragraph that flows \nover two lines.\n From stuffed\n",
                Content_Type="text/plain; charset=utf-8; format=flowed; delsp=yes"))
    add("plain-from-line", "lines that begin with From, which mbox stores quote",
        message("plain-from-line", "From here to there.\n>From a store\nFrom: not a field\n"))
    add("empty-body", "header, empty line, nothing", message("empty-body", ""))
    add("body-one-crlf", "a body of one empty line", message("body-one-crlf", "\n"))
    add("body-one-octet", "a body of one letter", message("body-one-octet", "x\n"))
    add("body-thousand-empty-lines", "a thousand empty lines",
        message("body-thousand-empty-lines", "\n" * 1000))
    add("body-commands", "lines that look like SMTP commands",
        message("body-commands", "QUIT\nMAIL FROM:<x@y.example.test>\nDATA\nRSET\nBDAT 0 LAST\n"))
    add("body-looks-like-header", "a second header block in the body",
        message("body-looks-like-header", "Subject: not this one\nBcc: nobody\n\ntext\n"))
    add("body-html-only", "text/html alone",
        message("body-html-only", "<!doctype html><p>Noon <b>is</b> fine.</p>\n",
                Content_Type="text/html; charset=us-ascii"))


def dots(add):
    for name, description, body in (
            ("first-line-dot", "the first body line is a dot", ".\nafter\n"),
            ("last-line-dot", "the last line is a dot", "before\n.\n"),
            ("only-dot", "the body is one dot", ".\n"),
            ("two-dots", "a line of two dots", "a\n..\nb\n"),
            ("three-dots", "a line of three dots", "a\n...\nb\n"),
            ("dots-only-lines", "lines of one to nine dots",
             "".join("." * n + "\n" for n in range(1, 10))),
            ("dot-text", "text that begins with a dot", ".signature\n..hidden\n...and so on\n"),
            ("dot-space", "a dot and a space", ". \n. .\n .\n"),
            ("dot-inside", "dots within and at ends of lines", "a.b\nend.\n.\t.\n"),
            ("dot-after-empty", "a dot after an empty line", "\n.\n\n.\n\n"),
            ("dot-thousand", "a thousand lines that are a dot", ".\n" * 1000),
            ("dot-998", "a line of 998 dots", "." * 998 + "\n"),
            ("dot-997-text", "a dot and 997 letters: 999 with its stuffing", "." + "x" * 997 + "\n"),
            ("dot-then-command", "what a smuggler would write, in legal lines",
             "text\n.\nMAIL FROM:<evil@example.test>\nRCPT TO:<x@example.test>\nDATA\n")):
        add(f"dots-{name}", description, message(f"dots-{name}", body))
    add("dots-without-header", "no header at all, and every line begins with a dot",
        crlf(".\n..\n.a\n"))
    # Dots at the edges of 4 KiB, 16 KiB and 64 KiB, where buffers end.
    filler = b""
    for edge in (4096, 16384, 65536):
        for offset in (-3, -2, -1, 0, 1):
            room = edge + offset - len(filler) - 2
            if room > 0:
                filler += b"y" * min(room, 900) + b"\r\n"
                while len(filler) < edge + offset - 902:
                    filler += b"y" * 900 + b"\r\n"
                rest = edge + offset - len(filler) - 2
                if rest > 0:
                    filler += b"y" * rest + b"\r\n"
            filler += b".\r\n"
    add("dots-at-buffer-edges", "dot lines around multiples of usual buffer sizes", filler)


def line_lengths(add):
    for length in (76, 78, 79, 510, 512, 997, 998, 999, 1000, 1001, 2000, 2048, 4096, 8192, 16384):
        add(f"line-{length}", f"a line of {length} octets without its CRLF",
            message(f"line-{length}", "before\n" + "z" * length + "\nafter\n"))
    add("line-64k", "a line of 65,536 octets", message("line-64k", "w" * 65536 + "\n"))
    add("line-512k", "a line of 524,288 octets", message("line-512k", "v" * 524288 + "\n"))
    add("line-many-998", "200 lines of 998 octets",
        message("line-many-998", ("u" * 998 + "\n") * 200))
    add("line-html-minified", "a web page in one line of some 20 kB",
        message("line-html-minified", "<div>" + LOREM * 50 + "</div>\n", Content_Type="text/html"))


def white_space(add):
    for name, description, body in (
            ("trailing-spaces", "lines that end in spaces", "a \nb  \nc   \n   \n"),
            ("trailing-tabs", "lines that end in tabs", "a\t\nb\t\t\n\t\n"),
            ("leading", "lines that begin with spaces and tabs", " a\n\tb\n  \tc\n"),
            ("form-feeds", "form feeds and vertical tabs", "one\n\f\ntwo\v\nthree\f\n"),
            ("control", "other control characters", "bell \a back \b escape \x1b[1mbold\x1b[0m del \x7f\n"),
            ("all-controls", "each control character but NUL, CR and LF",
             "".join(f"{chr(n)}\n" for n in range(1, 32) if n not in (10, 13))),
            ("end", "empty lines at the end", "text\n\n\n\n"),
            ("ctrl-z", "the end mark of old systems", "text\n\x1a\nmore\n\x1a"),
            ("patch", "a patch, where white space counts",
             "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n \tkeep  \n-\told \n+\tnew\t\n \n-- \n2.39.2\n")):
        body = body if body.endswith("\n") else body + "\n"
        add(f"space-{name}", description, message(f"space-{name}", body))


def multiparts(add):
    html = part("text/html; charset=utf-8", "<p>Noon <b>is</b> fine.</p>\n",
                Content_Transfer_Encoding="7bit")
    text = part("text/plain; charset=utf-8", "Noon is fine.\n")
    picture = attachment("image/png", b"\x89PNG\r\n\x1a\n" + octets("picture", 900), "logo.png",
                         "inline")
    pdf = attachment("application/pdf", b"%PDF-1.7\n" + octets("pdf", 3000), "plan.pdf")
    add("multipart-mixed", "text and a file", multipart_message("multipart-mixed", "mixed", "b1", TEXT, pdf))
    add("multipart-alternative", "text and HTML",
        multipart_message("multipart-alternative", "alternative", "b2", text, html))
    add("multipart-related", "HTML with its picture",
        multipart_message("multipart-related", "related", "b3", html, picture,
                          parameters='; type="text/html"'))
    add("multipart-three-deep", "alternative in related in mixed, as mail programs nest them",
        multipart_message("multipart-three-deep", "mixed", "outer",
                          nested("related", "middle", nested("alternative", "inner", text, html), picture),
                          pdf))
    deep = text
    for level in range(30):
        deep = nested("mixed", f"level-{level}", deep)
    add("multipart-thirty-deep", "thirty multiparts, each in the next",
        multipart_message("multipart-thirty-deep", "mixed", "deepest", deep))
    add("multipart-hundred-parts", "a hundred small parts",
        multipart_message("multipart-hundred-parts", "mixed", "hundred",
                          *[part("text/plain", f"part {n}\n") for n in range(100)]))
    add("multipart-digest", "a digest of three messages",
        multipart_message("multipart-digest", "digest", "dig",
                          *[b"\r\n" + message(f"digest-{n}", lines(3)) for n in range(3)]))
    add("multipart-parallel", "multipart/parallel",
        multipart_message("multipart-parallel", "parallel", "par", text, picture))
    add("multipart-form-data", "a web form sent by mail",
        multipart_message("multipart-form-data", "form-data", "form",
                          part(None, "Alice\n", Content_Disposition='form-data; name="who"'),
                          part(None, "yes\n", Content_Disposition='form-data; name="agreed"')))
    add("multipart-preamble-epilogue", "text before the first and after the last delimiter",
        multipart_message("multipart-preamble-epilogue", "mixed", "pre", text, pdf,
                          preamble="This is a multi-part message in MIME format.\n",
                          epilogue="An epilogue.\n\n"))
    add("multipart-empty-parts", "parts without a body and without a header",
        multipart_message("multipart-empty-parts", "mixed", "emp", b"\r\n", crlf("Content-Type: text/plain\n\n"), b"\r\n"))
    add("multipart-boundary-70", "a boundary of 70 characters, the most allowed",
        multipart_message("multipart-boundary-70", "mixed", "B" * 70, text, html))
    add("multipart-boundary-odd", "a boundary with every odd character allowed",
        multipart_message("multipart-boundary-odd", "mixed", "a'()+_,-./:=? z", text, html))
    add("multipart-boundary-prefix", "the inner boundary begins like the outer",
        multipart_message("multipart-boundary-prefix", "mixed", "same",
                          nested("alternative", "same-too", text, html), pdf))
    add("multipart-boundary-trailing-space", "delimiters followed by spaces",
        head("multipart-boundary-trailing-space", Content_Type="multipart/mixed; boundary=sp")
        + b"\r\n--sp  \r\n" + text + b"--sp\t\r\n" + html + b"--sp--  \r\n")
    add("multipart-dashes-in-text", "lines of dashes that are no delimiters",
        multipart_message("multipart-dashes-in-text", "mixed", "dash",
                          part("text/plain", "--\n---\n--das\n--dashes\n -- dash\n")))
    add("multipart-message-rfc822", "a forwarded message as a part",
        multipart_message("multipart-message-rfc822", "mixed", "fwd", TEXT,
                          part("message/rfc822", message("forwarded", lines(5)),
                               Content_Disposition="attachment; filename=forwarded.eml")))
    inner = message("innermost", "text\n")
    for _ in range(5):
        inner = head("wrapped", Content_Type="message/rfc822") + b"\r\n" + inner
    add("multipart-message-in-message", "message/rfc822 five times in itself", inner)
    add("multipart-partial", "message/partial, the second of three",
        message("multipart-partial", lines(20),
                Content_Type='message/partial; id="abc@sender.example.test"; number=2; total=3'))
    add("multipart-external-body", "message/external-body",
        message("multipart-external-body", "Content-Type: text/plain\nContent-ID: <x@y.example.test>\n\n",
                Content_Type='message/external-body; access-type=URL; URL="https://files.example.test/x"'))


def broken_mime(add):
    text = part("text/plain", "Noon is fine.\n")
    add("broken-no-boundary", "multipart without a boundary parameter",
        multipart_message("broken-no-boundary", "mixed", "b", text, Content_Type="multipart/mixed"))
    add("broken-boundary-absent", "a boundary that never occurs",
        message("broken-boundary-absent", lines(4), Content_Type="multipart/mixed; boundary=never"))
    add("broken-not-closed", "no closing delimiter",
        multipart_message("broken-not-closed", "mixed", "open", text, text, close=False))
    add("broken-boundary-twice", "two boundary parameters",
        multipart_message("broken-boundary-twice", "mixed", "one", text,
                          Content_Type="multipart/mixed; boundary=one; boundary=two"))
    add("broken-two-content-types", "two Content-Type fields",
        head("broken-two-content-types", Content_Type="text/plain")
        + crlf("Content-Type: text/html\n\n<p>which?</p>\n"))
    add("broken-content-type", "a Content-Type that is none",
        message("broken-content-type", "text\n", Content_Type=";;; text//plain charset"))
    add("broken-unknown-encoding", "an unknown transfer encoding",
        message("broken-unknown-encoding", "text\n", Content_Transfer_Encoding="x-rot13"))
    add("broken-quoted-printable", "quoted-printable with wrong escapes",
        message("broken-quoted-printable", "=ZZ =4 = \n=\nend=3",
                Content_Transfer_Encoding="quoted-printable") + b"\r\n")
    add("broken-base64", "base64 with foreign characters and no padding",
        message("broken-base64", "SGVs*bG8\nd29y bGQ\n!!!\n", Content_Transfer_Encoding="base64"))
    add("broken-encoded-multipart", "a multipart that claims base64, which RFC 2045 forbids",
        head("broken-encoded-multipart", Content_Type="multipart/mixed; boundary=e",
             Content_Transfer_Encoding="base64") + b"\r\n" + multipart("e", text))
    add("broken-no-mime-version", "MIME without MIME-Version",
        multipart_message("broken-no-mime-version", "mixed", "nov", text, MIME_Version=None))
    add("broken-mime-version", "MIME-Version 2.0 with a comment",
        message("broken-mime-version", "text\n", MIME_Version="2.0 (a comment (nested))"))


def sizes(add):
    for size in (65535, 65536, 65537, 262143, 262144, 262145):
        prefix = head(f"size-{size}") + b"\r\n"
        filler = crlf(base64_lines(octets(f"size-{size}", size)))
        data = prefix + filler[:size - len(prefix) - 2]
        data = data[:-1] + b"A" if data.endswith(b"\r") else data
        add(f"size-{size}", f"exactly {size} octets, at an edge of how bodies are kept",
            data + b"\r\n")
    big = octets("big", 3 * 1024 * 1024)
    add("size-1mib-attachment", "an attachment of 1 MiB",
        multipart_message("size-1mib-attachment", "mixed", "big", TEXT,
                          attachment("application/octet-stream", big[:1024 * 1024], "disk.img")))
    add("size-3mib-attachment", "an attachment of 3 MiB",
        multipart_message("size-3mib-attachment", "mixed", "big", TEXT,
                          attachment("video/mp4", big, "film.mp4")))
    add("size-1mib-text", "1 MiB of text", message("size-1mib-text", LOREM[:70] + "\n" + (LOREM[70:140] + "\n") * 15000))
    add("size-1mib-short-lines", "a million octets in lines of one",
        message("size-1mib-short-lines", "a\n" * 340000))
    add("size-700k-8bit", "700 kB of 8-bit text",
        message("size-700k-8bit", ("žluťoučký kůň úpěl ďábelské ódy " * 2 + "\n") * 8000,
                Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="8bit"))


def without_final_crlf(add):
    for name, description, data in (
            ("text", "text without a last line end", message("no-crlf-text", "line\nno end")),
            ("dot", "ends in a dot", message("no-crlf-dot", "line\n.")),
            ("header", "a header line and nothing more", b"Subject: cut"),
            ("html", "HTML as programs send it", message("no-crlf-html", "<html></html>", Content_Type="text/html")),
            ("boundary", "a closing delimiter without CRLF",
             multipart_message("no-crlf-boundary", "mixed", "nc", TEXT)[:-2]),
            ("octet", "one octet", b"x"),
            ("large", "400 kB without a last line end", message("no-crlf-large", lines(5600) + "end"))):
        add(f"no-crlf-{name}", description, data, bdat_only=True)
