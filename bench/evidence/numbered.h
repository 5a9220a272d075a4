// Numbered octets, from 0 on: rows of events, names, contents. One in a row of SQLite each, or many
// in a compressed page.
#pragma once

#include "evidence/database.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace evidence_bench {

class Numbered {
public:
    virtual ~Numbered() = default;
    // The next one.
    virtual void add(std::string_view octets) = 0;
    // Before each commit.
    virtual void flush() = 0;
    [[nodiscard]] virtual std::string read(std::uint32_t number) = 0;
};

// `table`(first INTEGER PRIMARY KEY, octets BLOB). Pages of one: no page, no compression.
[[nodiscard]] std::unique_ptr<Numbered> make_numbered(Database& database, const std::string& table,
                                                      std::size_t of_page);

}  // namespace evidence_bench
