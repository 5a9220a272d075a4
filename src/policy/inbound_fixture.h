// Organizations, connectors and evidence for tests of what inbound connectors decide. Tests only.
#pragma once

#include "objects/snapshot.h"
#include "policy/inbound_attribution.h"

#include <string>
#include <vector>

namespace hermetic::policy {

// Two organizations, "a" with a.example and "b" with b.example, without connectors.
inline objects::Snapshot::Contents two_organizations()
{
    objects::Snapshot::Contents contents;
    for (const std::string name : {"a", "b"}) {
        objects::Organization organization;
        organization.name = name;
        organization.postmaster = *mail::parse_mailbox("postmaster@" + name + ".example");
        contents.organizations.push_back(organization);
        objects::AcceptedDomain domain;
        domain.name = *objects::DomainPattern::parse(name + ".example");
        domain.organization = name;
        contents.accepted_domains.push_back(domain);
    }
    return contents;
}

struct ConnectorWords {
    std::string name;
    std::string organization = "a";
    objects::ConnectorKind kind = objects::ConnectorKind::Partner;
    std::vector<std::string> senders{};
    std::vector<std::string> networks{};
    std::vector<std::string> names{};
    std::string ca = "own.pem";
};

inline objects::InboundConnector make_connector(const ConnectorWords& words)
{
    objects::InboundConnector made;
    made.name = words.name;
    made.organization = words.organization;
    made.kind = words.kind;
    for (const auto& each : words.senders)
        made.sender_domains.push_back(*objects::DomainPattern::parse(each));
    for (const auto& each : words.networks) made.networks.push_back(*Network::parse(each));
    for (const auto& each : words.names)
        made.certificate_names.push_back(*objects::TlsName::parse(each));
    made.ca = words.ca;
    return made;
}

// A session; the chain of its certificate verifies against the CAs of `ca` alone.
class SessionWords {
public:
    explicit SessionWords(const std::string& address, const std::string& version = "1.3",
                          const std::vector<std::string>& names = {},
                          const std::string& ca = "own.pem")
    {
        evidence_.address = *IpAddress::parse(address);
        if (version.empty()) return;
        tls_.version = *facts::parse_version(version);
        if (!names.empty()) tls_.chain.resize(1);
        if (!names.empty()) tls_.chain[0].dns_names = names;
        evidence_.tls = &tls_;
        evidence_.judge_chain = [ca](const objects::InboundConnector& connector) {
            using State = facts::ChainVerdict::State;
            if (connector.ca == "unreadable.pem") return facts::ChainVerdict{};
            if (connector.ca == ca) return facts::ChainVerdict{State::Verified, {}};
            return facts::ChainVerdict{State::Failed, "unable to get local issuer certificate"};
        };
    }
    SessionWords(const SessionWords&) = delete;
    SessionWords& operator=(const SessionWords&) = delete;

    [[nodiscard]] ClientEvidence& evidence() { return evidence_; }

private:
    facts::TlsEvidence tls_;
    ClientEvidence evidence_;
};

inline mail::ReversePath from(const std::string& sender)
{
    if (sender.empty()) return std::nullopt;
    return *mail::parse_mailbox(sender);
}

}  // namespace hermetic::policy
