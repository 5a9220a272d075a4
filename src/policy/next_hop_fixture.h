// Hosts as a record has them, and next-hop selection run with it. Tests only.
#pragma once

#include "policy/next_hop.h"
#include "policy/tls_policy_fixture.h"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::policy {

// What one address does when it is connected to by `plan` (nullopt: in clear).
using Answer = std::function<ConnectionFacts(const std::optional<StepPlan>& plan)>;

struct RecordedAddress {
    Answer answer;
    bool dead = false;
    bool left_untried = false;
    Reason refused{};
};

struct RecordedHost {
    std::vector<RecordedAddress> addresses{};
    std::optional<facts::Outcome> unresolved{};
    TlsaStatus tlsa_status = TlsaStatus::NotAsked;
    std::shared_ptr<const TlsaSet> tlsa{};
    HopCredentials credentials{};
    bool long_silent = false;
    bool left_untried = false;
    bool implicit_tls = false;
    std::optional<facts::Outcome> login{};  // how the host answers one
    AddressGaps gaps{};
};

inline facts::Outcome outcome(facts::Stage stage, Reason reason,
                              facts::OutcomeClass result = facts::OutcomeClass::Deferred,
                              facts::Origin origin = facts::Origin::Local)
{
    facts::Outcome outcome;
    outcome.result = result;
    outcome.stage = stage;
    outcome.origin = origin;
    outcome.reason = reason;
    return outcome;
}

// How a record ends: "TLSv1.3", "clear", or the reason why mail waits; and the way there.
struct SelectionRun {
    std::string verdict;
    std::string path;  // "0.0 everything, 0.1 clear": host.address and step of the ladder
};

inline std::string describe(const NextHopStep& step)
{
    return fmt::format("{}.{} {}", step.host, step.address,
                       step.plan ? facts::name(step.plan->kind) : "clear");
}

// Until something can be used or there is nothing left.
inline SelectionRun run_selection(NextHopSelection& selection,
                                  const std::vector<RecordedHost>& hosts)
{
    using What = NextHopStep::What;
    SelectionRun run;
    facts::TlsVersion version = facts::TlsVersion::None;
    for (;;) {
        const NextHopStep step = selection.step();
        const RecordedHost& host = hosts[step.host];
        switch (step.what) {
        case What::Resolve: {
            if (host.unresolved) {
                selection.on_unresolved(*host.unresolved);
                break;
            }
            std::vector<NextHopAddress> addresses;
            for (std::size_t i = 0; i < host.addresses.size(); ++i) {
                const auto& each = host.addresses[i];
                const auto number = static_cast<std::uint8_t>(i + 1);
                addresses.push_back({{IpAddress::v4({192, 0, 2, number}), 25},
                                     each.refused,
                                     each.dead,
                                     each.left_untried});
            }
            selection.on_addresses(std::move(addresses), host.gaps);
            break;
        }
        case What::AskTlsa:
            selection.on_tlsa(host.tlsa_status, host.tlsa, {});
            break;
        case What::Prepare:
            selection.on_credentials(host.credentials);
            break;
        case What::Connect: {
            run.path += (run.path.empty() ? "" : ", ") + describe(step);
            const auto number =
                selection.address(step.host, step.address).endpoint.address.octets().back() - 1;
            auto facts = host.addresses[static_cast<std::size_t>(number)].answer(step.plan);
            version = facts.tls ? facts.tls->version : facts::TlsVersion::None;
            selection.on_connection(std::move(facts));
            break;
        }
        case What::LogIn:
            run.path += ", login";
            selection.on_login(host.login);
            break;
        case What::Use:
            run.verdict =
                selection.use().in_clear ? "clear" : std::string{facts::format_version(version)};
            return run;
        case What::GiveUp:
            run.verdict = facts::name(selection.failure().reason);
            return run;
        }
    }
}

inline std::vector<NextHopHost> names_of(const std::vector<RecordedHost>& hosts,
                                         facts::DnsSecurity mx = facts::DnsSecurity::Insecure)
{
    std::vector<NextHopHost> names;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        NextHopHost host;
        host.hop = by_mx(mx);
        host.hop.host = fmt::format("mx{}.example.net", i);
        host.label = host.hop.host;
        host.hop.implicit_tls = hosts[i].implicit_tls;
        host.long_silent = hosts[i].long_silent;
        host.left_untried = hosts[i].left_untried;
        names.push_back(std::move(host));
    }
    return names;
}

}  // namespace hermetic::policy
