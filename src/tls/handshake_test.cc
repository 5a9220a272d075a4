#include "tls/handshake_fixture.h"
#include "tls/session_cache.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

namespace hermetic::tls {
namespace {

using facts::ChainFault;
using facts::ChainVerdict;
using facts::TlsFailure;
using facts::TlsVersion;
using ::testing::HasSubstr;

TEST_F(Handshake, ShowsEvidenceOnBothSides)
{
    Pair pair{server(server_profile()), client(client_profile())};

    ASSERT_TRUE(pair.shake());

    const auto seen = pair.client().evidence();
    EXPECT_EQ(seen.version, TlsVersion::Tls13);
    EXPECT_THAT(seen.cipher, HasSubstr("TLS_AES"));
    EXPECT_EQ(seen.group, "X25519");
    EXPECT_FALSE(seen.resumed);
    EXPECT_TRUE(seen.name_matches);
    EXPECT_EQ(seen.verdict.state, ChainVerdict::State::Verified) << seen.verdict.error;
    ASSERT_EQ(seen.chain.size(), 2U);
    EXPECT_EQ(seen.chain[0], facts_of(*mx()));
    EXPECT_EQ(seen.chain[1].subject, "CN=Test Intermediate");

    const auto heard = pair.server().evidence();
    EXPECT_EQ(heard.sni, "mx.example.org");
    EXPECT_EQ(heard.version, TlsVersion::Tls13);
    EXPECT_EQ(heard.verdict.state, ChainVerdict::State::NotChecked);
}

TEST_F(Handshake, CarriesBytesBothWays)
{
    Pair pair{server(server_profile()), client(client_profile())};
    ASSERT_TRUE(pair.shake());

    ASSERT_EQ(pair.client().write("EHLO a\r\n").octets, 8U);
    std::array<char, 64> block{};
    const Io got = pair.server().read(block);
    EXPECT_EQ(std::string_view(block.data(), got.octets), "EHLO a\r\n");
    EXPECT_EQ(pair.server().read(block).progress, Progress::WantRead);

    pair.client().close_notify();
    EXPECT_EQ(pair.server().read(block).progress, Progress::Closed);
}

struct VersionRow {
    TlsVersion server_min, server_max, client_min, client_max;
    TlsVersion agreed;  // None: the handshake fails
};

TEST_F(Handshake, AgreesOnTheHighestCommonVersion)
{
    constexpr auto k10 = TlsVersion::Tls10;
    constexpr auto k11 = TlsVersion::Tls11;
    constexpr auto k12 = TlsVersion::Tls12;
    constexpr auto k13 = TlsVersion::Tls13;
    const VersionRow rows[] = {
        {k12, k13, k12, k13, k13},
        {k12, k12, k12, k13, k12},
        {k12, k13, k12, k12, k12},
        {k10, k13, k10, k11, k11},
        {k10, k10, k10, k13, k10},
        {k10, k13, k10, k10, k10},
        {k12, k13, k10, k11, TlsVersion::None},
        {k10, k11, k12, k13, TlsVersion::None},
        {k13, k13, k12, k12, TlsVersion::None},
    };
    for (const VersionRow& row : rows) {
        SCOPED_TRACE(::testing::Message() << "row " << (&row - rows));
        auto offered = server_profile();
        offered.min = row.server_min;
        offered.max = row.server_max;
        auto wanted = client_profile();
        wanted.min = row.client_min;
        wanted.max = row.client_max;
        Pair pair{server(offered), client(wanted)};

        const bool shaken = pair.shake();

        EXPECT_EQ(shaken, row.agreed != TlsVersion::None);
        if (shaken) {
            EXPECT_EQ(pair.client().evidence().version, row.agreed);
            EXPECT_FALSE(pair.client().evidence().cipher.empty());
        }
    }
}

TEST_F(Handshake, TooOldAClientIsToldByAnAlertAndTheServerKnowsWhy)
{
    auto old = client_profile();
    old.min = TlsVersion::Tls10;
    old.max = TlsVersion::Tls11;
    Pair pair{server(server_profile()), client(old)};

    EXPECT_FALSE(pair.shake());

    ASSERT_EQ(pair.client_progress(), Progress::Failed);
    EXPECT_EQ(pair.client().failure().kind, TlsFailure::Kind::Alert);
    EXPECT_EQ(pair.client().failure().alert, 70);
    EXPECT_EQ(pair.client().failure().words, "protocol version");
    ASSERT_EQ(pair.server_progress(), Progress::Failed);
    EXPECT_EQ(pair.server().failure().kind, TlsFailure::Kind::Local);
    EXPECT_EQ(pair.server().failure().alert, 70);
}

TEST_F(Handshake, AnInappropriateFallbackIsRefused)
{
    auto lowered = client_profile();
    lowered.max = TlsVersion::Tls12;
    lowered.fallback_scsv = true;
    Pair pair{server(server_profile()), client(lowered)};

    EXPECT_FALSE(pair.shake());

    EXPECT_EQ(pair.client().failure().kind, TlsFailure::Kind::Alert);
    EXPECT_EQ(pair.client().failure().alert, 86);
    EXPECT_EQ(pair.client().failure().words, "inappropriate fallback");
}

TEST_F(Handshake, AFallbackIsAppropriateWhereTheServerGoesNoHigher)
{
    auto lowered = client_profile();
    lowered.max = TlsVersion::Tls12;
    lowered.fallback_scsv = true;
    auto old = server_profile();
    old.max = TlsVersion::Tls12;
    Pair pair{server(old), client(lowered)};
    EXPECT_TRUE(pair.shake());
}

TEST_F(Handshake, AMinimalHelloUsesOneClassicalGroup)
{
    auto minimal = client_profile();
    minimal.hello = Hello::Minimal;
    for (const auto max : {TlsVersion::Tls12, TlsVersion::Tls13}) {
        minimal.max = max;
        Pair pair{server(server_profile()), client(minimal)};
        ASSERT_TRUE(pair.shake());
        EXPECT_EQ(pair.client().evidence().group, "secp256r1");
        EXPECT_EQ(pair.server().evidence().group, "secp256r1");
    }
}

// What a name is answered with.
TEST_F(Handshake, ChoosesTheCertificateBySni)
{
    auto profile = server_profile();
    profile.certificates.push_back(pki().make("other.example.net"));
    profile.certificates.push_back(
        pki().make({.name = "wild", .dns_names = {"*.example.com", "example.com"}}));
    const auto context = server(profile);
    const std::pair<std::string, std::string> rows[] = {
        {"mx.example.org", "mx.example.org"},
        {"MX.Example.ORG", "mx.example.org"},
        {"other.example.net", "other.example.net"},
        {"a.example.com", "*.example.com"},
        {"example.com", "*.example.com"},
        {"a.b.example.com", "mx.example.org"},  // a wildcard is one label
        {"unknown.test", "mx.example.org"},
        {"", "mx.example.org"},
    };
    for (const auto& [sni, name] : rows) {
        SCOPED_TRACE(sni);
        auto handshake = client(client_profile());
        handshake.sni = sni;
        handshake.expected_name = sni;
        Pair pair{context, handshake};
        ASSERT_TRUE(pair.shake());
        const auto evidence = pair.client().evidence();
        EXPECT_EQ(evidence.chain[0].dns_names[0], name);
    }
}

TEST_F(Handshake, ShowsTheKindOfKeyThatTheClientCanVerify)
{
    auto profile = server_profile();
    profile.certificates.push_back(
        pki().make({.name = "rsa", .dns_names = {"mx.example.org"}, .key = "rsa2048"}));
    const auto context = server(profile);
    auto wanted = client_profile();
    wanted.max = TlsVersion::Tls12;
    for (const std::string sni : {"mx.example.org", ""}) {
        wanted.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
        Pair rsa{context, client(wanted, sni)};
        ASSERT_TRUE(rsa.shake());
        EXPECT_EQ(rsa.client().evidence().chain[0].key_type, "RSA 2048");
        wanted.ciphers = "";
        Pair ec{context, client(wanted, sni)};
        ASSERT_TRUE(ec.shake());
        EXPECT_EQ(ec.client().evidence().chain[0].key_type, "EC P-256");
    }
}

struct VerdictRow {
    const char* name;
    PkiFixture::Leaf leaf;
    ChainVerdict::State state;
    bool name_matches;
    std::string_view error;
    ChainFault fault = ChainFault::None;
};

TEST_F(Handshake, CollectsEveryCertificateAndJudgesItAfterwards)
{
    using State = ChainVerdict::State;
    using Issuer = PkiFixture::Issuer;
    const VerdictRow rows[] = {
        {"good", {"good", {"mx.example.org"}}, State::Verified, true, ""},
        {"expired",
         {"expired", {"mx.example.org"}, "ec", Issuer::Intermediate, -1},
         State::Failed,
         true,
         "expired",
         ChainFault::Expired},
        {"self-signed",
         {"self", {"mx.example.org"}, "ec", Issuer::Itself},
         State::Failed,
         true,
         "self-signed",
         ChainFault::SelfSigned},
        {"wrong name", {"wrong", {"other.example.net"}}, State::Verified, false, ""},
        {"wildcard", {"star", {"*.example.org"}}, State::Verified, true, ""},
        {"no partial wildcard", {"partial", {"m*.example.org"}}, State::Verified, false, ""},
        {"common name does not count", {"mx.example.org", {}}, State::Verified, false, ""},
    };
    for (const VerdictRow& row : rows) {
        SCOPED_TRACE(row.name);
        ServerProfile profile;
        profile.certificates = {pki().make(row.leaf)};
        Pair pair{server(profile), client(client_profile())};

        ASSERT_TRUE(pair.shake()) << "no certificate ends a handshake";

        const auto evidence = pair.client().evidence();
        EXPECT_EQ(evidence.verdict.state, row.state) << evidence.verdict.error;
        EXPECT_THAT(evidence.verdict.error, HasSubstr(row.error));
        EXPECT_EQ(evidence.verdict.fault, row.fault);
        if (row.state == State::Failed) {
            EXPECT_EQ(evidence.verdict.subject, evidence.chain[0].subject);
            EXPECT_EQ(evidence.verdict.not_after, evidence.chain[0].not_after);
        }
        EXPECT_EQ(evidence.name_matches, row.name_matches);
    }
}

TEST_F(Handshake, AChainOfACaThatIsNotTrustedHereSaysSo)
{
    PkiFixture elsewhere;
    ServerProfile profile;
    profile.certificates = {elsewhere.make("mx.example.org")};
    Pair pair{server(profile), client(client_profile())};
    ASSERT_TRUE(pair.shake());
    EXPECT_EQ(pair.client().evidence().verdict.fault, ChainFault::UnknownCa);
    EXPECT_FALSE(pair.client().evidence().verdict.issuer.empty());
}

TEST_F(Handshake, WeakKeysPassButAreNotVerified)
{
    auto weak = server_profile();
    weak.min = TlsVersion::Tls10;  // the server's own level forbids such a key otherwise
    weak.certificates = {
        pki().make({.name = "weak", .dns_names = {"mx.example.org"}, .key = "rsa1024"})};
    Pair pair{server(weak), client(client_profile())};
    ASSERT_TRUE(pair.shake());
    EXPECT_EQ(pair.client().evidence().chain[0].key_bits, 1024);
    EXPECT_EQ(pair.client().evidence().verdict.state, ChainVerdict::State::Failed);
    EXPECT_EQ(pair.client().evidence().verdict.fault, ChainFault::WeakKey);
}

TEST_F(Handshake, WithoutCasNothingIsJudged)
{
    auto trusting_nobody = client(client_profile());
    trusting_nobody.trust = {};
    Pair pair{server(server_profile()), std::move(trusting_nobody)};
    ASSERT_TRUE(pair.shake());
    EXPECT_EQ(pair.client().evidence().verdict.state, ChainVerdict::State::NotChecked);
    EXPECT_EQ(pair.client().evidence().chain.size(), 2U);
}

TEST_F(Handshake, ClientCertificatesAreCollectedOnlyWhereAskedFor)
{
    auto mutual = client_profile();
    mutual.client_certificate = pki().make("client.example.net");
    auto profile = server_profile();

    Pair off{server(profile), client(mutual)};
    ASSERT_TRUE(off.shake());
    EXPECT_TRUE(off.server().evidence().chain.empty());

    for (const auto asked : {ClientCertificates::Request, ClientCertificates::Require}) {
        profile.client_certificates = asked;
        profile.client_cas = root();
        Pair pair{server(profile), client(mutual)};
        ASSERT_TRUE(pair.shake());
        const auto heard = pair.server().evidence();
        ASSERT_EQ(heard.chain.size(), 2U);
        EXPECT_EQ(heard.chain[0].dns_names[0], "client.example.net");
        EXPECT_EQ(heard.verdict.state, ChainVerdict::State::Verified) << heard.verdict.error;
    }
}

TEST_F(Handshake, ARequestedClientCertificateMayBeBadOrMissing)
{
    auto profile = server_profile();
    profile.client_certificates = ClientCertificates::Request;
    profile.client_cas = root();
    const auto context = server(profile);
    Pair without{context, client(client_profile())};
    ASSERT_TRUE(without.shake());
    EXPECT_EQ(without.server().evidence().verdict.state, ChainVerdict::State::NoCertificate);

    auto self_made = client_profile();
    self_made.client_certificate =
        pki().make({.name = "own", .dns_names = {"c.test"}, .issuer = PkiFixture::Issuer::Itself});
    Pair bad{context, client(self_made)};
    ASSERT_TRUE(bad.shake());
    EXPECT_EQ(bad.server().evidence().verdict.state, ChainVerdict::State::Failed);
    EXPECT_EQ(bad.server().evidence().chain.size(), 1U);
}

// In TLS 1.3 the client is done before the server has looked: the alert comes with the first read.
TEST_F(Handshake, ARequiredClientCertificateThatIsMissingEndsInAnAlert)
{
    auto profile = server_profile();
    profile.client_certificates = ClientCertificates::Require;
    const auto context = server(profile);
    Pair modern{context, client(client_profile())};
    EXPECT_FALSE(modern.shake());
    EXPECT_EQ(modern.client_progress(), Progress::Done);
    EXPECT_EQ(modern.late().progress, Progress::Failed);
    EXPECT_EQ(modern.client().failure().kind, TlsFailure::Kind::Alert);
    EXPECT_EQ(modern.client().failure().alert, 116);

    auto older = client_profile();
    older.max = TlsVersion::Tls12;
    Pair pair{context, client(older)};
    EXPECT_FALSE(pair.shake());
    EXPECT_EQ(pair.client_progress(), Progress::Failed);
    EXPECT_EQ(pair.client().failure().alert, 40);
}

TEST_F(Handshake, WhatIsNotTlsIsAProtocolFailure)
{
    for (const std::string_view foreign :
         {"EHLO injected.example\r\n", "\x16\x03\x09garbage!!!", "GET / HTTP/1.1\r\n\r\n"}) {
        Pair pair{server(server_profile()), client(client_profile())};
        ASSERT_GT(::write(pair.client_socket(), foreign.data(), foreign.size()), 0);
        EXPECT_EQ(pair.server().handshake(), Progress::Failed);
        EXPECT_NE(pair.server().failure().kind, TlsFailure::Kind::Alert);
        EXPECT_FALSE(pair.server().failure().words.empty());
    }
}

TEST_F(Handshake, APeerThatClosesIsToldApartFromOneThatRefuses)
{
    Pair pair{server(server_profile()), client(client_profile())};
    EXPECT_EQ(pair.client().handshake(), Progress::WantRead);
    ::shutdown(pair.server_socket(), SHUT_RDWR);
    EXPECT_EQ(pair.client().handshake(), Progress::Failed);
    EXPECT_EQ(pair.client().failure().kind, TlsFailure::Kind::Closed);
}

TEST_F(Handshake, RecordsOfOneOctetAreRead)
{
    Pair pair{server(server_profile()), client(client_profile())};
    ASSERT_TRUE(pair.shake());
    const std::string text = "MAIL FROM:<a@example.org>\r\n";
    for (const char& c : text) ASSERT_EQ(pair.client().write({&c, 1}).octets, 1U);
    std::string got;
    std::array<char, 4> block{};
    for (;;) {
        const Io io = pair.server().read(block);
        if (io.progress != Progress::Done) break;
        got.append(block.data(), io.octets);
    }
    EXPECT_EQ(got, text);
}

TEST_F(Handshake, ACloseWithoutNotifyIsAnEndOfFile)
{
    Pair pair{server(server_profile()), client(client_profile())};
    ASSERT_TRUE(pair.shake());
    ::shutdown(pair.client_socket(), SHUT_WR);
    std::array<char, 4> block{};
    EXPECT_EQ(pair.server().read(block).progress, Progress::Closed);
}

// More than OpenSSL takes by itself, which is 100 KiB.
TEST_F(Handshake, ACertificateWithThousandsOfNamesIsTakenAndItsSessionIsNotKept)
{
    PkiFixture::Leaf leaf{.name = "many"};
    for (int i = 0; i < 3000; ++i) {
        leaf.dns_names.push_back("host-" + std::to_string(i) +
                                 ".of-one-department-among-many-others.example.org");
    }
    leaf.dns_names.emplace_back("mx.example.org");
    auto profile = server_profile();
    profile.certificates = {pki().make(leaf)};
    const auto context = server(profile);
    const SessionCachePointer cache = make_session_cache(10);
    for (const auto max : {TlsVersion::Tls12, TlsVersion::Tls13}) {
        SCOPED_TRACE(facts::format_version(max));
        auto wanted = client_profile();
        wanted.max = max;
        auto handshake = client(wanted);
        handshake.cache = cache.get();
        handshake.reuse_key = "policy";
        Pair pair{context, std::move(handshake)};

        ASSERT_TRUE(pair.shake());

        const auto seen = pair.client().evidence();
        EXPECT_EQ(seen.verdict.state, ChainVerdict::State::Verified) << seen.verdict.error;
        EXPECT_TRUE(seen.name_matches);
        EXPECT_EQ(seen.chain.at(0).dns_names.size(), 3001U);
        EXPECT_FALSE(seen.resumed);
        EXPECT_EQ(cache->size(), 0U);
    }
}

TEST_F(Handshake, ImpossibleProfilesAreRefusedWithWhatIsRight)
{
    auto profile = server_profile();
    profile.min = TlsVersion::Tls13;
    profile.max = TlsVersion::Tls12;
    EXPECT_THAT(make_server_context(profile).error().what, HasSubstr("above"));
    profile = server_profile();
    profile.ciphers = "NO-SUCH-CIPHER";
    EXPECT_THAT(make_server_context(profile).error().what, HasSubstr("NO-SUCH-CIPHER"));
    profile = server_profile();
    profile.groups = "no-such-group";
    EXPECT_THAT(make_server_context(profile).error().what, HasSubstr("no-such-group"));
    profile = server_profile();
    profile.certificates.clear();
    EXPECT_FALSE(make_server_context(profile).has_value());
}

}  // namespace
}  // namespace hermetic::tls
