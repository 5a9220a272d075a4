#include "load/json_object.h"

#include <array>
#include <cstdio>

namespace hermetic::load {

std::string quote_json(std::string_view text)
{
    std::string quoted = "\"";
    for (const char octet : text) {
        if (octet == '"' || octet == '\\') {
            quoted += '\\';
            quoted += octet;
        } else if (octet >= ' ' && octet < 0x7f) {
            quoted += octet;
        } else {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\u%04x",
                          static_cast<unsigned>(static_cast<unsigned char>(octet)));
            quoted += escaped.data();
        }
    }
    return quoted + "\"";
}

void JsonObject::add_name(std::string_view name)
{
    if (!members_.empty()) {
        members_ += ", ";
    }
    members_ += quote_json(name) + ": ";
}

JsonObject& JsonObject::add(std::string_view name, std::uint64_t value)
{
    add_name(name);
    members_ += std::to_string(value);
    return *this;
}

JsonObject& JsonObject::add(std::string_view name, double value)
{
    add_name(name);
    std::array<char, 400> digits{};  // the largest double has 309 before the point
    std::snprintf(digits.data(), digits.size(), "%.3f", value);
    members_ += digits.data();
    return *this;
}

JsonObject& JsonObject::add(std::string_view name, const JsonObject& value)
{
    add_name(name);
    members_ += value.text();
    return *this;
}

JsonObject& JsonObject::add(std::string_view name,
                            const std::map<std::string, std::uint64_t>& counts)
{
    JsonObject object;
    for (const auto& [text, count] : counts) {
        object.add(text, count);
    }
    return add(name, object);
}

}  // namespace hermetic::load
