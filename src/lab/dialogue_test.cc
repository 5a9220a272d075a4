// Each partner does what its row says, seen through a client that shares no code with it but the
// record's types.
#include "lab/lab.h"
#include "lab/partners.h"
#include "lab/smtp_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/tls1.h>
#include <openssl/x509_vfy.h>

#include <csignal>

namespace hermetic::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr seconds kPatience{10};
constexpr std::string_view kMessage = "Subject: hello\r\n\r\nfirst\r\n.dotted\r\n..twice\r\n";

// One lab for all tests of this file: it is quick to start, but not free under sanitizers.
class Partners : public testing::Test {
protected:
    static void SetUpTestSuite()
    {
        std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that partners have closed
        lab_ = std::make_unique<Lab>(LabOptions{.connection_time = seconds{20}});
        ASSERT_TRUE(lab_->start());
    }
    static void TearDownTestSuite() { lab_.reset(); }

    static Lab& lab() { return *lab_; }
    static RecordBook& book() { return lab_->book(); }

    // Connected to the partner, nothing read yet.
    static void connect(SmtpClient& client, std::string_view name)
    {
        const PlacedPartner* const partner = lab_->find(name);
        ASSERT_NE(partner, nullptr) << name;
        ASSERT_TRUE(client.connect(partner->address, kPatience)) << name;
    }

    // Greeted and past EHLO.
    static void greet(SmtpClient& client, std::string_view name)
    {
        connect(client, name);
        ASSERT_EQ(client.read_reply().code, 220);
        ASSERT_EQ(client.command("EHLO client.example.org").code, 250);
    }

    static ClientTlsResult handshake(std::string_view name, ClientTls wanted)
    {
        SmtpClient client;
        greet(client, name);
        EXPECT_EQ(client.command("STARTTLS").code, 220);
        return client.start_tls(wanted);
    }

    static ConnectionRecord last_connection(std::string_view name)
    {
        const auto begun = book().connections_begun(name);
        EXPECT_TRUE(book().wait_for_connections(name, begun, kPatience));
        const auto all = book().connections(name);
        return all.empty() ? ConnectionRecord{} : all.back();
    }

private:
    static inline std::unique_ptr<Lab> lab_;
};

TEST_F(Partners, ModernTakesAMessageOverTls13AndRecordsAllOfIt)
{
    SmtpClient client;
    greet(client, "modern");
    ASSERT_EQ(client.command("STARTTLS").code, 220);
    const auto tls =
        client.start_tls({.server_name = "mx.modern.lab.test", .ca_pem = lab().ca_pem()});
    EXPECT_EQ(tls.error, "");
    EXPECT_EQ(tls.version, "TLSv1.3");
    EXPECT_EQ(tls.verify_error, X509_V_OK);
    EXPECT_EQ(tls.chain_length, 2);
    ASSERT_EQ(client.command("EHLO client.example.org").code, 250);
    EXPECT_EQ(client.send_message("a@example.org", "b@modern.lab.test", kMessage).code, 250);

    const auto messages = book().messages("modern");
    ASSERT_EQ(messages.size(), 1U) << "stored before the 250";
    const MessageRecord& message = messages[0];
    EXPECT_EQ(message.reverse_path, "<a@example.org>");
    ASSERT_EQ(message.recipients.size(), 1U);
    EXPECT_EQ(message.recipients[0].path, "<b@modern.lab.test>");
    EXPECT_EQ(message.recipients[0].code, 250);
    EXPECT_EQ(message.body, kMessage);
    EXPECT_EQ(message.size, kMessage.size());
    // printf 'Subject: hello\r\n\r\nfirst\r\n.dotted\r\n..twice\r\n' | sha256sum
    EXPECT_EQ(message.sha256, "07286f174faaabe12768099d15b709c40e1c91f1427cd4747e87dba04923a848");
    EXPECT_FALSE(message.mail_in_clear);
    EXPECT_FALSE(message.data_in_clear);
    EXPECT_TRUE(message.complete);
    EXPECT_EQ(message.ehlo, "client.example.org");
    ASSERT_TRUE(message.tls);
    EXPECT_EQ(message.tls->version, "TLSv1.3");
    EXPECT_EQ(message.tls->sni, "mx.modern.lab.test");
    EXPECT_THAT(message.tls->cipher, StartsWith("TLS_AES_"));
    EXPECT_NE(message.tls->group, "");

    EXPECT_EQ(client.command("QUIT").code, 221);
    const auto connection = last_connection("modern");
    EXPECT_EQ(connection.ended, "quit");
    EXPECT_THAT(connection.violations, IsEmpty());
    EXPECT_EQ(connection.messages, 1U);
    EXPECT_THAT(format_transcript(connection), HasSubstr(" C: STARTTLS\n"));
    EXPECT_THAT(format_transcript(connection), HasSubstr("*C: MAIL FROM:<a@example.org>\n"));
}

struct VersionRow {
    const char* partner;
    int offered;
    bool taken;

    friend void PrintTo(const VersionRow& row, std::ostream* out)
    {
        *out << row.partner << " offered " << std::hex << row.offered;
    }
};

class PartnerVersions : public Partners, public testing::WithParamInterface<VersionRow> {};

TEST_P(PartnerVersions, HoldTheirLimits)
{
    const auto& [partner, offered, taken] = GetParam();
    const auto result = handshake(partner, {.lowest_version = offered, .highest_version = offered});
    EXPECT_EQ(result.error.empty(), taken) << result.error;
}

// clang-format off
const VersionRow kVersions[] = {
    {"tls13", TLS1_3_VERSION, true}, {"tls13", TLS1_2_VERSION, false},
    {"tls12", TLS1_2_VERSION, true}, {"tls12", TLS1_3_VERSION, false}, {"tls12", TLS1_1_VERSION, false},
    {"tls11", TLS1_1_VERSION, true}, {"tls11", TLS1_2_VERSION, false}, {"tls11", TLS1_VERSION, false},
    {"tls10", TLS1_VERSION, true},   {"tls10", TLS1_1_VERSION, false},
    {"modern", TLS1_3_VERSION, true}, {"modern", TLS1_2_VERSION, true}, {"modern", TLS1_1_VERSION, false},
    {"tls13-intolerant", TLS1_2_VERSION, true}, {"tls13-intolerant", TLS1_3_VERSION, false},
    {"rsa1024", TLS1_2_VERSION, true},
};
// clang-format on
INSTANTIATE_TEST_SUITE_P(Table, PartnerVersions, testing::ValuesIn(kVersions));

struct CertificateRow {
    const char* partner;
    long verify_error;
    int chain_length;

    friend void PrintTo(const CertificateRow& row, std::ostream* out) { *out << row.partner; }
};

class PartnerCertificates : public Partners, public testing::WithParamInterface<CertificateRow> {};

TEST_P(PartnerCertificates, FailAsTheyClaim)
{
    const auto& [partner, verify_error, chain_length] = GetParam();
    const auto result = handshake(
        partner, {.server_name = host_of(*find_partner(partner)), .ca_pem = lab().ca_pem()});
    EXPECT_EQ(result.error, "");
    EXPECT_STREQ(X509_verify_cert_error_string(result.verify_error),
                 X509_verify_cert_error_string(verify_error));
    EXPECT_EQ(result.chain_length, chain_length);
}

const CertificateRow kCertificates[] = {
    {"modern", X509_V_OK, 2},
    {"expired", X509_V_ERR_CERT_HAS_EXPIRED, 2},
    {"not-yet-valid", X509_V_ERR_CERT_NOT_YET_VALID, 2},
    {"self-signed", X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 1},
    {"wrong-name", X509_V_ERR_HOSTNAME_MISMATCH, 2},
    {"unknown-ca", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1},
    {"incomplete-chain", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 1},
    {"revoked", X509_V_OK, 2},  // OpenSSL was given no revocation list
    {"wildcard", X509_V_OK, 2},
    {"common-name", X509_V_OK, 2},  // OpenSSL still reads the subject where there is no SAN
};
INSTANTIATE_TEST_SUITE_P(Table, PartnerCertificates, testing::ValuesIn(kCertificates));

TEST_F(Partners, Rsa1024HasA1024BitKey)
{
    EXPECT_EQ(handshake("rsa1024", {}).key_bits, 1024);
    EXPECT_EQ(handshake("modern", {}).key_bits, 256);
}

TEST_F(Partners, StapleOnlyWhatTheirRowSaysAndOnlyWhenAsked)
{
    EXPECT_NE(handshake("stapled", {.ask_for_status = true}).stapled, "");
    EXPECT_NE(handshake("revoked-stapled", {.ask_for_status = true}).stapled, "");
    EXPECT_EQ(handshake("modern", {.ask_for_status = true}).stapled, "");
    EXPECT_EQ(handshake("stapled", {}).stapled, "");
    EXPECT_TRUE(last_connection("revoked-stapled").hello->status_request);
}

struct FaultRow {
    const char* partner;
    const char* client_sees;
    const char* recorded;

    friend void PrintTo(const FaultRow& row, std::ostream* out) { *out << row.partner; }
};

class PartnerFaults : public Partners, public testing::WithParamInterface<FaultRow> {};

TEST_P(PartnerFaults, BreakTheHandshakeAsTheyClaim)
{
    const auto& [partner, client_sees, recorded] = GetParam();
    const auto result = handshake(partner, {.server_name = "mx.example.org"});
    EXPECT_THAT(result.error, HasSubstr(client_sees));
    const auto connection = last_connection(partner);
    EXPECT_THAT(connection.handshake_error, HasSubstr(recorded));
    EXPECT_EQ(connection.ended, "handshake failed");
    EXPECT_FALSE(connection.tls);
    if (std::string_view{partner} != "closed-before-hello") {
        ASSERT_TRUE(connection.hello);
        EXPECT_EQ(connection.hello->sni, "mx.example.org");
        EXPECT_TRUE(connection.hello->offers(0x0304));
    }
}

const FaultRow kFaults[] = {
    {"closed-before-hello", "", "before the ClientHello"},
    {"closed-after-hello", "unexpected eof", "closed by partner"},
    {"reset", "", "reset by partner"},
    {"version-alert", "alert protocol version", "protocol_version"},
    {"handshake-alert", "alert handshake failure", "handshake_failure"},
    {"garbage-hello", "", "garbage"},
    {"closed-in-flight", "unexpected eof", "in its flight"},
    {"tls13-intolerant", "unexpected eof", "closed by partner"},
    {"tls13-stripped", "", "reset by partner"},
    {"ticket-intolerant", "unexpected eof", "closed by partner"},
    {"group-intolerant", "alert handshake failure", "handshake_failure"},
};
INSTANTIATE_TEST_SUITE_P(Table, PartnerFaults, testing::ValuesIn(kFaults));

TEST_F(Partners, IntoleranceEndsWithTheOfferThatCausesIt)
{
    EXPECT_EQ(handshake("ticket-intolerant", {.send_session_ticket = false}).error, "");
    EXPECT_EQ(handshake("group-intolerant", {.groups = "P-256"}).error, "");
    const auto lower = handshake("tls13-intolerant",
                                 {.highest_version = TLS1_2_VERSION, .send_fallback_scsv = true});
    EXPECT_EQ(lower.error, "");
    EXPECT_TRUE(last_connection("tls13-intolerant").hello->fallback_scsv);
    const auto forced = handshake("tls13-stripped",
                                  {.highest_version = TLS1_2_VERSION, .send_fallback_scsv = true});
    EXPECT_THAT(forced.error, HasSubstr("inappropriate fallback"));
}

TEST_F(Partners, ClientCertificateIsRequiredAndRecorded)
{
    const auto without = handshake("client-certificate-tls12", {});
    EXPECT_THAT(without.error, HasSubstr("handshake failure"));

    SmtpClient client;
    greet(client, "client-certificate");
    ASSERT_EQ(client.command("STARTTLS").code, 220);
    EXPECT_EQ(client.start_tls({}).error, "") << "TLS 1.3 tells the client too late";
    EXPECT_EQ(client.command("EHLO client.example.org").code, 0);
    EXPECT_THAT(last_connection("client-certificate").handshake_error,
                HasSubstr("did not return a certificate"));
}

TEST_F(Partners, InjectedRepliesComeInOneSegmentWithThe220)
{
    SmtpClient client;
    greet(client, "injected");
    EXPECT_EQ(client.command("STARTTLS").code, 220);
    EXPECT_GT(client.buffered(), 0U) << "the injected replies came with it";
    EXPECT_EQ(client.start_tls({}).error, "");
    const auto reply = client.command("EHLO client.example.org");
    EXPECT_EQ(reply.code, 250);
    EXPECT_THAT(reply.lines, Not(Contains("AUTH PLAIN")));
}

struct ReplyRow {
    const char* partner;
    std::vector<std::string> commands;  // all but the last get 250 or 354
    int code;                           // to the last; 0: none

    friend void PrintTo(const ReplyRow& row, std::ostream* out) { *out << row.partner; }
};

class PartnerReplies : public Partners, public testing::WithParamInterface<ReplyRow> {};

TEST_P(PartnerReplies, AreThoseOfTheirRow)
{
    const auto& [partner, commands, code] = GetParam();
    SmtpClient client;
    connect(client, partner);
    auto reply = client.read_reply();
    for (const auto& command : commands) {
        EXPECT_THAT(reply.code, testing::AnyOf(220, 250, 354, 502));
        reply = client.command(command);
    }
    EXPECT_EQ(reply.code, code) << reply.text();
}

const std::string kEhlo = "EHLO client.example.org";
const std::string kMail = "MAIL FROM:<a@example.org>";
const std::string kRcpt = "RCPT TO:<b@example.org>";
const std::string kBody = "Subject: x\r\n\r\nx\r\n.";

// clang-format off
const ReplyRow kReplies[] = {
    {"banner-554", {}, 554},
    {"banner-421", {}, 421},
    {"garbage-banner", {}, 0},
    {"closes-at-connect", {}, 0},
    {"ehlo-550", {kEhlo}, 550},
    {"helo-only", {kEhlo}, 502},
    {"helo-only", {kEhlo, "HELO client.example.org", kMail}, 250},
    {"endless", {kEhlo}, 0},
    {"refused", {kEhlo, "STARTTLS"}, 454},
    {"starttls-unknown", {kEhlo, "STARTTLS"}, 502},
    {"starttls-closed", {kEhlo, "STARTTLS"}, 0},
    {"clear", {kEhlo, "STARTTLS"}, 502},
    {"tls-required", {kEhlo, kMail}, 530},
    {"mail-550", {kEhlo, kMail}, 550},
    {"mail-451", {kEhlo, kMail}, 451},
    {"mail-421", {kEhlo, kMail}, 421},
    {"garbage", {kEhlo, kMail}, 0},
    {"long-line", {kEhlo, kMail}, 250},
    {"rcpt-550", {kEhlo, kMail, kRcpt}, 550},
    {"rcpt-452", {kEhlo, kMail, kRcpt}, 452},
    {"closes-after-rcpt", {kEhlo, kMail, kRcpt}, 0},
    {"data-554", {kEhlo, kMail, kRcpt, "DATA"}, 554},
    {"data-451", {kEhlo, kMail, kRcpt, "DATA"}, 451},
    {"message-550", {kEhlo, kMail, kRcpt, "DATA", kBody}, 550},
    {"message-452", {kEhlo, kMail, kRcpt, "DATA", kBody}, 452},
    {"busy-421", {kEhlo, kMail, kRcpt, "DATA", kBody}, 421},
    {"closes-in-data", {kEhlo, kMail, kRcpt, "DATA", kBody}, 0},
    {"closes-before-250", {kEhlo, kMail, kRcpt, "DATA", kBody}, 0},
    {"closes-at-quit", {kEhlo, kMail, kRcpt, "DATA", kBody, "QUIT"}, 0},
    {"small", {kEhlo, kMail + " SIZE=2001"}, 552},
    {"small", {kEhlo, kMail, kRcpt, "DATA", std::string(2000, 'x') + "\r\n."}, 552},
    {"no-size", {kEhlo, kMail + " SIZE=10"}, 555},
    {"no-8bitmime", {kEhlo, kMail + " BODY=8BITMIME"}, 555},
    {"no-smtputf8", {kEhlo, kMail + " SMTPUTF8"}, 555},
    {"no-dsn", {kEhlo, kMail, kRcpt + " NOTIFY=NEVER"}, 555},
    {"modern", {kEhlo, kMail + " SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x"}, 250},
    {"modern", {kEhlo, kMail, "RCPT TO:<unknown1@example.org>"}, 550},
    {"modern", {kEhlo, kMail, "RCPT TO:<full@example.org>"}, 452},
    {"modern", {kEhlo, kMail, kRcpt, "BDAT 3 LAST\r\nx"}, 250},
    {"lmtp", {kEhlo}, 500},
    {"lmtp", {"LHLO client.example.org", kMail}, 250},
    {"tarpit", {kEhlo}, 250},
    {"slow", {kEhlo}, 250},
};
// clang-format on
INSTANTIATE_TEST_SUITE_P(Table, PartnerReplies, testing::ValuesIn(kReplies));

TEST_F(Partners, EachExtensionMissesWhereTheRowSaysSo)
{
    const std::pair<const char*, const char*> rows[] = {
        {"no-pipelining", "PIPELINING"}, {"no-chunking", "CHUNKING"}, {"no-8bitmime", "8BITMIME"},
        {"no-smtputf8", "SMTPUTF8"},     {"no-dsn", "DSN"},           {"clear", "STARTTLS"},
    };
    for (const auto& [partner, keyword] : rows) {
        SmtpClient client;
        connect(client, partner);
        ASSERT_EQ(client.read_reply().code, 220);
        EXPECT_THAT(client.command(kEhlo).lines, Not(Contains(keyword))) << partner;
        SmtpClient modern;
        connect(modern, "modern");
        ASSERT_EQ(modern.read_reply().code, 220);
        EXPECT_THAT(modern.command(kEhlo).lines, Contains(keyword));
    }
}

TEST_F(Partners, GreylistingIsForEachRecipientOnce)
{
    SmtpClient client;
    greet(client, "greylist");
    EXPECT_EQ(client.command(kMail).code, 250);
    EXPECT_EQ(client.command("RCPT TO:<one@greylist.lab.test>").code, 450);
    EXPECT_EQ(client.command("RCPT TO:<two@greylist.lab.test>").code, 450);
    EXPECT_EQ(client.command("RCPT TO:<one@greylist.lab.test>").code, 250);
}

TEST_F(Partners, ChunksMakeTheSameMessageAsDataDoes)
{
    SmtpClient client;
    greet(client, "no-size");
    EXPECT_EQ(client.command(kMail).code, 250);
    EXPECT_EQ(client.command(kRcpt).code, 250);
    client.send("BDAT 10\r\n.one\r\n.two");
    EXPECT_EQ(client.read_reply().code, 250);
    client.send("BDAT 2 LAST\r\n\r\n");
    EXPECT_EQ(client.read_reply().code, 250);
    const auto messages = book().messages("no-size");
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].command, "BDAT");
    EXPECT_EQ(messages[0].body, ".one\r\n.two\r\n");
    EXPECT_TRUE(messages[0].data_in_clear);
    EXPECT_TRUE(messages[0].mail_in_clear);
}

TEST_F(Partners, LmtpAnswersForEachRecipientThatItAccepted)
{
    SmtpClient client;
    connect(client, "lmtp");
    EXPECT_EQ(client.read_reply().code, 220);
    EXPECT_EQ(client.command("LHLO client.example.org").code, 250);
    EXPECT_EQ(client.command(kMail).code, 250);
    EXPECT_EQ(client.command("RCPT TO:<unknown@lmtp.lab.test>").code, 550);
    EXPECT_EQ(client.command("RCPT TO:<quota@lmtp.lab.test>").code, 250);
    EXPECT_EQ(client.command("RCPT TO:<b@lmtp.lab.test>").code, 250);
    EXPECT_EQ(client.command("DATA").code, 354);
    EXPECT_EQ(client.command(kBody).code, 552);
    EXPECT_EQ(client.read_reply().code, 250);
    const auto recipients = book().messages("lmtp").at(0).recipients;
    ASSERT_EQ(recipients.size(), 3U);
    EXPECT_EQ(recipients[0].code, 550);
    EXPECT_EQ(recipients[1].code, 552);
    EXPECT_EQ(recipients[2].code, 250);
}

struct ViolationRow {
    const char* name;
    std::string octets;  // after EHLO; cut by nothing
    const char* recorded;

    friend void PrintTo(const ViolationRow& row, std::ostream* out) { *out << row.name; }
};

class PartnerRecords : public Partners, public testing::WithParamInterface<ViolationRow> {};

TEST_P(PartnerRecords, WhatTheClientDidWrong)
{
    const auto& [name, octets, recorded] = GetParam();
    SmtpClient client;
    greet(client, "modern");
    client.send(octets + "QUIT\r\n");
    while (client.read_line()) {
    }
    EXPECT_THAT(last_connection("modern").violations, Contains(HasSubstr(recorded)));
}

const std::string kMailRcptData = kMail + "\r\n" + kRcpt + "\r\nDATA\r\n";
const ViolationRow kViolations[] = {
    {"EightBit", kMailRcptData + "\xc3\xa4\r\n.\r\n", "8-bit octets"},
    {"BareNewline", kMailRcptData + "a\nb\r\n.\r\n", "bare CR or LF in the message"},
    {"LongLine", kMailRcptData + std::string(999, 'x') + "\r\n.\r\n", "over 998"},
    {"SpeaksBefore354", kMailRcptData + "x\r\n.\r\n", "octets after DATA"},
    {"BareNewlineInCommand", "NOOP a\nb\r\n", "in a command"},
    {"Unknown", "HELP ME\r\n", "unknown command"},
    {"MailTwice", kMail + "\r\n" + kMail + "\r\n", "MAIL within a transaction"},
    {"BlankBeforePath", "MAIL FROM: <a@example.org>\r\n", "syntax of MAIL"},
};
INSTANTIATE_TEST_SUITE_P(Table, PartnerRecords, testing::ValuesIn(kViolations));

TEST_F(Partners, ClearTextBehindStarttlsIsRecordedAndDropped)
{
    {
        SmtpClient client;
        greet(client, "tls12");
        client.send("STARTTLS\r\nMAIL FROM:<a@example.org>\r\n");
        EXPECT_EQ(client.read_reply().code, 220);
        EXPECT_EQ(client.start_tls({}).error, "");
        EXPECT_EQ(client.command(kEhlo).code, 250);
        EXPECT_EQ(client.command(kRcpt).code, 503);
    }
    EXPECT_THAT(last_connection("tls12").violations, Contains(HasSubstr("octets after STARTTLS")));
}

TEST_F(Partners, InterruptedMessageIsRecordedAsIncomplete)
{
    {
        SmtpClient client;
        greet(client, "no-dsn");
        client.send(kMailRcptData);
        EXPECT_EQ(client.read_reply().code, 250);
        EXPECT_EQ(client.read_reply().code, 250);
        EXPECT_EQ(client.read_reply().code, 354);
        client.send("half a mess");
    }
    EXPECT_EQ(last_connection("no-dsn").ended, "closed by client");
    const auto messages = book().messages("no-dsn");
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_FALSE(messages[0].complete);
    EXPECT_EQ(messages[0].body, "half a mess");
}

}  // namespace
}  // namespace hermetic::lab
