// What the server must make of each partner of the lab under the default policy: opportunistic TLS,
// floor 1.2. Outcome and protection stand in the partner's own row (src/lab/partners.cc); here is
// what the log must say about it.
#pragma once

#include <ostream>
#include <string_view>
#include <vector>

namespace hermetic::lab_test {

struct Expectation {
    std::string_view partner;
    std::string_view stage;
    std::string_view reason;     // dotted id
    std::string_view last_step;  // that worked: "everything", "clear" …; "" where none did
    // The verdict that is logged: "verified", or what is wrong in OpenSSL's words; "": not
    // compared.
    std::string_view certificate{};
    bool names_host = true;  // compared where `certificate` is

    friend void PrintTo(const Expectation& row, std::ostream* out) { *out << row.partner; }
};

// One row for each partner that mail can be sent to; the order is that of the table.
[[nodiscard]] const std::vector<Expectation>& all_expectations();

}  // namespace hermetic::lab_test
