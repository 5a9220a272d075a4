// HeaderScan: looks over a message while it arrives, for the few things its envelope needs to know.
//
// Pure, incremental, bounded: it keeps one field name, one Message-ID, one Subject and one short
// value, whatever comes. Split anywhere, it finds the same. RFC 5322 §2.2, RFC 5321 §6.3 (loops),
// RFC 6531 §3.4, RFC 8689 §3 (TLS-Required).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::mail {

class HeaderScan {
public:
    // The next bytes of the message, dots unstuffed.
    void feed(std::string_view bytes);

    [[nodiscard]] bool ended() const { return part_ == Part::Body; }
    // Octets up to and including the empty line that ends the header; so far, if it has not ended.
    [[nodiscard]] std::uint64_t header_octets() const { return header_octets_; }
    [[nodiscard]] std::uint32_t received_fields() const { return received_fields_; }
    [[nodiscard]] bool header_has_8bit() const { return header_has_8bit_; }
    [[nodiscard]] bool body_has_8bit() const { return body_has_8bit_; }
    // Of the first Message-ID field, unfolded, trimmed, cut at 250 octets; as foreign as it came.
    [[nodiscard]] std::string_view message_id() const;
    // Of the first Subject field, likewise, cut at 1000 octets. Encoded words stand as they came.
    [[nodiscard]] std::string_view subject() const;
    // The one field TLS-Required has the value "No", whatever the case. Where there are several, or
    // one says anything else, nothing is asked for (RFC 8689 §3: there is one, and "No" is all it
    // can say).
    [[nodiscard]] bool tls_required_no() const;

private:
    enum class Part : std::uint8_t {
        LineStart,  // first octet of a line, or its CR
        Name,       // collecting the name of a field
        Value,      // in a field's value, or in a line that is no field
        Body,
    };
    // Whose value is kept.
    enum class Field : std::uint8_t { Other, MessageId, Subject, TlsRequired };

    std::size_t feed_line_start(std::string_view bytes);
    std::size_t feed_name(std::string_view bytes);
    std::size_t feed_value(std::string_view bytes);
    void begin_field();
    void keep_value(std::string_view piece);
    void keep_tls_required(std::string_view piece);

    static constexpr std::size_t kMaxName = 16;
    static constexpr std::size_t kMaxMessageId = 250;
    static constexpr std::size_t kMaxSubject = 1000;
    static constexpr std::size_t kMaxTlsRequired = 4;  // enough to tell "No" from all else

    Part part_ = Part::LineStart;
    bool after_cr_ = false;  // LineStart: the line began with CR
    Field field_ = Field::Other;
    bool seen_message_id_ = false;
    bool seen_subject_ = false;
    bool header_has_8bit_ = false;
    bool body_has_8bit_ = false;
    std::uint8_t name_length_ = 0;  // beyond kMaxName: counted no further
    std::uint32_t received_fields_ = 0;
    std::uint32_t tls_required_fields_ = 0;
    std::uint64_t header_octets_ = 0;
    char name_[kMaxName] = {};
    std::string message_id_;
    std::string subject_;
    std::string tls_required_;  // of the first; blanks are one, and none at the beginning
};

// Does `bytes` hold an octet above 127? Eight at a time.
[[nodiscard]] bool has_8bit(std::string_view bytes);

}  // namespace hermetic::mail
