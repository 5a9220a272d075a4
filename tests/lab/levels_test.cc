// Every TLS behaviour of the lab under every level and every floor: what becomes of the message,
// why, and that not one octet of it came in clear where its policy asks for TLS.
//
// One server, one lab, one connector for each cell: partner × level × floor.
#include "abilities.h"
#include "core/time.h"
#include "lab/partners.h"
#include "server_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>

namespace hermetic::lab_test {
namespace {

using namespace lab;  // the namespace under test
using std::chrono::seconds;

constexpr seconds kOutcomes{240};  // under sanitizers on a busy machine
constexpr int kMessagesPerSession = 100;

// Weakest first, as in org.toml.
constexpr std::string_view kLevels[] = {"none",        "opportunistic", "encrypt", "verify_ca",
                                        "verify_name", "pins",          "dane"};
constexpr std::string_view kFloors[] = {"1.0", "1.1", "1.2", "1.3"};

struct Cell {
    const Ability* ability = nullptr;
    std::string_view level;
    std::string_view floor;
    std::string name;  // of its connector, sender and domain

    [[nodiscard]] bool requires_tls() const { return level != "none" && level != "opportunistic"; }
    friend void PrintTo(const Cell& cell, std::ostream* out)
    {
        *out << cell.ability->partner << ", " << cell.level << ", floor " << cell.floor;
    }
};

const std::vector<Cell>& all_cells()
{
    static const std::vector<Cell> cells = [] {
        std::vector<Cell> all;
        for (const Ability& ability : all_abilities()) {
            for (const auto level : kLevels) {
                for (const auto floor : kFloors) {
                    all.push_back({&ability, level, floor, fmt::format("c{}", all.size())});
                }
            }
        }
        return all;
    }();
    return cells;
}

// What must become of a cell's message: "TLSv1.3", "clear", or a reason why it waits.
std::string expected(const Cell& cell)
{
    const Ability& can = *cell.ability;
    const std::string clear = can.takes_clear ? "clear" : "mail.refused";
    if (cell.level == "none") return clear;
    // Nothing is published for an address; inputs_test.cc has partners with TLSA records.
    if (cell.level == "dane") return "dane.mandatory-missing";
    const bool shakes_hands = !can.versions.empty() && can.versions.back() >= cell.floor;
    if (!shakes_hands) {
        // Under a floor of 1.3 the offer of 1.3 alone is not the one that it has a word about.
        const bool barred = can.bars_clear && cell.floor < "1.3";
        if (barred) return "ladder.inappropriate-fallback";
        if (!cell.requires_tls()) return clear;
        return std::string{can.versions.empty() ? can.without_tls : "ladder.handshake-failed"};
    }
    // Specification §4.3: before clear text, and nowhere else.
    if (!can.weakness.empty() && cell.requires_tls()) return std::string{can.weakness};
    const bool names = cell.level == "verify_name";
    if ((names || cell.level == "verify_ca") && !can.chain_verifies)
        return std::string{can.chain_reason};
    if (names && !can.name_matches) return "tls.name-mismatch";
    if (cell.level == "pins" && can.pin() != can.partner) return "tls.pin-mismatch";
    return fmt::format("TLSv{}", can.versions.back());
}

std::string connectors(const Lab& lab)
{
    std::string text;
    for (const Cell& cell : all_cells()) {
        const PlacedPartner& partner = *lab.find(cell.ability->partner);
        const std::string_view level = cell.level == "pins" ? "encrypt" : cell.level;
        const bool none = level == "none";
        text += fmt::format(
            "\n[[outbound_connector]]\nname = \"{0}\"\nrecipient_domains = [\"{0}.test\"]\n"
            "smart_hosts = [\"[{1}]:{2}\"]\ntls = \"{3}\"\n"
            "exception = {{ tls = \"{4}\", min_tls = \"{5}\", {6}valid_until = \"{7}\", "
            "reason = \"a test\" }}\n",
            cell.name, partner.address.address.format(), partner.address.port,
            none ? "opportunistic" : level, level, cell.floor,
            none ? "dane = \"none\", mta_sts = \"none\", " : "",
            format_rfc3339(system_clock().wall() + std::chrono::hours{24}));
        if (cell.floor > "1.2") text += fmt::format("min_tls = \"{}\"\n", cell.floor);
        if (cell.level == "verify_name") {
            text += fmt::format("tls_names = [\"{}\"]\n", host_of(*partner.behaviour));
        }
        if (cell.level == "pins") {
            text += fmt::format("pins = [\"{}\"]\n", lab.find(cell.ability->pin())->key_pin);
        }
    }
    return text;
}

// By the cell; notices about it go to another domain.
std::string key_of(const AttemptLine& attempt)
{
    std::string domain = domain_of_recipient(attempt);
    if (domain.starts_with("notices") || !domain.ends_with(".test")) return {};
    return domain.substr(0, domain.size() - 5);
}

// A message for each cell, and its first attempt.
class World : public ServerWorld {
public:
    World() : ServerWorld{{.objects = connectors, .key_of = key_of}} {}

    // "" where everything ran and every message was accepted.
    [[nodiscard]] std::string run()
    {
        auto trouble = start();
        if (trouble.empty()) trouble = send_all();
        if (trouble.empty()) await_attempts(all_cells().size(), kOutcomes);
        stop();
        return trouble;
    }

private:
    std::string send_all()
    {
        std::optional<SmtpClient> client;
        int left = 0;
        for (const Cell& cell : all_cells()) {
            if (left-- == 0) {
                left = kMessagesPerSession - 1;
                if (!greet(client.emplace())) return "the server does not greet";
            }
            const auto reply =
                client->send_message(cell.name + "@notices.lab.test", "you@" + cell.name + ".test",
                                     "Subject: to " + cell.name + "\r\n\r\nA line.\r\n.\r\n");
            if (reply.code != 250) return cell.name + " is refused: " + reply.text();
        }
        client->command("QUIT");
        return {};
    }
};

class EveryLevel : public testing::TestWithParam<std::size_t> {
protected:
    static void SetUpTestSuite()
    {
        world_ = std::make_unique<World>();
        trouble_ = world_->run();
    }
    static void TearDownTestSuite() { world_.reset(); }

    void SetUp() override { ASSERT_EQ(trouble_, "") << world_->where(); }

    static World& world() { return *world_; }
    static const Ability& ability() { return all_abilities()[GetParam()]; }

    static std::vector<Cell> cells()
    {
        std::vector<Cell> own;
        std::ranges::copy_if(all_cells(), std::back_inserter(own),
                             [](const Cell& cell) { return cell.ability == &ability(); });
        return own;
    }

private:
    static inline std::unique_ptr<World> world_;
    static inline std::string trouble_;
};

// The log's word for what expected() tells.
std::string outcome_of(const AttemptLine& attempt)
{
    if (attempt.outcome != "delivered") return std::string{attempt.reason.text()};
    return attempt.has_tls ? attempt.tls_version : "clear";
}

TEST_P(EveryLevel, EndsAsPolicyAndPartnerHaveIt)
{
    for (const Cell& cell : cells()) {
        const AttemptLine* const attempt = world().attempt(cell.name);
        ASSERT_NE(attempt, nullptr) << testing::PrintToString(cell) << "; " << world().where();
        EXPECT_EQ(outcome_of(*attempt), expected(cell))
            << testing::PrintToString(cell) << ": " << attempt->reply << "; " << world().where();
    }
}

TEST_P(EveryLevel, BringsThePartnerWhatTheLogSays)
{
    const auto messages = world().lab().book().messages(ability().partner);
    for (const Cell& cell : cells()) {
        const auto is_its = [&](const MessageRecord& message) {
            return message.code == 250 &&
                   message.reverse_path == "<" + cell.name + "@notices.lab.test>";
        };
        const std::string outcome = expected(cell);
        const bool delivered = outcome == "clear" || outcome.starts_with("TLSv");
        ASSERT_EQ(std::ranges::count_if(messages, is_its), delivered ? 1 : 0)
            << testing::PrintToString(cell);
        if (!delivered) continue;
        const auto& message = *std::ranges::find_if(messages, is_its);
        EXPECT_EQ(message.tls ? message.tls->version : "clear", outcome)
            << testing::PrintToString(cell);
    }
}

// Not the message, and not who writes to whom: whatever the partner does at any stage.
TEST_P(EveryLevel, SendsNothingInClearThatRequiresTls)
{
    std::size_t in_clear = 0;
    for (const auto& connection : world().lab().book().connections(ability().partner)) {
        for (const auto& line : connection.transcript) {
            if (line.under_tls || line.from != TranscriptLine::From::Client) continue;
            for (const Cell& cell : cells()) {
                const bool its = line.text.find("<" + cell.name + "@") != std::string::npos ||
                                 line.text.find("@" + cell.name + ".test") != std::string::npos ||
                                 line.text.ends_with("to " + cell.name);
                if (!its) continue;
                ++in_clear;
                EXPECT_FALSE(cell.requires_tls()) << testing::PrintToString(cell) << "\n"
                                                  << format_transcript(connection);
            }
        }
    }
    // The test can see what it looks for.
    EXPECT_GT(in_clear, 0U) << "level none speaks in clear to everybody";
}

INSTANTIATE_TEST_SUITE_P(Lab, EveryLevel, testing::Range(std::size_t{0}, all_abilities().size()),
                         [](const auto& row) { return test_name(all_abilities()[row.param]); });

}  // namespace
}  // namespace hermetic::lab_test
