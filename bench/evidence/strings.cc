#include "evidence/strings.h"

namespace evidence_bench {
namespace {

constexpr std::size_t kNames = 256;    // of a page
constexpr std::size_t kContents = 32;  // of a page

}  // namespace

Dictionary::Dictionary(Database& database) : texts_{make_numbered(database, "name", kNames)}
{
}

std::uint32_t Dictionary::number_of(std::string_view text)
{
    const auto found = numbers_.find(text);
    if (found != numbers_.end()) return found->second;
    const auto number = static_cast<std::uint32_t>(numbers_.size());
    texts_->add(text);
    numbers_.emplace(text, number);
    return number;
}

Contents::Contents(Database& database) : octets_{make_numbered(database, "content", kContents)}
{
}

std::uint32_t Contents::number_of(std::uint64_t hash, Find find)
{
    const auto number = static_cast<std::uint32_t>(numbers_.size());
    const auto [found, added] = numbers_.emplace(hash, number);
    if (added) octets_->add(find(hash));
    return found->second;
}

}  // namespace evidence_bench
