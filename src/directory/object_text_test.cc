#include "directory/object_text.h"

#include "directory/difference.h"
#include "directory/edit.h"
#include "directory/test_support.h"

#include <gtest/gtest.h>

namespace hermetic::directory {
namespace {

const ObjectKey kBank{"outbound_connector", "Example", "bank"};

config::Node string_node(const std::string& text)
{
    config::Node node;
    node.kind = config::Node::Kind::String;
    node.string = text;
    return node;
}

config::Diagnostics faults_of(const Objects& objects)
{
    const auto compiled = compile(objects);
    return compiled ? config::Diagnostics{} : compiled.error();
}

TEST(ObjectText, TakesADocumentApartAndNamesTheOwnerOfEach)
{
    const Compiled compiled = compile_text(kOrganization);
    ASSERT_EQ(compiled.objects.size(), 3U);
    EXPECT_EQ(compiled.objects.at(kBank),
              "[[outbound_connector]]\n"
              "name = \"bank\"\n"
              "organization = \"Example\"\n"
              "recipient_domains = [\"bank.test\"]\n"
              "tls = \"verify_name\"\n"
              "comment = \"as agreed\"\n");
    EXPECT_TRUE(compiled.objects.contains({"organization", "", "Example"}));
    EXPECT_TRUE(compiled.objects.contains({"accepted_domain", "Example", "example.org"}));
}

TEST(ObjectText, ExportIsTakenBackAndExportedAgainOctetByOctet)
{
    const Compiled compiled = compile_text(kOrganization);
    const std::string exported = export_text(compiled.contents);
    const Compiled again = compile_text(exported);
    EXPECT_EQ(again.objects, compiled.objects);
    EXPECT_EQ(export_text(again.contents), exported);
}

TEST(ObjectText, TheOrderOfAFileMakesNoDifference)
{
    const std::string other =
        "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"a.test\"]\n";
    EXPECT_EQ(compile_text(std::string{kOrganization} + other).objects,
              compile_text(other + kOrganization).objects);
}

TEST(ObjectText, ASecondOrganizationChangesNothingOfTheFirst)
{
    const Compiled one = compile_text(kOrganization);
    Objects objects = one.objects;
    const ObjectKey other{"organization", "", "Other"};
    objects[other] = "[[organization]]\nname = \"Other\"\npostmaster = \"postmaster@other.test\"\n";
    const auto two = compile(objects);
    ASSERT_TRUE(two.has_value());
    const Changes changes = compare(one.objects, two->objects);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].kind, ChangeKind::Added);
    EXPECT_EQ(changes[0].key, other);
}

TEST(ObjectText, NoObjectsAreNoFault)
{
    const auto compiled = compile(Objects{});
    ASSERT_TRUE(compiled.has_value());
    EXPECT_EQ(compiled->contents, objects::Snapshot::Contents{});
    EXPECT_EQ(export_text(compiled->contents), "");
}

TEST(ObjectText, FaultsNameTheObjectWhereNobodyHasSeenTheFile)
{
    Objects objects = compile_text(kOrganization).objects;
    objects[kBank] += "pins = [\"zz\"]\n";
    const auto faults = faults_of(objects);
    ASSERT_FALSE(faults.empty());
    EXPECT_EQ(faults[0].key, "outbound_connector \"bank\".pins");
    EXPECT_EQ(faults[0].line, 0U);
}

TEST(ObjectText, FaultsAcrossObjectsAreFound)
{
    Objects objects = compile_text(kOrganization).objects;
    objects[{"outbound_connector", "Example", "twin"}] =
        "[[outbound_connector]]\nname = \"twin\"\nrecipient_domains = [\"bank.test\"]\n";
    const auto faults = faults_of(objects);
    ASSERT_FALSE(faults.empty());
    EXPECT_EQ(faults[0].key, "outbound_connector \"twin\".recipient_domains");
    EXPECT_NE(faults[0].what.find("bank"), std::string::npos);
}

TEST(ObjectText, ANameHasABound)
{
    const auto document =
        config::parse_document(std::string{kOrganization} + "[[outbound_connector]]\nname = \"" +
                                   std::string(256, 'x') + "\"\nrecipient_domains = [\"x.test\"]\n",
                               "org.toml");
    const auto compiled = compile(*document, "org.toml");
    ASSERT_FALSE(compiled.has_value());
    EXPECT_NE(compiled.error()[0].expected.find("255"), std::string::npos);
}

// Somebody may have been at the file with another program.
TEST(ObjectText, ATextThatNobodyHereMadeHasNoFields)
{
    for (const char* text :
         {"", "[[x", "x = 1", "[[x]]\n[[x]]\n", "[x]\na = 1", "[[x]]\n[[y]]\n"}) {
        EXPECT_TRUE(fields_of(text).table.empty()) << text;
    }
}

TEST(Difference, SaysEachFieldOfEachObject)
{
    const Objects before = compile_text(kOrganization).objects;
    Objects after = before;
    after.erase({"accepted_domain", "Example", "example.org"});
    Edit edit;
    edit.set = {{"tls", string_node("encrypt")}, {"min_tls", string_node("1.3")}};
    edit.unset = {"comment"};
    after[kBank] = edited_text("outbound_connector", after[kBank], edit);
    const Changes changes = compare(before, after);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].kind, ChangeKind::Removed);
    EXPECT_EQ(changes[1].kind, ChangeKind::Changed);
    EXPECT_EQ(changed_fields(changes[1]),
              (std::vector<FieldChange>{{"tls", "\"verify_name\"", "\"encrypt\""},
                                        {"min_tls", "", "\"1.3\""},
                                        {"comment", "\"as agreed\"", ""}}));
    EXPECT_TRUE(compare(before, before).empty());
}

// A value as people write it on a command line, and what its field gets.
struct Written {
    const char* kind;
    const char* key;
    const char* words;
    const char* value;
    friend void PrintTo(const Written& row, std::ostream* out)
    {
        *out << row.key << "=" << row.words;
    }
};

class EditTest : public testing::TestWithParam<Written> {};

TEST_P(EditTest, TakesValuesAsPeopleWriteThem)
{
    const auto& [kind, key, words, value] = GetParam();
    Edit edit;
    edit.set = {{key, string_node(words)}};
    EXPECT_EQ(edited_text(kind, {}, edit),
              std::string{"[["} + kind + "]]\n" + key + " = " + value + "\n");
}

// clang-format off
const Written kWritten[] = {
    {"outbound_connector", "enabled", "false", "false"},
    {"outbound_connector", "comment", "false", "\"false\""},
    {"outbound_connector", "min_tls", "1.2", "\"1.2\""},
    {"outbound_connector", "recipient_domains", "a.test", "[\"a.test\"]"},
    {"outbound_connector", "recipient_domains", "a.test, *.a.test", "[\"a.test\", \"*.a.test\"]"},
    {"outbound_connector", "recipient_domains", R"(["a.test"])", "[\"a.test\"]"},
    {"outbound_connector", "comment", "one, two", "\"one, two\""},
    {"outbound_connector", "enabled", "perhaps", "\"perhaps\""},
    {"outbound_connector", "enabled", "true\nname = \"x\"", "\"true\\u000Aname = \\\"x\\\"\""},
    {"accepted_domain", "recipients", "any", "\"any\""},
    {"accepted_domain", "recipients", "a@b.test,c@b.test", "[\"a@b.test\", \"c@b.test\"]"},
    {"organization", "ratchet_days", "30", "30"},
    {"organization", "delay_notice", "2h", "\"2h\""},
};
// clang-format on
INSTANTIATE_TEST_SUITE_P(Values, EditTest, testing::ValuesIn(kWritten));

}  // namespace
}  // namespace hermetic::directory
