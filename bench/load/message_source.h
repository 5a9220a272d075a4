// Makes envelopes and messages from their numbers. Immutable after construction: any number of
// threads.
//
// A message is a short head of its own, of a length all share, and a body that all share: SMTP
// transparency (RFC 5321 §4.5.2) is done once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::load {

struct MessageShape {
    std::string from;       // "" is the null reverse-path; {n} and {d} as in `recipient`
    std::string recipient;  // {n}: the number of the message, {d}: that modulo `domains`
    std::uint64_t domains = 1;
    std::uint64_t size = 4096;  // octets of the message, before transparency
};

class MessageSource {
public:
    // Throws std::invalid_argument: a size that is less than the head's, no domains.
    explicit MessageSource(const MessageShape& shape);

    void append_mailbox_from(std::string& out, std::uint64_t number) const;
    void append_mailbox_to(std::string& out, std::uint64_t number) const;
    // Begins with "X-Load-Id: NUMBER" and ends with the empty line.
    void append_head(std::string& out, std::uint64_t number) const;
    // As it goes onto the wire, with the line that ends it: ".".
    [[nodiscard]] std::string_view body() const { return body_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

private:
    struct Part {
        enum class Kind { Text, Number, Domain } kind;
        std::string text;
    };
    static std::vector<Part> parse_pattern(std::string_view pattern);
    void append_pattern(std::string& out, const std::vector<Part>& parts,
                        std::uint64_t number) const;

    std::vector<Part> from_;
    std::vector<Part> recipient_;
    std::uint64_t domains_;
    std::uint64_t size_;
    std::string date_;
    std::string body_;
};

void append_number(std::string& out, std::uint64_t number);

}  // namespace hermetic::load
