// From what was seen to findings: the decisions of `hermetic setup`.
//
// Pure. A question that was not answered is unknown, never "no such record".
#pragma once

#include "core/time.h"
#include "setup/facts.h"
#include "setup/findings.h"
#include "setup/wanted.h"

#include <string>
#include <string_view>
#include <vector>

namespace hermetic::setup {

// What the facts are held against.
struct Expected {
    std::string hostname;
    std::uint16_t port = 25;
    // Where the world reaches this machine, where somebody says so; else its own public addresses.
    std::vector<IpAddress> addresses;
    std::string postmaster;  // reports go there
    CertificateKind certificate = CertificateKind::SelfSigned;
    WallTime now{};
};

[[nodiscard]] Findings judge_machine(const Expected& expected, const NetworkFacts& facts);
// The host's addresses with their names and what answers there.
[[nodiscard]] Findings judge_host(const Expected& expected, const NetworkFacts& facts);
[[nodiscard]] Finding judge_certificate(const Expected& expected, const CertificateState& state);
[[nodiscard]] Finding judge_tlsa(const Expected& expected, const NetworkFacts& facts,
                                 const facts::CertificateFacts& certificate);
[[nodiscard]] Findings judge_domain(const Expected& expected, const NetworkFacts& facts,
                                    const DomainFacts& domain);

// The MTA-STS policy to serve (RFC 8461 §3.2).
[[nodiscard]] std::string format_sts_policy(const std::string& hostname);

}  // namespace hermetic::setup
