// Which TLSA records are usable, and what they say of chains (RFC 7671 §5, RFC 7672 §3).
#include "tls/tlsa.h"

#include "tls/pki_fixture.h"
#include "tls/tlsa_fixture.h"
#include "tls/tlsa_verdict.h"

#include <gmock/gmock.h>
#include <openssl/err.h>
#include <openssl/pem.h>

namespace hermetic::tls {
namespace {

using facts::TlsaRecord;
using facts::TlsaVerdict;

struct Chain {
    X509Pointer leaf;
    X509Stack rest;
};

Chain read_chain(const std::string& pem)
{
    const BioPointer in{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    Chain chain;
    chain.leaf.reset(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    chain.rest.reset(sk_X509_new_null());
    while (X509* next = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
        sk_X509_push(chain.rest.get(), next);
    }
    ERR_clear_error();
    return chain;
}

class Tlsa : public ::testing::Test {
protected:
    std::string leaf(PkiFixture::Leaf wanted)
    {
        if (wanted.dns_names.empty()) wanted.dns_names = {"mx.example.org"};
        (void)pki_.make_files(wanted);
        return pki_.read(wanted.name + ".pem");
    }
    static TlsaVerdict judge(const std::string& pem, std::vector<TlsaRecord> records,
                             std::vector<std::string> names = {})
    {
        const Chain chain = read_chain(pem);
        return judge_tlsa(chain.leaf.get(), chain.rest.get(),
                          {"mx.example.org", std::move(records), std::move(names)});
    }
    PkiFixture pki_;
};

TEST_F(Tlsa, OfEveryKindMatchTheirChain)
{
    const std::string chain = leaf({});
    using Values = std::vector<std::uint8_t>;
    for (const auto usage : Values{2, 3}) {
        for (const auto selector : Values{0, 1}) {
            for (const auto matching : Values{0, 1, 2}) {
                const auto record =
                    make_tlsa({usage, selector, matching}, chain, usage == 2 ? 1 : 0);
                SCOPED_TRACE(format_tlsa(record));
                EXPECT_EQ(usable_records({&record, 1}).size(), 1U);
                EXPECT_EQ(judge(chain, {record}), TlsaVerdict::Matched);
                auto wrong = make_tlsa({usage, selector, matching}, leaf({.name = "other"}), 0);
                EXPECT_EQ(judge(chain, {wrong}), TlsaVerdict::Mismatch);
            }
        }
    }
}

TEST_F(Tlsa, ThatNobodyCanUseAreLeftOut)
{
    const std::string chain = leaf({});
    const std::string digest(32, 'x');
    const std::string whole = make_tlsa({3, 0, 0}, chain).data;
    const struct {
        TlsaRecord record;
        bool usable;
    } rows[] = {
        {{3, 1, 1, digest}, true},
        {{3, 0, 1, digest}, true},
        {{2, 1, 1, digest}, true},
        {{3, 1, 2, digest + digest}, true},
        {{0, 1, 1, digest}, false},  // PKIX-TA
        {{1, 1, 1, digest}, false},  // PKIX-EE
        {{4, 1, 1, digest}, false},
        {{255, 1, 1, digest}, false},
        {{3, 2, 1, digest}, false},
        {{3, 255, 1, digest}, false},
        {{3, 1, 3, digest}, false},
        {{3, 1, 255, digest}, false},
        {{3, 1, 1, digest.substr(1)}, false},
        {{3, 1, 1, digest + "x"}, false},
        {{3, 1, 2, digest}, false},
        {{3, 1, 1, ""}, false},
        {{3, 0, 0, whole}, true},
        {{3, 1, 0, whole}, false},  // a certificate is no key
        {{3, 0, 0, whole.substr(1)}, false},
        {{3, 0, 0, whole + "x"}, false},
        {{3, 0, 0, "x"}, false},
        {{3, 0, 0, ""}, false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(format_tlsa(row.record).substr(0, 60));
        EXPECT_EQ(usable_records({&row.record, 1}).size(), row.usable ? 1U : 0U);
    }
    EXPECT_TRUE(usable_records({}).empty());
    EXPECT_EQ(ERR_peek_error(), 0U) << "the queue is other connections', too";
}

// RFC 7672 §3.1.1 and RFC 7671 §5.1.
TEST_F(Tlsa, OfALeafNeedNeitherItsNamesNorItsDates)
{
    const std::string expired = leaf({.name = "expired", .valid_days = -1});
    EXPECT_EQ(judge(expired, {make_tlsa({3, 1, 1}, expired)}), TlsaVerdict::Matched);
    const std::string named = leaf({.name = "named", .dns_names = {"else.example.net"}});
    EXPECT_EQ(judge(named, {make_tlsa({3, 0, 1}, named)}), TlsaVerdict::Matched);
    const std::string own = leaf({.name = "own", .issuer = PkiFixture::Issuer::Itself});
    EXPECT_EQ(judge(own, {make_tlsa({3, 1, 2}, own)}), TlsaVerdict::Matched);
}

TEST_F(Tlsa, OfACaAskForNamesAndDates)
{
    const std::string good = leaf({.name = "good"});
    const auto ca = make_tlsa({2, 0, 1}, good, 1);
    EXPECT_EQ(judge(leaf({.name = "expired", .valid_days = -1}), {ca}), TlsaVerdict::Expired);
    const std::string named = leaf({.name = "named", .dns_names = {"example.net"}});
    EXPECT_EQ(judge(named, {ca}), TlsaVerdict::HostMismatch);
    EXPECT_EQ(judge(named, {ca}, {"example.net"}), TlsaVerdict::Matched) << "the next-hop domain";
    const std::string wild = leaf({.name = "wild", .dns_names = {"*.example.org"}});
    EXPECT_EQ(judge(wild, {ca}), TlsaVerdict::Matched);
    const std::string nameless = leaf({.name = "mx.example.org", .dns_names = {"*"}});
    EXPECT_EQ(judge(nameless, {ca}), TlsaVerdict::HostMismatch) << "the subject never counts";
}

TEST_F(Tlsa, OfACaThatIsNotInTheChainMatchNothing)
{
    const std::string chain = leaf({});
    const std::string root = pki_.read("root.pem");
    EXPECT_EQ(judge(chain, {make_tlsa({2, 0, 1}, root)}), TlsaVerdict::Mismatch)
        << "RFC 7672 §3.1.2: the server has to send it";
    EXPECT_EQ(judge(chain + root, {make_tlsa({2, 0, 1}, root)}), TlsaVerdict::Matched);
    EXPECT_EQ(judge(chain, {make_tlsa({2, 0, 0}, root)}), TlsaVerdict::Matched)
        << "here the record itself is the certificate";
    EXPECT_EQ(judge(chain, {make_tlsa({2, 1, 0}, root)}), TlsaVerdict::Matched)
        << "and here its key is";
}

// RFC 7671 §5.2.1: whatever matches has to be a CA's that signed the chain.
TEST_F(Tlsa, OfAStrangersCaInTheChainProveNothing)
{
    PkiFixture other;
    (void)other.make_files({.name = "own", .dns_names = {"mx.example.org"}});
    const std::string forged = leaf({}) + other.read("intermediate.pem");
    EXPECT_EQ(judge(forged, {make_tlsa({2, 0, 1}, other.read("intermediate.pem"))}),
              TlsaVerdict::Mismatch);
    const std::string parts = leaf({.name = "x", .issuer = PkiFixture::Issuer::Itself});
    EXPECT_EQ(judge(parts + pki_.read("intermediate.pem"),
                    {make_tlsa({2, 0, 1}, pki_.read("intermediate.pem"))}),
              TlsaVerdict::Mismatch);
}

TEST_F(Tlsa, OneOfThemIsEnough)
{
    const std::string before = leaf({.name = "before"});
    const std::string after = leaf({.name = "after"});
    const std::vector<TlsaRecord> both{make_tlsa({3, 1, 1}, before), make_tlsa({3, 1, 1}, after)};
    EXPECT_EQ(judge(before, both), TlsaVerdict::Matched);
    EXPECT_EQ(judge(after, both), TlsaVerdict::Matched);
    EXPECT_EQ(judge(leaf({.name = "third"}), both), TlsaVerdict::Mismatch);
    // A leaf's record beside a CA's: the one that fits decides, names and dates with it.
    const std::string expired = leaf({.name = "expired", .valid_days = -1});
    const auto ca = make_tlsa({2, 1, 1}, expired, 1);
    EXPECT_EQ(judge(expired, {ca, make_tlsa({3, 1, 1}, expired)}), TlsaVerdict::Matched);
    EXPECT_EQ(judge(expired, {ca, make_tlsa({3, 1, 1}, before)}), TlsaVerdict::Expired);
}

// RFC 7671 §9: of one usage and selector only the records of the strongest digest count.
TEST_F(Tlsa, OfAWeakerDigestYieldToTheStrongerOne)
{
    const std::string chain = leaf({});
    const std::string other = leaf({.name = "other"});
    EXPECT_EQ(judge(chain, {make_tlsa({3, 1, 1}, chain), make_tlsa({3, 1, 2}, other)}),
              TlsaVerdict::Mismatch);
    EXPECT_EQ(judge(chain, {make_tlsa({3, 1, 1}, other), make_tlsa({3, 1, 2}, chain)}),
              TlsaVerdict::Matched);
    EXPECT_EQ(judge(chain, {make_tlsa({3, 0, 1}, chain), make_tlsa({3, 1, 2}, other)}),
              TlsaVerdict::Matched)
        << "another selector";
}

TEST_F(Tlsa, DoNotMakeAWeakKeyGood)
{
    const std::string weak = leaf({.name = "weak", .key = "rsa1024"});
    EXPECT_EQ(judge(weak, {make_tlsa({3, 1, 1}, weak)}), TlsaVerdict::ChainInvalid);
}

TEST_F(Tlsa, AreNotMatchedByNoCertificate)
{
    const std::string chain = leaf({});
    EXPECT_EQ(judge_tlsa(nullptr, nullptr, {"mx.example.org", {make_tlsa({}, chain)}}),
              TlsaVerdict::Mismatch);
    EXPECT_EQ(judge(chain, {}), TlsaVerdict::Mismatch);
    EXPECT_EQ(judge(chain, {{1, 1, 1, std::string(32, 'x')}}), TlsaVerdict::Mismatch);
}

}  // namespace
}  // namespace hermetic::tls
