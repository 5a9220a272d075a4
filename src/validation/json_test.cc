#include "validation/json.h"

#include "facts/reasons.h"
#include "validation/results_folder.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace hermetic::validation {
namespace {

Report example()
{
    Report report;
    report.connector = "bank \"quoted\"";
    report.organization = "Example";
    report.started = *parse_rfc3339("2026-11-21T12:00:00Z");
    report.took = std::chrono::milliseconds{1234};
    report.state = State::Warning;
    report.words = "mail flows";
    report.steps.push_back({StepId::StartTls, "mx.example.org", "192.0.2.1:25", State::Failed,
                            facts::Reason::StarttlsNotOffered, "two\nlines", "Ask."});
    report.steps.push_back({StepId::Result, {}, {}, State::Warning, {}, "mail flows", {}});
    return report;
}

TEST(ValidationJson, AStepComesBack)
{
    const Step step = example().steps[0];
    EXPECT_EQ(parse_step(format_json(step)), step);
    EXPECT_EQ(parse_step("{\"step\":\"frobnicate\",\"state\":\"ok\"}"), std::nullopt);
    EXPECT_EQ(parse_step("nonsense"), std::nullopt);
}

TEST(ValidationJson, ReportsComeBack)
{
    const Reports reports{{connector_of(example()), example()}};
    EXPECT_EQ(parse_reports(format_reports(reports)), reports);
    for (const auto* text : {"", "[]", "{\"format\":2,\"reports\":[]}", "{\"format\":1}",
                             "{\"format\":1,\"reports\":[{}]}", "{\"format\":1,\"reports\":[7]}"}) {
        EXPECT_EQ(parse_reports(text), std::nullopt) << text;
    }
}

TEST(ValidationJson, EveryIdHasAName)
{
    for (int i = 0; i <= static_cast<int>(StepId::Result); ++i) {
        const auto id = static_cast<StepId>(i);
        EXPECT_EQ(parse_step_id(name(id)), id);
    }
    for (int i = 0; i <= static_cast<int>(State::Failed); ++i) {
        const auto state = static_cast<State>(i);
        EXPECT_EQ(parse_state(name(state)), state);
    }
}

class ResultsFolderTest : public testing::Test {
protected:
    ResultsFolderTest()
        : directory_{std::filesystem::temp_directory_path() /
                     ("hermetic-results-" + std::to_string(::getpid()))}
    {
        std::filesystem::create_directories(directory_);
        other_.connector = "../an other";
    }
    ~ResultsFolderTest() override { std::filesystem::remove_all(directory_); }
    [[nodiscard]] ResultsFolder folder() const { return ResultsFolder{directory_ / "validations"}; }

    const std::filesystem::path directory_;
    const Report report_ = example();
    Report other_ = example();
};

TEST_F(ResultsFolderTest, SurvivesARestartAndABrokenFile)
{
    EXPECT_EQ(folder().load().reports, Reports{});
    ASSERT_TRUE(folder().store(report_));
    ASSERT_TRUE(folder().store(other_));
    const auto kept = folder().load();
    EXPECT_EQ(kept.reports,
              (Reports{{connector_of(report_), report_}, {connector_of(other_), other_}}));
    EXPECT_EQ(kept.fault, "");
    folder().remove(connector_of(other_));
    EXPECT_EQ(folder().load().reports, (Reports{{connector_of(report_), report_}}));
    for (const auto& each : std::filesystem::directory_iterator{directory_ / "validations"})
        std::filesystem::resize_file(each, 20);
    EXPECT_EQ(folder().load().reports, Reports{});
    EXPECT_NE(folder().load().fault, "");
    EXPECT_FALSE(ResultsFolder{directory_ / "none" / "validations"}.store(report_));
}

TEST_F(ResultsFolderTest, TakesOverTheOneFileOfBefore)
{
    const Reports reports{{connector_of(report_), report_}, {connector_of(other_), other_}};
    std::ofstream{directory_ / "validations.json"} << format_reports(reports);
    EXPECT_EQ(folder().load().reports, reports);
    EXPECT_FALSE(std::filesystem::exists(directory_ / "validations.json"));
    EXPECT_EQ(folder().load().reports, reports);
}

}  // namespace
}  // namespace hermetic::validation
