#include "cli/object_table.h"

#include "objects/org_file.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace hermetic::cli {
namespace {

boost::json::value object_of(const char* organization, const char* fields)
{
    auto parsed = boost::json::parse(fields);
    return boost::json::object{{"name", parsed.at("name")},
                               {"organization", organization},
                               {"version", 3},
                               {"changed_by", "ann"},
                               {"changed_at", "2026-11-30T12:00:00.000Z"},
                               {"fields", parsed}};
}

TEST(ObjectTable, SaysWhatDiffersAndDefaults)
{
    const auto one = object_of("A", R"({"name": "a.test", "next_hop": ["lmtp://h:24"]})");
    const auto other =
        object_of("A", R"({"name": "b.test", "connector": "hub", "enabled": false})");
    const std::string table = format_objects("accepted_domain", {one, other});
    EXPECT_EQ(table.find("organization"), std::string::npos) << "the same in each";
    EXPECT_EQ(table.find("exception"), std::string::npos) << "nobody has one";
    EXPECT_NE(table.find("connector hub"), std::string::npos);
    EXPECT_NE(table.find("authoritative"), std::string::npos);
    const auto anothers = object_of("B", R"({"name": "c.test"})");
    EXPECT_NE(format_objects("accepted_domain", {one, anothers}).find("organization"),
              std::string::npos);
}

TEST(ObjectTable, HasColumnsForEveryKind)
{
    const auto any = object_of("A", R"({"name": "x"})");
    for (const auto kind : objects::kKinds) {
        const std::string table = format_objects(kind, {any});
        EXPECT_NE(table.find("version"), std::string::npos) << kind;
        EXPECT_EQ(format_objects(kind, {}), "there is none\n");
    }
    EXPECT_EQ(format_objects("organization", {any}).find("enabled"), std::string::npos);
}

TEST(ObjectTable, ForeignTextIsPrintable)
{
    const auto hostile = object_of("A", R"({"name": "x", "comment": "a\u001b[31m"})");
    EXPECT_EQ(format_object(hostile).find('\x1b'), std::string::npos);
    EXPECT_NE(format_object(hostile).find("version                3, by ann"), std::string::npos);
}

}  // namespace
}  // namespace hermetic::cli
