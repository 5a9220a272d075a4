// What peers do in tests of next-hop selection, by one word each. Tests only.
#pragma once

#include "facts/reasons.h"
#include "policy/next_hop_fixture.h"

#include <optional>
#include <utility>
#include <vector>

namespace hermetic::policy {

// What a peer is, by one word each; whatever it is, it takes mail in clear unless it says not.
inline ConnectionFacts ready_in_clear(const std::optional<StepPlan>& plan, bool offers)
{
    ConnectionFacts facts;
    facts.end = plan && !offers ? ConnectionFacts::End::NotOffered : ConnectionFacts::End::Ready;
    return facts;
}

inline facts::TlsEvidence evidence(TlsVersion version, bool verified)
{
    facts::TlsEvidence tls;
    tls.version = version;
    tls.verdict.state =
        verified ? facts::ChainVerdict::State::Verified : facts::ChainVerdict::State::Failed;
    tls.tlsa = verified ? facts::TlsaVerdict::Matched : facts::TlsaVerdict::Mismatch;
    return tls;
}

inline Answer in_tls(bool verified = true)
{
    return [=](const std::optional<StepPlan>& plan) {
        ConnectionFacts facts = ready_in_clear(plan, true);
        if (plan) facts.tls = evidence(TlsVersion::Tls13, verified);
        return facts;
    };
}

// Every handshake ends in this alert.
inline Answer alerts(int alert)
{
    return [=](const std::optional<StepPlan>& plan) {
        ConnectionFacts facts = ready_in_clear(plan, true);
        if (!plan) return facts;
        facts.end = ConnectionFacts::End::HandshakeFailed;
        facts.failure =
            facts::TlsFailure{facts::TlsFailure::Kind::Alert, alert, "alert", {}, false};
        facts.outcome = outcome(facts::Stage::Handshake, Reason::HandshakeAlert);
        return facts;
    };
}

inline Answer offers_none()
{
    return [](const std::optional<StepPlan>& plan) { return ready_in_clear(plan, false); };
}

inline Answer answers(ConnectionFacts::Peer peer, facts::Outcome what,
                      std::optional<facts::TlsEvidence> tls = {})
{
    return [=](const std::optional<StepPlan>&) {
        ConnectionFacts facts;
        facts.peer = peer;
        facts.outcome = what;
        facts.tls = tls;
        return facts;
    };
}

inline const Answer kTls = in_tls();
inline const Answer kSelfSigned = in_tls(false);
inline const Answer kBroken = alerts(116);  // certificate_required: no other hello would change it
inline const Answer kForbidden = alerts(86);
inline const Answer kNoTls = offers_none();
inline const Answer kDead =
    answers(ConnectionFacts::Peer::Silent, outcome(facts::Stage::Connect, Reason::ConnectRefused));
inline const Answer kBusy = answers(ConnectionFacts::Peer::Greeted,
                                    outcome(facts::Stage::Greeting, Reason::GreetingDeferred,
                                            facts::OutcomeClass::Deferred, facts::Origin::Remote));
inline const Answer kSays554 = answers(ConnectionFacts::Peer::Greeted,
                                       outcome(facts::Stage::Greeting, Reason::GreetingRefused,
                                               facts::OutcomeClass::Failed, facts::Origin::Remote));
inline Answer says_550_in_tls(bool verified)
{
    return answers(ConnectionFacts::Peer::Greeted,
                   outcome(facts::Stage::Ehlo, Reason::EhloRefused, facts::OutcomeClass::Failed,
                           facts::Origin::Remote),
                   evidence(TlsVersion::Tls13, verified));
}
inline Answer closes_in_tls(bool verified)
{
    return answers(ConnectionFacts::Peer::Greeted,
                   outcome(facts::Stage::Ehlo, Reason::ConnectionClosed),
                   evidence(TlsVersion::Tls13, verified));
}
inline const Answer kBusyInTls =
    answers(ConnectionFacts::Peer::Greeted,
            outcome(facts::Stage::Ehlo, Reason::EhloDeferred, facts::OutcomeClass::Deferred,
                    facts::Origin::Remote),
            evidence(TlsVersion::Tls13, true));
inline const Answer kRefusesStartTls = [](const std::optional<StepPlan>& plan) {
    ConnectionFacts facts = ready_in_clear(plan, true);
    if (!plan) return facts;
    facts.end = ConnectionFacts::End::Refused;
    facts.outcome = outcome(facts::Stage::StartTls, Reason::StarttlsRefused,
                            facts::OutcomeClass::Deferred, facts::Origin::Remote);
    return facts;
};

// 421 instead of beginning TLS.
inline const Answer kClosesAtStartTls = [](const std::optional<StepPlan>& plan) {
    ConnectionFacts facts = ready_in_clear(plan, true);
    if (!plan) return facts;
    facts.end = ConnectionFacts::End::Failed;
    facts.outcome = outcome(facts::Stage::StartTls, Reason::StarttlsDeferred,
                            facts::OutcomeClass::Deferred, facts::Origin::Remote);
    facts.outcome->code = 421;
    return facts;
};

// More than it was asked for, before STARTTLS could be sent.
inline const Answer kSpeaksUnasked = answers(
    ConnectionFacts::Peer::Greeted, outcome(facts::Stage::StartTls, Reason::ReplyUnexpected));

inline RecordedHost host(std::vector<RecordedAddress> addresses)
{
    RecordedHost host;
    host.addresses = std::move(addresses);
    return host;
}

inline RecordedHost long_silent(RecordedHost host)
{
    host.long_silent = true;
    return host;
}

inline RecordedHost with_login(RecordedHost host)
{
    host.credentials.login = true;
    return host;
}

inline RecordedHost implicit(RecordedHost host)
{
    host.implicit_tls = true;
    return host;
}

inline RecordedHost with_tlsa(RecordedHost host, TlsaStatus status)
{
    host.tlsa_status = status;
    if (status == TlsaStatus::Usable) host.tlsa = tlsa();
    return host;
}

inline RecordedHost unresolved(Reason reason, facts::OutcomeClass result)
{
    RecordedHost host;
    host.unresolved = outcome(facts::Stage::Dns, reason, result);
    return host;
}

inline RecordedAddress dead(Answer answer)
{
    return {std::move(answer), true};
}

}  // namespace hermetic::policy
