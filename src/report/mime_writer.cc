#include "report/mime_writer.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <vector>

namespace hermetic::report {

namespace {

constexpr std::size_t kLine = 78;       // RFC 5322 §2.1.1: should
constexpr std::size_t kHardLine = 998;  // and must
constexpr std::size_t kEncodedLine = 76;

bool is_continuation(char c)
{
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
}

// RFC 2047 §2: an encoded word is at most 75 octets, and holds whole characters (§5).
std::string encoded_words(std::string_view value)
{
    constexpr std::size_t kOctets =
        39;  // 52 of base64, "=?UTF-8?B?" and "?=", after a short field name
    std::string out;
    while (!value.empty()) {
        std::size_t take = std::min(kOctets, value.size());
        while (take < value.size() && take > 1 && is_continuation(value[take])) --take;
        if (!out.empty()) out += ' ';
        out += "=?UTF-8?B?" + to_base64(value.substr(0, take)) + "?=";
        value.remove_prefix(take);
    }
    return out;
}

// Behind the quoted local part of an address ("a  b"@example.org) that begins at `at`; 0: it is
// none.
std::size_t end_of_local_part(std::string_view text, std::size_t at)
{
    for (std::size_t i = at + 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            return i + 1 < text.size() && text[i + 1] == '@' ? i + 1 : 0;
        }
    }
    return 0;
}

// Words between blanks. Those of a quoted local part are the address's own: it stays whole.
std::vector<std::string_view> words_of(std::string_view text)
{
    std::vector<std::string_view> words;
    std::size_t at = 0;
    while (at < text.size()) {
        if (text[at] == ' ') {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < text.size() && text[end] != ' ') {
            const std::size_t past = text[end] == '"' ? end_of_local_part(text, end) : 0;
            end = past != 0 ? past : end + 1;
        }
        words.push_back(text.substr(at, end - at));
        at = end;
    }
    return words;
}

std::string fold(std::string_view name, std::string_view value)
{
    std::string out{name};
    out += ':';
    std::size_t column = out.size();
    bool first = true;
    for (const std::string_view word : words_of(value)) {
        if (!first && column + 1 + word.size() > kLine) {
            out += "\r\n";
            column = 0;
        }
        out += ' ';
        out += word;
        column += 1 + word.size();
        first = false;
    }
    return out + "\r\n";
}

void append_quoted(std::string& out, char c)
{
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto octet = static_cast<unsigned char>(c);
    out += '=';
    out += kDigits[octet >> 4U];
    out += kDigits[octet & 0x0FU];
}

void encode_line(std::string& out, std::string_view line)
{
    std::size_t column = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        const bool last = i + 1 == line.size();
        const bool blank = c == ' ' || c == '\t';
        const bool literal = (c >= '!' && c <= '~' && c != '=') || (blank && !last);
        const std::size_t width = literal ? 1 : 3;
        // Room for a soft line break, unless this ends the line.
        if (column + width > kEncodedLine - (last ? 0 : 1)) {
            out += "=\r\n";
            column = 0;
        }
        if (literal) {
            out += c;
        } else {
            append_quoted(out, c);
        }
        column += width;
    }
    out += "\r\n";
}

// Calls function(line) for each line, without its end.
template <typename Function>
void for_each_line(std::string_view text, Function function)
{
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (end != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
        function(line);
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

}  // namespace

std::string format_unstructured(std::string_view name, std::string_view value)
{
    if (is_ascii(value)) return fold(name, value);
    return fold(name, encoded_words(value));
}

std::string format_structured(std::string_view name, std::string_view value)
{
    return fold(name, value);
}

std::string encode_quoted_printable(std::string_view text)
{
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for_each_line(text, [&](std::string_view line) { encode_line(out, line); });
    return out;
}

std::string encode_base64_lines(std::string_view octets)
{
    std::string out;
    constexpr std::size_t kOctets = 57;
    for (std::size_t at = 0; at < octets.size(); at += kOctets) {
        out += to_base64(octets.substr(at, kOctets)) + "\r\n";
    }
    return out;
}

std::string choose_boundary(std::string_view seed, std::string_view content)
{
    // "=_" occurs neither in quoted-printable nor in base64.
    std::string boundary = "=_" + std::string{seed};
    while (content.find(boundary) != std::string_view::npos) boundary += '_';
    return boundary;
}

std::string escape_html(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string wrap(std::string_view text, std::size_t indent, std::size_t width)
{
    std::string out;
    const std::string margin(indent, ' ');
    std::string line;
    for (const std::string_view word : words_of(text)) {
        if (!line.empty() && indent + line.size() + 1 + word.size() > width) {
            out += margin + line + "\r\n";
            line.clear();
        }
        if (!line.empty()) line += ' ';
        line += word;
    }
    if (!line.empty()) out += margin + line + "\r\n";
    return out;
}

bool has_short_lines(std::string_view text)
{
    bool all_short = true;
    for_each_line(text, [&](std::string_view line) { all_short &= line.size() <= kHardLine; });
    return all_short;
}

bool is_seven_bit(std::string_view text)
{
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        const auto octet = static_cast<unsigned char>(c);
        return octet != 0 && octet < 0x80;
    });
    return plain && has_short_lines(text);
}

}  // namespace hermetic::report
