// A probe of a domain or a host: what it offers, and what would pass at each level.
//
// Specification §10 (`hermetic probe`). Coroutine of the environment's core; ends by its `until`.
#pragma once

#include "validation/host_probe.h"
#include "validation/subject.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::validation {

// "example.org", "mx.example.org:25", "192.0.2.1", "[2001:db8::1]:2525".
struct ProbeTarget {
    std::string domain;  // empty: an address
    std::optional<IpAddress> address;
    std::optional<std::uint16_t> port;  // with one, the name is a host: nobody asks for its MX
};
[[nodiscard]] std::optional<ProbeTarget> parse_probe_target(std::string_view text);

struct ProbeFindings {
    std::string target;
    std::vector<HostFindings> hosts;
    Flow flow;                    // of mail under the subject's organization, without a connector
    State state = State::Failed;  // Ok: every address showed all; Failed: mail would not go
};
// `subject`: an organization's (subject.h).
[[nodiscard]] net::Task<ProbeFindings> probe(const Environment& env,
                                             std::shared_ptr<const tls::CaSet> system_cas,
                                             Subject subject, ProbeTarget target, Sink sink);

}  // namespace hermetic::validation
