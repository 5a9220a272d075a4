// The newest entries are in memory, sorted runs of them that are merged as they grow; when there
// are enough they become a block on disk. What is in memory is made again from the rows behind the
// last block when the segment is opened, so that a commit writes no keys at all.
#include "evidence/index.h"
#include "evidence/octets.h"
#include "evidence/postings.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace evidence_bench {
namespace {

constexpr std::size_t kRuns = 8;  // of a level

class BlockIndex final : public Index {
public:
    BlockIndex(Database& database, std::size_t block)
        : database_{database}, finder_{database}, block_{block}
    {
    }

    void add(std::uint64_t key, std::uint32_t value) override { waiting_.push_back({key, value}); }

    Kept flush() override
    {
        if (!waiting_.empty()) {
            std::ranges::sort(waiting_);
            in_memory_ += waiting_.size();
            put_run(0, std::move(waiting_));
            waiting_.clear();
        }
        if (in_memory_ < block_) return Kept::Some;
        write_block();
        return Kept::All;
    }

    void seal() override
    {
        write_block();
        PostingWriter writer{database_, "sealed.posting", 0};
        merge_blocks([&](const Entry& entry) { writer.add(entry); });
        writer.finish();
    }

    std::vector<std::uint32_t> find(std::uint64_t key) override
    {
        std::vector<std::uint32_t> values;
        for (std::uint32_t block = 0; block < std::max(blocks_, 1U); ++block)
            finder_.find(block, key, values);
        for (const auto& level : levels_) {
            for (const auto& run : level) {
                auto at = std::ranges::lower_bound(run, Entry{key, 0});
                for (; at != run.end() && at->key == key; ++at) values.push_back(at->value);
            }
        }
        std::ranges::sort(values);
        const auto repeated = std::ranges::unique(values);
        values.erase(repeated.begin(), repeated.end());
        return values;
    }

private:
    using Run = std::vector<Entry>;

    static Run merge(std::vector<Run>& runs)
    {
        std::size_t size = 0;
        for (const Run& each : runs) size += each.size();
        Run merged;
        merged.reserve(size);
        std::vector<std::size_t> ends{0};
        for (const Run& each : runs) {
            merged.insert(merged.end(), each.begin(), each.end());
            ends.push_back(merged.size());
        }
        runs.clear();
        merge_parts(merged, ends);
        return merged;
    }

    void put_run(std::size_t level, Run run)
    {
        if (levels_.size() <= level) levels_.resize(level + 1);
        levels_[level].push_back(std::move(run));
        if (levels_[level].size() == kRuns) put_run(level + 1, merge(levels_[level]));
    }

    void write_block()
    {
        if (in_memory_ == 0) return;
        std::vector<Run> all;
        for (auto& level : levels_)
            for (Run& run : level) all.push_back(std::move(run));
        levels_.clear();
        in_memory_ = 0;
        PostingWriter writer{database_, "posting", blocks_++};
        for (const Entry& each : merge(all)) writer.add(each);
        writer.finish();
    }

    // A page of each block at a time.
    template <typename Take>
    void merge_blocks(const Take& take)
    {
        std::vector<std::unique_ptr<PostingCursor>> heap;
        const auto later = [](const auto& a, const auto& b) { return a->entry() > b->entry(); };
        for (std::uint32_t block = 0; block < blocks_; ++block) {
            heap.push_back(std::make_unique<PostingCursor>(database_, block));
            if (!heap.back()->next()) heap.pop_back();
        }
        std::ranges::make_heap(heap, later);
        while (!heap.empty()) {
            std::ranges::pop_heap(heap, later);
            take(heap.back()->entry());
            if (heap.back()->next())
                std::ranges::push_heap(heap, later);
            else
                heap.pop_back();
        }
    }

    Database& database_;
    PostingFinder finder_;
    const std::size_t block_;
    std::vector<Entry> waiting_;
    std::vector<std::vector<Run>> levels_;
    std::size_t in_memory_ = 0;
    std::uint32_t blocks_ = 0;
};

}  // namespace

std::unique_ptr<Index> make_block_index(Database& database, std::size_t block)
{
    return std::make_unique<BlockIndex>(database, block);
}

}  // namespace evidence_bench
