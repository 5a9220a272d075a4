"""Header fields: missing, doubled, folded, huge, old-fashioned, internationalised."""

from .shape import crlf, head, lines, message


def add_to(all_messages):
    for group in (absent, folding, odd_fields, addresses, trace, internationalised, raw_eight_bit):
        group(all_messages.add)


def absent(add):
    add("header-none", "no header: the text begins at once, after an empty line", crlf("\njust text\n"))
    add("header-none-no-blank", "no header and no empty line: prose from the first octet",
        crlf("just some text that has no header\nand goes on\n"))
    add("header-only", "a header without the empty line", head("header-only"))
    add("header-only-blank", "a header and the empty line, in the smallest form", crlf("Subject: x\n\n"))
    add("header-empty-message", "nothing at all", b"")
    add("header-one-crlf", "one empty line", b"\r\n")
    add("header-minimal", "From and Date only, the least that RFC 5322 allows",
        crlf("From: a@b.example.test\nDate: 1 Jan 2026 00:00 +0000\n\ntext\n"))
    add("header-no-date", "no Date", message("header-no-date", "text\n", Date=None))
    add("header-no-message-id", "no Message-ID", message("header-no-message-id", "text\n", Message_ID=None))
    add("header-no-from", "no From", message("header-no-from", "text\n", From=None))
    add("header-no-to", "no recipient fields", message("header-no-to", "text\n", To=None))
    add("header-no-subject", "no Subject", crlf("From: a@b.example.test\nDate: Fri, 13 Nov 2026 09:30:00 +0000\n\nx\n"))
    add("header-empty-subject", "an empty Subject", message("header-empty-subject", "text\n", subject=""))


def folding(add):
    add("fold-spaces", "folded by spaces",
        message("fold-spaces", "text\n", subject="a subject\n that goes on\n   and on"))
    add("fold-tabs", "folded by tabs", message("fold-tabs", "text\n", subject="a subject\n\tthat goes on\n\t\tand on"))
    add("fold-first-line-empty", "nothing but white space before the first fold",
        message("fold-first-line-empty", "text\n", subject="\n the subject"))
    add("fold-white-line", "a continuation of white space only (obsolete, seen)",
        message("fold-white-line", "text\n", subject="before\n \n after"))
    add("fold-trailing-space", "spaces before the fold", message("fold-trailing-space", "text\n", subject="a   \n b\t\n c"))
    add("fold-many-recipients", "400 recipients over 400 lines",
        message("fold-many-recipients", "text\n",
                To=",\n ".join(f"Person {n} <p{n}@receiver.example.test>" for n in range(400))))
    add("fold-references", "a thread of 150 references",
        message("fold-references", "text\n", References="\n ".join(f"<{n}.x@lists.example.test>" for n in range(150))))
    for length in (998, 1000, 5000, 20000):
        add(f"header-line-{length}", f"one header line of {length} octets",
            message(f"header-line-{length}", "text\n", X_Long="h" * (length - 8)))
    add("header-60k-field", "a field of 60,000 octets in 1,000 lines",
        message("header-60k-field", "text\n", X_Big="\n ".join(["h" * 58] * 1000)))
    add("header-500-fields", "500 fields", message("header-500-fields", "text\n",
        **{f"X_Field_{n}": f"value {n}" for n in range(500)}))


def odd_fields(add):
    odd = {
        "duplicated": ("Subject, From, To, Date and Message-ID twice",
                       "From: a@b.example.test\nFrom: c@d.example.test\nSubject: one\nSubject: two\nTo: x@y.example.test\n"
                       "To: z@y.example.test\nDate: Fri, 13 Nov 2026 09:30:00 +0000\nDate: never\n"
                       "Message-ID: <1@a.example.test>\nMessage-ID: <2@a.example.test>\n"),
        "space-before-colon": ("white space before the colon", "Subject : old\nFrom\t: a@b.example.test\n"),
        "no-space-after-colon": ("nothing after the colon", "Subject:tight\nFrom:a@b.example.test\nX-Empty:\n"),
        "mbox-from": ("begins with the line of an mbox", "From alice Fri Nov 13 09:30:00 2026\nSubject: x\n"),
        "escaped-mbox-from": ("begins with an escaped mbox line", ">From alice Fri Nov 13 2026\nSubject: x\n"),
        "line-without-colon": ("a line that is no field amid the header",
                               "Subject: x\nthis is no field\nFrom: a@b.example.test\n"),
        "starts-with-continuation": ("the first line is a continuation", " lost continuation\nSubject: x\n"),
        "case": ("names in odd case", "sUbJeCt: x\nFROM: a@b.example.test\nmessage-id: <odd@case.example.test>\n"),
        "odd-names": ("every character allowed in a name", "!#$%&'*+-./09;<=>?@AZ[\\]^_`az{|}~: odd\nSubject: x\n"),
        "long-name": ("a field name of 300 characters", "X-" + "n" * 298 + ": v\nSubject: x\n"),
        "old-dates": ("obsolete dates", "Date: 13 Nov 26 9:30 EST\nX-Date: Friday, 13-Nov-26 09:30:00 GMT\nSubject: x\n"),
        "bad-date": ("a date that is none", "Date: yesterday, about noon\nSubject: x\n"),
        "message-id-odd": ("identifiers as programs make them",
                           "Message-ID: <\"quoted id\"@[192.0.2.1]>\nIn-Reply-To: your mail of Friday\n"
                           "References: <a@b> <c d@e.example.test> junk\nSubject: x\n"),
        "encoded-words": ("encoded words that are split, nested and broken",
                          "Subject: =?utf-8?Q?Gr=C3=BC?= =?utf-8?Q?=C3=9Fe?= =?utf-8?B?broken=\n"
                          "From: =?iso-8859-1?Q?Andr=E9?= <a@b.example.test>\n"
                          "X-Bad: =?nothing?X?y?= =?utf-8?Q?no end\n"),
        "parameters": ("parameters in RFC 2231 parts",
                       "Content-Type: text/plain; charset=us-ascii; name*0*=utf-8'de'Gr%C3%BC; name*1=sse;\n"
                       " name*2=\".txt\"\nContent-Disposition: attachment; filename*=utf-8''%E2%82%AC.txt\nSubject: x\n"),
        "control-characters": ("control characters in a value", "Subject: a\x01b\x1b[0mc\x7f\tend\n"),
    }
    for name, (description, header) in odd.items():
        add(f"header-{name}", description, crlf(header + "\n") + crlf(f"text of {name}\n"))


def addresses(add):
    shapes = {
        "group": ("groups, one of them empty", "undisclosed-recipients:;, Team: a@b.example.test, c@d.example.test;"),
        "quoted-local-part": ("quoted local parts", "\"a b\"@x.example.test, \"@\"@x.example.test, \"\\\"q\\\"\"@x.example.test"),
        "comments": ("comments everywhere", "(who) Bob (the (second)) <bob(x)@(y)receiver.example.test> (end)"),
        "source-route": ("an obsolete route", "<@relay.example.test,@b.example.test:bob@receiver.example.test>"),
        "literal": ("address literals", "bob@[192.0.2.1], eve@[IPv6:2001:db8::1]"),
        "no-angle": ("names with dots and without quotes", "J. R. Example <jr@x.example.test>, Dr. Who <w@x.example.test>"),
        "broken": ("what is no address list", "Bob <bob@receiver.example.test, , ;;, @, <>, \"open"),
        "long-local-part": ("a local part of 64 and a domain of 250 octets",
                            "l" * 64 + "@" + ".".join(["d" * 60] * 4) + ".test"),
        "plus-and-symbols": ("symbols in a local part", "bob+tag=x!#$%&'*/?^_`{|}~@receiver.example.test"),
    }
    for name, (description, value) in shapes.items():
        add(f"address-{name}", description, message(f"address-{name}", "text\n", To=value))


def received(number, of):
    return (f"Received: from host{number}.example.test (host{number}.example.test [192.0.2.{number}])\n"
            f"\tby host{number + 1}.example.test (Postfix) with ESMTPS id {number:08X}\n"
            f"\tfor <bob@receiver.example.test>; Fri, 13 Nov 2026 09:{(of - number) % 60:02d}:00 +0000 (UTC)\n")


def trace(add):
    for count in (1, 20, 60, 90):
        add(f"trace-received-{count}", f"{count} Received fields",
            crlf("".join(received(n, count) for n in range(count)))
            + message(f"trace-received-{count}", "text\n"))
    resent = ("Resent-Date: Fri, 13 Nov 2026 10:00:00 +0100\nResent-From: Carol <carol@sender.example.test>\n"
              "Resent-To: bob@receiver.example.test\nResent-Message-ID: <resent.1@sender.example.test>\n")
    add("trace-resent", "resent once", crlf(resent) + message("trace-resent", "text\n"))
    add("trace-resent-twice", "resent twice, with trace between",
        crlf(resent + received(1, 2) + resent.replace("resent.1", "resent.2")) + message("trace-resent-twice", "text\n"))
    add("trace-resent-bcc", "Resent-Bcc and Resent-Sender",
        crlf(resent + "Resent-Sender: d@sender.example.test\nResent-Bcc: secret@receiver.example.test\n")
        + message("trace-resent-bcc", "text\n"))
    add("trace-bcc", "a Bcc field that a program forgot to remove",
        message("trace-bcc", "text\n", Bcc="Secret <secret@receiver.example.test>"))
    add("trace-return-path", "Return-Path fields of earlier deliveries",
        crlf("Return-Path: <old@sender.example.test>\nReturn-Path: <>\n") + message("trace-return-path", "text\n"))
    add("trace-delivered-to", "Delivered-To, X-Original-To, Envelope-To",
        crlf("Delivered-To: bob@elsewhere.example.test\nX-Original-To: b@elsewhere.example.test\n"
             "Envelope-To: c@elsewhere.example.test\n") + message("trace-delivered-to", "text\n"))
    add("trace-received-odd", "Received fields as old and careless programs write them",
        crlf("Received: by uucp.example.test; 13 Nov 1988\nReceived: \nReceived: (qmail 123 invoked by uid 0); 1 Jan 1999\n"
             "received: FROM [192.0.2.9] BY x WITH SMTP;;;\n") + message("trace-received-odd", "text\n"))
    add("trace-authentication", "DKIM, ARC and Authentication-Results",
        crlf("Authentication-Results: mx.example.test; dkim=pass header.d=sender.example.test;\n spf=pass\n"
             "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.test; s=arc; t=1794560000;\n b=" + "A" * 340 + "\n"
             "ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=example.test; s=arc;\n"
             " h=from:to:subject; bh=" + "B" * 43 + "=;\n b=" + "C" * 340 + "\n"
             "ARC-Authentication-Results: i=1; mx.example.test; dkim=pass\n"
             "DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=sender.example.test; s=s1;\n"
             "\th=From:To:Subject:Date; bh=" + "D" * 43 + "=;\n\tb=" + "\n\t ".join(["E" * 68] * 5) + "\n")
        + message("trace-authentication", "text \n\n\n"))


INTERNATIONAL = (
    ("chinese", "用户@例子.测试", "你好", "天地玄黄"),
    ("greek", "χρήστης@παράδειγμα.δοκιμή", "Γειά", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία"),
    ("cyrillic", "почта@пример.испытание", "Привет", "Съешь ещё этих мягких булок"),
    ("hindi", "उपयोगकर्ता@उदाहरण.परीक्षा", "नमस्ते", "ऋषियों को सताने वाले"),
    ("arabic", "مستخدم@مثال.إختبار", "مرحبا", "نص حكيم له سر قاطع"),
    ("latin", "jürgen@bücher.example.test", "Grüße", "Zwölf Boxkämpfer jagen Viktor"),
    ("emoji", "🚀@sender.example.test", "🎉", "👩‍👩‍👧‍👦"),
    ("mixed", "ωmega+タグ@sender.example.test", "混ぜ mixed", "a Ω あ א"),
)


def internationalised(add):
    for name, address, subject, text in INTERNATIONAL:
        add(f"smtputf8-{name}", f"UTF-8 in sender, header and text: {name}",
            message(f"smtputf8-{name}", text + "\n", subject=subject, From=f"{subject} <{address}>",
                    Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="8bit"),
            sender=address, smtputf8=True)
    add("smtputf8-header-only", "UTF-8 in the header, ASCII in envelope and text",
        message("smtputf8-header-only", "text\n", subject="Übergabe am Höhenweg"), smtputf8=True)
    add("smtputf8-unused", "asks for SMTPUTF8 and needs none", message("smtputf8-unused", "text\n"), smtputf8=True)
    add("smtputf8-message-id", "UTF-8 in Message-ID and in a field's comment",
        message("smtputf8-message-id", "text\n", Message_ID="<ключ@пример.испытание>",
                X_Note="(комментарий) значение"), smtputf8=True)
    add("smtputf8-nested", "a message/global inside",
        message("smtputf8-nested", message("inner-global", "текст\n", subject="Привет"),
                Content_Type="message/global", Content_Transfer_Encoding="8bit"), smtputf8=True)


def raw_eight_bit(add):
    """Not legal without SMTPUTF8, and daily bread all the same: relays must not change it."""
    add("header-raw-latin1", "raw ISO 8859-1 in Subject and From, without SMTPUTF8",
        crlf("From: André <a@b.example.test>\nSubject: Grüße\n\ntext\n".encode("latin-1")))
    add("header-raw-utf8", "raw UTF-8 in the header, without SMTPUTF8",
        message("header-raw-utf8", lines(2), subject="Grüße"))
    add("header-raw-koi8", "raw KOI8-R in the header",
        crlf("Subject: Привет\nFrom: a@b.example.test\n\nтекст\n".encode("koi8-r")))
