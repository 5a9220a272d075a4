#include "load/content_scan.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace hermetic::load {
namespace {

constexpr std::string_view kEnd = "\r\n.\r\n";
constexpr std::string_view kName = "X-Load-Id: ";

unsigned advance(unsigned matched, char octet)
{
    if (octet == kEnd[matched]) {
        return matched + 1;
    }
    return octet == '\r' ? 1 : 0;
}

}  // namespace

void ContentScan::start()
{
    matched_ = 2;  // the content begins at the start of a line
    octets_ = 0;
    id_.reset();
    header_done_ = false;
    header_.clear();
}

bool ContentScan::take_data(std::string_view& input)
{
    const std::size_t length = find_end(input);
    const bool found = length != std::string_view::npos;
    const std::string_view taken = input.substr(0, length);
    input.remove_prefix(taken.size());
    octets_ += taken.size();
    look_for_id(taken);
    if (found) {
        octets_ -= std::min<std::uint64_t>(octets_, 3);
    }
    return found;
}

void ContentScan::take_chunk(std::string_view octets)
{
    octets_ += octets.size();
    look_for_id(octets);
}

// The length of input up to and with the end of data, or npos.
std::size_t ContentScan::find_end(std::string_view input)
{
    std::size_t at = 0;
    while (matched_ > 0 && at < input.size()) {
        matched_ = advance(matched_, input[at++]);
        if (matched_ == kEnd.size()) {
            return at;
        }
    }
    if (matched_ > 0) {
        return std::string_view::npos;
    }
    const std::string_view rest = input.substr(at);  // nothing before it can belong to an end
    std::size_t from = 0;
    while (from + 2 < rest.size()) {
        const auto* dot =
            static_cast<const char*>(std::memchr(rest.data() + from, '.', rest.size() - 2 - from));
        if (dot == nullptr) {
            break;
        }
        const auto place = static_cast<std::size_t>(dot - rest.data());
        if (place >= 2 && rest.substr(place - 2, kEnd.size()) == kEnd) {
            return at + place + 3;
        }
        from = place + 1;
    }
    for (const char octet : rest.substr(rest.size() - std::min(rest.size(), kEnd.size() - 1))) {
        matched_ = advance(matched_, octet);
    }
    return std::string_view::npos;
}

void ContentScan::look_for_id(std::string_view octets)
{
    if (header_done_) {
        return;
    }
    if (header_.empty() && search(octets)) {
        header_done_ = true;
        return;
    }
    header_.append(octets.substr(0, kMaxHeader - std::min(header_.size(), kMaxHeader)));
    header_done_ =
        (header_.size() > octets.size() && search(header_)) || header_.size() >= kMaxHeader;
}

// True when there is nothing more to look for.
bool ContentScan::search(std::string_view header)
{
    const std::size_t blank = header.starts_with("\r\n") ? 0 : header.find("\r\n\r\n");
    std::size_t at = 0;
    while (true) {
        at = header.find(kName, at);
        if (at == std::string_view::npos || at > blank) {
            return blank != std::string_view::npos;
        }
        if (at == 0 || header[at - 1] == '\n') {
            break;
        }
        ++at;
    }
    const std::string_view value = header.substr(at + kName.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (end == value.data() + value.size()) {
        return false;  // more digits may follow
    }
    if (error == std::errc{} && *end == '\r') {
        id_ = number;
    }
    return true;
}

}  // namespace hermetic::load
