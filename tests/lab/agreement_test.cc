// Who decides about a next hop says the same: delivery, the connector test, `explain --live`, and
// the pure machine on the facts that were recorded. Partners of the lab, alone and in pairs (two
// hosts of a domain, two addresses of a host), under every level, with what domains publish.
//
// In process, as in inputs_test.cc, which says for partners that stand alone what must come of a
// cell; here nothing is expected but that all agree, that observers remember nothing, and that
// nothing goes in clear where TLS is required.
#include "abilities.h"
#include "delivery/service_fixture.h"
#include "lab/lab.h"
#include "lab/partners.h"
#include "lab/work_directory.h"
#include "outbound/hosts.h"
#include "outbound/sts_policies.h"
#include "validation/flow.h"
#include "validation/host_probe.h"
#include "validation/route_check.h"
#include "validation/subject.h"
#include "validation/validate.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <ostream>

namespace hermetic::lab_test {
namespace {

using facts::DnsSecurity;
using facts::DnsStatus;
using objects::TlsLevel;
using policy::StsMode;
using std::chrono::seconds;

constexpr std::string_view kDomain = "pair.lab.test";
// Of the cells, one of so many has the whole connector test, with its versions and steps.
constexpr std::size_t kWholeTestOf = 25;

enum class Shape { Alone, TwoAddresses, TwoHosts };
enum class Published { Nothing, Tlsa, TlsaOfAnother, TlsaFails, StsListed, StsOther };

struct Cell {
    Shape shape = Shape::Alone;
    std::string_view second;  // empty: nobody is at its address
    TlsLevel level = TlsLevel::Opportunistic;
    Published published = Published::Nothing;

    friend void PrintTo(const Cell& cell, std::ostream* out)
    {
        constexpr std::string_view kShapes[] = {"alone", "two addresses", "two hosts"};
        constexpr std::string_view kInputs[] = {"nothing",         "TLSA",       "TLSA of another",
                                                "TLSA that fails", "STS listed", "STS of another"};
        *out << kShapes[static_cast<std::size_t>(cell.shape)] << ", "
             << (cell.second.empty() ? "nobody" : cell.second) << ", " << policy::name(cell.level)
             << ", " << kInputs[static_cast<std::size_t>(cell.published)];
    }
};

const std::vector<Cell>& all_cells()
{
    static const std::vector<Cell> cells = [] {
        using enum TlsLevel;
        using enum Published;
        std::vector<Cell> all;
        for (const auto level : {Opportunistic, Encrypt, VerifyCa, VerifyName, Dane}) {
            for (const auto input :
                 {Nothing, Tlsa, TlsaOfAnother, TlsaFails, StsListed, StsOther}) {
                all.push_back({Shape::Alone, {}, level, input});
            }
        }
        for (const auto shape : {Shape::TwoAddresses, Shape::TwoHosts}) {
            for (const std::string_view second :
                 {"", "modern", "clear", "handshake-alert", "self-signed"}) {
                for (const auto level : {Opportunistic, Encrypt, VerifyName}) {
                    for (const auto input : {Nothing, Tlsa, StsListed}) {
                        all.push_back({shape, second, level, input});
                    }
                }
            }
        }
        return all;
    }();
    return cells;
}

// What all have to say: "TLSv1.3", "clear", or that mail waits or returns; and why.
struct Verdict {
    std::string what;
    facts::Reason why{};
    bool operator==(const Verdict&) const = default;
    friend void PrintTo(const Verdict& verdict, std::ostream* out)
    {
        *out << verdict.what << " (" << facts::name(verdict.why) << ")";
    }
};

Verdict verdict_of(const validation::Flow& flow)
{
    if (!flow.goes()) return {std::string{validation::name(flow.fate)}, flow.reason};
    if (flow.in_clear) return {"clear", flow.reason};
    return {std::string{facts::format_version(flow.tls->version)}, flow.reason};
}

Verdict verdict_of(const facts::Attempt& attempt)
{
    const auto& outcome = attempt.parts.at(0).outcome;
    const bool spoken = outcome.stage >= facts::Stage::Mail && outcome.stage != facts::Stage::Local;
    if (!spoken) {
        const bool returned = outcome.result == facts::OutcomeClass::Failed;
        return {returned ? "returns" : "waits", outcome.reason};
    }
    if (attempt.tls) {
        return {std::string{facts::format_version(attempt.tls->version)},
                attempt.policy_reasons.back()};
    }
    return {"clear", attempt.steps.back().reason};
}

// All that the network and the files said.
class Record final : public outbound::HopWatcher {
public:
    void on_resolved(std::size_t host, const outbound::Host& what,
                     const outbound::HostAddresses& found) override
    {
        for (const auto& each : found.addresses) addresses_[host].push_back({{each, what.port}});
    }
    void on_tlsa(std::size_t host, const outbound::Host&,
                 const outbound::TlsaFinding& found) override
    {
        tlsa_[host] = found;
    }
    void on_prepared(std::size_t host, const policy::HopCredentials& found) override
    {
        credentials_[host] = found;
    }
    void on_connection(const policy::NextHopStep&, const policy::ConnectionFacts& found) override
    {
        connections_.push_back(found);
    }

    // The pure machine, with nothing but the record.
    [[nodiscard]] Verdict replay(policy::NextHopSelection selection)
    {
        using What = policy::NextHopStep::What;
        std::size_t next = 0;
        for (;;) {
            const auto step = selection.step();
            switch (step.what) {
            case What::Resolve:
                selection.on_addresses(addresses_.at(step.host));
                break;
            case What::AskTlsa:
                selection.on_tlsa(tlsa_.at(step.host).status, tlsa_.at(step.host).set,
                                  tlsa_.at(step.host).why);
                break;
            case What::Prepare:
                selection.on_credentials(credentials_.at(step.host));
                break;
            case What::Connect:
                selection.on_connection(connections_.at(next++));
                break;
            case What::LogIn:
                selection.on_login(std::nullopt);
                break;
            case What::Use: {
                const auto& use = selection.use();
                if (use.in_clear) return {"clear", use.reason};
                const auto version = connections_.at(next - 1).tls->version;
                return {std::string{facts::format_version(version)}, use.verdict};
            }
            case What::GiveUp:
                return {selection.failure().temporary ? "waits" : "returns",
                        selection.failure().reason};
            }
        }
    }

private:
    std::map<std::size_t, std::vector<policy::NextHopAddress>> addresses_;
    std::map<std::size_t, outbound::TlsaFinding> tlsa_;
    std::map<std::size_t, policy::HopCredentials> credentials_;
    std::vector<policy::ConnectionFacts> connections_;
};

class GivenPolicies final : public outbound::StsPolicies {
public:
    explicit GivenPolicies(Published published) : published_{published} {}
    [[nodiscard]] outbound::StsFacts of(const std::string&, const std::string&) const override
    {
        if (published_ == Published::StsListed) return {StsMode::Enforce, true};
        if (published_ == Published::StsOther) return {StsMode::Enforce, false};
        return {StsMode::NoPolicy, false};
    }

private:
    Published published_;
};

std::string from_hex(std::string_view digits)
{
    std::string octets;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        octets += static_cast<char>(std::stoi(std::string{digits.substr(i, 2)}, nullptr, 16));
    return octets;
}

class Agreement : public delivery::DeliveryTest, public testing::WithParamInterface<std::size_t> {
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
        std::cout << fmt::format("{:>5} cells, {} of them with the whole connector test\n", cells_,
                                 whole_tests_);
        lab_.reset();
        std::filesystem::remove_all(directory_);
    }

    void SetUp() override
    {
        settings.cas = *tls::load_cas((directory_ / "ca.pem").string());
        settings.options.port = partner().address.port;
        settings.options.connect_timeout = settings.options.greeting_timeout =
            settings.options.command_timeout = seconds{3};
    }

    static const Ability& ability() { return all_abilities()[GetParam()]; }
    static const lab::PlacedPartner& partner() { return *lab_->find(ability().partner); }

    IpAddress second_address(const Cell& cell) const
    {
        if (cell.second.empty()) return *IpAddress::parse("127.20.255.1");  // the lab's nobody
        return lab_->find(cell.second)->address.address;
    }

    void publish(const Cell& cell)
    {
        resolver = {};
        const std::string domain{kDomain};
        const std::string first = lab::host_of(*partner().behaviour);
        resolver.add_mx(domain, 10, first);
        resolver.hosts[first] = {partner().address.address};
        std::vector<std::string> hosts{first};
        if (cell.shape == Shape::TwoAddresses)
            resolver.hosts[first].push_back(second_address(cell));
        if (cell.shape == Shape::TwoHosts) {
            hosts.emplace_back("second.lab.test");
            resolver.add_mx(domain, 20, hosts.back());
            resolver.hosts[hosts.back()] = {second_address(cell)};
        }
        settings.sts = std::make_shared<GivenPolicies>(cell.published);
        if (cell.published < Published::Tlsa || cell.published > Published::TlsaFails) return;
        resolver.mxs[domain].security = DnsSecurity::Secure;
        for (const auto& host : hosts) {
            resolver.address_facts[host].security = DnsSecurity::Secure;
            resolver.address_facts[host].canonical_name = host;
            resolver.tlsas[fmt::format("_{}._tcp.{}", settings.options.port, host)] =
                tlsa(cell.published);
        }
    }
    facts::TlsaAnswer tlsa(Published published) const
    {
        facts::TlsaAnswer answer;
        if (published == Published::TlsaFails) {
            answer.security = DnsSecurity::Bogus;
            return answer;
        }
        answer.status = DnsStatus::Found;
        answer.security = DnsSecurity::Secure;
        const auto other = ability().partner == "stapled" ? "modern" : "stapled";
        const auto& whose = published == Published::TlsaOfAnother ? *lab_->find(other) : partner();
        answer.records = {{3, 1, 1, from_hex(whose.key_pin)}};
        return answer;
    }
    objects::OutboundConnector connector(const Cell& cell) const
    {
        objects::OutboundConnector made;
        made.name = "cell";
        made.organization = contents.organizations[0].name;
        made.recipient_domains = {*objects::DomainPattern::parse(std::string{kDomain})};
        made.tls.level = cell.level;
        return made;
    }

    Verdict delivered()
    {
        log.attempts.clear();
        deliver(make_message({"you@" + std::string{kDomain}}));
        finish();
        return verdict_of(log.attempts.back());
    }

    validation::Environment environment()
    {
        validation::Patience patience;
        patience.connect = patience.reply = patience.handshake = seconds{3};
        return {fixture.core, resolver,
                std::make_shared<const outbound::DeliverySettings>(settings), patience,
                fixture.in(std::chrono::minutes{2})};
    }

    struct Observed {
        Verdict explained;
        Verdict tested;
        Verdict replayed;
        std::optional<Verdict> whole;
    };
    // The route's Result says why mail would wait, or flow in clear.
    static Verdict verdict_of_report(const validation::Report& report)
    {
        for (const auto& step : report.steps) {
            if (step.id != validation::StepId::Result || step.host.empty()) continue;
            return {step.state == validation::State::Failed ? "waits" : "flows",
                    step.reason.known()};
        }
        return {};
    }
    static net::Task<> observe(validation::Environment env, std::shared_ptr<const tls::CaSet> cas,
                               const objects::Snapshot& snapshot, bool whole, Observed& observed)
    {
        const validation::Sink nobody = [](const validation::Step&) {};
        const auto mailbox = *mail::parse_mailbox("you@" + std::string{kDomain});
        auto route = routing::decide_route(snapshot, {}, mailbox).route;
        auto subject = validation::make_subject(snapshot, route);
        auto check = co_await validation::check_route(env, cas, std::move(subject), nobody);
        observed.explained = verdict_of(check.flow);

        auto tested = validation::make_subject(snapshot, snapshot.contents().outbound_connectors[0],
                                               std::nullopt);
        Record record;
        {
            validation::ProbeContext probe_context{env, tested->credentials, cas};
            auto hosts =
                co_await validation::find_hosts(probe_context, tested->routes.front(), nobody);
            auto list = validation::list_of(*hosts);
            auto demand = validation::demand_of(*tested);
            auto found =
                co_await validation::find_flow(probe_context, std::move(list), demand, &record);
            observed.tested = verdict_of(found.flow);
            validation::hang_up(std::move(found.connection));
            std::vector<policy::NextHopHost> names;
            for (const auto& each : *hosts) {
                const outbound::MxFacts mx{each.domain, each.canonical_domain, each.mx_security};
                names.push_back({outbound::hop_facts(each.host, mx, env.settings->sts.get()),
                                 each.host.label()});
            }
            policy::NextHopSelection selection{demand, std::move(names), env.core.clock().wall()};
            observed.replayed = record.replay(std::move(selection));
        }
        if (!whole) co_return;
        auto report = co_await validation::validate(env, cas, *std::move(tested), nobody);
        observed.whole = verdict_of_report(report);
    }

    static inline std::filesystem::path directory_;
    static inline std::unique_ptr<lab::Lab> lab_;
    static inline std::size_t cells_ = 0;
    static inline std::size_t whole_tests_ = 0;
};

TEST_P(Agreement, OfAllWhoDecide)
{
    for (const Cell& cell : all_cells()) {
        SCOPED_TRACE(testing::PrintToString(cell));
        publish(cell);
        contents.outbound_connectors = {connector(cell)};
        const bool whole = cells_++ % kWholeTestOf == 0;
        whole_tests_ += whole ? 1 : 0;
        const Verdict mail = delivered();
        const objects::Snapshot snapshot{contents};
        Observed observed;
        fixture.run(observe(environment(), settings.cas, snapshot, whole, observed));
        EXPECT_EQ(observed.explained, mail) << "explain --live";
        EXPECT_EQ(observed.tested, mail) << "connector test";
        EXPECT_EQ(observed.replayed, mail) << "the machine on recorded facts";
        EXPECT_FALSE(cell.level > TlsLevel::Opportunistic && mail.what == "clear");
        if (!whole) continue;
        const bool fails = mail.what == "waits" || mail.what == "returns";
        EXPECT_EQ(observed.whole->what == "waits", fails);
        const bool told = fails || mail.what == "clear";
        EXPECT_EQ(observed.whole->why, told ? mail.why : facts::Reason{});
    }
}

INSTANTIATE_TEST_SUITE_P(Lab, Agreement, testing::Range(std::size_t{0}, all_abilities().size()),
                         [](const auto& row) { return test_name(all_abilities()[row.param]); });

}  // namespace
}  // namespace hermetic::lab_test
