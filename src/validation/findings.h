// What a probe of a partner found, as values: its hosts, and what each address showed.
//
// Pure. Found by host_probe.h; judged by judge.h; described by words.h.
#pragma once

#include "facts/attempt.h"
#include "facts/dns.h"
#include "facts/tls.h"
#include "outbound/hosts.h"
#include "outbound/opening.h"
#include "policy/ladder.h"
#include "policy/tls_policy.h"
#include "smtp/client_session.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

// What becomes of mail: as delivery would find it now.
enum class Fate : std::uint8_t {
    Goes,
    Waits,
    Returns,  // to its sender, at once
};
[[nodiscard]] std::string_view name(Fate fate);  // "goes", "waits", "returns"

// Whether what a host says is known to be its own word.
enum class Proof : std::uint8_t {
    None,      // in clear: anybody may have said it
    Unproved,  // in TLS, with whomever
    Proved,
};
// What mail would come to under one level of protection.
struct LevelVerdict {
    policy::TlsLevel level = policy::TlsLevel::None;
    Fate fate = Fate::Waits;
    bool in_clear = false;  // goes, but not in TLS
    facts::Reason reason{};
    std::string words{};  // printable: the reason's, with what was seen
};

struct AddressFindings {
    Endpoint endpoint;
    std::optional<facts::Outcome> refused;  // by our own rules: nobody was connected to
    Seen seen;                              // of the connection that offers what delivery would
    std::vector<VersionTry> versions;
    std::optional<facts::TlsEvidence> evidence;  // of the best connection there was
    std::vector<LevelVerdict> levels;            // weakest first; empty: not tested
};

struct HostFindings {
    outbound::Host host;
    facts::DnsSecurity mx_security = facts::DnsSecurity::Insecure;
    std::string domain;            // of an MX route
    std::string canonical_domain;  // after CNAMEs
    std::optional<facts::Outcome> failure;
    std::vector<IpAddress> addresses;
    facts::DnsSecurity address_security = facts::DnsSecurity::Insecure;
    std::string canonical_name;             // after CNAMEs; empty where DNS was not asked
    std::optional<facts::Outcome> missing;  // the lookup of IPv6 or of IPv4 failed
    policy::TlsaStatus tlsa_status = policy::TlsaStatus::NotAsked;
    std::shared_ptr<const policy::TlsaSet> tlsa;  // where Usable
    std::string tlsa_words;
    std::vector<AddressFindings> probes;
};

// What would become of mail under a policy, as delivery's own client found it (flow.h).
struct Flow {
    Fate fate = Fate::Waits;
    bool in_clear = false;
    policy::StepKind step = policy::StepKind::Everything;
    facts::Reason reason{};  // why it flows so, or why not
    std::string words;       // printable
    std::string fix;         // where it does not go
    std::optional<facts::TlsEvidence> tls;
    Proof proof = Proof::None;  // whether the host there is known to be the one
    bool by_ratchet = false;    // the policy there has what the ratchet expects

    [[nodiscard]] bool goes() const { return fate == Fate::Goes; }
};

}  // namespace hermetic::validation
