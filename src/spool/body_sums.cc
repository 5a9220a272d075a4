#include "spool/body_sums.h"

#include "core/crc32c.h"

#include <algorithm>

namespace hermetic::spool {
namespace {

constexpr std::size_t kSum = 4;
constexpr std::string_view kMark = "crc1";

void append_sum(std::string& out, std::uint32_t sum)
{
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(sum >> shift & 0xff);
}

std::uint32_t sum_at(std::string_view octets, std::size_t at)
{
    std::uint32_t sum = 0;
    for (std::size_t i = kSum; i > 0; --i) {
        sum = sum << 8 | static_cast<unsigned char>(octets[at + i - 1]);
    }
    return sum;
}

}  // namespace

std::uint64_t sums_length(std::uint64_t size)
{
    return (size + kBodyChunk - 1) / kBodyChunk * kSum + kSum + kMark.size();
}

void BodySums::add(std::string_view octets)
{
    while (!octets.empty()) {
        const auto part = octets.substr(0, kBodyChunk - in_chunk_);
        sum_ = crc32c(part, sum_);
        in_chunk_ += part.size();
        octets.remove_prefix(part.size());
        if (in_chunk_ < kBodyChunk) return;
        sums_.push_back(sum_);
        sum_ = 0;
        in_chunk_ = 0;
    }
}

std::string BodySums::finish()
{
    if (in_chunk_ > 0) sums_.push_back(sum_);
    std::string out;
    for (const std::uint32_t sum : sums_) append_sum(out, sum);
    append_sum(out, crc32c(out));
    return out.append(kMark);
}

std::optional<std::vector<std::uint32_t>> parse_sums(std::string_view octets, std::uint64_t size)
{
    if (octets.size() != sums_length(size) || !octets.ends_with(kMark)) return std::nullopt;
    const std::size_t end = octets.size() - kMark.size() - kSum;
    if (sum_at(octets, end) != crc32c(octets.substr(0, end))) return std::nullopt;
    std::vector<std::uint32_t> sums;
    sums.reserve(end / kSum);
    for (std::size_t at = 0; at < end; at += kSum) sums.push_back(sum_at(octets, at));
    return sums;
}

}  // namespace hermetic::spool
