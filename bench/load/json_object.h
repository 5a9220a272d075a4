// Writes a JSON object as a person would: numbers without exponents, members in the order they
// came.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace hermetic::load {

class JsonObject {
public:
    JsonObject& add(std::string_view name, std::uint64_t value);
    JsonObject& add(std::string_view name, double value);  // with three decimals
    JsonObject& add(std::string_view name, const JsonObject& value);
    JsonObject& add(std::string_view name, const std::map<std::string, std::uint64_t>& counts);

    [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }

private:
    void add_name(std::string_view name);

    std::string members_;
};

// With its quotes. Octets beyond ASCII, which come from peers in any encoding, as if in Latin-1.
[[nodiscard]] std::string quote_json(std::string_view text);

}  // namespace hermetic::load
