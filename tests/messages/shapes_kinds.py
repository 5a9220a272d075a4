"""Kinds of mail: files of many types, reports, receipts, invitations, signed and encrypted mail,
lists, newsletters, notifications."""

import base64
import gzip
import io
import tarfile
import zipfile

from .shape import (LOREM, TEXT, attachment, base64_lines, crlf, head, lines, message, multipart,
                    multipart_message, octets, part, quoted_printable)


def add_to(all_messages):
    for group in (files, file_names, reports, calendars, security, lists, programs):
        group(all_messages.add)


def zipped(*members):
    """A zip file; members are (name, data)."""
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 13, 9, 30, 0)), data)
    return store.getvalue()


def tarred(*members):
    store = io.BytesIO()
    with tarfile.open(fileobj=store, mode="w") as archive:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(store.getvalue(), mtime=0)


def files(add):
    filler = octets("files", 6000)
    office = "application/vnd.openxmlformats-officedocument"
    kinds = (
        ("pdf", "application/pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\n" + filler + b"%%EOF\n"),
        ("png", "image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + filler),
        ("jpeg", "image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + filler + b"\xff\xd9"),
        ("gif", "image/gif", b"GIF89a\1\0\1\0\x80\0\0" + filler[:300] + b";"),
        ("webp", "image/webp", b"RIFF\0\0\0\0WEBPVP8 " + filler),
        ("svg", "image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>\n'),
        ("tiff", "image/tiff", b"II*\0" + filler),
        ("bmp", "image/bmp", b"BM" + filler),
        ("zip", "application/zip", zipped(("a.txt", LOREM * 9), ("b/c.bin", filler))),
        ("zip-in-zip", "application/zip", zipped(("inner.zip", zipped(("x", b"y" * 500))))),
        ("tar-gz", "application/gzip", tarred(("etc/hosts", b"127.0.0.1 localhost\n"))),
        ("docx", f"{office}.wordprocessingml.document", zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", LOREM))),
        ("xlsx", f"{office}.spreadsheetml.sheet", zipped(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<w/>"))),
        ("pptx", f"{office}.presentationml.presentation", zipped(("ppt/presentation.xml", b"<p/>"))),
        ("odt", "application/vnd.oasis.opendocument.text", zipped(("mimetype", b"application/vnd.oasis.opendocument.text"))),
        ("doc", "application/msword", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + filler),
        ("rtf", "application/rtf", b"{\\rtf1\\ansi Noon is fine.}\n"),
        ("mp3", "audio/mpeg", b"ID3\4\0" + filler),
        ("wav", "audio/wav", b"RIFF\x24\0\0\0WAVEfmt " + filler),
        ("mp4", "video/mp4", b"\0\0\0\x20ftypisom" + filler),
        ("csv", "text/csv", b"name,amount\r\nAlice,10\r\n\"B, C\",20\r\n"),
        ("json", "application/json", b'{"a":[1,2,3]}\n'),
        ("xml", "application/xml", b"<?xml version='1.0'?><a/>\n"),
        ("exe", "application/x-msdownload", b"MZ\x90\0" + filler),
        ("elf", "application/x-executable", b"\x7fELF\2\1\1" + filler),
        ("sqlite", "application/vnd.sqlite3", b"SQLite format 3\0" + filler),
        ("vcard", "text/vcard", b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Alice\r\nEND:VCARD\r\n"),
        ("winmail", "application/ms-tnef", b"\x78\x9f\x3e\x22" + filler),
        ("font", "font/woff2", b"wOF2" + filler),
        ("certificate", "application/x-pem-file", b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(filler[:900]) + b"\n"),
        ("empty-file", "application/octet-stream", b""),
        ("one-byte-file", "application/octet-stream", b"\0"),
    )
    for name, kind, data in kinds:
        add(f"file-{name}", f"an attached file of type {kind}",
            multipart_message(f"file-{name}", "mixed", f"=_{name}_=", TEXT,
                              attachment(kind, data, f"example.{name}")))
    add("file-alone", "a file that is the whole message", head(
        "file-alone", Content_Type="application/pdf; name=x.pdf", Content_Transfer_Encoding="base64",
        Content_Disposition="attachment; filename=x.pdf") + b"\r\n" + crlf(base64_lines(filler)))
    add("file-ten", "ten files", multipart_message("file-ten", "mixed", "ten", TEXT, *[
        attachment("image/jpeg", b"\xff\xd8\xff" + octets(f"photo{n}", 5000), f"photo{n}.jpg") for n in range(10)]))
    add("file-text-8bit", "a text file in raw UTF-8", multipart_message("file-text-8bit", "mixed", "t8", TEXT, part(
        "text/plain; charset=utf-8; name=notes.txt", "größer, 天地\n", Content_Transfer_Encoding="8bit",
        Content_Disposition="attachment; filename=notes.txt")))


def file_names(add):
    for name, description, value in (
            ("rfc2231", "RFC 2231 with a charset", "filename*=utf-8''Gr%C3%BC%C3%9Fe%20%E2%82%AC.pdf"),
            ("rfc2231-parts", "RFC 2231 in parts", "filename*0*=utf-8''a%C3%BC;\n filename*1*=%C3%9F;\n filename*2=\"z.pdf\""),
            ("encoded-word", "an encoded word, as many programs do", 'filename="=?utf-8?B?R3LDvMOfZS5wZGY=?="'),
            ("quotes", "quotation marks and backslashes", 'filename="a \\"b\\" \\\\c.pdf"'),
            ("long", "a name of 600 characters", 'filename="' + "n" * 600 + '.pdf"'),
            ("path", "a path that leads out", 'filename="../../etc/passwd"'),
            ("raw-utf8", "raw UTF-8", 'filename="Grüße.pdf"'),
            ("double", "two extensions", 'filename="invoice.pdf.exe"')):
        add(f"filename-{name}", f"file name: {description}",
            multipart_message(f"filename-{name}", "mixed", "fn", TEXT, part(
                "application/pdf", base64_lines(b"%PDF-1.7 " + name.encode()), Content_Transfer_Encoding="base64",
                Content_Disposition=f"attachment; {value}")))


def report(name, description, kind, machine_type, machine, third=None, sender="", **fields):
    parts = [part("text/plain; charset=us-ascii", f"This is an automatic message: {description}.\n"),
             part(machine_type, machine)]
    if third is not None:
        parts.append(third)
    fields.setdefault("From", "Mail Delivery System <mailer-daemon@sender.example.test>")
    return dict(name=name, description=description, sender=sender, data=multipart_message(
        name, "report", f"{name}-b", *parts, parameters=f"; report-type={kind}", **fields))


def reports(add):
    original = part("message/rfc822", message("the-original", lines(4)))
    headers = part("text/rfc822-headers", head("the-original"))
    status = ("Reporting-MTA: dns; mx.sender.example.test\nArrival-Date: Fri, 13 Nov 2026 09:30:00 +0100\n\n"
              "Final-Recipient: rfc822; bob@receiver.example.test\nOriginal-Recipient: rfc822;bob@receiver.example.test\n"
              "Action: {action}\nStatus: {status}\nRemote-MTA: dns; mx.receiver.example.test\n"
              "Diagnostic-Code: smtp; {words}\n")
    for action, code, words, third in (
            ("failed", "5.1.1", "550 5.1.1 no such user", original),
            ("delayed", "4.4.1", "no answer from host", headers),
            ("delivered", "2.0.0", "250 ok", headers),
            ("relayed", "2.0.0", "250 queued", None),
            ("expanded", "2.0.0", "250 expanded", None)):
        add(**report(f"dsn-{action}", f"a delivery status notice: {action}", "delivery-status",
                     "message/delivery-status", status.format(action=action, status=code, words=words),
                     third, Auto_Submitted="auto-replied"))
    add(**report("dsn-global", "an internationalised delivery status notice", "delivery-status",
                 "message/global-delivery-status",
                 "Reporting-MTA: dns; mx.example.test\n\nFinal-Recipient: utf-8; почта@пример.испытание\nAction: failed\nStatus: 5.6.7\n"))
    add(**report("mdn-displayed", "a read receipt", "disposition-notification", "message/disposition-notification",
                 "Reporting-UA: mail.example.test; Reader 1.0\nFinal-Recipient: rfc822; bob@receiver.example.test\n"
                 "Original-Message-ID: <1@a.example.test>\nDisposition: manual-action/MDN-sent-manually; displayed\n"))
    add("mdn-request", "asks for a read receipt", message("mdn-request", "please confirm\n",
        Disposition_Notification_To="alice@sender.example.test", Return_Receipt_To="alice@sender.example.test",
        X_Confirm_Reading_To="alice@sender.example.test"))
    add(**report("arf-abuse", "an abuse report", "feedback-report", "message/feedback-report",
                 "Feedback-Type: abuse\nUser-Agent: Some/1.0\nVersion: 1\nSource-IP: 192.0.2.1\n", original))
    add("dmarc-report", "a DMARC report as zip", multipart_message("dmarc-report", "mixed", "dm", TEXT,
        attachment("application/zip", zipped(("r.xml", b"<feedback/>")), "receiver!sender!1!2.zip")))
    tls = gzip.compress(b'{"organization-name":"Receiver","policies":[]}', mtime=0)
    add("tlsrpt-report", "a TLS report", multipart_message("tlsrpt-report", "report", "tl", TEXT, part(
        "application/tlsrpt+gzip", base64_lines(tls), Content_Transfer_Encoding="base64"),
        parameters='; report-type="tlsrpt"', TLS_Report_Domain="sender.example.test"))
    add("bounce-qmail", "a bounce in qmail's own form", message("bounce-qmail",
        "Hi. This is the program at mx.example.test.\n\n<bob@receiver.example.test>:\nno such user\n\n"
        "--- Below this line is a copy of the message.\n\nReturn-Path: <a@b.example.test>\n", From="MAILER-DAEMON@mx.example.test"), sender="")
    add("vacation", "an out-of-office answer", message("vacation", "I am away until Monday.\n",
        Auto_Submitted="auto-replied (vacation)", Precedence="bulk", X_Auto_Response_Suppress="All"), sender="")


def calendars(add):
    event = ("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//EN\nMETHOD:{method}\nBEGIN:VEVENT\n"
             "UID:20261113-1@sender.example.test\nDTSTAMP:20261113T083000Z\nDTSTART;TZID=Europe/Berlin:20261201T120000\n"
             "ORGANIZER:mailto:alice@sender.example.test\nATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:bob@receiver.exam\n"
             " ple.test\nSUMMARY:Noon\\, as agreed\nDESCRIPTION:Folded lines \n  go on here\nEND:VEVENT\nEND:VCALENDAR\n")
    for method in ("REQUEST", "REPLY", "CANCEL", "COUNTER"):
        name = f"calendar-{method.lower()}"
        add(name, f"an invitation's {method}", multipart_message(
            name, "alternative", "cal", part("text/plain", "Meeting at noon\n"), part("text/html", "<p>Meeting</p>\n"),
            part(f"text/calendar; charset=utf-8; method={method}", event.format(method=method), Content_Transfer_Encoding="7bit")))
    add("calendar-attached", "an invitation also attached as a file", multipart_message(
        "calendar-attached", "mixed", "ca", part("text/calendar; method=PUBLISH", event.format(method="PUBLISH")),
        attachment("application/ics", crlf(event.format(method="PUBLISH")), "invite.ics")))


def security(add):
    armor = base64_lines(octets("pgp", 900), 64)
    pgp = f"-----BEGIN PGP {{kind}}-----\n\n{armor}=aB3d\n-----END PGP {{kind}}-----\n"
    signed = part("text/plain; charset=utf-8", "signed text: not one octet may change \n\t\n- dash\n",
                  Content_Transfer_Encoding="quoted-printable")
    add("pgp-mime-signed", "PGP/MIME, signed", multipart_message("pgp-mime-signed", "signed", "ps", signed,
        part("application/pgp-signature; name=signature.asc", pgp.format(kind="SIGNATURE")),
        parameters='; micalg=pgp-sha512; protocol="application/pgp-signature"'))
    add("pgp-mime-encrypted", "PGP/MIME, encrypted", multipart_message("pgp-mime-encrypted", "encrypted", "pe",
        part("application/pgp-encrypted", "Version: 1\n"), part("application/octet-stream", pgp.format(kind="MESSAGE")),
        parameters='; protocol="application/pgp-encrypted"'))
    add("pgp-inline-signed", "PGP in the text, signed", message("pgp-inline-signed",
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n- -- \nAlice\n" + pgp.format(kind="SIGNATURE")))
    add("pgp-inline-encrypted", "PGP in the text, encrypted", message("pgp-inline-encrypted", pgp.format(kind="MESSAGE")))
    add("pgp-key", "a public key", multipart_message("pgp-key", "mixed", "pk", TEXT,
        part("application/pgp-keys", pgp.format(kind="PUBLIC KEY BLOCK"))))
    add("pgp-autocrypt", "an Autocrypt field", message("pgp-autocrypt", "text\n",
        Autocrypt="addr=alice@sender.example.test; keydata=\n " + armor.replace("\n", "\n ").strip()))
    smime = octets("smime", 2400)
    add("smime-signed", "S/MIME, multipart/signed", multipart_message("smime-signed", "signed", "ss", signed,
        attachment("application/pkcs7-signature", smime, "smime.p7s"),
        parameters='; micalg="sha-256"; protocol="application/pkcs7-signature"', preamble="This is an S/MIME signed message\n\n"))
    for kind in ("signed-data", "enveloped-data", "authEnveloped-data", "compressed-data"):
        name = f"smime-{kind.lower()}"
        add(name, f"S/MIME, {kind}", message(name, base64_lines(octets(kind, 2000), 64),
            Content_Type=f"application/pkcs7-mime; smime-type={kind}; name=smime.p7m",
            Content_Transfer_Encoding="base64", Content_Disposition="attachment; filename=smime.p7m"))
    add("signed-and-listed", "a signed part that a list wrapped and gave a footer", multipart_message(
        "signed-and-listed", "mixed", "sl",
        crlf('Content-Type: multipart/signed; boundary="in"; micalg=pgp-sha256; protocol="application/pgp-signature"\n\n')
        + multipart("in", signed, part("application/pgp-signature", pgp.format(kind="SIGNATURE"))),
        part("text/plain", "_______\nlist mailing list\n"), List_Id="<list.lists.example.test>"))


def lists(add):
    fields = dict(List_Id="Talk <talk.lists.example.test>", List_Post="<mailto:talk@lists.example.test>",
                  List_Help="<mailto:talk-request@lists.example.test?subject=help>",
                  List_Archive="<https://lists.example.test/talk/>", Precedence="list", Errors_To="talk-bounces@lists.example.test",
                  List_Unsubscribe="<https://lists.example.test/u>,\n <mailto:talk-request@lists.example.test?subject=unsubscribe>")
    add("list-post", "a list's post with a footer", message("list-post", lines(6) + "_" * 47 + "\nTalk mailing list\n",
        subject="[Talk] noon", Sender='"Talk" <talk-bounces@lists.example.test>', X_Mailman_Version="2.1.39", **fields),
        sender="talk-bounces+bob=receiver.example.test@lists.example.test")
    add("list-digest", "a list's digest in plain text", message("list-digest",
        "".join(f"{'-' * 70}\n\nMessage: {n}\nDate: today\n\n{lines(4)}" for n in range(1, 6)) + "-" * 30 + "\nEnd of Digest\n", **fields))
    add("list-dmarc-munged", "From rewritten for DMARC", message("list-dmarc-munged", "text\n",
        From="Alice via Talk <talk@lists.example.test>", Reply_To="Alice <alice@sender.example.test>", **fields))
    page = "<html><head><style>" + ".a{color:red}" * 300 + "</style></head><body>" + f"<p>{LOREM}</p>" * 40 + "</body></html>\n"
    add("newsletter", "an HTML newsletter in quoted-printable", multipart_message("newsletter", "alternative", "nl",
        part("text/plain; charset=utf-8", quoted_printable(LOREM.encode() * 5), Content_Transfer_Encoding="quoted-printable"),
        part("text/html; charset=utf-8", quoted_printable(page.encode()), Content_Transfer_Encoding="quoted-printable"),
        List_Unsubscribe="<https://n.example.test/u?x=1>", List_Unsubscribe_Post="List-Unsubscribe=One-Click", Feedback_ID="1:2:3:n"))
    add("newsletter-base64", "an HTML newsletter in base64", message("newsletter-base64", base64_lines(page.encode() * 5),
        Content_Type="text/html; charset=utf-8", Content_Transfer_Encoding="base64"))
    add("newsletter-tracking", "links of 900 octets", message("newsletter-tracking",
        "".join(f"https://n.example.test/c/{'k' * 870}{n}\n" for n in range(30))))


def programs(add):
    add("program-cron", "cron's output", message("program-cron", "tar: removing leading `/'\n",
        From="root (Cron Daemon)", X_Cron_Env="<SHELL=/bin/sh>", Auto_Submitted="auto-generated"))
    add("program-ticket", "a ticket system's mail", message("program-ticket", "## Please reply above this line ##\n" + lines(4),
        subject="[Ticket#2026-1] Re: Re: AW: noon", X_Ticket="2026-1", Precedence="bulk"))
    add("program-code-review", "a code forge's notification", message("program-code-review", "@bob approved this.\n",
        List_ID="a/b <b.a.forge.example.test>", References="<a/b/pull/1@forge.example.test>", X_Reason="review_requested"))
    add("program-patch", "a patch by git send-email", message("program-patch",
        "Fix it.\n\nSigned-off-by: A <a@b.example.test>\n---\n x.c | 2 +-\n\ndiff --git a/x.c b/x.c\n@@ -1 +1 @@\n-a\n+b \n-- \n2.39.2\n\n",
        subject="[PATCH v2 1/3] x: fix it", X_Mailer="git-send-email 2.39.2"))
    add("program-one-time-code", "a log-in code", message("program-one-time-code", "Your code is 123456.\n"))
    add("program-fax", "a fax as TIFF", multipart_message("program-fax", "mixed", "fx", TEXT,
        attachment("image/tiff", b"II*\0" + octets("fax", 40000), "fax.tif")))
    add("program-voice", "a voice message", multipart_message("program-voice", "voice-message", "vm", TEXT,
        attachment("audio/wav", b"RIFF" + octets("voice", 30000), "msg0001.wav"), Message_Context="voice-message"))
    add("program-sms", "a text message by gateway", message("program-sms", "ok 👍\n", Message_Context="text-message",
        Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding="8bit"))
    add("program-monitoring", "an alert with high importance", message("program-monitoring", "CRITICAL: disk\n",
        Importance="high", X_Priority="1 (Highest)", X_MSMail_Priority="High", Priority="urgent"))
    add("program-exchange", "fields as Exchange writes them", message("program-exchange", "text\n",
        Thread_Topic="noon", Thread_Index="AQHZ" + "A" * 40, X_MS_Has_Attach="", X_MS_TNEF_Correlator="",
        X_MS_Exchange_Organization_AuthAs="Internal", X_Microsoft_Antispam_Message_Info="Q" * 600))
    add("program-spam-report", "a spam filter's fields", message("program-spam-report", "BUY NOW\n",
        X_Spam_Status="Yes, score=15.2 required=5.0 tests=A,B,\n\tC,D autolearn=no", X_Spam_Flag="YES", X_Spam_Level="*" * 15))
    add("program-mailto-form", "urlencoded form data", message("program-mailto-form", "a=1&b=2&c=%FC\n",
        Content_Type="application/x-www-form-urlencoded"))
    add("program-edi", "an EDIFACT interchange", message("program-edi",
        "UNB+UNOA:1+SENDER+RECEIVER+261113:0930+1'UNH+1+ORDERS:D:96A:UN'BGM+220+1'UNT+3+1'UNZ+1+1'\n",
        Content_Type="application/edifact", EDIINT_Features="multiple-attachments"))
