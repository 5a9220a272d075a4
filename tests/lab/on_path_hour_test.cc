// An hour of mail past somebody on the path, for each attack and each level of TLS: what becomes of
// the messages, and what could be read of them on the way.
//
// The delivery service as it runs in the server, its retries at the times that it sets itself by a
// clock that is moved by hand; a partner of the lab; between them lab/on_path.h, whose tap holds
// every octet that went by. What may be read in clear follows from the level alone, whatever the
// attack is: SeesNothingInClear counts it. What becomes of the mail is the table's.
#include "core/text.h"
#include "delivery/service_fixture.h"
#include "lab/lab.h"
#include "lab/on_path.h"
#include "lab/partners.h"
#include "lab/work_directory.h"
#include "outbound/credentials.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <ostream>

namespace hermetic::lab_test {
namespace {

using delivery::DeliveryTest;
using lab::Lab;
using lab::OnPath;
using objects::TlsLevel;
using std::chrono::minutes;

constexpr std::string_view kPartner = "modern";
constexpr minutes kHour{60};
constexpr minutes kBetweenMessages{30};
// Longer than what the attack "cut-message" lets through.
constexpr std::size_t kBodySize = 4000;
constexpr const char* kUser = "ann";
constexpr const char* kPassword = "correct horse battery staple";

enum class Fate {
    Tls,    // delivered, over TLS
    Clear,  // delivered, in clear
    Waits,
    Fails,              // returned to its sender
    FirstTlsThenClear,  // what a replay needs is a first session
    FirstTlsThenWaits,
};

std::string_view words(Fate fate)
{
    switch (fate) {
    case Fate::Tls:
        return "over TLS";
    case Fate::Clear:
        return "in clear";
    case Fate::Waits:
        return "waits";
    case Fate::Fails:
        return "fails";
    case Fate::FirstTlsThenClear:
    case Fate::FirstTlsThenWaits:
        break;  // of all messages together
    }
    return "several";
}

// What becomes of the mail at each level. `named` is what verify_name, pins and dane have in
// common.
struct Row {
    std::string_view attack;
    Fate none = Fate::Clear;
    Fate opportunistic = Fate::Tls;
    Fate encrypt = Fate::Tls;
    Fate verify_ca = Fate::Tls;
    Fate named = Fate::Tls;
};

// Where every level that requires TLS has one fate.
constexpr Row row(std::string_view attack, Fate none, Fate opportunistic, Fate required)
{
    return {attack, none, opportunistic, required, required, required};
}

// clang-format off
using enum Fate;
const std::vector<Row> kRows = {
    row("nobody",                  Clear, Tls,   Tls),
    row("strip",                   Clear, Clear, Waits),
    row("mask",                    Clear, Clear, Waits),
    row("hello-without-starttls",  Clear, Clear, Waits),
    row("hello-502",               Clear, Clear, Waits),
    // Every later reply would be that to the command before: no reply is believed any more.
    row("hello-early",             Waits, Waits, Waits),
    row("starttls-454",            Clear, Clear, Waits),
    row("starttls-502",            Clear, Clear, Waits),
    row("starttls-250",            Clear, Clear, Waits),
    // A server that closes has refused no TLS.
    row("starttls-421",            Clear, Waits, Waits),
    row("starttls-550",            Clear, Clear, Waits),
    row("break-first",             Clear, Tls,   Tls),
    row("break-every-other",       Clear, Tls,   Tls),
    // The partner proves by inappropriate_fallback that it can do better (RFC 7507).
    row("break-tls13",             Clear, Waits, Waits),
    row("break-every",             Clear, Clear, Waits),
    row("close-every",             Clear, Clear, Waits),
    row("alert-every",             Clear, Clear, Waits),
    row("version-alert-every",     Clear, Clear, Waits),
    row("version-alert-tls13",     Clear, Waits, Waits),
    // Here too, where the fallback's ClientHello reaches the partner.
    row("corrupt-every",           Clear, Waits, Waits),
    row("replay-to-client",        Clear, FirstTlsThenClear, FirstTlsThenWaits),
    row("replay-to-server",        Clear, FirstTlsThenClear, FirstTlsThenWaits),
    row("inject-behind-220",       Clear, Tls,   Tls),
    row("inject-220",              Clear, Tls,   Tls),
    row("inject-421",              Clear, Tls,   Tls),
    row("inject-half-line",        Clear, Tls,   Tls),
    // A server that speaks before it is asked is not believed.
    row("inject-behind-hello",     Waits, Waits, Waits),
    row("greeting-421",            Waits, Waits, Waits),
    // Nobody has proved that the partner said it.
    row("greeting-554",            Fails, Fails, Waits),
    row("cut-hello",               Waits, Waits, Waits),
    row("cut-server-hello",        Clear, Waits, Waits),
    row("cut-flight",              Clear, Waits, Waits),
    row("cut-message",             Clear, Waits, Waits),
    // encrypt proves nothing about who answers, and verify_ca not that it is the partner.
    {"impostor-clear",             Clear, Clear, Waits, Waits, Waits},
    {"impostor-self-signed",       Clear, Tls,   Tls,   Waits, Waits},
    {"impostor-unknown-ca",        Clear, Tls,   Tls,   Waits, Waits},
    {"impostor-other-name",        Clear, Tls,   Tls,   Tls,   Waits},
    {"impostor-expired",           Clear, Tls,   Tls,   Waits, Waits},
};
// clang-format on

enum class Needs { Nothing, Pin, Tlsa, Login };

// A new level, or a new source that only adds, is one row here.
struct Level {
    std::string_view name;
    TlsLevel level;
    Needs needs;
    Fate Row::*fate;
    bool allows_clear = false;
};

const std::vector<Level> kLevels = {
    {"none", TlsLevel::None, Needs::Nothing, &Row::none, true},
    {"opportunistic", TlsLevel::Opportunistic, Needs::Nothing, &Row::opportunistic, true},
    {"encrypt", TlsLevel::Encrypt, Needs::Nothing, &Row::encrypt},
    {"verify_ca", TlsLevel::VerifyCa, Needs::Nothing, &Row::verify_ca},
    {"verify_name", TlsLevel::VerifyName, Needs::Nothing, &Row::named},
    {"pins", TlsLevel::Encrypt, Needs::Pin, &Row::named},
    {"dane", TlsLevel::Dane, Needs::Tlsa, &Row::named},
    // What the partner publishes, under the level of everybody.
    {"opportunistic_dane", TlsLevel::Opportunistic, Needs::Tlsa, &Row::named},
    // The partner as a smart host, with a password.
    {"login", TlsLevel::VerifyName, Needs::Login, &Row::named},
};

struct Cell {
    const Row* row = nullptr;
    const Level* level = nullptr;

    friend void PrintTo(const Cell& cell, std::ostream* out)
    {
        *out << cell.row->attack << " under " << cell.level->name;
    }
};

std::vector<Cell> all_cells()
{
    std::vector<Cell> cells;
    for (const auto& each : kRows) {
        for (const auto& level : kLevels) cells.push_back({&each, &level});
    }
    return cells;
}

// The lab of all cells, and what was read in clear in all of them.
struct World {
    std::filesystem::path directory;
    std::unique_ptr<Lab> lab;
    std::map<std::string_view, std::size_t> in_clear;  // messages, by level
    std::size_t messages = 0;
};

struct Sent {
    std::string secret;  // in the body, and nowhere else in the world
    std::shared_ptr<spool::StoredMessage> message;
    bool waits = true;
    Fate fate = Fate::Waits;
};

class OnPathHour : public DeliveryTest, public testing::WithParamInterface<Cell> {
protected:
    static void SetUpTestSuite()
    {
        std::signal(SIGPIPE, SIG_IGN);  // as the server does
        world_.directory = lab::make_work_directory().value();
        world_.lab = std::make_unique<Lab>(
            lab::LabOptions{.directory = world_.directory, .offers_auth = true});
        ASSERT_TRUE(world_.lab->start());
    }
    static void TearDownTestSuite()
    {
        for (const auto& [level, count] : world_.in_clear) {
            std::cout << fmt::format("{:>5} messages in clear at {}\n", count, level);
        }
        std::cout << fmt::format("{:>5} messages in all\n", world_.messages);
        world_.lab.reset();
        std::filesystem::remove_all(world_.directory);
        world_ = {};
    }

    void SetUp() override
    {
        ASSERT_NE(attack(), nullptr) << "no such attack";
        path_ = std::make_unique<OnPath>(
            *attack(), lab::OnPathOptions{.upstream = world_.lab->find(partner())->address});
        ASSERT_TRUE(path_->start());
        settings.cas = *tls::load_cas((world_.directory / "ca.pem").string());
        settings.options.port = path_->endpoint().port;
        const auto& behaviour = *lab::find_partner(kPartner);
        resolver.add_mx(lab::domain_of(behaviour), 10, lab::host_of(behaviour));
        resolver.hosts[lab::host_of(behaviour)] = {path_->endpoint().address};
        if (GetParam().level->needs == Needs::Tlsa) publish_tlsa(lab::host_of(behaviour));
        contents.outbound_connectors.push_back(connector());
        if (GetParam().level->needs == Needs::Login) {
            log_in_at_partner(contents.outbound_connectors.back());
        }
        world_.lab->book().clear();
        begun_ = world_.lab->book().connections_begun(partner());
    }

    static const lab::OnPathAttack* attack()
    {
        return lab::find_on_path_attack(GetParam().row->attack);
    }

    // In signed zones: nobody on the path has a hand in DNS.
    void publish_tlsa(const std::string& host)
    {
        using facts::DnsSecurity;
        using facts::DnsStatus;
        for (auto& [domain, answer] : resolver.mxs) answer.security = DnsSecurity::Secure;
        auto& proved = resolver.address_facts[host];
        proved.security = DnsSecurity::Secure;
        proved.canonical_name = host;
        facts::TlsaAnswer answer;
        answer.status = DnsStatus::Found;
        answer.security = DnsSecurity::Secure;
        answer.records = {{3, 1, 1, from_hex(world_.lab->find(kPartner)->key_pin)}};
        resolver.tlsas[fmt::format("_{}._tcp.{}", path_->endpoint().port, host)] = answer;
    }

    void log_in_at_partner(objects::OutboundConnector& made)
    {
        objects::NextHopHost host;
        host.host = lab::host_of(*lab::find_partner(kPartner));
        host.port = path_->endpoint().port;
        made.next_hop.mx = false;
        made.next_hop.hosts = {host};
        made.tls.names = {*objects::TlsName::parse(host.host)};
        const auto file = world_.directory / "password";
        ASSERT_TRUE(lab::write_text(file, std::string{kPassword} + "\n"));
        std::filesystem::permissions(file, std::filesystem::perms::owner_read);
        made.tls.auth = {kUser, file.string()};
        settings.credentials = outbound::Credentials::load(contents, nullptr);
        ASSERT_TRUE(settings.credentials->faults().empty());
        std::filesystem::remove(file);
    }

    static std::string from_hex(std::string_view digits)
    {
        std::string octets;
        for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
            octets += static_cast<char>(std::stoi(std::string{digits.substr(i, 2)}, nullptr, 16));
        }
        return octets;
    }

    // Who answers.
    static std::string_view partner()
    {
        return attack()->impostor.empty() ? kPartner : attack()->impostor;
    }

    objects::OutboundConnector connector() const
    {
        const Level& level = *GetParam().level;
        objects::OutboundConnector made;
        made.name = level.name;
        made.organization = contents.organizations[0].name;
        made.recipient_domains = {*objects::DomainPattern::parse("modern.lab.test")};
        made.tls.level = level.level;
        if (level.level == TlsLevel::None) {
            auto& exception = made.tls.exception.emplace();
            exception.level = level.level;
            exception.dane = exception.mta_sts = objects::Publication::None;
            exception.valid_until = fixture.clock.wall() + std::chrono::hours{24};
        }
        if (level.needs == Needs::Pin) {
            made.tls.pins = {world_.lab->find(kPartner)->key_pin};
        }
        return made;
    }

    void send()
    {
        Sent one;
        one.secret = fmt::format("secret-{}", ++world_.messages);
        std::string body = "Subject: for nobody else\r\n\r\n";
        while (body.size() < kBodySize) body += one.secret + " is what nobody is to read\r\n";
        one.message = make_message({"you@modern.lab.test"}, body);
        one.message->state.next_attempt = fixture.clock.wall();
        sent_.push_back(std::move(one));
    }

    // All that is due, in one grant, as the scheduler would.
    void deliver_due()
    {
        std::vector<std::shared_ptr<spool::StoredMessage>> due;
        for (const auto& one : sent_) {
            if (one.waits && one.message->state.next_attempt <= fixture.clock.wall()) {
                due.push_back(one.message);
            }
        }
        if (due.empty()) return;
        const auto first_change = spool.changes.size();
        deliver(grant_for(due));
        for (auto at = first_change; at < spool.changes.size(); ++at) note(spool.changes[at]);
    }

    void note(const spool::Change& change)
    {
        const auto is_its = [&](const Sent& one) { return one.message->id == change.lease.id; };
        const auto found = std::ranges::find_if(sent_, is_its);
        ASSERT_NE(found, sent_.end());
        if (change.kind == spool::Change::Kind::Deferred) {
            auto copy = std::make_shared<spool::StoredMessage>(*found->message);
            copy->state = change.state;
            ASSERT_GT(copy->state.next_attempt, fixture.clock.wall());
            found->message = std::move(copy);
            return;
        }
        found->waits = false;
        const auto last = std::ranges::find(log.attempts.rbegin(), log.attempts.rend(),
                                            change.lease.id, &facts::Attempt::message);
        ASSERT_NE(last, log.attempts.rend());
        const auto result = last->parts.at(0).outcome.result;
        found->fate = result == facts::OutcomeClass::Failed ? Fate::Fails
                      : last->tls.has_value()               ? Fate::Tls
                                                            : Fate::Clear;
    }

    void run_hour()
    {
        const WallTime end = fixture.clock.wall() + kHour;
        WallTime arrival = fixture.clock.wall();
        while (fixture.clock.wall() < end) {
            if (arrival <= fixture.clock.wall()) {
                send();
                arrival += kBetweenMessages;
            }
            deliver_due();
            WallTime next = std::min(end, arrival);
            for (const auto& one : sent_) {
                if (one.waits) next = std::min(next, one.message->state.next_attempt);
            }
            // One step beyond: wall time has milliseconds, the shift finer ones.
            const auto wait = std::max(next - fixture.clock.wall(), WallTime::duration{0});
            fixture.clock.shift += wait + std::chrono::milliseconds{1};
        }
    }

    // The fates of the first message and of the others.
    [[nodiscard]] std::pair<Fate, Fate> expected() const
    {
        const Fate fate = GetParam().row->*GetParam().level->fate;
        if (fate == Fate::FirstTlsThenClear) return {Fate::Tls, Fate::Clear};
        if (fate == Fate::FirstTlsThenWaits) return {Fate::Tls, Fate::Waits};
        // What a smart host calls permanent before the login is for an administrator to repair.
        const bool logs_in = GetParam().level->needs == Needs::Login;
        if (fate == Fate::Fails && logs_in) return {Fate::Waits, Fate::Waits};
        return {fate, fate};
    }

    [[nodiscard]] std::string story() const
    {
        std::string text;
        for (const auto& attempt : log.attempts) {
            const auto& outcome = attempt.parts.at(0).outcome;
            text += fmt::format("attempt {}: {} {}:", attempt.number, facts::name(outcome.reason),
                                outcome.text);
            for (const auto& step : attempt.steps)
                text.append(" ").append(facts::name(step.reason));
            text += "\n";
        }
        return text.substr(0, 4000);
    }

    // What somebody who reads the wire, or answers in the partner's place, has of a message.
    void count_what_was_read()
    {
        const auto tapped = path_->tapped();
        const auto was_read = [&tapped](std::string_view words) {
            return std::ranges::any_of(tapped, [words](const lab::TappedConnection& connection) {
                return connection.from_client.find(words) != std::string::npos;
            });
        };
        std::size_t& count = world_.in_clear[GetParam().level->name];
        for (const auto& one : sent_) {
            const bool in_clear = was_read(one.secret);
            if (in_clear) ++count;
            EXPECT_EQ(in_clear, one.fate == Fate::Clear) << one.secret;
        }
        if (GetParam().level->allows_clear) return;
        // Not who writes to whom, either.
        EXPECT_FALSE(was_read("a@sender.test"));
        EXPECT_FALSE(was_read("you@modern.lab.test"));
    }

    // The forms in which a password can be told (RFC 4616, and LOGIN), and in themselves.
    static bool tells_password(std::string_view text)
    {
        const std::string plain = std::string{'\0'} + kUser + '\0' + kPassword;
        for (const auto& form : {std::string{kPassword}, to_base64(kPassword), to_base64(plain)}) {
            if (text.find(form) != std::string_view::npos) return true;
        }
        return false;
    }

    // Whom the password was told: the partner under TLS, and nobody else.
    void check_password()
    {
        bool told = false;
        const bool impostor = !attack()->impostor.empty();
        auto& book = world_.lab->book();
        ASSERT_TRUE(book.wait_for_connections(partner(), book.connections_begun(partner()) - begun_,
                                              std::chrono::seconds{20}));
        for (const auto& connection : book.connections(partner())) {
            for (const auto& line : connection.transcript) {
                if (line.from != lab::TranscriptLine::From::Client || !tells_password(line.text)) {
                    continue;
                }
                told = true;
                EXPECT_TRUE(line.under_tls && !impostor) << lab::format_transcript(connection);
            }
        }
        for (const auto& connection : path_->tapped()) {
            EXPECT_FALSE(tells_password(connection.from_client)) << "read on the path";
        }
        const bool logs_in = GetParam().level->needs == Needs::Login;
        const bool delivered =
            std::ranges::any_of(sent_, [](const Sent& one) { return one.fate == Fate::Tls; });
        // The test can see what it looks for.
        if (delivered) {
            EXPECT_EQ(told, logs_in && !impostor);
        }
    }

    // Once and whole, or not at all.
    void check_partner()
    {
        const auto messages = world_.lab->book().messages(partner());
        for (const auto& one : sent_) {
            const auto has_it = [&one](const lab::MessageRecord& message) {
                return message.complete && message.body.find(one.secret) != std::string::npos;
            };
            const bool delivered = one.fate == Fate::Tls || one.fate == Fate::Clear;
            EXPECT_EQ(std::ranges::count_if(messages, has_it), delivered ? 1 : 0) << one.secret;
        }
    }

    static inline World world_;
    std::unique_ptr<OnPath> path_;
    std::uint64_t begun_ = 0;  // connections of the partner, before this cell
    std::vector<Sent> sent_;
};

TEST_P(OnPathHour, SeesNothingInClearThatTheLevelForbids)
{
    run_hour();
    ASSERT_GE(sent_.size(), 2U);
    for (const auto& one : sent_) {
        const auto [first, others] = expected();
        EXPECT_EQ(words(one.fate), words(&one == sent_.data() ? first : others))
            << one.secret << '\n'
            << story();
    }
    count_what_was_read();
    check_partner();
    finish();
    path_->stop();
    check_password();
    if (!GetParam().level->allows_clear) {
        EXPECT_EQ(world_.in_clear[GetParam().level->name], 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(Lab, OnPathHour, testing::ValuesIn(all_cells()),
                         [](const testing::TestParamInfo<Cell>& cell) {
                             std::string name = fmt::format("{}_{}", cell.param.row->attack,
                                                            cell.param.level->name);
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(OnPathHourTable, HasARowForEveryAttack)
{
    for (const auto& one : lab::all_on_path_attacks()) {
        EXPECT_EQ(std::ranges::count(kRows, one.name, &Row::attack), 1) << one.name;
    }
    EXPECT_EQ(kRows.size(), lab::all_on_path_attacks().size());
}

}  // namespace
}  // namespace hermetic::lab_test
