// Every TLS behaviour of the lab under every level and every floor: what becomes of the message,
// why, and that not one octet of it came in clear where its policy asks for TLS.
//
// One server, one lab, one connector for each cell: partner × level × floor.
#include "lab/attempt_log.h"
#include "lab/configuration.h"
#include "lab/lab.h"
#include "lab/partners.h"
#include "lab/server_process.h"
#include "lab/smtp_client.h"
#include "lab/work_directory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <ostream>
#include <thread>

namespace hermetic::lab_test {
namespace {

using namespace lab;  // the namespace under test
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kStart{60};
constexpr seconds kOutcomes{240};  // under sanitizers on a busy machine
constexpr int kMessagesPerSession = 100;

// What a partner is able to, told apart from what any policy makes of it.
struct Ability {
    std::string_view partner;
    // The versions at which a handshake with some rung of ours succeeds; "" for none.
    std::vector<std::string_view> versions;
    bool chain_verifies = true;
    bool name_matches = true;
    bool takes_clear = true;
    // The reason where TLS does not come about, whatever the floor.
    std::string_view without_tls = "ladder.handshake-failed";
    // A host that proves that it can do better is never sent to in clear.
    bool bars_clear = false;
};

// clang-format off
const std::vector<Ability> kAbilities = {
    {.partner = "modern",              .versions = {"1.2", "1.3"}},
    {.partner = "tls13",               .versions = {"1.3"}},
    {.partner = "tls12",               .versions = {"1.2"}},
    {.partner = "tls11",               .versions = {"1.1"}},
    {.partner = "tls10",               .versions = {"1.0"}},
    {.partner = "clear",               .versions = {}, .without_tls = "starttls.not-offered"},
    {.partner = "refused",             .versions = {}, .without_tls = "starttls.refused"},
    {.partner = "starttls-unknown",    .versions = {}, .without_tls = "starttls.refused"},
    {.partner = "starttls-closed",     .versions = {}, .without_tls = "starttls.refused"},
    {.partner = "tls-required",        .versions = {"1.2", "1.3"}, .takes_clear = false},
    {.partner = "injected",            .versions = {"1.2", "1.3"}},
    {.partner = "client-certificate",  .versions = {}},
    {.partner = "closed-before-hello", .versions = {}},
    {.partner = "closed-after-hello",  .versions = {}},
    {.partner = "reset",               .versions = {}},
    {.partner = "version-alert",       .versions = {}},
    {.partner = "handshake-alert",     .versions = {}},
    {.partner = "garbage-hello",       .versions = {}},
    {.partner = "closed-in-flight",    .versions = {}},
    {.partner = "tls13-intolerant",    .versions = {"1.2"}},
    {.partner = "tls13-stripped",      .versions = {}, .bars_clear = true},
    {.partner = "ticket-intolerant",   .versions = {"1.2", "1.3"}},
    {.partner = "group-intolerant",    .versions = {"1.2", "1.3"}},
    {.partner = "expired",             .versions = {"1.2", "1.3"}, .chain_verifies = false},
    {.partner = "not-yet-valid",       .versions = {"1.2", "1.3"}, .chain_verifies = false},
    {.partner = "self-signed",         .versions = {"1.2", "1.3"}, .chain_verifies = false},
    {.partner = "wrong-name",          .versions = {"1.2", "1.3"}, .name_matches = false},
    {.partner = "unknown-ca",          .versions = {"1.2", "1.3"}, .chain_verifies = false},
    {.partner = "incomplete-chain",    .versions = {"1.2", "1.3"}, .chain_verifies = false},
    {.partner = "rsa1024",             .versions = {"1.2", "1.3"}, .chain_verifies = false},
    {.partner = "sha1",                .versions = {"1.2", "1.3"}, .chain_verifies = false},
    {.partner = "wildcard",            .versions = {"1.2", "1.3"}},
    {.partner = "common-name",         .versions = {"1.2", "1.3"}, .name_matches = false},
};
// clang-format on

// Weakest first, as in org.toml.
constexpr std::string_view kLevels[] = {"none", "opportunistic", "encrypt", "verify_ca",
                                        "verify_name"};
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
        for (const Ability& ability : kAbilities) {
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
    const bool shakes_hands = !can.versions.empty() && can.versions.back() >= cell.floor;
    if (!shakes_hands) {
        // Under a floor of 1.3 the offer of 1.3 alone is not the one that it has a word about.
        const bool barred = can.bars_clear && cell.floor < "1.3";
        if (barred) return "ladder.inappropriate-fallback";
        if (!cell.requires_tls()) return clear;
        return std::string{can.versions.empty() ? can.without_tls : "ladder.handshake-failed"};
    }
    const bool names = cell.level == "verify_name";
    if ((names || cell.level == "verify_ca") && !can.chain_verifies)
        return "tls.chain-not-verified";
    if (names && !can.name_matches) return "tls.name-mismatch";
    return fmt::format("TLSv{}", can.versions.back());
}

class World {
public:
    // "" where everything runs and every message was accepted.
    [[nodiscard]] std::string start()
    {
        std::signal(SIGPIPE, SIG_IGN);
        const auto directory = make_work_directory();
        if (!directory) return directory.error();
        directory_ = *directory;
        lab_ = std::make_unique<Lab>(LabOptions{.directory = directory_});
        if (const auto started = lab_->start(); !started) return describe(started.error());
        const ServerPlan plan{.data_directory = directory_ / "data",
                              .log_file = directory_ / "hermetic.log",
                              .patience = seconds{20}};
        std::filesystem::create_directory(plan.data_directory);
        const ServerProcess::Files files{HERMETIC_BINARY, directory_ / "hermetic.toml",
                                         directory_ / "ready.json", directory_ / "server.txt",
                                         directory_ / "ca.pem"};
        if (!write_text(files.config, format_node_file(*lab_, plan)) ||
            !write_text(directory_ / "org.toml", format_org_file(*lab_) + connectors())) {
            return "cannot write the configuration";
        }
        if (const auto ready = server_.start(files, kStart); !ready) return ready.error();
        log_ = std::make_unique<LogFollower>(directory_ / "hermetic.log");
        auto trouble = send_all();
        if (trouble.empty()) await_attempts();
        // A connection is in the book when it has ended.
        ended_with_ = server_.stop();
        lab_->stop();
        return trouble;
    }

    ~World()
    {
        EXPECT_EQ(ended_with_, 0) << "the server's end";
        lab_.reset();
        std::error_code ignored;
        if (!testing::UnitTest::GetInstance()->Failed()) {
            std::filesystem::remove_all(directory_, ignored);
        }
    }

    [[nodiscard]] Lab& lab() { return *lab_; }
    [[nodiscard]] const AttemptLine* attempt(const std::string& cell) const
    {
        const auto found = attempts_.find(cell);
        return found == attempts_.end() ? nullptr : &found->second;
    }
    [[nodiscard]] std::string where() const { return "logs in " + directory_.string(); }

private:
    [[nodiscard]] std::string connectors() const
    {
        std::string text;
        for (const Cell& cell : all_cells()) {
            const PlacedPartner* const partner = lab_->find(cell.ability->partner);
            text += fmt::format(
                "\n[[outbound_connector]]\nname = \"{0}\"\nrecipient_domains = [\"{0}.test\"]\n"
                "smart_hosts = [\"[{1}]:{2}\"]\ntls = \"{3}\"\nmin_tls = \"{4}\"\n"
                "valid_until = \"2126-01-01T00:00:00Z\"\n",
                cell.name, partner->address.address.format(), partner->address.port, cell.level,
                cell.floor);
            if (cell.level == "verify_name") {
                text += fmt::format("tls_names = [\"{}\"]\n", host_of(*partner->behaviour));
            }
        }
        return text;
    }

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

    bool greet(SmtpClient& client)
    {
        const Endpoint* const listener = server_.listener("mx");
        return listener != nullptr && client.connect(*listener, kStart) &&
               client.read_reply().code == 220 &&
               client.command("EHLO client.lab.test").code == 250;
    }

    void await_attempts()
    {
        const auto until = std::chrono::steady_clock::now() + kOutcomes;
        while (std::chrono::steady_clock::now() < until && server_.is_running()) {
            for (auto& attempt : log_->poll()) {
                const auto at = attempt.to.rfind('@');
                if (at == std::string::npos || attempt.number > 1) continue;
                const std::string domain = attempt.to.substr(at + 1);
                const auto dot = domain.find(".test");
                if (dot == std::string::npos || domain.starts_with("notices")) continue;
                attempts_[domain.substr(0, dot)] = std::move(attempt);
            }
            if (attempts_.size() == all_cells().size()) return;
            std::this_thread::sleep_for(milliseconds{50});
        }
    }

    std::filesystem::path directory_;
    std::unique_ptr<Lab> lab_;
    ServerProcess server_;
    std::unique_ptr<LogFollower> log_;
    std::map<std::string, AttemptLine> attempts_;
    int ended_with_ = 0;
};

class EveryLevel : public testing::TestWithParam<std::size_t> {
protected:
    static void SetUpTestSuite()
    {
        world_ = std::make_unique<World>();
        trouble_ = world_->start();
    }
    static void TearDownTestSuite() { world_.reset(); }

    void SetUp() override { ASSERT_EQ(trouble_, "") << world_->where(); }

    static World& world() { return *world_; }
    static const Ability& ability() { return kAbilities[GetParam()]; }

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
    if (attempt.outcome != "delivered") return attempt.reason;
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

INSTANTIATE_TEST_SUITE_P(Lab, EveryLevel, testing::Range(std::size_t{0}, kAbilities.size()),
                         [](const testing::TestParamInfo<std::size_t>& row) {
                             std::string name{kAbilities[row.param].partner};
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace hermetic::lab_test
