// What a look at a partner found, as values: its hosts, and what each address showed.
//
// Pure. Found by look.h; judged by judge.h; told of by words.h.
#pragma once

#include "facts/attempt.h"
#include "facts/dns.h"
#include "facts/tls.h"
#include "outbound/hosts.h"
#include "outbound/opening.h"
#include "policy/ladder.h"
#include "policy/tls_policy.h"
#include "smtp/client_capabilities.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::validation {

// What one connection showed, up to where it ended.
using Seen = outbound::Opened;

// One protocol version, offered alone on a connection of its own.
struct VersionTry {
    facts::TlsVersion version = facts::TlsVersion::None;
    bool accepted = false;
    std::string cipher;
    std::string group;
    std::string why;  // where not accepted; printable
};

struct AddressFindings {
    Endpoint endpoint;
    std::optional<facts::Outcome> refused;  // by our own rules: nobody was connected to
    Seen seen;                              // of the connection that offers what delivery would
    std::vector<VersionTry> versions;
    std::optional<facts::TlsEvidence> evidence;  // of the best connection there was
};

struct HostFindings {
    outbound::Host host;
    facts::DnsSecurity mx_security = facts::DnsSecurity::Insecure;
    std::string domain;            // of an MX route
    std::string canonical_domain;  // after CNAMEs
    std::optional<facts::Outcome> failure;
    std::vector<IpAddress> addresses;
    facts::DnsSecurity address_security = facts::DnsSecurity::Insecure;
    std::string canonical_name;  // after CNAMEs; empty where DNS was not asked
    policy::TlsaStatus tlsa_status = policy::TlsaStatus::NotAsked;
    std::shared_ptr<const policy::TlsaSet> tlsa;  // where Usable
    std::string tlsa_words;
    std::vector<AddressFindings> looks;

    [[nodiscard]] policy::HopFacts hop() const;
};

// Whether mail would flow under a policy, as delivery's own client found it (flow.h).
struct Flow {
    bool flows = false;
    bool in_clear = false;
    policy::RungKind rung = policy::RungKind::Everything;
    facts::Reason reason{};  // why it flows so, or why not
    std::string words;       // printable
    std::string fix;         // where it does not flow
    std::optional<facts::TlsEvidence> tls;
};

}  // namespace hermetic::validation
