// The two files of a folder: written, left alone, replaced.
#include "setup/plan.h"

#include "setup/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <unistd.h>

namespace hermetic::setup {
namespace {

class SetupPlan : public testing::Test {
protected:
    SetupPlan()
        : folder_{std::filesystem::temp_directory_path() /
                  ("setup_test." + std::to_string(::getpid()))}
    {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        given_.hostname = "mx.example.test";
        given_.data_directory = (folder_ / "data").string();
        given_.domains = {"example.test"};
        given_.next_hop = "lmtp://127.0.0.1:24";
    }
    ~SetupPlan() override { std::filesystem::remove_all(folder_); }

    Plan plan(Overwrite overwrite = Overwrite::No)
    {
        auto made = make_plan(config(), given_, overwrite, system_clock().wall());
        EXPECT_TRUE(made) << made.error();
        EXPECT_TRUE(made->missing.empty());
        EXPECT_TRUE(made->faults.empty());
        return *std::move(made);
    }
    [[nodiscard]] std::string config() const { return (folder_ / "hermetic.toml").string(); }
    [[nodiscard]] std::string organization() const { return (folder_ / "org.toml").string(); }
    static std::string read(const std::string& path)
    {
        return read_file(path).value().value_or("there is none");
    }
    static void put(const std::string& path, const std::string& text)
    {
        ASSERT_TRUE(write_file(path, text, path));
    }

    std::filesystem::path folder_;
    Given given_;
};

TEST_F(SetupPlan, ASecondRunChangesNothing)
{
    const Plan first = plan();
    EXPECT_EQ(read(config()), "there is none") << "a plan writes nothing";
    ASSERT_TRUE(write(first));
    const std::string before = read(config()) + read(organization());
    Plan second = plan();
    EXPECT_FALSE(second.changes_anything());
    ASSERT_TRUE(second.options);
    EXPECT_EQ(second.options->hostname, "mx.example.test");
    given_ = Given{};  // nor does one that says nothing
    EXPECT_FALSE(plan().changes_anything());
    EXPECT_EQ(read(config()) + read(organization()), before);
}

TEST_F(SetupPlan, OnlyTheFileThatDiffersIsWritten)
{
    ASSERT_TRUE(write(plan()));
    given_.domains = {"second.test"};
    const Plan next = plan();
    EXPECT_EQ(next.node_file.fate, Fate::Same);
    EXPECT_EQ(next.organization_file.fate, Fate::Write);
    EXPECT_EQ(next.organization.domains.size(), 2U);
}

TEST_F(SetupPlan, APersonsFileIsLeftAloneAndKeptWhereItIsReplaced)
{
    ASSERT_TRUE(write(plan()));
    const std::string edited = read(organization()) + "# mine\n";
    put(organization(), edited);
    ASSERT_EQ(::chmod(organization().c_str(), 0640), 0);
    EXPECT_EQ(plan().organization_file.fate, Fate::Same) << "it says what is wanted";
    given_.next_hop = "lmtp://127.0.0.1:2424";
    Plan kept = plan();
    EXPECT_EQ(kept.organization_file.fate, Fate::Keep);
    ASSERT_TRUE(write(kept));
    EXPECT_EQ(read(organization()), edited);
    ASSERT_TRUE(write(plan(Overwrite::Yes)));
    EXPECT_NE(read(organization()), edited);
    EXPECT_EQ(read(organization() + ".before-setup"), edited);
    for (const std::string& each : {organization(), organization() + ".before-setup"}) {
        struct stat status {};
        ASSERT_EQ(::stat(each.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777U, 0640U) << each;
    }
}

TEST_F(SetupPlan, WhatSetupCannotWriteIsNeverThrownAway)
{
    given_.relay_networks = {"192.0.2.0/28"};
    ASSERT_TRUE(write(plan()));
    put(config(), read(config()) +
                      "[limits]\nsessions = 100\n[[listener]]\nname = \"second\"\n"
                      "addresses = [\"127.0.0.1:2525\"]\n");
    put(organization(), read(organization()) +
                            "require_certificate = true\ncertificate_names = [\"a.test\"]\n"
                            "[[outbound_connector]]\nname = \"bank\"\n"
                            "recipient_domains = [\"bank.test\"]\ntls = \"verify_name\"\n");
    const std::string before = read(config()) + read(organization());
    given_.hostname = "other.example.test";
    given_.next_hop = "lmtp://127.0.0.1:2424";
    const Plan made = plan(Overwrite::Yes);
    EXPECT_EQ(made.node_file.fate, Fate::Keep);
    EXPECT_THAT(made.node_file.losses,
                testing::UnorderedElementsAre("limits.sessions", "listener second"));
    EXPECT_EQ(made.organization_file.fate, Fate::Keep);
    EXPECT_THAT(made.organization_file.losses,
                testing::UnorderedElementsAre("inbound_connector our servers.require_certificate",
                                              "inbound_connector our servers.certificate_names",
                                              "outbound_connector bank"));
    ASSERT_TRUE(write(made));
    EXPECT_EQ(read(config()) + read(organization()), before);
}

// Setup writes one connector of all networks: what restricts one of them would be gone, and a
// domain that is disabled, or of another organization, with its mail.
TEST_F(SetupPlan, WhatWouldBeMergedOrLeftOutIsNamed)
{
    ASSERT_TRUE(write(plan()));
    put(organization(),
        read(organization()) +
            "[[accepted_domain]]\nname = \"off.test\"\nnext_hop = \"lmtp://127.0.0.1:24\"\n"
            "enabled = false\n"
            "[[inbound_connector]]\nname = \"printers\"\nkind = \"on_premises\"\n"
            "networks = [\"192.0.2.16/28\"]\nmay_relay = true\n");
    given_.next_hop = "lmtp://127.0.0.1:2424";
    const Plan made = plan(Overwrite::Yes);
    EXPECT_EQ(made.organization_file.fate, Fate::Keep);
    EXPECT_THAT(
        made.organization_file.losses,
        testing::UnorderedElementsAre("accepted_domain off.test", "inbound_connector printers"));
}

TEST_F(SetupPlan, ThePackagesFilesSayNothing)
{
    put(config(), sign("hostname = \"mx.example.org\"\n", Author::Package));
    put(organization(), sign("[organization]\nname = \"Example\"\n", Author::Package));
    const Plan first = plan();
    EXPECT_EQ(first.organization.name, "example.test");
    ASSERT_TRUE(write(first));
    EXPECT_EQ(find_author(read(config())), Author::Setup);
    EXPECT_EQ(find_author(read(organization())), Author::Setup);
}

TEST_F(SetupPlan, AFileThatCannotBeReadIsSaidAndNothingIsWritten)
{
    put(config(), "hostname = ");
    const auto made = make_plan(config(), given_, Overwrite::Yes, system_clock().wall());
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().find("hermetic.toml:1"), std::string::npos) << made.error();
}

TEST_F(SetupPlan, WhatTheServerWouldRefuseIsAFault)
{
    given_.next_hop = "ftp://x";
    given_.listen = {"nowhere"};
    const auto made = make_plan(config(), given_, Overwrite::No, system_clock().wall());
    ASSERT_TRUE(made);
    std::set<std::string> files;
    for (const auto& each : made->faults) files.insert(each.file);
    EXPECT_EQ(files, (std::set<std::string>{config(), organization()}));
}

TEST_F(SetupPlan, WhereTheDirectoryIsTheSourceOfTruthNoFileOfObjectsIsWritten)
{
    put(config(), "hostname = \"mx.example.test\"\ndata_directory = \"" + *given_.data_directory +
                      "\"\n[[listener]]\nname = \"mx\"\naddresses = [\"127.0.0.1:2525\"]\n");
    given_.listen = {"127.0.0.1:2525"};
    const Plan made = plan();
    EXPECT_EQ(made.node_file.fate, Fate::Same);
    EXPECT_EQ(made.organization_file.fate, Fate::Keep);
    EXPECT_TRUE(made.organization_file.path.empty());
    ASSERT_TRUE(write(made));
    EXPECT_EQ(read(organization()), "there is none");
}

}  // namespace
}  // namespace hermetic::setup
