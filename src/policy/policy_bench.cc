// What one decision costs with 10,000 connectors: the connector of a recipient's domain, then the
// policy of a host with its reasons. Specification §4.2 leaves words for those who ask.
#include "objects/snapshot.h"
#include "policy/tls_policy.h"

#include <benchmark/benchmark.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::policy {
namespace {

constexpr int kConnectors = 10'000;
constexpr WallTime kNow{std::chrono::hours{24 * 365 * 50}};

objects::Snapshot snapshot()
{
    objects::Snapshot::Contents contents;
    contents.organizations.emplace_back().name = "Example";
    for (int i = 0; i < kConnectors; ++i) {
        auto& connector = contents.outbound_connectors.emplace_back();
        const std::string domain = "partner" + std::to_string(i) + ".test";
        connector.name = "connector " + std::to_string(i);
        connector.organization = "Example";
        connector.recipient_domains = {
            *objects::DomainPattern::parse(i % 2 == 0 ? domain : "*." + domain)};
        connector.tls.level = TlsLevel::VerifyName;
        connector.tls.names = {*TlsName::parse("mx." + domain), *TlsName::parse("*." + domain)};
    }
    return objects::Snapshot{std::move(contents)};
}

// Exact domains, domains below a wildcard, and ones that no connector knows.
std::vector<mail::Domain> domains()
{
    std::vector<mail::Domain> result;
    for (int i = 0; i < 3000; ++i) {
        const std::string partner = "partner" + std::to_string(i * 7 % kConnectors) + ".test";
        const std::string text = i % 3 == 0 ? partner : i % 3 == 1 ? "a.b." + partner : "none.test";
        result.push_back(*mail::Domain::parse(text));
    }
    return result;
}

HopFacts hop(const mail::Domain& domain)
{
    HopFacts hop;
    hop.host = "mx.example.net";
    hop.domain = domain.text();
    hop.mx_security = facts::DnsSecurity::Secure;
    return hop;
}

void decide_for_partners(benchmark::State& state, const std::function<void(TlsInputs&)>& add)
{
    const auto objects = snapshot();
    const auto recipients = domains();
    TlsInputs inputs;
    inputs.organization = &objects.organization();
    inputs.now = kNow;
    inputs.hop = hop(recipients.front());
    add(inputs);
    std::size_t next = 0;
    for (auto _ : state) {
        const auto& domain = recipients[next++ % recipients.size()];
        inputs.connector = objects.outbound_connector("Example", domain);
        auto decision = decide_tls(inputs);
        benchmark::DoNotOptimize(decision);
    }
}

void BM_Decide(benchmark::State& state)
{
    decide_for_partners(state, [](TlsInputs&) {});
}
BENCHMARK(BM_Decide);

void BM_DecideWithEverySource(benchmark::State& state)
{
    decide_for_partners(state, [](TlsInputs& inputs) {
        inputs.hop.tlsa_status = TlsaStatus::Usable;
        inputs.hop.tlsa =
            std::make_shared<const TlsaSet>(TlsaSet{"mx.example.net", {{3, 1, 1, "digest"}}});
        inputs.hop.sts = StsMode::Enforce;
        inputs.hop.sts_lists_host = true;
        inputs.requests.requiretls = true;
        inputs.ratchet = Expectation{true, true, facts::TlsVersion::Tls12};
        inputs.retired_below = facts::TlsVersion::Tls12;
    });
}
BENCHMARK(BM_DecideWithEverySource);

// The text under which a connection may be used again.
void BM_Digest(benchmark::State& state)
{
    const auto objects = snapshot();
    TlsInputs inputs;
    inputs.organization = &objects.organization();
    inputs.connector = &objects.contents().outbound_connectors.front();
    inputs.hop = hop(*mail::Domain::parse("partner0.test"));
    const auto decision = decide_tls(inputs);
    for (auto _ : state) benchmark::DoNotOptimize(decision.policy.digest());
}
BENCHMARK(BM_Digest);

}  // namespace
}  // namespace hermetic::policy
