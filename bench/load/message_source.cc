#include "load/message_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <stdexcept>

namespace hermetic::load {
namespace {

constexpr std::size_t kLine = 78;        // with CRLF
constexpr std::size_t kDotEvery = 16;    // lines
constexpr std::size_t kMostDigits = 20;  // of a number

std::string format_date()
{
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 64> text{};
    const std::size_t length =
        std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &parts);
    return {text.data(), length};
}

// Lines of text, CRLF ended, `octets` in all; those that begin with a dot have it doubled.
std::string make_body(std::uint64_t octets)
{
    std::string body;
    body.reserve(octets + octets / (kLine * kDotEvery) + 8);
    std::size_t number = 0;
    while (octets > 0) {
        std::size_t length = std::min<std::uint64_t>(octets, kLine);
        if (octets - length == 1) {
            length -= 10;  // no line is shorter than its CRLF
        }
        std::string line;
        for (std::size_t i = 0; i + 2 < length; ++i) {
            line += static_cast<char>('a' + (number * 7 + i) % 26);
        }
        if (number % kDotEvery == kDotEvery / 2 && !line.empty()) {
            line.front() = '.';
            body += '.';
        }
        body += line + "\r\n";
        octets -= length;
        ++number;
    }
    return body + ".\r\n";
}

}  // namespace

void append_number(std::string& out, std::uint64_t number)
{
    std::array<char, kMostDigits> digits{};
    const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    out.append(digits.data(), result.ptr);
}

MessageSource::MessageSource(const MessageShape& shape)
    : from_(parse_pattern(shape.from)),
      recipient_(parse_pattern(shape.recipient)),
      domains_(shape.domains),
      size_(shape.size),
      date_(format_date())
{
    if (domains_ == 0) {
        throw std::invalid_argument("at least one domain");
    }
    std::string head;
    append_head(head, 0);
    if (size_ < head.size() + 2) {
        throw std::invalid_argument("a message has at least " + std::to_string(head.size() + 2) +
                                    " octets");
    }
    body_ = make_body(size_ - head.size());
}

std::vector<MessageSource::Part> MessageSource::parse_pattern(std::string_view pattern)
{
    std::vector<Part> parts;
    while (!pattern.empty()) {
        const std::size_t at = std::min(pattern.find("{n}"), pattern.find("{d}"));
        parts.push_back({Part::Kind::Text, std::string(pattern.substr(0, at))});
        if (at == std::string_view::npos) {
            break;
        }
        parts.push_back({pattern[at + 1] == 'n' ? Part::Kind::Number : Part::Kind::Domain, ""});
        pattern.remove_prefix(at + 3);
    }
    return parts;
}

void MessageSource::append_pattern(std::string& out, const std::vector<Part>& parts,
                                   std::uint64_t number) const
{
    for (const Part& part : parts) {
        switch (part.kind) {
        case Part::Kind::Text:
            out += part.text;
            break;
        case Part::Kind::Number:
            append_number(out, number);
            break;
        case Part::Kind::Domain:
            append_number(out, number % domains_);
            break;
        }
    }
}

void MessageSource::append_mailbox_from(std::string& out, std::uint64_t number) const
{
    append_pattern(out, from_, number);
}

void MessageSource::append_mailbox_to(std::string& out, std::uint64_t number) const
{
    append_pattern(out, recipient_, number);
}

void MessageSource::append_head(std::string& out, std::uint64_t number) const
{
    const std::size_t before = out.size();
    out += "X-Load-Id: ";
    append_number(out, number);
    const std::size_t digits = out.size() - before - 11;
    out += "\r\nDate: ";
    out += date_;
    out += "\r\nFrom: Load <load@load.test>\r\nTo: undisclosed-recipients:;\r\nMessage-ID: <";
    append_number(out, number);
    out += "@load.test>\r\nSubject: load ";
    out.append(2 * (kMostDigits - digits), 'x');  // so that all heads are of one length
    out += "\r\n\r\n";
}

}  // namespace hermetic::load
