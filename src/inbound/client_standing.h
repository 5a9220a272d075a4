// ClientStanding: what evidence makes of a session's client, and what it has been told.
//
// One session's, on its core. policy/ and recipient_policy.h decide; this one collects the
// evidence, judges chains once per session and CA set, and keeps logs to one line for each finding.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "facts/tls.h"
#include "inbound/client_trust.h"
#include "inbound/message_factory.h"
#include "inbound/recipient_policy.h"
#include "inbound/session_watch.h"
#include "objects/snapshot.h"
#include "policy/inbound_attribution.h"
#include "tls/context.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::events {
class Publisher;
}
namespace hermetic::metrics {
class Metrics;
}
namespace hermetic::net {
class Stream;
}

namespace hermetic::inbound {

class ClientStanding {
public:
    // All of it outlives this. `watch` may be null.
    ClientStanding(SessionId session, const net::Stream& stream, events::Publisher& events,
                   metrics::Metrics& metrics, const SessionWatch* watch);

    // A transaction begins. `evidence` has all but judge_chain; its `tls` outlives the transaction,
    // and `trust` may be null. The snapshot is kept until end().
    void begin(objects::SnapshotPointer snapshot, ClientTrustPointer trust,
               policy::ClientEvidence evidence, mail::ReversePath sender);
    // The transaction has ended: keeps verdicts on chains, and nothing of the snapshot.
    void end();

    // Between begin() and end(). A refusal is counted, and logged with what would have passed.
    [[nodiscard]] std::optional<smtp::Refusal> refuse_sender(WallTime now);
    // `asked` has what is not the client's: mailbox, own address and options.
    [[nodiscard]] RecipientDecision decide(RecipientFacts asked, WallTime now);
    // Of the last transaction, by each connector that a guided test waits for.
    [[nodiscard]] std::vector<events::Judgement> take_judgements()
    {
        return std::exchange(judgements_, {});
    }
    // By whose right foreign recipients so far are relayed; empty: nobody's.
    [[nodiscard]] const std::string& relay_organization() const { return relay_organization_; }
    [[nodiscard]] std::vector<AdmittedBy> admitted_by() const;
    // Whether a connector of `organization` required TLS of this mail.
    [[nodiscard]] bool required_tls(std::string_view organization, WallTime now) const;
    // A connector's CAs vouch for the client's certificate.
    [[nodiscard]] bool certificate_proved() const;

    // Of the last transaction: the connector that mail counted under, empty where nobody admitted
    // the client, and why.
    [[nodiscard]] const objects::OwnedName& connector() const { return connector_; }
    [[nodiscard]] const std::string& because() const { return because_; }

private:
    struct JudgedChain {
        std::shared_ptr<const tls::CaSet> cas;
        std::shared_ptr<const tls::CrlSet> crls;
        tls::ClientPurpose purpose;
        facts::ChainVerdict verdict;
    };

    [[nodiscard]] facts::ChainVerdict judge_chain(const objects::InboundConnector& connector);
    [[nodiscard]] RecipientFacts facts(WallTime now, RecipientFacts asked = {}) const;
    void judge_for_watch();
    void note_for_watch(const RecipientDecision& decision, const mail::Mailbox* mailbox);
    void tell(const RecipientDecision& decision, const mail::Mailbox* mailbox);
    enum class Audited : std::uint8_t { No, Yes };
    void tell(const policy::InboundFault& fault, Audited audited, const mail::Mailbox* mailbox);

    SessionId session_;
    const net::Stream& stream_;
    events::Publisher& events_;
    metrics::Metrics& metrics_;
    const SessionWatch* watch_;
    std::vector<events::Judgement> judgements_;
    objects::SnapshotPointer snapshot_;
    ClientTrustPointer trust_;
    policy::ClientEvidence evidence_;
    policy::Attribution attribution_;
    mail::ReversePath sender_;
    std::string relay_organization_;
    objects::OwnedName connector_;
    std::string because_;
    std::vector<JudgedChain> judged_;
    std::vector<std::string> told_;  // bounded; what the log has of this session
};

}  // namespace hermetic::inbound
