#include "validation/json.h"

#include "validation/results_file.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <unistd.h>

namespace hermetic::validation {
namespace {

Report example()
{
    Report report;
    report.connector = "bank \"quoted\"";
    report.started = *parse_rfc3339("2026-11-21T12:00:00Z");
    report.took = std::chrono::milliseconds{1234};
    report.state = State::Warning;
    report.words = "mail flows";
    report.steps.push_back({StepId::StartTls, "mx.example.org", "192.0.2.1:25", State::Failed,
                            "starttls.not-offered", "two\nlines", "Ask."});
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
    const Reports reports{{example().connector, example()}};
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

TEST(ResultsFile, SurvivesARestartAndABrokenFile)
{
    const auto directory =
        std::filesystem::temp_directory_path() / ("hermetic-results-" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
    const std::string file = directory / "validations.json";
    EXPECT_EQ(*load_reports(file), Reports{});
    const Reports reports{{example().connector, example()}};
    ASSERT_TRUE(store_reports(file, reports));
    EXPECT_EQ(*load_reports(file), reports);
    std::filesystem::resize_file(file, 20);
    EXPECT_FALSE(load_reports(file));
    EXPECT_FALSE(store_reports(directory / "none" / "file", reports));
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace hermetic::validation
