// Where the records of a segment's messages lie: one in a row each, or many in a compressed page.
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
    virtual void add(std::uint64_t row, std::string record) = 0;
    // Before each commit.
    virtual void flush() = 0;
    // Nothing more is added.
    virtual void seal() = 0;
    [[nodiscard]] virtual std::string read(std::uint64_t row) = 0;
};

[[nodiscard]] std::unique_ptr<Rows> make_plain_rows(Database& database);
[[nodiscard]] std::unique_ptr<Rows> make_packed_rows(Database& database);

}  // namespace evidence_bench
