// Certificates by ACME whose files cannot be used: the server starts, and says so.
#include "daemon/certificates.h"

#include "tls/pki_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace hermetic::daemon {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class AcmeCertificate : public testing::Test {
protected:
    AcmeCertificate()
    {
        options_.hostname = "mx.test";
        options_.data_directory = files_.path("data");
        config::ListenerOptions listener;
        listener.name = "mx";
        listener.certificates = {"mx"};
        options_.listeners = {listener};
        const auto source = files_.make_files({.name = "issued", .dns_names = {"mx.test"}});
        config::CertificateOptions certificate;
        certificate.name = "mx";
        certificate.chain = source.chain_file;
        certificate.key = source.key_file;
        certificate.acme = "https://acme.test/directory";
        certificate.acme_domains = {"mx.test"};
        options_.certificates = {certificate};
    }

    ListenerContexts load(const ListenerContexts& in_force = {})
    {
        auto loaded = load_listener_contexts(options_, document_, "hermetic.toml", now_,
                                             MadeFiles::Write, in_force);
        if (!loaded) {
            ADD_FAILURE() << loaded.error().front().what;
            return {};
        }
        return *std::move(loaded);
    }

    tls::PkiFixture files_;
    config::NodeOptions options_;
    config::Node document_;
    WallTime now_ = system_clock().wall();
};

TEST_F(AcmeCertificate, ThatIsUsableIsUsed)
{
    const auto contexts = load();
    EXPECT_THAT(contexts.stand_ins, IsEmpty());
    ASSERT_THAT(contexts.certificates, SizeIs(1));
    EXPECT_THAT(contexts.certificates[0].facts.issuer, HasSubstr("CN"));
    EXPECT_NE(contexts.certificates[0].facts.issuer, contexts.certificates[0].facts.subject);
}

TEST_F(AcmeCertificate, WithoutFilesHasAStandInAndNothingIsSaid)
{
    std::filesystem::remove(options_.certificates[0].chain);
    const auto contexts = load();
    EXPECT_THAT(contexts.stand_ins, IsEmpty());
    ASSERT_THAT(contexts.certificates, SizeIs(1));
    EXPECT_EQ(contexts.certificates[0].facts.issuer, contexts.certificates[0].facts.subject);
}

TEST_F(AcmeCertificate, WithDamagedFilesHasAStandInThatIsSaid)
{
    for (const std::string file : {"issued.key", "issued.pem"}) {
        SCOPED_TRACE(file);
        files_.write(file, "-----BEGIN damaged");
        const auto contexts = load();
        ASSERT_THAT(contexts.stand_ins, SizeIs(1));
        EXPECT_EQ(contexts.stand_ins[0].name, "mx");
        EXPECT_THAT(contexts.stand_ins[0].what, HasSubstr("issued."));
        EXPECT_EQ(contexts.certificates[0].facts.issuer, contexts.certificates[0].facts.subject);
        EXPECT_THAT(contexts.files, testing::Contains(options_.certificates[0].key))
            << "what mends it is a change of it";
    }
}

TEST_F(AcmeCertificate, WithFilesThatGetDamagedLaterKeepsTheOneInUse)
{
    const auto before = load();
    files_.write("issued.key", "-----BEGIN damaged");
    const auto contexts = load(before);
    ASSERT_THAT(contexts.stand_ins, SizeIs(1));
    EXPECT_EQ(contexts.certificates[0].certificate, before.certificates[0].certificate);
}

TEST_F(AcmeCertificate, FromAServerWhoseCaCannotBeReadIsRefused)
{
    options_.certificates[0].acme_ca = options_.certificates[0].chain;
    EXPECT_THAT(load().files, testing::Contains(options_.certificates[0].acme_ca));
    options_.certificates[0].acme_ca = files_.path("missing.pem");
    const auto loaded =
        load_listener_contexts(options_, document_, "hermetic.toml", now_, MadeFiles::Write, {});
    ASSERT_FALSE(loaded);
    ASSERT_THAT(loaded.error(), SizeIs(1));
    EXPECT_THAT(loaded.error()[0].what, HasSubstr("missing.pem"));
}

TEST_F(AcmeCertificate, WithABindingWhoseKeyCannotBeUsedIsRefused)
{
    options_.certificates[0].acme_eab_key_id = "kid";
    options_.certificates[0].acme_eab_hmac_file = files_.path("eab.key");
    files_.write("eab.key", "a2V5\n");
    std::filesystem::permissions(files_.path("eab.key"), std::filesystem::perms::owner_read);
    EXPECT_THAT(load().files, testing::Contains(files_.path("eab.key")));
    EXPECT_THAT(certificate_files(options_), testing::Contains(files_.path("eab.key")));
    std::filesystem::permissions(files_.path("eab.key"), std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    const auto loaded =
        load_listener_contexts(options_, document_, "hermetic.toml", now_, MadeFiles::Write, {});
    ASSERT_FALSE(loaded);
    ASSERT_THAT(loaded.error(), SizeIs(1));
    EXPECT_THAT(loaded.error()[0].what, HasSubstr("eab.key: everybody may read"));
}

TEST_F(AcmeCertificate, FromFilesIsRefusedWhereItCannotBeUsed)
{
    options_.certificates[0].acme.clear();
    files_.write("issued.key", "-----BEGIN damaged");
    EXPECT_FALSE(
        load_listener_contexts(options_, document_, "hermetic.toml", now_, MadeFiles::Write, {}));
}

}  // namespace
}  // namespace hermetic::daemon
