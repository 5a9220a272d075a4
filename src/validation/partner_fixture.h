// Scripted partners, a resolver in memory and a core, for tests of probes. Tests only.
#pragma once

#include "dns/resolver_fixture.h"
#include "inbound/bounce_watch.h"
#include "inbound/session_watch.h"
#include "net/core_fixture.h"
#include "observations/observations.h"
#include "outbound/peer_fixture.h"
#include "tls/pki_fixture.h"
#include "validation/subject.h"
#include "validation/validate.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::validation {

using Words = std::vector<std::string>;
using objects::TlsLevel;

// Scripted partners, a resolver in memory and a core.
class PartnerTest : public testing::Test {
protected:
    PartnerTest();
    ~PartnerTest() override;

    // A partner that shows a certificate for these names; none: it offers no STARTTLS.
    outbound::PeerScript in_tls(std::vector<std::string> names);
    // The MX host of a domain, at 127.0.0.1.
    outbound::ScriptedPeer& peer_for(const std::string& domain, outbound::PeerScript script);

    outbound::SettingsPointer settings() const;
    Environment environment();
    // Of the steps that ended: "connect ok", "starttls failed starttls.not-offered" …
    static std::vector<std::string> told(const std::vector<Step>& steps);

    net::CoreFixture fixture_;
    tls::PkiFixture pki_;
    dns::MemoryResolver resolver_;
    outbound::DeliverySettings settings_;
    std::vector<std::unique_ptr<outbound::ScriptedPeer>> peers_;
};

class ValidateTest : public PartnerTest {
protected:
    ValidateTest();
    ~ValidateTest() override;

    objects::OutboundConnector& connector(TlsLevel level);

    Report validated(std::optional<mail::Mailbox> recipient = std::nullopt);

    static net::Task<> run(Environment env, std::shared_ptr<const tls::CaSet> cas, Subject subject,
                           Report& report, Sink sink);
    void accept_own_domain();
    // The token in the envelope sender of the peer's last transaction.
    static std::string token_at(const outbound::ScriptedPeer& peer);

    Sink sink_;  // ignores the steps
    Duration bounce_wait_{};
    objects::Snapshot::Contents contents_;
    observations::Observations observations_;
    inbound::BounceWatch bounces_;
    inbound::SessionWatch sessions_;
};

}  // namespace hermetic::validation
