// What a reload and a change of objects make of each other when they come at the same time.
#include "daemon/objects_part.h"

#include "daemon/node_file.h"
#include "daemon/reload_plan.h"
#include "directory/test_support.h"
#include "events/publisher.h"
#include "net/core_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <utility>
#include <vector>

namespace hermetic::daemon {
namespace {

using directory::Directory;
using directory::Terms;

class NoEvents final : public events::Publisher {
public:
    void publish(events::What) override {}
    void flush() override {}
};

// By "alice", of what is there now.
Result<directory::Outcome, directory::Refusal> replace(Directory& directory,
                                                       const std::string& document)
{
    return directory.replace(document, "org.toml", Terms{"alice", directory.revision().number});
}

class ObjectsPartTest : public testing::Test {
protected:
    ObjectsPartTest() { options_.data_directory = folder_.file("data"); }

    net::Task<> change_between_take_and_reload()
    {
        std::optional<directory::Compiled> no_file;
        const auto taken = co_await part_.take(options_, std::move(no_file));
        EXPECT_TRUE(taken.has_value());
        std::function<bool(Directory&)> question = [](Directory& directory) {
            return replace(directory, directory::kOrganization).has_value();
        };
        const auto changed = co_await part_.ask(std::move(question));
        EXPECT_EQ(changed, true);
        EXPECT_TRUE(part_.reload().has_value());
        co_await part_.stop();
    }

    directory::TemporaryFolder folder_;
    NoEvents events_;
    net::CoreFixture fixture_;
    config::NodeOptions options_;
    std::uint64_t files_used_ = 0;  // of this revision
    ObjectsPart part_{fixture_.core, events_, options_,
                      [this](const objects::Snapshot& snapshot, ObjectsPart::Cause) {
                          return [this, revision = snapshot.revision()] { files_used_ = revision; };
                      },
                      [](const objects::Snapshot&) {}};
};

// Their secrets would be missing, and the new objects' mail would wait.
TEST_F(ObjectsPartTest, FilesOfOlderObjectsNeverReplaceThoseOfNewer)
{
    ASSERT_TRUE(part_.start().has_value());
    fixture_.run(change_between_take_and_reload());
    EXPECT_EQ(part_.snapshot()->revision(), 1U);
    EXPECT_EQ(files_used_, 1U);
}

std::string configure(const directory::TemporaryFolder& folder,
                      const std::vector<std::string>& listeners)
{
    const std::string file = folder.file("hermetic.toml");
    std::ofstream out{file};
    out << "hostname = \"mx.example.org\"\ndata_directory = \"" << folder.file("") << "\"\n";
    for (const std::string& each : listeners) {
        out << fmt::format("[[listener]]\nname = \"{}\"\naddresses = [\"127.0.0.1:0\"]\n", each);
    }
    return file;
}

constexpr const char* kNeedsPrinters = R"(
[organization]
name = "Example"
postmaster = "postmaster@example.org"

[[inbound_connector]]
name = "printers"
kind = "on_premises"
networks = ["192.0.2.0/24"]
listeners = ["printers"]
)";

// It would stay in force against the new options, and the next start would fail.
TEST(ReadReload, HoldsChangesToTheNewOptionsBeforeTheyAreInForce)
{
    const directory::TemporaryFolder folder;
    auto opened = Directory::open(folder.file(directory::kFileName), system_clock());
    ASSERT_TRUE(opened.has_value());
    Directory& directory = **opened;
    const auto before = load_node_file(configure(folder, {"mx", "printers"}));
    ASSERT_TRUE(before.has_value());
    directory.check_by(check_for(before->options));
    ASSERT_TRUE(directory.load().has_value());

    const std::string file = configure(folder, {"mx"});
    std::vector<std::string> files;
    const InForce in_force{before->options, {}};
    const auto plan = read_reload(file, in_force, directory, system_clock().wall(), files);
    ASSERT_TRUE(plan.has_value()) << plan.error().front().what;

    const auto refused = replace(directory, kNeedsPrinters);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, directory::Refusal::Kind::Invalid);
    EXPECT_THAT(refused.error().what, testing::HasSubstr("printers"));
    directory.check_by(check_for(before->options));
    EXPECT_TRUE(replace(directory, kNeedsPrinters).has_value()) << "the reload has been given up";
}

}  // namespace
}  // namespace hermetic::daemon
