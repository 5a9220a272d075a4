// Whether mail would flow now: delivery's own client goes to the next hop
// (outbound/next_hop_client.h), logs in where mail would, and stops before MAIL. It remembers
// nothing.
//
// Coroutines of the environment's core.
#pragma once

#include "net/task.h"
#include "outbound/next_hop_client.h"
#include "validation/conversation.h"
#include "validation/findings.h"
#include "validation/subject.h"

#include <memory>
#include <string>

namespace hermetic::validation {

// An outbound context for one probe: the partner's settings and timeouts, no memory, no pool.
class ProbeContext {
public:
    // `credentials`: what the connector that is probed names in files; null: nothing.
    ProbeContext(const Environment& env, std::shared_ptr<const outbound::Credentials> credentials,
                 std::shared_ptr<const tls::CaSet> system);
    ~ProbeContext();
    ProbeContext(const ProbeContext&) = delete;
    ProbeContext& operator=(const ProbeContext&) = delete;

    [[nodiscard]] outbound::Context& outbound_context();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

struct Found {
    Flow flow;
    std::string host;     // that would be used; where mail would wait: whose failure counts
    std::string address;  // its; empty where nobody was connected to
    std::string policy;   // that holds there: its digest
    outbound::ConnectionPointer connection;  // where mail would flow: ready for a transaction
};

// What becomes of mail that demands `demand`, as delivery would find it. `watcher` may be null.
// `message` outlives the await; null: what the host offers for messages is not judged.
[[nodiscard]] net::Task<Found> find_flow(ProbeContext& probe_context, outbound::HostList list,
                                         policy::TlsDemand demand, outbound::HopWatcher* watcher,
                                         const OfferedMessage* message = nullptr);

// By what the certificates of hosts are judged: the connector's CAs where it has some, and what the
// organization knows of revocation. `connector` may be null.
[[nodiscard]] tls::Trust trust_of(ProbeContext& probe_context,
                                  const objects::Organization& organization,
                                  const objects::OutboundConnector* connector = nullptr);

// QUIT, without waiting for its reply; closes. Null: nothing.
void hang_up(outbound::ConnectionPointer connection);

// What mail under the subject's connector demands. Points into `subject`.
[[nodiscard]] policy::TlsDemand demand_of(const Subject& subject);

// The hosts of one route as the client wants them; `only`: one address of one of them.
[[nodiscard]] outbound::HostList list_of(const std::vector<HostFindings>& hosts);
[[nodiscard]] outbound::HostList list_of(const HostFindings& host, const IpAddress& only);

}  // namespace hermetic::validation
