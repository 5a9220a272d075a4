// What a reload and a change of objects make of each other when they come at the same time, and
// when the end of an exception is reported.
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
#include <variant>
#include <vector>

namespace hermetic::daemon {
namespace {

using directory::Directory;
using directory::Terms;

// Keeps what is reported of exceptions' ends.
class ExceptionEvents final : public events::Publisher {
public:
    void publish(events::What what) override
    {
        if (auto* ending = std::get_if<events::ExceptionEnding>(&what))
            endings.push_back(std::move(*ending));
    }
    void flush() override {}
    std::vector<events::ExceptionEnding> endings;
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

    // Of the watch: the time for which it would sleep has passed at once, until all is reported.
    net::Task<net::Woken> pass_time(Instant until)
    {
        constexpr std::size_t kEnough = 1000;
        const Duration asleep = until - fixture_.clock.now();
        slept_.push_back(asleep);
        if (events_.endings.size() >= 2 || slept_.size() >= kEnough)
            co_return net::Woken::Cancelled;
        fixture_.clock.shift += asleep;
        co_return net::Woken::OnTime;
    }
    net::Task<> let_an_exception_end()
    {
        const WallTime end = fixture_.clock.wall() + std::chrono::minutes{5};
        const std::string document =
            directory::kOrganization +
            fmt::format(
                "exception = {{ tls = \"encrypt\", valid_until = \"{}\", reason = \"why\" }}\n",
                format_rfc3339(end));
        std::function<bool(Directory&)> question = [document](Directory& directory) {
            return replace(directory, document).has_value();
        };
        const auto changed = co_await part_.ask(std::move(question));
        EXPECT_EQ(changed, true);
        part_.begin();
        co_await part_.stop();
    }

    directory::TemporaryFolder folder_;
    ExceptionEvents events_;
    std::vector<Duration> slept_;
    net::CoreFixture fixture_;
    config::NodeOptions options_;
    std::uint64_t files_used_ = 0;  // of this revision
    ObjectsPart part_{fixture_.core,
                      events_,
                      options_,
                      [this](const objects::Snapshot& snapshot, ObjectsPart::Cause) {
                          return [this, revision = snapshot.revision()] { files_used_ = revision; };
                      },
                      [](const objects::Snapshot&) {},
                      [this](net::Core&, Instant until) { return pass_time(until); }};
};

// Their secrets would be missing, and the new objects' mail would wait.
TEST_F(ObjectsPartTest, FilesOfOlderObjectsNeverReplaceThoseOfNewer)
{
    ASSERT_TRUE(part_.start().has_value());
    fixture_.run(change_between_take_and_reload());
    EXPECT_EQ(part_.snapshot()->revision(), 1U);
    EXPECT_EQ(files_used_, 1U);
}

TEST_F(ObjectsPartTest, TheEndOfAnExceptionIsReportedWithinAMinute)
{
    ASSERT_TRUE(part_.start().has_value());
    fixture_.run(let_an_exception_end());
    ASSERT_EQ(events_.endings.size(), 2U);
    EXPECT_EQ(events_.endings[0].days, 1) << "at most a day is left";
    EXPECT_EQ(events_.endings[1].days, 0);
    EXPECT_EQ(events_.endings[1].name, "bank");
    for (const Duration each : slept_) EXPECT_LE(each, std::chrono::minutes{1});
    EXPECT_LE(slept_.size(), 7U) << "the first look after its end has found it";
}

std::string configure(const directory::TemporaryFolder& folder,
                      const std::vector<std::string>& listeners)
{
    std::string file = folder.file("hermetic.toml");
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
