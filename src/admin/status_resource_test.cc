#include "admin/status_resource.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace hermetic::admin {
namespace {

boost::json::value needs_restart(const NodeStatus& status)
{
    const auto body = boost::json::parse(show_status(status).body);
    return body.as_object().at("configuration").as_object().at("needs_restart");
}

TEST(StatusResource, KeysThatWaitForARestartAreAList)
{
    NodeStatus status;
    EXPECT_EQ(needs_restart(status), boost::json::array{});
    status.configuration.needs_restart = {"resolver", "log"};
    EXPECT_EQ(needs_restart(status), (boost::json::array{"resolver", "log"}));
}

}  // namespace
}  // namespace hermetic::admin
