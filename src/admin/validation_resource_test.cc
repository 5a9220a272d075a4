#include "admin/validation_resource.h"

#include <gtest/gtest.h>

namespace hermetic::admin {
namespace {

bool means_inbound_of(const std::string& target)
{
    objects::Snapshot::Contents contents;
    auto& outbound = contents.outbound_connectors.emplace_back();
    outbound.name = "bank";
    outbound.organization = "Example";
    for (const char* organization : {"Example", "Other"}) {
        auto& inbound = contents.inbound_connectors.emplace_back();
        inbound.name = "bank";
        inbound.organization = organization;
    }
    Request request;
    EXPECT_TRUE(parse_target(target, request));
    return means_inbound(contents, request);
}

TEST(ConnectorTest, IsOfTheOneInTheOrganizationThatIsNamed)
{
    EXPECT_FALSE(means_inbound_of("/v1/connectors/bank/test"));
    EXPECT_FALSE(means_inbound_of("/v1/connectors/bank/test?organization=Example"));
    EXPECT_TRUE(means_inbound_of("/v1/connectors/bank/test?organization=Other"));
    EXPECT_TRUE(
        means_inbound_of("/v1/connectors/bank/test?organization=Example&direction=inbound"));
    EXPECT_FALSE(means_inbound_of("/v1/connectors/other/test"));
}

}  // namespace
}  // namespace hermetic::admin
