#include "evidence/strings.h"

#include <zstd.h>

namespace evidence_bench {

Dictionary::Dictionary(Database& database)
    : insert_{database, "INSERT INTO name(number, text) VALUES(?, ?)"},
      select_{database, "SELECT text FROM name WHERE number = ?"}
{
}

std::uint32_t Dictionary::number_of(std::string_view text)
{
    const auto found = numbers_.find(text);
    if (found != numbers_.end()) return found->second;
    const auto number = static_cast<std::uint32_t>(numbers_.size() + 1);
    insert_.number(number).octets(text).execute();
    numbers_.emplace(text, number);
    return number;
}

std::string Dictionary::text_of(std::uint32_t number)
{
    std::string text;
    if (select_.number(number).next()) text = select_.octets_at(0);
    select_.reset();
    return text;
}

Contents::Contents(Database& database)
    : insert_{database, "INSERT INTO content(number, hash, octets) VALUES(?, ?, ?)"}
{
}

std::uint32_t Contents::number_of(std::uint64_t hash, Make make)
{
    const auto number = static_cast<std::uint32_t>(numbers_.size() + 1);
    const auto [found, added] = numbers_.emplace(hash, number);
    if (!added) return found->second;
    const std::string octets = make(hash);
    std::string packed(ZSTD_compressBound(octets.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), octets.data(), octets.size(), 1));
    insert_.number(number).number(static_cast<std::int64_t>(hash)).octets(packed).execute();
    return number;
}

}  // namespace evidence_bench
