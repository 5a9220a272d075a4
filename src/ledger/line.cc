#include "ledger/line.h"

#include "core/quote.h"
#include "core/text.h"

#include <algorithm>
#include <array>

namespace hermetic::ledger {
namespace {

// printable() has left no control character and only valid UTF-8: two characters are special.
void append_json_string(std::string& out, std::string_view value)
{
    out += '"';
    for (auto special = value.find_first_of("\"\\"); special != std::string_view::npos;
         special = value.find_first_of("\"\\")) {
        out.append(value.substr(0, special)).append(1, '\\').append(1, value[special]);
        value.remove_prefix(special + 1);
    }
    out.append(value).append(1, '"');
}

bool needs_quotes(std::string_view value)
{
    return value.empty() || value.find_first_of(" \"=;,") != std::string_view::npos;
}

constexpr std::array<bool, 256> plain_octets()
{
    std::array<bool, 256> plain{};
    for (std::size_t octet = ' '; octet < 0x7f; ++octet) plain[octet] = true;
    plain['"'] = plain['\\'] = false;
    return plain;
}

// What printable() leaves as it is and no format quotes within. Every value of every line comes
// here: a table is a third of the time of comparisons.
bool is_plain(std::string_view value)
{
    static constexpr auto kPlain = plain_octets();
    return std::ranges::all_of(value, [](char c) { return kPlain[static_cast<unsigned char>(c)]; });
}

}  // namespace

void Line::start(std::string_view key)
{
    if (format_ == LineFormat::Json) {
        if (!first_) text_ += ',';
        if (!key.empty()) {
            // A word of our own.
            text_.append(1, '"').append(key).append("\":");
        }
    } else {
        if (!first_) text_ += ' ';
        text_ += prefix_;
        text_ += key;
        text_ += '=';
    }
    first_ = false;
}

void Line::quoted(std::string_view value, std::size_t max, Escaped escaped)
{
    if (value.size() <= max && is_plain(value)) {
        const bool bare = format_ == LineFormat::Text && !needs_quotes(value);
        const std::size_t marks = bare ? 0 : 1;
        text_.append(marks, '"').append(value).append(marks, '"');
        return;
    }
    const std::string shown =
        escaped == Escaped::Yes ? printable_once(value, max) : printable(value, max);
    if (format_ == LineFormat::Json || needs_quotes(shown)) {
        append_json_string(text_, shown);
    } else {
        text_ += shown;
    }
}

void Line::text(std::string_view key, std::string_view value, std::size_t max)
{
    if (format_ == LineFormat::Text && value.empty()) return;
    start(key);
    quoted(value, max, Escaped::Yes);
}

void Line::foreign(std::string_view key, std::string_view value, std::size_t max)
{
    if (format_ == LineFormat::Text && value.empty()) return;
    start(key);
    quoted(value, max, Escaped::No);
}

void Line::number(std::string_view key, std::int64_t value)
{
    start(key);
    text_ += std::to_string(value);
}

void Line::flag(std::string_view key, bool value)
{
    start(key);
    text_ += value ? "true" : "false";
}

void Line::null(std::string_view key)
{
    if (format_ == LineFormat::Text) return;
    start(key);
    text_ += "null";
}

void Line::begin_object(std::string_view key)
{
    if (format_ == LineFormat::Json) {
        start(key);
        text_ += '{';
        first_ = true;
    } else {
        prefix_ += key;
        prefix_ += '.';
    }
}

void Line::end_object()
{
    if (format_ == LineFormat::Json) {
        text_ += '}';
        first_ = false;
        return;
    }
    prefix_.pop_back();
    const auto dot = prefix_.rfind('.');
    prefix_.resize(dot == std::string::npos ? 0 : dot + 1);
}

void Line::begin_list(std::string_view key)
{
    if (format_ == LineFormat::Json) {
        start(key);
        text_ += '[';
        first_ = true;
    } else {
        elements_.push_back(0);
        prefix_ += key;
        prefix_ += '.';
    }
}

void Line::begin_element()
{
    begin_object(format_ == LineFormat::Json ? std::string{} : std::to_string(++elements_.back()));
}

void Line::end_element()
{
    end_object();
}

void Line::element(std::string_view value, std::size_t max)
{
    start(format_ == LineFormat::Json ? std::string{} : std::to_string(++elements_.back()));
    quoted(value, max, Escaped::Yes);
}

void Line::end_list()
{
    if (format_ == LineFormat::Json) {
        text_ += ']';
        first_ = false;
        return;
    }
    elements_.pop_back();
    end_object();
}

std::string Line::finish()
{
    if (format_ == LineFormat::Json) text_ += '}';
    return std::move(text_);
}

}  // namespace hermetic::ledger
