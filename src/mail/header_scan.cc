#include "mail/header_scan.h"

#include "core/text.h"

#include <algorithm>
#include <cstring>

namespace hermetic::mail {
namespace {

// ftext of RFC 5322 §3.6.8: printable ASCII but ":".
bool is_name_octet(char c)
{
    return c > ' ' && c <= '~' && c != ':';
}

bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

// The text of a field, whose lines end in CRLF: the CR may come in a piece of its own.
void keep_text(std::string& text, std::string_view piece, std::size_t most)
{
    while (!piece.empty() && text.size() < most) {
        const std::size_t cr = std::min(piece.find('\r'), piece.size());
        text.append(piece.substr(0, std::min(cr, most - text.size())));
        piece.remove_prefix(std::min(cr + 1, piece.size()));
    }
}

}  // namespace

bool has_8bit(std::string_view bytes)
{
    constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    const auto word = [&at](std::size_t index) {
        std::uint64_t octets = 0;
        std::memcpy(&octets, at + index * sizeof octets, sizeof octets);
        return octets;
    };
    for (; left >= 64; at += 64, left -= 64) {
        const std::uint64_t any =
            word(0) | word(1) | word(2) | word(3) | word(4) | word(5) | word(6) | word(7);
        if ((any & kHighBits) != 0) return true;
    }
    return std::any_of(at, at + left,
                       [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; });
}

std::string_view HeaderScan::message_id() const
{
    return trim(message_id_);
}

std::string_view HeaderScan::subject() const
{
    return trim(subject_);
}

bool HeaderScan::tls_required_no() const
{
    return tls_required_fields_ == 1 && iequals(trim(tls_required_), "no");
}

void HeaderScan::feed(std::string_view bytes)
{
    while (!bytes.empty()) {
        if (part_ == Part::Body) {
            if (!body_has_8bit_) body_has_8bit_ = has_8bit(bytes);
            return;
        }
        std::size_t taken = 0;
        switch (part_) {
        case Part::LineStart:
            taken = feed_line_start(bytes);
            break;
        case Part::Name:
            taken = feed_name(bytes);
            break;
        case Part::Value:
            taken = feed_value(bytes);
            break;
        case Part::Body:
            break;
        }
        header_octets_ += taken;
        if (!header_has_8bit_) header_has_8bit_ = has_8bit(bytes.substr(0, taken));
        bytes.remove_prefix(taken);
    }
}

std::size_t HeaderScan::feed_line_start(std::string_view bytes)
{
    const char c = bytes[0];
    if (c == '\n') {  // the empty line
        part_ = Part::Body;
        return 1;
    }
    if (after_cr_) {  // CR and no LF: not an empty line
        after_cr_ = false;
        part_ = Part::Value;
        return 0;
    }
    if (c == '\r') {
        after_cr_ = true;
        return 1;
    }
    if (c == ' ' || c == '\t') {  // folded (RFC 5322 §2.2.3)
        part_ = Part::Value;
        return 0;
    }
    field_ = Field::Other;
    name_length_ = 0;
    part_ = Part::Name;
    return 0;
}

std::size_t HeaderScan::feed_name(std::string_view bytes)
{
    std::size_t taken = 0;
    for (; taken < bytes.size() && is_name_octet(bytes[taken]); ++taken) {
        if (name_length_ < kMaxName) name_[name_length_] = ascii_lower(bytes[taken]);
        if (name_length_ <= kMaxName) ++name_length_;
    }
    if (taken == bytes.size()) return taken;
    const char stop = bytes[taken];
    if (stop == ' ' || stop == '\t')
        return taken + 1;  // before the colon: obsolete, §4.5.8, occurs
    if (stop == ':') {
        begin_field();
        part_ = Part::Value;
        return taken + 1;
    }
    part_ = Part::Value;  // no field: whatever it is, its line ends like others
    return taken;
}

void HeaderScan::begin_field()
{
    const std::string_view name{name_, std::min<std::size_t>(name_length_, kMaxName)};
    if (name_length_ > kMaxName) return;
    if (name == "received") {
        ++received_fields_;
    } else if (name == "message-id" && !seen_message_id_) {
        field_ = Field::MessageId;
        seen_message_id_ = true;
    } else if (name == "subject" && !seen_subject_) {
        field_ = Field::Subject;
        seen_subject_ = true;
    } else if (name == "tls-required") {
        if (++tls_required_fields_ == 1) field_ = Field::TlsRequired;
    }
}

void HeaderScan::keep_value(std::string_view piece)
{
    switch (field_) {
    case Field::MessageId:
        keep_text(message_id_, piece, kMaxMessageId);
        break;
    case Field::Subject:
        keep_text(subject_, piece, kMaxSubject);
        break;
    case Field::TlsRequired:
        keep_tls_required(piece);
        break;
    case Field::Other:
        break;
    }
}

void HeaderScan::keep_tls_required(std::string_view piece)
{
    for (const char c : piece) {
        if (tls_required_.size() == kMaxTlsRequired) break;
        const bool after_blank = tls_required_.empty() || tls_required_.back() == ' ';
        if (is_blank(c) && after_blank) continue;
        tls_required_ += is_blank(c) ? ' ' : c;
    }
}

std::size_t HeaderScan::feed_value(std::string_view bytes)
{
    const void* newline = std::memchr(bytes.data(), '\n', bytes.size());
    const std::size_t end =
        newline == nullptr
            ? bytes.size()
            : static_cast<std::size_t>(static_cast<const char*>(newline) - bytes.data());
    if (field_ != Field::Other) keep_value(bytes.substr(0, end));
    if (newline == nullptr) return end;
    part_ = Part::LineStart;
    after_cr_ = false;
    return end + 1;
}

}  // namespace hermetic::mail
