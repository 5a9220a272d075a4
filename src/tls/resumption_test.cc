// When a TLS session is resumed, and when it must not be.
#include "tls/handshake_fixture.h"

namespace hermetic::tls {
namespace {

using facts::ChainVerdict;
using facts::TlsVersion;

class Resumption : public Handshake {
protected:
    ClientHandshake resuming(const ClientProfile& profile, const std::string& key = "policy-1")
    {
        auto handshake = client(profile);
        handshake.cache = cache_.get();
        handshake.reuse_key = key;
        return handshake;
    }
    bool resumed(std::shared_ptr<const ServerContext> context, ClientHandshake handshake)
    {
        Pair pair{std::move(context), std::move(handshake)};
        EXPECT_TRUE(pair.shake());
        const auto evidence = pair.client().evidence();
        EXPECT_EQ(evidence.chain.size(), 2U) << "the chain is evidence in a resumed session, too";
        EXPECT_EQ(evidence.verdict.state, ChainVerdict::State::Verified);
        EXPECT_TRUE(evidence.name_matches);
        EXPECT_EQ(pair.server().evidence().resumed, evidence.resumed);
        return evidence.resumed;
    }
    SessionCachePointer cache_ = make_session_cache(100);
};

TEST_F(Resumption, HappensInBothVersionsAndKeepsTheEvidence)
{
    for (const auto max : {TlsVersion::Tls12, TlsVersion::Tls13}) {
        SCOPED_TRACE(facts::format_version(max));
        cache_ = make_session_cache(100);
        const auto context = server(server_profile());
        auto profile = client_profile();
        profile.max = max;
        EXPECT_FALSE(resumed(context, resuming(profile)));
        EXPECT_TRUE(resumed(context, resuming(profile)));
        EXPECT_TRUE(resumed(context, resuming(profile)));
    }
}

TEST_F(Resumption, HappensOnlyUnderTheSameKey)
{
    const auto context = server(server_profile());
    EXPECT_FALSE(resumed(context, resuming(client_profile(), "policy-1")));
    EXPECT_FALSE(resumed(context, resuming(client_profile(), "policy-2")));
    EXPECT_TRUE(resumed(context, resuming(client_profile(), "policy-1")));
}

TEST_F(Resumption, IsNoPartOfAMinimalHello)
{
    const auto context = server(server_profile());
    ClientProfile minimal = client_profile();
    minimal.hello = Hello::Minimal;
    EXPECT_FALSE(resumed(context, resuming(client_profile())));
    EXPECT_FALSE(resumed(context, resuming(minimal)));
    EXPECT_TRUE(resumed(context, resuming(client_profile()))) << "the session was left alone";
}

TEST_F(Resumption, ATicketOfOneListenerResumesNowhereElse)
{
    const auto first = server(server_profile());
    const auto second = server(server_profile());
    EXPECT_FALSE(resumed(first, resuming(client_profile())));
    EXPECT_FALSE(resumed(second, resuming(client_profile())));
}

TEST_F(Resumption, IsNotOfferedWhereClientCertificatesCount)
{
    auto profile = server_profile();
    profile.client_certificates = ClientCertificates::Request;
    const auto context = server(profile);
    for (const auto max : {TlsVersion::Tls12, TlsVersion::Tls13}) {
        auto wanted = client_profile();
        wanted.max = max;
        EXPECT_FALSE(resumed(context, resuming(wanted)));
        EXPECT_FALSE(resumed(context, resuming(wanted)));
    }
}

TEST_F(Resumption, WorksForNamesOfOtherCertificates)
{
    auto profile = server_profile();
    profile.certificates.push_back(pki().make("second.example.net"));
    const auto context = server(profile);
    auto handshake = resuming(client_profile());
    handshake.sni = handshake.expected_name = "second.example.net";
    EXPECT_FALSE(resumed(context, handshake));
    EXPECT_TRUE(resumed(context, handshake));
}

}  // namespace
}  // namespace hermetic::tls
