#include "ledger/line.h"

#include "core/quote.h"
#include "core/text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

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

constexpr std::uint64_t kEach = 0x0101010101010101ULL;

// The high bit of an octet is set where that octet, or one below it, is zero: exact about whether
// there is one.
constexpr std::uint64_t zeros(std::uint64_t octets)
{
    return (octets - kEach) & ~octets;
}

// Of eight octets: whether one is a control character, above '~', a quote or a backslash.
constexpr bool has_special(std::uint64_t octets)
{
    const std::uint64_t controls = (octets - kEach * ' ') & ~octets;
    const std::uint64_t any = octets | controls | zeros(octets ^ kEach * 0x7f) |
                              zeros(octets ^ kEach * '"') | zeros(octets ^ kEach * '\\');
    return (any & kEach * 0x80) != 0;
}

// What printable() leaves as it is and no format quotes within. Every value of every line comes
// here: eight octets at a time.
bool is_plain(std::string_view value)
{
    std::uint64_t octets = 0;
    for (; value.size() >= sizeof octets; value.remove_prefix(sizeof octets)) {
        std::memcpy(&octets, value.data(), sizeof octets);
        if (has_special(octets)) return false;
    }
    octets = kEach * 'x';
    if (!value.empty()) std::memcpy(&octets, value.data(), value.size());
    return !has_special(octets);
}

}  // namespace

void Line::start(std::string_view key)
{
    if (format_ == LineFormat::Json) {
        constexpr std::string_view kNext = ",\"";
        // The key is a word of our own.
        if (!key.empty()) {
            text_.append(kNext.substr(first_ ? 1 : 0)).append(key).append("\":");
        } else if (!first_) {
            text_ += ',';
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
        if (!bare) text_ += '"';
        text_ += value;
        if (!bare) text_ += '"';
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

// Most of a line are such members: room for one is made once.
void Line::add_plain_member(std::string_view key, std::string_view value)
{
    const std::string_view before = first_ ? R"(")" : R"(,")";
    const std::string_view between = R"(":")";
    const std::size_t length = text_.size();
    text_.resize(length + before.size() + key.size() + between.size() + value.size() + 1);
    char* at = text_.data() + length;
    for (const std::string_view part : {before, key, between, value})
        at = std::copy(part.begin(), part.end(), at);
    *at = '"';
    first_ = false;
}

void Line::text(std::string_view key, std::string_view value, std::size_t max)
{
    if (format_ == LineFormat::Json && value.size() <= max && is_plain(value))
        return add_plain_member(key, value);
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
