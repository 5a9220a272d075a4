// The validating resolver: libunbound in the process, equal questions coalesced.
//
// Answers are facts with their security; nothing is decided here. An answer never waits longer than
// its deadline: then it is Failed, "MX: timeout".
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "facts/dns.h"
#include "facts/dns_text.h"
#include "net/task.h"

#include <memory>
#include <string>
#include <vector>

namespace hermetic::net {
class Core;
}

namespace hermetic::dns {

struct ResolverOptions {
    std::vector<std::string> forward;        // "192.0.2.53:53"; empty: from the root
    std::vector<std::string> trust_anchors;  // DS or DNSKEY as text; empty: the root's
    std::string root_anchor_file;            // used where trust_anchors is empty; may be missing
    Duration timeout = std::chrono::seconds{10};
};

// Thread-safe. Results arrive on the core that asked. close() before the cores end.
class Resolver {
public:
    virtual ~Resolver() = default;
    // Names without a trailing dot. Coroutine of `core`.
    [[nodiscard]] virtual net::Task<facts::MxAnswer> mx(net::Core& core, std::string name,
                                                        Instant deadline) = 0;
    [[nodiscard]] virtual net::Task<facts::AddressAnswer> addresses(net::Core& core,
                                                                    std::string name,
                                                                    Instant deadline) = 0;
    [[nodiscard]] virtual net::Task<facts::TlsaAnswer> tlsa(net::Core& core, std::string name,
                                                            Instant deadline) = 0;
    // Whether `name` itself is an alias, and how far that is proved, wherever it leads to: Found
    // and Secure although the target's zone is not signed (RFC 7672 §2.2.3).
    [[nodiscard]] virtual net::Task<facts::DnsFacts> alias(net::Core& core, std::string name,
                                                           Instant deadline) = 0;
    // TXT, and the names of an address (PTR).
    [[nodiscard]] virtual net::Task<facts::TextAnswer> texts(net::Core& core, std::string name,
                                                             Instant deadline) = 0;
    [[nodiscard]] virtual net::Task<facts::PointerAnswer> names(net::Core& core, IpAddress address,
                                                                Instant deadline) = 0;
    virtual void close() = 0;
};

[[nodiscard]] Result<std::unique_ptr<Resolver>, std::string> make_resolver(
    const ResolverOptions& options);

}  // namespace hermetic::dns
