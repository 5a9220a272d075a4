// What the server's machine refuses, and by which public name (docs/policy/receiving.md).
#include "smtp/server_machine.h"

#include "facts/reasons.h"
#include "smtp/refusals.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::smtp {
namespace {

using namespace std::string_view_literals;
using namespace std::string_literals;

// Recipients at refused.example are not taken.
constexpr RefusalKind kRefusedRecipient{
    facts::Reason::RecipientUnknown, 550, {5, 1, 1}, "not here"};

struct Setting {
    ServerSettings server;
    ServerStart start;
};
using Prepare = void (*)(Setting& setting);

// One session. STARTTLS finds no certificate; what is stored is.
class Conversation {
public:
    explicit Conversation(Prepare prepare)
    {
        setting_.server.hostname = "mx.example.org";
        if (prepare != nullptr) prepare(setting_);
        machine_.emplace(setting_.server, setting_.start);
        (void)machine_->greet();
    }

    // A line without its end; octets of the message where one is being read.
    void say(std::string_view text)
    {
        if (next_ == Next::ReadMessage) return send(text);
        const bool too_long = text.size() > kMaxCommandLine;
        const CommandLine line{text, text.find('\r') != std::string_view::npos};
        next_ = too_long ? machine_->on_line_too_long(line.text, WallTime{})
                         : machine_->on_command(line, {});
        go_on();
    }
    [[nodiscard]] std::string_view refused_by() const
    {
        return machine_->last_refusal() == nullptr ? ""
                                                   : facts::name(machine_->last_refusal()->reason);
    }
    // The code of the last reply.
    [[nodiscard]] std::string code()
    {
        const std::string& all = machine_->output();
        const auto before = all.rfind("\r\n", all.size() - 3);
        return all.substr(before == std::string::npos ? 0 : before + 2, 3);
    }

private:
    void send(std::string_view octets)
    {
        while (next_ == Next::ReadMessage) {
            const auto piece = machine_->take(octets);
            octets.remove_prefix(piece.consumed);
            if (piece.finished) next_ = machine_->on_message_read(WallTime{});
            if (!piece.finished && octets.empty()) return;
        }
        go_on();
    }
    void go_on()
    {
        if (next_ == Next::CheckSender) next_ = machine_->on_sender_accepted();
        if (next_ == Next::CheckRecipient) judge_recipient();
        if (next_ == Next::StartTls) next_ = machine_->on_tls_unavailable(WallTime{});
        if (next_ == Next::StoreMessage) next_ = machine_->on_stored("01ABC");
    }
    void judge_recipient()
    {
        const mail::Mailbox mailbox = *machine_->pending_recipient().mailbox;
        if (mailbox.domain()->text() == "refused.example") {
            next_ = machine_->on_recipient_refused({&kRefusedRecipient, {}}, WallTime{});
        } else {
            next_ = machine_->on_recipient_accepted(mailbox);
        }
    }

    Setting setting_;
    std::optional<ServerMachine> machine_;
    Next next_ = Next::ReadCommand;
};

// The last of `lines` is refused so; `with` says how the session begins.
struct Row {
    std::string_view reason;
    const char* code;
    std::vector<std::string_view> lines;
    Prepare with = nullptr;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.reason; }
};

constexpr auto kEhlo = "EHLO client.example"sv;
constexpr auto kMail = "MAIL FROM:<a@example.com>"sv;
constexpr auto kRcpt = "RCPT TO:<b@example.org>"sv;
const std::string kEndless(kMaxCommandLine + 1, 'x');

void in_lmtp(Setting& setting)
{
    setting.server.protocol = ServerProtocol::Lmtp;
}
void with_xclient(Setting& setting)
{
    setting.start.may_xclient = true;
}
void with_starttls(Setting& setting)
{
    setting.start.offers_starttls = true;
}
void that_requires_tls(Setting& setting)
{
    setting.start.offers_starttls = true;
    setting.start.requires_tls = true;
}
void that_requires_tls_in_vain(Setting& setting)
{
    setting.start.requires_tls = true;
}
void in_tls(Setting& setting)
{
    setting.start.in_tls = true;
}
void with_small_limits(Setting& setting)
{
    auto& limits = setting.server.limits;
    limits.message_size = 1000;
    limits.header_size = 100;
    limits.recipients = 1;
    limits.messages_per_session = 1;
    limits.received_fields = 1;
}

class Refusals : public testing::TestWithParam<Row> {};

TEST_P(Refusals, HaveTheirReason)
{
    const Row& row = GetParam();
    Conversation conversation{row.with};
    for (std::size_t i = 0; i < row.lines.size(); ++i) {
        EXPECT_NE(conversation.refused_by(), row.reason) << "too early, before line " << i;
        conversation.say(row.lines[i]);
    }
    EXPECT_EQ(conversation.refused_by(), row.reason);
    EXPECT_EQ(conversation.code(), row.code);
}

std::string name_of(const testing::TestParamInfo<Row>& info)
{
    std::string name{info.param.reason};
    for (char& each : name) {
        if (each == '.' || each == '-') each = '_';
    }
    return name + "_" + std::to_string(info.index);
}

const std::vector<Row> kCommandRows{
    {"command.bare-carriage-return", "500", {"EHLO client\r.example"}},
    {"command.bad-octets", "500", {"EHLO client\x01"}},
    {"command.bad-octets", "500", {"HELP \xff"}},
    {"command.too-long", "500", {kEndless}},
    {"command.unknown", "500", {"PLEASE"}},
    {"command.http", "421", {"GET / HTTP/1.1"}},
    {"command.not-offered", "502", {"EXPN list"}},
    {"command.not-offered", "502", {kEhlo, "STARTTLS"}},
    {"command.syntax", "501", {kEhlo, "MAIL FROM:<a@example.com>SIZE=1"}},
    {"command.no-argument", "501", {kEhlo, kMail, kRcpt, "DATA now"}},
    {"command.speak-lhlo", "500", {kEhlo}, in_lmtp},
    {"command.speak-ehlo", "500", {"LHLO client.example"}},
    {"hello.syntax", "501", {"EHLO two names"}},
    {"hello.syntax", "501", {"HELO"}},
    {"sequence.hello-first", "503", {kMail}},
    {"sequence.hello-first", "503", {kRcpt}},
    {"sequence.hello-first", "503", {"DATA"}},
    {"sequence.nested-mail", "503", {kEhlo, kMail, kMail}},
    {"sequence.mail-first", "503", {kEhlo, kRcpt}},
    {"sequence.mail-first", "503", {kEhlo, "BDAT 3 LAST", "abc"}},
    {"sequence.recipient-first", "503", {kEhlo, kMail, "DATA"}},
    {"sequence.no-recipients", "554", {kEhlo, kMail, "RCPT TO:<b@refused.example>", "DATA"}},
    {"sequence.chunks-begun", "503", {kEhlo, kMail, kRcpt, "BDAT 3", "abc", "DATA"}},
    {"sequence.chunks-begun", "503", {kEhlo, kMail, kRcpt, "BDAT 3", "abc", kRcpt}},
    {"chunk.syntax", "421", {kEhlo, kMail, kRcpt, "BDAT many"}},
    {"chunk.syntax", "421", {kEhlo, kMail, kRcpt, "BDAT 3 FIRST"}},
    {"sequence.tls-already", "503", {kEhlo, "STARTTLS"}, in_tls},
    {"sequence.xclient-in-mail", "503", {kEhlo, kMail, "XCLIENT ADDR=192.0.2.1"}, with_xclient},
    {"tls.unavailable", "454", {kEhlo, "STARTTLS"}, with_starttls},
    {"xclient.denied", "550", {kEhlo, "XCLIENT ADDR=192.0.2.1"}},
    {"xclient.syntax", "501", {kEhlo, "XCLIENT COLOUR=red"}, with_xclient},
    {"xclient.syntax", "501", {kEhlo, "XCLIENT ADDR=192.0.2"}, with_xclient},
    {"command.syntax", "501", {kEhlo, "VRFY"}},
    {"command.syntax", "501", {kEhlo, "VRFY "}},
};
INSTANTIATE_TEST_SUITE_P(OfCommands, Refusals, testing::ValuesIn(kCommandRows), name_of);

// Where the octets of a chunk end is not known: what follows could be commands or not, whatever
// made the line wrong.
TEST(BadBdat, EndsTheSessionHoweverItIsWrong)
{
    for (const std::string& line :
         {"BDAT"s, "BDAT "s, "BDAT twelve"s, "BDAT 5 LEAST"s, "BDAT 5 LAST now"s, "BDAT 5\r"s,
          "BDAT\r5"s, "bdat\t5"s, "BDAT 5\x01"s, "BDAT 5\xff"s, "BDAT5"s, "BDAT-5"s, "BDAT\0"s,
          "BDAT 99999999999999999999"s, "BDAT 5 " + std::string(5000, 'x'),
          "bDaT" + std::string(5000, ' ')}) {
        Conversation conversation{nullptr};
        for (const auto each : {kEhlo, kMail, kRcpt}) conversation.say(each);
        conversation.say(line);
        EXPECT_EQ(conversation.refused_by(), "chunk.syntax") << line.substr(0, 30);
        EXPECT_EQ(conversation.code(), "421") << line.substr(0, 30);
    }
    Conversation conversation{nullptr};
    conversation.say(kEhlo);
    conversation.say("BDATA 5");
    EXPECT_EQ(conversation.refused_by(), "command.unknown");
}

const std::vector<Row> kEnvelopeRows{
    {"mail.syntax", "501", {kEhlo, "MAIL TO:<a@example.com>"}},
    {"mail.syntax", "501", {kEhlo, "MAIL FROM:<a@>"}},
    {"rcpt.syntax", "501", {kEhlo, kMail, "RCPT FROM:<b@example.org>"}},
    {"rcpt.syntax", "501", {kEhlo, kMail, "RCPT TO:<nobody>"}},
    {"address.needs-smtputf8", "553", {kEhlo, "MAIL FROM:<\xc3\xa4@example.com>"}},
    {"address.needs-smtputf8", "553", {kEhlo, kMail, "RCPT TO:<\xc3\xa4@example.org>"}},
    {"parameter.unknown", "555", {kEhlo, "MAIL FROM:<a@example.com> COLOUR=red"}},
    {"parameter.unknown", "555", {kEhlo, kMail, "RCPT TO:<b@example.org> SIZE=1"}},
    {"listener.tls-required", "530", {kEhlo, kMail}, that_requires_tls},
    {"tls.unavailable", "454", {kEhlo, kMail}, that_requires_tls_in_vain},
    {"requiretls.in-clear", "530", {kEhlo, "MAIL FROM:<a@example.com> REQUIRETLS"}},
    {"parameter.syntax", "501", {kEhlo, "MAIL FROM:<a@example.com> REQUIRETLS=yes"}},
    {"parameter.duplicate", "501", {kEhlo, "MAIL FROM:<a@example.com> REQUIRETLS REQUIRETLS"}},
    {"parameter.syntax", "501", {kEhlo, "MAIL FROM:<a@example.com> SIZE=big"}},
    {"parameter.syntax", "501", {kEhlo, kMail, "RCPT TO:<b@example.org> NOTIFY=SOMETIMES"}},
    {"parameter.duplicate", "501", {kEhlo, "MAIL FROM:<a@example.com> SIZE=1 SIZE=1"}},
    {"limit.declared-size",
     "552",
     {kEhlo, "MAIL FROM:<a@example.com> SIZE=1001"},
     with_small_limits},
    {"limit.messages", "421", {kEhlo, kMail, kRcpt, "BDAT 0 LAST", kMail}, with_small_limits},
    {"limit.recipients",
     "452",
     {kEhlo, kMail, kRcpt, "RCPT TO:<c@example.org>"},
     with_small_limits},
};
INSTANTIATE_TEST_SUITE_P(OfEnvelopes, Refusals, testing::ValuesIn(kEnvelopeRows), name_of);

const std::string kLongHeader = "X: " + std::string(200, 'x') + "\r\n\r\nbody\r\n.\r\n";

const std::vector<Row> kMessageRows{
    {"message.bare-newline", "550", {kEhlo, kMail, kRcpt, "DATA", "Subject: x\n\r\n.\r\n"}},
    {"message.bare-newline", "550", {kEhlo, kMail, kRcpt, "BDAT 4 LAST", "a\rb\n"}},
    {"message.nul", "550", {kEhlo, kMail, kRcpt, "DATA", "Subject: \0\r\n.\r\n"sv}},
    {"message.loop",
     "554",
     {kEhlo, kMail, kRcpt, "DATA", "Received: a\r\nReceived: b\r\n\r\n.\r\n"},
     with_small_limits},
    {"limit.header-size", "552", {kEhlo, kMail, kRcpt, "DATA", kLongHeader}, with_small_limits},
};
INSTANTIATE_TEST_SUITE_P(OfMessages, Refusals, testing::ValuesIn(kMessageRows), name_of);

}  // namespace
}  // namespace hermetic::smtp
