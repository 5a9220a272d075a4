// Where the rows of a segment lie: one in a row of SQLite each, or many in a compressed page.
#pragma once

#include "evidence/database.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace evidence_bench {

class Rows {
public:
    virtual ~Rows() = default;
    // The next one.
    virtual void add(std::string record) = 0;
    // Before each commit.
    virtual void flush() = 0;
    [[nodiscard]] virtual std::string read(std::uint32_t row) = 0;
};

[[nodiscard]] std::unique_ptr<Rows> make_plain_rows(Database& database);
[[nodiscard]] std::unique_ptr<Rows> make_packed_rows(Database& database, std::size_t rows_of_page);

}  // namespace evidence_bench
