// A design that loses rows would be the cheapest of all.
#include "evidence/octets.h"
#include "evidence/segment.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <unistd.h>

namespace evidence_bench {
namespace {

class Designs : public ::testing::TestWithParam<Design> {
protected:
    Designs() : path_{::testing::TempDir() + "evidence-" + std::to_string(::getpid()) + ".sqlite"}
    {
    }
    ~Designs() override
    {
        for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + end);
    }

    // What every key has, and some records.
    void expect_all(Segment& segment)
    {
        for (const auto& [key, rows] : wanted_) {
            const auto found = segment.find(key);
            EXPECT_EQ((std::set<std::uint32_t>{found.begin(), found.end()}), rows);
        }
        for (std::uint32_t row = 0; row < ids_.size(); row += 5)
            EXPECT_EQ(segment.read(row).substr(0, 16), ids_[row]) << row;
    }

    std::string path_;
    std::map<std::uint64_t, std::set<std::uint32_t>> wanted_;
    std::vector<std::string> ids_;
};

TEST_P(Designs, FindWhatWasStoredLiveAndSealed)
{
    Segment segment{path_, GetParam()};
    Traffic traffic{7};
    std::int64_t time = 1'790'000'000'000;
    for (int transaction = 0; transaction < 12; ++transaction) {
        segment.begin();
        for (int i = 0; i < 21; ++i) {
            const Message message = traffic.next(++time);
            const auto row = static_cast<std::uint32_t>(ids_.size());
            for (const std::uint64_t key : keys_of(message)) wanted_[key].insert(row);
            ids_.emplace_back(message.id.begin(), message.id.end());
            segment.add(message);
        }
        segment.commit();
    }
    expect_all(segment);
    segment.seal();
    expect_all(segment);
    EXPECT_TRUE(segment.find(hash_of(kWord, "nobody-wrote-this")).empty());
}

INSTANTIATE_TEST_SUITE_P(All, Designs,
                         ::testing::Values(Design::Tree, Design::SortedTree, Design::Runs,
                                           Design::PackedTree, Design::PackedRuns));

}  // namespace
}  // namespace evidence_bench
