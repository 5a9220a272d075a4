// A design that loses rows would be the cheapest of all.
#include "evidence/octets.h"
#include "evidence/segment.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
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

    // As a segment numbers them: in the order in which they are first mentioned.
    void note(const Event& event)
    {
        if (const auto* message = std::get_if<std::shared_ptr<const Message>>(&event)) {
            note_keys(keys_of(**message), items_);
            subjects_[items_] = (*message)->subject;
            item_of_[message->get()] = items_++;
        } else if (const auto* attempt = std::get_if<Attempt>(&event)) {
            const std::uint32_t item = item_of_.at(attempt->message.get());
            note_keys(keys_of(*attempt), item);
            replies_[item].push_back(attempt->text);
            kept_.push_back(attempt->message);
        } else {
            note_keys(keys_of(std::get<SessionEnd>(event)), items_++);
        }
    }

    // What every key has, and the texts of some items.
    void expect_all(Segment& segment)
    {
        for (const auto& [key, items] : wanted_) {
            const auto found = segment.find(key);
            EXPECT_EQ((std::set<std::uint32_t>{found.begin(), found.end()}), items);
        }
        for (std::uint32_t item = 0; item < items_; item += 5) {
            const std::string texts = segment.read(item);
            EXPECT_NE(texts.find(subjects_[item]), std::string::npos) << item;
            for (const std::string& each : replies_[item])
                EXPECT_NE(texts.find(each), std::string::npos) << item;
        }
    }

    std::string path_;

private:
    void note_keys(const std::vector<std::uint64_t>& keys, std::uint32_t item)
    {
        for (const std::uint64_t key : keys) wanted_[key].insert(item);
    }

    std::map<std::uint64_t, std::set<std::uint32_t>> wanted_;
    std::map<const Message*, std::uint32_t> item_of_;
    std::map<std::uint32_t, std::string> subjects_;
    std::map<std::uint32_t, std::vector<std::string>> replies_;
    std::vector<std::shared_ptr<const Message>> kept_;  // so that no address comes twice
    std::uint32_t items_ = 0;
};

TEST_P(Designs, FindWhatWasStoredLiveAndSealed)
{
    Segment segment{path_, GetParam()};
    Traffic traffic{7, 1'790'000'000'000, 60'000};
    for (int transaction = 0; transaction < 12; ++transaction) {
        segment.begin();
        for (int i = 0; i < 50; ++i) {
            const Event event = traffic.next();
            note(event);
            segment.add(event);
        }
        segment.commit();
    }
    expect_all(segment);
    segment.seal();
    expect_all(segment);
    EXPECT_TRUE(segment.find(key_of(kWord, "nobody-wrote-this")).empty());
}

// A recipient and a host of different days are asked for together.
TEST(Carried, AnAttemptInALaterSegmentIsFoundThereByItsMessagesKeys)
{
    const std::string path =
        ::testing::TempDir() + "carried-" + std::to_string(::getpid()) + ".sqlite";
    {
        Segment later{path, {}};
        Traffic traffic{7, 1'790'000'000'000, 60'000};
        Attempt attempt;
        while (attempt.message == nullptr) {
            const Event event = traffic.next();
            if (const auto* made = std::get_if<Attempt>(&event)) attempt = *made;
        }
        later.begin();
        later.add(attempt);
        later.commit();
        const auto& to = attempt.message->recipients.front();
        const auto by_recipient = later.find(key_of(kRecipient, full_address(to.local, to.domain)));
        EXPECT_EQ(by_recipient, (std::vector<std::uint32_t>{0}));
        EXPECT_EQ(later.find(key_of(kHost, attempt.host)), by_recipient);
    }
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
}

// Small blocks, so that there are several.
constexpr std::size_t kBlock = 700;

INSTANTIATE_TEST_SUITE_P(All, Designs,
                         ::testing::Values(Design{Keys::Tree, 1}, Design{Keys::SortedTree, 16},
                                           Design{Keys::Runs, 16},
                                           Design{Keys::Blocks, 16, Texts::ByNumber, kBlock},
                                           Design{Keys::Blocks, 16, Texts::Inline, kBlock}));

}  // namespace
}  // namespace evidence_bench
