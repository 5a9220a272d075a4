#include "admin/certificates_resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::admin {
namespace {

NodeCertificate certificate(std::vector<std::string> names, std::vector<std::uint16_t> ports)
{
    NodeCertificate made;
    made.name = "mx";
    made.facts.dns_names = std::move(names);
    made.facts.spki_sha256 = "ab12";
    for (const std::uint16_t port : ports) made.shown_by.push_back({"listener", port});
    return made;
}

TEST(TlsaRecords, AreWhatIsPublishedForEachNameAndPort)
{
    const auto mx = certificate({"a.example.org", "mx.example.org", "*.example.org"}, {465, 25});
    EXPECT_THAT(tlsa_records(mx, "mx.example.org"),
                testing::ElementsAre("_25._tcp.mx.example.org. IN TLSA 3 1 1 ab12",
                                     "_25._tcp.a.example.org. IN TLSA 3 1 1 ab12",
                                     "_465._tcp.a.example.org. IN TLSA 3 1 1 ab12",
                                     "_465._tcp.mx.example.org. IN TLSA 3 1 1 ab12"));
    EXPECT_THAT(tlsa_records(certificate({}, {25, 25}), "mx.example.org"),
                testing::ElementsAre("_25._tcp.mx.example.org. IN TLSA 3 1 1 ab12"));
}

TEST(TlsaRecords, OfWhatIsNotShownToClientsOrOnlyStandsInAreNone)
{
    EXPECT_TRUE(tlsa_records(certificate({"us.example.org"}, {}), "mx.example.org").empty());
    auto stand_in = certificate({"mx.example.org"}, {25});
    stand_in.stand_in = "its files cannot be read";
    EXPECT_TRUE(tlsa_records(stand_in, "mx.example.org").empty());
}

}  // namespace
}  // namespace hermetic::admin
