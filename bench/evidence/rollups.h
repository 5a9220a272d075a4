// Counts of a segment's events, by what reports ask for; and their copies that outlive segments.
#pragma once

#include "evidence/strings.h"
#include "evidence/traffic.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace evidence_bench {

// One table: counts by numbers. Added to in memory, and to the table at flush().
template <std::size_t columns>
class Counts {
public:
    using Key = std::array<std::uint32_t, columns>;
    Counts(Database& database, const std::string& insert) : add_{database, insert} {}
    void add(const Key& key, std::uint64_t octets)
    {
        auto& [count, sum] = counts_[key];
        ++count;
        sum += octets;
    }
    // In the order of the table.
    void flush()
    {
        std::vector<std::pair<Key, std::pair<std::uint64_t, std::uint64_t>>> sorted{counts_.begin(),
                                                                                    counts_.end()};
        std::ranges::sort(sorted);
        for (const auto& [key, counts] : sorted) {
            for (const std::uint32_t each : key) add_.number(each);
            add_.number(static_cast<std::int64_t>(counts.first));
            add_.number(static_cast<std::int64_t>(counts.second)).execute();
        }
        counts_.clear();
    }

private:
    struct Hash {
        std::size_t operator()(const Key& key) const
        {
            return std::hash<std::string_view>{}(
                {reinterpret_cast<const char*>(key.data()), sizeof key});
        }
    };
    Statement add_;
    std::unordered_map<Key, std::pair<std::uint64_t, std::uint64_t>, Hash> counts_;
};

enum class Hours : std::uint8_t {
    WithPartners,     // partners are counted by hour and by day
    WithoutPartners,  // partners are counted by day, all else by hour, too
};

class Rollups {
public:
    Rollups(Database& database, Dictionary& names, Contents& contents, Hours hours);
    void add(const Message& message);
    void add(const Attempt& attempt);
    void add(const SessionEnd& end);
    void flush();

private:
    // Hours or days since 1970, partner, organization, connector, direction, version, cipher,
    // group, level, verified, result.
    using Traffic = Counts<11>;
    void add(Traffic::Key key, std::int64_t time, std::uint64_t octets);

    Dictionary& names_;
    Contents& contents_;
    Hours hours_of_;
    Traffic hours_;
    Traffic days_;
    Counts<7> clients_;    // day, client, organization, EHLO name, sender's domain, version, cipher
    Counts<3> decisions_;  // hour, decision inputs, peer's evidence
};

// rollup.sqlite: what sealed segments have counted.
class Totals {
public:
    explicit Totals(const std::string& path);
    // Replaces what may be there of that segment.
    void take(const std::string& sealed, std::uint32_t segment);
    // Rows of answers. By version and direction; by partner, the hundred with the most messages.
    [[nodiscard]] std::size_t report_versions();
    [[nodiscard]] std::size_t report_partners();
    [[nodiscard]] std::int64_t rows();

private:
    [[nodiscard]] std::size_t count_rows(const char* sql);
    // The numbers here of the names that the attached segment counts by.
    void map_names(const std::string& sealed);
    Database database_;
};

}  // namespace evidence_bench
