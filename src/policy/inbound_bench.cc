// What inbound connectors cost a session and a RCPT, with few and with many of them.
#include "policy/inbound_restrictions.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace hermetic::policy {
namespace {

// Two organizations; of the connectors half are partners, half grant.
objects::Snapshot snapshot(std::int64_t connectors)
{
    objects::Snapshot::Contents contents;
    for (const std::string name : {"a", "b"}) {
        contents.organizations.emplace_back().name = name;
        auto& domain = contents.accepted_domains.emplace_back();
        domain.name = *objects::DomainPattern::parse(name + ".example");
        domain.organization = name;
    }
    for (std::int64_t i = 0; i < connectors; ++i) {
        auto& made = contents.inbound_connectors.emplace_back();
        const std::string domain = "partner" + std::to_string(i) + ".example";
        made.name = domain;
        made.organization = i % 4 < 2 ? "a" : "b";
        made.certificate_names = {*objects::TlsName::parse("mx." + domain)};
        made.networks = {*Network::parse("10." + std::to_string(i / 250 % 250) + "." +
                                         std::to_string(i % 250) + ".0/24")};
        if (i % 2 == 0) {
            made.sender_domains = {*objects::DomainPattern::parse(domain),
                                   *objects::DomainPattern::parse("*." + domain)};
            made.require_certificate = true;
        } else {
            made.kind = objects::ConnectorKind::OnPremises;
        }
    }
    return objects::Snapshot{std::move(contents)};
}

// A partner with its certificate, in its network.
struct Client {
    Client()
    {
        tls.version = facts::TlsVersion::Tls13;
        tls.chain.emplace_back().dns_names = {"mx.partner0.example", "mx.elsewhere.example"};
        evidence.address = *IpAddress::parse("10.0.0.9");
        evidence.tls = &tls;
        evidence.judge_chain = [](const objects::InboundConnector&) {
            return facts::ChainVerdict{facts::ChainVerdict::State::Verified, {}};
        };
    }
    facts::TlsEvidence tls;
    ClientEvidence evidence;
    mail::ReversePath sender = *mail::parse_mailbox("user@partner0.example");
};

void attribute_a_client(benchmark::State& state)
{
    const auto objects = snapshot(state.range(0));
    const Client client;
    for (auto _ : state) benchmark::DoNotOptimize(attribute(objects, client.evidence));
}
BENCHMARK(attribute_a_client)->Arg(10)->Arg(1'000)->Arg(10'000);

void judge_a_recipient(benchmark::State& state)
{
    const auto objects = snapshot(state.range(0));
    const Client client;
    const Attribution attribution = attribute(objects, client.evidence);
    const RestrictionInputs inputs{&objects, &client.evidence, &attribution, &client.sender, {}};
    for (auto _ : state) benchmark::DoNotOptimize(judge_restrictions(inputs, "a"));
}
BENCHMARK(judge_a_recipient)->Arg(10)->Arg(1'000)->Arg(10'000);

}  // namespace
}  // namespace hermetic::policy
