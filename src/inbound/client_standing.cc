#include "inbound/client_standing.h"

#include "core/text.h"
#include "events/publisher.h"
#include "facts/reasons.h"
#include "mail/path.h"
#include "metrics/metrics.h"
#include "net/stream.h"

#include <algorithm>
#include <utility>

namespace hermetic::inbound {
namespace {

using facts::Reason;
using metrics::Metric;

constexpr std::size_t kMaxTold = 50;  // lines about one session
constexpr std::size_t kAddressShown = 300;

template <typename Map>
typename Map::mapped_type find_or_null(const Map& map, const std::string& key)
{
    const auto found = map.find(key);
    return found == map.end() ? nullptr : found->second;
}

Metric metric_of(Reason reason)
{
    switch (reason) {
    case Reason::ConnectorTlsRequired:
    case Reason::ConnectorTlsAtProxy:
        return Metric::InboundTlsRequired;
    case Reason::ConnectorTlsVersion:
    case Reason::OrganizationTlsVersion:
        return Metric::InboundTlsVersion;
    case Reason::ConnectorCertificateMismatch:
        return Metric::InboundCertificate;
    case Reason::ConnectorNetworkMismatch:
        return Metric::InboundNetwork;
    case Reason::SenderOwnDomain:
        return Metric::InboundOwnDomain;
    case Reason::RetirementShare:
    case Reason::RetirementEnded:
        return Metric::InboundRetired;
    default:
        return Metric::InboundCasUnavailable;
    }
}

}  // namespace

ClientStanding::ClientStanding(SessionId session, const net::Stream& stream,
                               events::Publisher& events, metrics::Metrics& metrics,
                               const SessionWatch* watch)
    : session_{session}, stream_{stream}, events_{events}, metrics_{metrics}, watch_{watch}
{
}

void ClientStanding::begin(objects::SnapshotPointer snapshot, ClientTrustPointer trust,
                           policy::ClientEvidence evidence, mail::ReversePath sender)
{
    snapshot_ = std::move(snapshot);
    trust_ = std::move(trust);
    evidence_ = std::move(evidence);
    evidence_.judge_chain = [this](const objects::InboundConnector& connector) {
        return judge_chain(connector);
    };
    sender_ = std::move(sender);
    relay_organization_.clear();
    attribution_ = policy::attribute(*snapshot_, evidence_);
    connector_ = {};
    because_.clear();
    judge_for_watch();
    if (attribution_.claims.empty()) {
        if (!attribution_.unjudged.empty()) because_ = attribution_.unjudged.front().because();
        return;
    }
    const policy::Admission* chosen = policy::choose_admission(*snapshot_, attribution_, sender_);
    if (chosen != nullptr) connector_ = objects::owned_name(*chosen->connector);
    because_ = (chosen != nullptr ? *chosen : attribution_.claims.front()).because();
}

void ClientStanding::end()
{
    attribution_ = {};
    evidence_ = {};
    snapshot_.reset();
    trust_.reset();
}

// Once per session for each set of CAs and CRLs: a resumed transaction or a second connector with
// the same CAs costs nothing, and a reload is noticed.
facts::ChainVerdict ClientStanding::judge_chain(const objects::InboundConnector& connector)
{
    if (!trust_) return {};
    const auto cas = find_or_null(trust_->cas, connector.ca);
    if (!cas) return {};
    const objects::Organization& owner = snapshot_->organization(connector.organization);
    const bool revocation = owner.revocation == objects::Revocation::StapledAndCrl;
    const auto crls = revocation ? find_or_null(trust_->crls, owner.crl_folder) : nullptr;
    const bool unreadable = revocation && !owner.crl_folder.empty() && !crls;
    if (unreadable) return {};  // revoked or not: that cannot be known now
    const auto purpose = connector.certificate_purpose == objects::CertificatePurpose::Client
                             ? tls::ClientPurpose::Client
                             : tls::ClientPurpose::ClientOrServer;
    for (const JudgedChain& each : judged_) {
        if (each.cas == cas && each.crls == crls && each.purpose == purpose) return each.verdict;
    }
    judged_.push_back({cas, crls, purpose, stream_.judge_client(*cas, crls.get(), purpose)});
    return judged_.back().verdict;
}

bool ClientStanding::certificate_proved() const
{
    return std::ranges::any_of(judged_, [](const JudgedChain& each) {
        return each.verdict.state == facts::ChainVerdict::State::Verified;
    });
}

RecipientFacts ClientStanding::facts(WallTime now, RecipientFacts facts) const
{
    facts.evidence = &evidence_;
    facts.attribution = &attribution_;
    facts.sender = &sender_;
    facts.now = now;
    return facts;
}

std::optional<smtp::Refusal> ClientStanding::refuse_sender(WallTime now)
{
    auto decision = inbound::refuse_sender(*snapshot_, facts(now));
    if (!decision) return std::nullopt;
    tell(*decision, nullptr);
    note_for_watch(*decision, nullptr);
    return std::move(decision->refusal);
}

RecipientDecision ClientStanding::decide(RecipientFacts asked, WallTime now)
{
    const mail::Mailbox* const mailbox = asked.mailbox;
    RecipientDecision decision = decide_recipient(*snapshot_, facts(now, asked));
    if (decision.relayed_by != nullptr)
        relay_organization_ = decision.relayed_by->connector->organization;
    tell(decision, mailbox);
    note_for_watch(decision, mailbox);
    return decision;
}

void ClientStanding::judge_for_watch()
{
    judgements_.clear();
    if (watch_ == nullptr || !watch_->is_waiting()) return;
    const auto& all = snapshot_->contents().inbound_connectors;
    for (const objects::OwnedName& name : watch_->connectors()) {
        const auto found = std::ranges::find_if(
            all, [&name](const auto& each) { return objects::owned_name(each) == name; });
        if (found != all.end())
            judgements_.push_back(judge(*snapshot_, *found, evidence_, attribution_, sender_));
    }
}

void ClientStanding::note_for_watch(const RecipientDecision& decision, const mail::Mailbox* mailbox)
{
    for (events::Judgement& each : judgements_) {
        if (each.recipients.size() >= events::Judgement::kMaxRecipients) continue;
        const std::string whom =
            mailbox == nullptr ? std::string{} : printable(mailbox->format(), kAddressShown) + ": ";
        each.recipients.push_back(whom + (decision.refusal ? "refused, " : "accepted, ") +
                                  std::string{facts::name(decision.reason)});
    }
}

std::vector<AdmittedBy> ClientStanding::admitted_by() const
{
    std::vector<AdmittedBy> admitted;
    for (const policy::Admission& each : attribution_.claims) {
        if (!each.grants()) continue;
        admitted.push_back({each.connector->organization, each.connector->name,
                            each.connector->treat_as_internal});
    }
    return admitted;
}

bool ClientStanding::required_tls(std::string_view organization, WallTime now) const
{
    return policy::requires_tls({snapshot_.get(), &evidence_, &attribution_, &sender_, now},
                                organization);
}

void ClientStanding::tell(const RecipientDecision& decision, const mail::Mailbox* mailbox)
{
    if (decision.fault) {
        metrics_.add(metric_of(decision.fault->reason));
        tell(*decision.fault, Audited::No, mailbox);
    } else if (decision.refusal && decision.reason == Reason::RecipientRelayDenied) {
        metrics_.add(Metric::InboundRelayDenied);
    }
    for (const policy::InboundFault& each : decision.audited) {
        metrics_.add(Metric::InboundAudited);
        tell(each, Audited::Yes, mailbox);
    }
}

// Each finding once per session: who tries a thousand recipients finds the same a thousand times.
void ClientStanding::tell(const policy::InboundFault& fault, Audited audited,
                          const mail::Mailbox* mailbox)
{
    std::string key{audited == Audited::Yes ? "audited " : "refused "};
    key.append(facts::name(fault.reason)).append(" ");
    if (fault.connector != nullptr) key += fault.connector->name;
    if (told_.size() >= kMaxTold || std::ranges::find(told_, key) != told_.end()) return;
    told_.push_back(std::move(key));
    events::ClientFault found;
    found.session = session_;
    found.client = evidence_.address;
    found.sender = printable(mail::format_path(sender_), kAddressShown);
    if (mailbox != nullptr) found.recipient = printable(mailbox->format(), kAddressShown);
    found.audited = audited == Audited::Yes;
    if (fault.connector != nullptr)
        found.connector = {fault.connector->name, fault.connector->organization};
    found.reason = fault.reason;
    found.presented = fault.presented;
    found.wanted = fault.wanted;
    events_.publish(std::move(found));
}

}  // namespace hermetic::inbound
