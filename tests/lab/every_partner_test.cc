// The real server meets every partner of the lab: outcome, stage, reason, protection and what the
// partner saw are as the tables say.
//
// One server and one lab for all rows: a message to each partner goes in over one session, then
// every row is judged by itself.
#include "expectations.h"
#include "lab/partners.h"
#include "server_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <thread>

namespace hermetic::lab_test {
namespace {

using namespace lab;  // the namespace under test
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

constexpr seconds kOutcomes{90};  // three steps and a name server that time out
constexpr std::string_view kSender = "sender@notices.lab.test";
constexpr std::size_t kMostConnections = 6;  // steps, clear text, and one more host

std::string message_to(std::string_view partner)
{
    return "From: <sender@notices.lab.test>\r\nSubject: to " + std::string{partner} +
           "\r\n\r\nA line.\r\n..dots\r\n.\r\n";
}

// By the domain of its recipient; notices about it go to the tests' sender.
std::string key_of(const AttemptLine& attempt)
{
    if (attempt.to.find("sender@") != std::string::npos) return {};
    return domain_of_recipient(attempt);
}

// A message to each partner, and its first attempt.
class World : public ServerWorld {
public:
    World() : ServerWorld{{.patience = seconds{3}, .key_of = key_of}} {}

    // "" where everything runs and every message was accepted.
    [[nodiscard]] std::string run()
    {
        auto trouble = start();
        if (trouble.empty()) trouble = send_all();
        if (trouble.empty()) await_attempts(lab().partners().size(), kOutcomes);
        return trouble;
    }

private:
    std::string send_all()
    {
        SmtpClient client;
        if (!greet(client)) return "the server does not greet";
        for (const auto& partner : lab().partners()) {
            const auto reply = client.send_message(kSender, "you@" + partner.domain,
                                                   message_to(partner.behaviour->name));
            if (reply.code != 250) return partner.domain + " is refused: " + reply.text();
        }
        client.command("QUIT");
        return {};
    }
};

class EveryPartner : public testing::TestWithParam<Expectation> {
protected:
    static void SetUpTestSuite()
    {
        world_ = std::make_unique<World>();
        trouble_ = world_->run();
    }
    static void TearDownTestSuite() { world_.reset(); }

    void SetUp() override { ASSERT_EQ(trouble_, "") << world_->where(); }

    static World& world() { return *world_; }

    // Of messages from the tests' client, not the notices about them.
    static std::vector<MessageRecord> received(std::string_view partner)
    {
        auto messages = world_->lab().book().messages(partner);
        std::erase_if(messages, [](const MessageRecord& message) {
            return message.reverse_path == "<>" || message.code != 250;
        });
        return messages;
    }

private:
    static inline std::unique_ptr<World> world_;
    static inline std::string trouble_;
};

Outcome outcome_of(const AttemptLine& attempt)
{
    if (attempt.outcome == "delivered") return Outcome::Delivered;
    return attempt.outcome == "failed" ? Outcome::Failed : Outcome::Deferred;
}

Protection protection_of(const MessageRecord& message)
{
    if (!message.tls || message.mail_in_clear || message.data_in_clear) return Protection::Clear;
    return message.tls->version == "TLSv1.3" ? Protection::Tls13 : Protection::Tls12;
}

TEST_P(EveryPartner, MeetsTheOutcomeThatTheTablesGive)
{
    const Expectation& row = GetParam();
    const PlacedPartner* const partner = world().lab().find(row.partner);
    ASSERT_NE(partner, nullptr);
    const Behaviour& behaviour = *partner->behaviour;
    if (has_server(behaviour) && !partner->is_running) GTEST_SKIP() << "no IPv6 on this machine";
    const AttemptLine* const attempt = world().attempt(partner->domain);
    ASSERT_NE(attempt, nullptr) << "no attempt was logged; " << world().where();

    EXPECT_EQ(outcome_of(*attempt), behaviour.expected.outcome)
        << attempt->outcome << ": " << attempt->reason.text() << ' ' << attempt->reply;
    EXPECT_EQ(attempt->stage, row.stage);
    EXPECT_EQ(attempt->reason.text(), row.reason) << attempt->reply;
    std::string worked;
    for (const auto& step : attempt->steps) {
        if (step.result == "ok") worked = step.kind;
    }
    if (!row.last_step.empty() && row.last_step != "clear") {
        EXPECT_EQ(worked, row.last_step);
    }

    if (!row.certificate.empty()) {
        EXPECT_EQ(
            attempt->certificate_error.empty() ? attempt->certificate : attempt->certificate_error,
            row.certificate);
        EXPECT_EQ(attempt->name_matches, row.names_host);
    }

    const auto messages = received(row.partner);
    if (behaviour.expected.outcome != Outcome::Delivered) {
        EXPECT_TRUE(messages.empty());
        return;
    }
    ASSERT_EQ(messages.size(), 1U) << "once, and only once";
    EXPECT_EQ(protection_of(messages[0]), behaviour.expected.protection);
    EXPECT_EQ(attempt->has_tls, messages[0].tls.has_value()) << "the log says what happened";
    if (messages[0].tls) {
        EXPECT_EQ(attempt->tls_version, messages[0].tls->version);
    }
    EXPECT_TRUE(messages[0].body.ends_with(message_to(row.partner))) << messages[0].body;
    EXPECT_TRUE(messages[0].body.starts_with("Received: ")) << messages[0].body;
    EXPECT_EQ(messages[0].ehlo, kSenderHost);
    if (messages[0].tls && behaviour.zone == Zone::Mx) {
        EXPECT_EQ(messages[0].tls->sni, host_of(behaviour));
    }
}

TEST_P(EveryPartner, SeesAClientThatKeepsTheRules)
{
    const Expectation& row = GetParam();
    const Behaviour* const behaviour = find_partner(row.partner);
    ASSERT_NE(behaviour, nullptr);
    const auto connections = world().lab().book().connections(row.partner);
    for (const auto& connection : connections) {
        EXPECT_THAT(connection.violations, IsEmpty()) << format_transcript(connection);
        if (behaviour->expected.protection == Protection::Clear) continue;
        for (const auto& line : connection.transcript) {
            if (line.under_tls || line.from != TranscriptLine::From::Client) continue;
            EXPECT_FALSE(line.text.starts_with("RCPT") || line.text.starts_with("DATA") ||
                         line.text.starts_with("BDAT") || line.text.starts_with("MAIL"))
                << "in clear: " << format_transcript(connection);
        }
    }
    if (row.partner != "notices") {
        EXPECT_LE(connections.size(), kMostConnections);
    }
}

TEST_P(EveryPartner, TellsTheSenderWhereMailFailed)
{
    const Expectation& row = GetParam();
    const Behaviour& behaviour = *find_partner(row.partner);
    if (behaviour.expected.outcome != Outcome::Failed) return;
    const std::string recipient = "you@" + domain_of(behaviour);
    const auto is_about = [&recipient](const MessageRecord& message) {
        return message.reverse_path == "<>" && message.code == 250 &&
               message.body.find(recipient) != std::string::npos;
    };
    const auto until = std::chrono::steady_clock::now() + kServerStart;
    std::ptrdiff_t notices = 0;
    while (notices == 0 && std::chrono::steady_clock::now() < until) {
        notices = std::ranges::count_if(world().lab().book().messages("notices"), is_about);
        std::this_thread::sleep_for(milliseconds{notices == 0 ? 20 : 0});
    }
    EXPECT_EQ(notices, 1) << "one notice about " << recipient << "; " << world().where();
}

// Whatever partners say, and whatever stands in their certificates.
TEST_P(EveryPartner, GetsNoControlOctetIntoTheLog)
{
    if (GetParam().partner != "unicode-name") return;
    std::ifstream file{world().log_file(), std::ios::binary};
    const std::string log{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_THAT(log, testing::HasSubstr("unicode-name.lab.test"));
    const auto is_control = [](char c) {
        return (static_cast<unsigned char>(c) < ' ' && c != '\n') || c == '\x7f';
    };
    EXPECT_EQ(std::ranges::count_if(log, is_control), 0);
}

INSTANTIATE_TEST_SUITE_P(Lab, EveryPartner, testing::ValuesIn(all_expectations()),
                         [](const testing::TestParamInfo<Expectation>& row) {
                             std::string name{row.param.partner};
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(Expectations, CoverEveryPartner)
{
    for (const auto& behaviour : all_partners()) {
        EXPECT_EQ(std::ranges::count(all_expectations(), behaviour.name, &Expectation::partner), 1)
            << behaviour.name;
    }
    EXPECT_EQ(all_expectations().size(), all_partners().size());
}

}  // namespace
}  // namespace hermetic::lab_test
