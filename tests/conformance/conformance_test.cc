// Every transcript of this folder is a test.
#include "transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace hermetic::smtp {
namespace {

std::vector<std::filesystem::path> transcripts()
{
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(HERMETIC_TRANSCRIPTS)) {
        if (entry.path().extension() == ".transcript") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

class Transcript : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Transcript, Holds)
{
    std::ifstream file{GetParam()};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    ASSERT_FALSE(text.empty());
    for (const Delivery delivery : {Delivery::Whole, Delivery::OctetByOctet}) {
        for (const std::string& complaint : play(text, delivery)) {
            ADD_FAILURE() << GetParam().string() << " " << complaint;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Conformance, Transcript, testing::ValuesIn(transcripts()),
                         [](const auto& transcript) {
                             std::string name = transcript.param.parent_path().filename().string() +
                                                "_" + transcript.param.stem().string();
                             std::replace_if(
                                 name.begin(), name.end(),
                                 [](char c) { return std::isalnum(c) == 0; }, '_');
                             return name;
                         });

}  // namespace
}  // namespace hermetic::smtp
