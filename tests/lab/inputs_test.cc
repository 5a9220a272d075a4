// What domains publish, at every TLS behaviour of the lab under every level: what becomes of the
// message, by which reason, and that not one octet of it came in clear where that is forbidden.
//
// Cells: behaviour × input × level at the floor 1.2; at 1.0 (old versions stay possible, unless
// MTA-STS raises it) and 1.3 too where the partner does not speak both 1.2 and 1.3. Two inputs at
// once, and a policy that only tests, stand at some levels alone. All floors for all
// behaviours, with nothing published: levels_test.cc.
//
// The delivery service as it runs in the server, its DNS answers and MTA-STS facts given by the
// test; each cell begins with a service that remembers nothing. What must come of a cell is a model
// of its own, from abilities.h and RFC 7672 and 8461: no code of policy/ stands in it.
#include "abilities.h"
#include "core/text.h"
#include "delivery/service_fixture.h"
#include "lab/lab.h"
#include "lab/partners.h"
#include "lab/work_directory.h"
#include "outbound/sts_policies.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <ostream>

namespace hermetic::lab_test {
namespace {

using facts::DnsSecurity;
using facts::DnsStatus;
using facts::TlsVersion;
using objects::TlsLevel;
using policy::StsMode;

constexpr std::chrono::seconds kRecordsIn{20};
constexpr std::size_t kCellName = std::string_view{"cell-0000"}.size();

enum class Tlsa { None, Matching, OfAnother, Unusable, LookupFails };

struct Input {
    std::string_view name;
    Tlsa tlsa = Tlsa::None;  // other than None: in signed zones, the MX record too
    StsMode sts = StsMode::NoPolicy;
    bool sts_lists_host = false;
    bool at_every_level = true;
};
constexpr Input kInputs[] = {
    {"nothing"},
    {"TLSA that matches", Tlsa::Matching},
    {"TLSA of another key", Tlsa::OfAnother},
    {"TLSA that nobody can use", Tlsa::Unusable},
    {"TLSA whose lookup fails", Tlsa::LookupFails},
    {"STS enforced, host listed", Tlsa::None, StsMode::Enforce, true},
    {"STS enforced, another host listed", Tlsa::None, StsMode::Enforce, false},
    {"STS testing", Tlsa::None, StsMode::Testing, true, false},
    {"STS enforced, host listed, TLSA that matches", Tlsa::Matching, StsMode::Enforce, true, false},
    {"STS enforced, another host listed, TLSA of another key", Tlsa::OfAnother, StsMode::Enforce,
     false, false},
};

struct Level {
    std::string_view name;
    TlsLevel level;
    bool pins = false;
    bool heeds_published = true;  // the connector's `dane` and `mta_sts`
};
constexpr Level kLevels[] = {
    {"none", TlsLevel::None},
    {"none, deaf", TlsLevel::None, false, false},
    {"opportunistic", TlsLevel::Opportunistic},
    {"encrypt", TlsLevel::Encrypt},
    {"verify_ca", TlsLevel::VerifyCa},
    {"verify_name", TlsLevel::VerifyName},
    {"pins", TlsLevel::Encrypt, true},
    {"dane", TlsLevel::Dane},
};

// "none", "opportunistic", "verify_name", "dane".
bool is_of_some(const Level& level)
{
    using enum TlsLevel;
    const bool plain = !level.pins && level.heeds_published;
    return plain && (level.level <= Opportunistic || level.level >= VerifyName);
}

struct Floor {
    std::string_view name;
    TlsVersion version;
};
constexpr Floor kFloors[] = {
    {"1.0", TlsVersion::Tls10}, {"1.2", TlsVersion::Tls12}, {"1.3", TlsVersion::Tls13}};

struct Cell {
    const Ability* ability = nullptr;
    const Input* input = nullptr;
    const Level* level = nullptr;
    const Floor* floor = nullptr;
    std::string recipient;  // its own

    friend void PrintTo(const Cell& cell, std::ostream* out)
    {
        *out << cell.ability->partner << ", " << cell.input->name << ", " << cell.level->name
             << ", floor " << cell.floor->name;
    }
};

bool speaks_both(const Ability& ability)
{
    return ability.versions == std::vector<std::string_view>{"1.2", "1.3"};
}

std::vector<Cell> cells_of(const Ability& ability)
{
    std::vector<Cell> cells;
    for (const auto& input : kInputs) {
        for (const auto& level : kLevels) {
            if (!input.at_every_level && !is_of_some(level)) continue;
            for (const auto& floor : kFloors) {
                if (floor.version != TlsVersion::Tls12 && speaks_both(ability)) continue;
                cells.push_back(
                    {&ability, &input, &level, &floor,
                     fmt::format("cell-{:04}@{}.lab.test", cells.size(), ability.partner)});
            }
        }
    }
    return cells;
}

struct Expected {
    // "TLSv1.3", "clear", or the reason for which it waits or is returned.
    std::string outcome;
    // Where it is delivered: what was found of the certificate, or why in clear.
    std::string_view found{};
};

// What must become of a cell's message.
class Model {
public:
    explicit Model(const Cell& cell) : can_{*cell.ability}, level_{*cell.level}, cell_{cell}
    {
        if (!level_.heeds_published) return;
        tlsa_ = cell.input->tlsa;
        sts_ = cell.input->sts == StsMode::Enforce && !has_records();
    }

    // The host is not connected to; empty: it is.
    [[nodiscard]] std::string_view skipped() const
    {
        if (tlsa_ == Tlsa::LookupFails) return "dane.lookup-failed";
        if (level_.level == TlsLevel::Dane) {
            if (tlsa_ == Tlsa::None) return "dane.mandatory-insecure-mx";
            if (!has_records()) return "dane.mandatory-missing";
        }
        if (sts_ && !cell_.input->sts_lists_host) return "sts.host-not-listed";
        return {};
    }
    // Whether a single octet of mail may come in clear.
    [[nodiscard]] bool requires_tls() const
    {
        return level_.level > TlsLevel::Opportunistic || tlsa_ != Tlsa::None || sts_;
    }
    // What is published and asked for more than the level did; empty: nothing.
    [[nodiscard]] std::string_view source() const
    {
        if (has_records()) return "dane.usable";
        if (tlsa_ == Tlsa::Unusable && level_.level < TlsLevel::Encrypt) return "dane.unusable";
        if (sts_ && level_.level < TlsLevel::VerifyName) return "sts.enforced";
        return {};
    }
    [[nodiscard]] Expected expected() const
    {
        if (!skipped().empty()) return {std::string{skipped()}};
        if (level_.level == TlsLevel::None && !requires_tls()) {
            return in_clear("tls.exception");
        }
        // RFC 8461 §4.2: 1.2 or later.
        const auto floor =
            sts_ ? std::max<std::string_view>(cell_.floor->name, "1.2") : cell_.floor->name;
        if (can_.versions.empty() || can_.versions.back() < floor) return without_tls(floor);
        const auto refused = refusal();
        if (!refused.empty()) return {std::string{refused}};
        return {fmt::format("TLSv{}", can_.versions.back()), finding()};
    }

private:
    [[nodiscard]] bool has_records() const
    {
        return tlsa_ == Tlsa::Matching || tlsa_ == Tlsa::OfAnother;
    }
    [[nodiscard]] Expected in_clear(std::string_view why) const
    {
        if (!can_.takes_clear) return {"mail.refused"};
        return {"clear", why};
    }
    [[nodiscard]] Expected without_tls(std::string_view floor) const
    {
        // Under a floor of 1.3 the offer of 1.3 alone is not the one that it has a word about.
        if (can_.bars_clear && floor < "1.3") return {"ladder.inappropriate-fallback"};
        const auto why = can_.versions.empty() ? can_.without_tls : "ladder.handshake-failed";
        if (requires_tls()) return {std::string{why}};
        return in_clear(why == "starttls.not-offered" ? why : "ladder.every-handshake-failed");
    }
    // In the order in which the policy measures: what is published, the connector's, MTA-STS.
    [[nodiscard]] std::string_view refusal() const
    {
        if (requires_tls() && !can_.weakness.empty()) return can_.weakness;
        if (has_records() && can_.weak_key) return "dane.chain-invalid";
        if (tlsa_ == Tlsa::OfAnother) return "dane.tlsa-mismatch";
        const bool chain = level_.level == TlsLevel::VerifyCa || named();
        if (chain && !can_.chain_verifies) return can_.chain_reason;
        if (level_.pins && can_.pin() != can_.partner) return "tls.pin-mismatch";
        if (named() && !can_.name_matches) return "tls.name-mismatch";
        if (sts_ && !can_.chain_verifies) return can_.chain_reason;
        if (sts_ && !can_.name_matches) return "sts.name-mismatch";
        return {};
    }
    [[nodiscard]] std::string_view finding() const
    {
        if (has_records()) return "dane.matched";
        // Staples are asked for only where a certificate is judged.
        const bool judged = level_.pins || level_.level >= TlsLevel::VerifyCa;
        const bool revoked = can_.chain_reason == "tls.revoked";
        if (!can_.chain_verifies && (judged || !revoked)) return can_.chain_reason;
        return can_.name_matches ? "tls.verified" : "tls.name-mismatch";
    }
    // The host's own where DNSSEC or MTA-STS proves it to be the domain's, else any of the domain:
    // no partner's certificate has the one without the other.
    [[nodiscard]] bool named() const { return level_.level == TlsLevel::VerifyName; }

    const Ability& can_;
    const Level& level_;
    const Cell& cell_;
    Tlsa tlsa_ = Tlsa::None;
    bool sts_ = false;  // enforced, and not replaced by DANE (RFC 8461 §2)
};

class GivenPolicies final : public outbound::StsPolicies {
public:
    explicit GivenPolicies(const Input& input) : facts_{input.sts, input.sts_lists_host} {}
    [[nodiscard]] outbound::StsFacts of(const std::string&, const std::string&) const override
    {
        return facts_;
    }

private:
    outbound::StsFacts facts_;
};

std::string from_hex(std::string_view digits)
{
    std::string octets;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        octets += static_cast<char>(std::stoi(std::string{digits.substr(i, 2)}, nullptr, 16));
    }
    return octets;
}

class EveryInput : public delivery::DeliveryTest, public testing::WithParamInterface<std::size_t> {
protected:
    static void SetUpTestSuite()
    {
        std::signal(SIGPIPE, SIG_IGN);  // as the server does
        directory_ = lab::make_work_directory().value();
        lab_ = std::make_unique<lab::Lab>(lab::LabOptions{.directory = directory_});
        ASSERT_TRUE(lab_->start());
    }
    static void TearDownTestSuite()
    {
        std::cout << fmt::format("{:>5} cells, {} of them in clear\n", cells_run_, sent_in_clear_);
        lab_.reset();
        std::filesystem::remove_all(directory_);
    }

    void SetUp() override
    {
        settings.cas = *tls::load_cas((directory_ / "ca.pem").string());
        settings.options.port = partner().address.port;
        lab_->book().clear();
        begun_ = lab_->book().connections_begun(ability().partner);
    }

    static const Ability& ability() { return all_abilities()[GetParam()]; }
    static const lab::PlacedPartner& partner() { return *lab_->find(ability().partner); }
    static std::string host() { return lab::host_of(*partner().behaviour); }

    void run(const Cell& cell)
    {
        publish(*cell.input);
        contents.outbound_connectors = {connector(cell)};
        deliver(make_message({cell.recipient},
                             "Subject: to " + cell.recipient + "\r\n\r\nA line.\r\n"));
        finish();
        ++cells_run_;
    }

    void publish(const Input& input)
    {
        resolver = {};
        resolver.add_mx(lab::domain_of(*partner().behaviour), 10, host());
        resolver.hosts[host()] = {partner().address.address};
        settings.sts = std::make_shared<GivenPolicies>(input);
        if (input.tlsa == Tlsa::None) return;
        for (auto& [domain, answer] : resolver.mxs) answer.security = DnsSecurity::Secure;
        auto& proved = resolver.address_facts[host()];
        proved.security = DnsSecurity::Secure;
        proved.canonical_name = host();
        resolver.tlsas[fmt::format("_{}._tcp.{}", partner().address.port, host())] =
            tlsa_answer(input.tlsa);
    }
    static facts::TlsaAnswer tlsa_answer(Tlsa tlsa)
    {
        facts::TlsaAnswer answer;
        answer.status = DnsStatus::Found;
        answer.security = DnsSecurity::Secure;
        const auto other = ability().partner == "stapled" ? "modern" : "stapled";
        const auto& whose = tlsa == Tlsa::OfAnother ? *lab_->find(other) : partner();
        answer.records = {{3, 1, 1, from_hex(whose.key_pin)}};
        if (tlsa == Tlsa::Unusable) answer.records[0].usage = 1;
        if (tlsa == Tlsa::LookupFails) {
            answer = {};
            answer.status = DnsStatus::Failed;
            answer.security = DnsSecurity::Bogus;
            answer.why = "DNSSEC: forged";
        }
        return answer;
    }

    objects::OutboundConnector connector(const Cell& cell) const
    {
        objects::OutboundConnector made;
        made.name = "cell";
        made.organization = contents.organizations[0].name;
        made.recipient_domains = {
            *objects::DomainPattern::parse(lab::domain_of(*partner().behaviour))};
        made.tls.level = cell.level->level;
        auto& exception = made.tls.exception.emplace();
        exception.level = cell.level->level;
        exception.min = cell.floor->version;
        made.tls.min = cell.floor->version;
        if (!cell.level->heeds_published)
            exception.dane = exception.mta_sts = objects::Publication::None;
        exception.valid_until = fixture.clock.wall() + std::chrono::hours{24};
        if (cell.level->pins) made.tls.pins = {lab_->find(cell.ability->pin())->key_pin};
        return made;
    }

    static std::string outcome_of(const facts::Attempt& attempt)
    {
        const auto& outcome = attempt.parts.at(0).outcome;
        if (outcome.result != facts::OutcomeClass::Delivered)
            return std::string{facts::name(outcome.reason)};
        return attempt.tls ? std::string{facts::format_version(attempt.tls->version)} : "clear";
    }

    void check(const Cell& cell) const
    {
        const Model model{cell};
        const auto expected = model.expected();
        ASSERT_FALSE(log.attempts.empty());
        const facts::Attempt& attempt = log.attempts.back();
        ASSERT_EQ(outcome_of(attempt), expected.outcome) << attempt.parts[0].outcome.text;
        if (expected.outcome == "clear") {
            ASSERT_FALSE(attempt.steps.empty());
            EXPECT_EQ(facts::name(attempt.steps.back().reason), expected.found);
        } else if (!expected.found.empty()) {
            EXPECT_EQ(facts::name(attempt.policy_reasons.back()), expected.found);
        }
        if (!model.skipped().empty()) {
            EXPECT_TRUE(attempt.steps.empty()) << "it must not even be connected to";
            return;
        }
        for (const std::string_view source :
             {"dane.usable", "dane.usable-insecure-mx", "dane.unusable", "sts.enforced"}) {
            EXPECT_EQ(std::ranges::count(attempt.policy_reasons, *facts::parse_reason(source)),
                      source == model.source() ? 1 : 0)
                << source;
        }
    }

    // Of every connection: a cell's recipient stands in its envelope and in its message.
    void check_partner(const std::vector<Cell>& cells) const
    {
        auto& book = lab_->book();
        const auto name = ability().partner;
        ASSERT_TRUE(
            book.wait_for_connections(name, book.connections_begun(name) - begun_, kRecordsIn));
        std::map<std::string, std::size_t> in_clear;  // by cell, envelopes and messages
        std::map<std::string, std::string> delivered;
        for (const auto& connection : book.connections(name)) {
            EXPECT_EQ(connection.violations, std::vector<std::string>{});
            for (const auto& line : connection.transcript) {
                if (line.under_tls || line.from != lab::TranscriptLine::From::Client) continue;
                const auto at = line.text.find("cell-");
                if (at != std::string::npos) {
                    ++in_clear[line.text.substr(at, kCellName)];
                }
            }
        }
        for (const auto& message : book.messages(name)) {
            if (message.data_in_clear) {
                const auto at = message.body.find("cell-");
                ++in_clear[at == std::string::npos ? "" : message.body.substr(at, kCellName)];
            }
            if (message.code != 250) continue;
            ASSERT_EQ(message.recipients.size(), 1U);
            auto& how = delivered[message.recipients[0].path];
            EXPECT_EQ(how, "") << "twice: " << message.recipients[0].path;
            how = message.tls ? message.tls->version : "clear";
        }
        EXPECT_EQ(in_clear[""], 0U) << "octets of no known message";
        for (const Cell& cell : cells) {
            SCOPED_TRACE(testing::PrintToString(cell));
            const Model model{cell};
            const auto expected = model.expected();
            const bool arrives = !expected.found.empty();
            EXPECT_EQ(delivered["<" + cell.recipient + ">"], arrives ? expected.outcome : "");
            const auto octets = in_clear[cell.recipient.substr(0, cell.recipient.find('@'))];
            if (model.requires_tls()) {
                EXPECT_EQ(octets, 0U) << "something of it came in clear";
            } else if (expected.outcome == "clear") {
                EXPECT_GE(octets, 2U) << "the test can see what it looks for";
                ++sent_in_clear_;
            }
        }
    }

    static inline std::filesystem::path directory_;
    static inline std::unique_ptr<lab::Lab> lab_;
    static inline std::size_t cells_run_ = 0;
    static inline std::size_t sent_in_clear_ = 0;
    std::uint64_t begun_ = 0;  // connections of the partner, before this test
};

TEST_P(EveryInput, AddsAndNeverTakesAway)
{
    const auto cells = cells_of(ability());
    for (const Cell& cell : cells) {
        SCOPED_TRACE(testing::PrintToString(cell));
        log.attempts.clear();
        run(cell);
        check(cell);
    }
    check_partner(cells);
}

INSTANTIATE_TEST_SUITE_P(Lab, EveryInput, testing::Range(std::size_t{0}, all_abilities().size()),
                         [](const auto& row) { return test_name(all_abilities()[row.param]); });

}  // namespace
}  // namespace hermetic::lab_test
