// Takes a message off the wire: ends DATA at CRLF.CRLF, removes the stuffed dots (RFC 5321
// §4.5.2), hashes and counts everything, keeps what fits, and notes what a client must not send.
//
// Pure but for OpenSSL's SHA-256.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hermetic::lab {

// Collects the octets of one message.
class MessageSink {
public:
    explicit MessageSink(std::size_t keep_at_most);
    ~MessageSink();
    MessageSink(const MessageSink&) = delete;
    MessageSink& operator=(const MessageSink&) = delete;

    void append(std::string_view octets);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] bool is_kept() const { return size_ == kept_.size(); }
    [[nodiscard]] std::string take_body() { return std::move(kept_); }
    [[nodiscard]] std::string sha256_hex();  // ends the collection

    [[nodiscard]] bool has_8bit() const { return has_8bit_; }
    [[nodiscard]] bool has_bare_newline() const { return has_bare_newline_; }
    [[nodiscard]] bool has_long_line() const { return has_long_line_; }  // RFC 5321 §4.5.3.1.6
    [[nodiscard]] bool ends_in_newline() const { return size_ == 0 || line_ == 0; }

private:
    struct Digest;

    void inspect(std::string_view octets);

    std::unique_ptr<Digest> digest_;
    std::size_t keep_at_most_;
    std::string kept_;
    std::uint64_t size_ = 0;
    std::uint64_t line_ = 0;  // octets since the last CRLF
    bool after_cr_ = false;
    bool has_8bit_ = false;
    bool has_bare_newline_ = false;
    bool has_long_line_ = false;
};

// Splits what follows DATA into message and rest, however it was cut into segments.
class DotReader {
public:
    explicit DotReader(MessageSink& sink) : sink_{sink} {}

    // The number of octets that belong to the message and its end; fewer than given only when the
    // end was among them.
    std::size_t feed(std::string_view octets);

    [[nodiscard]] bool is_done() const { return state_ == State::Done; }

private:
    enum class State { LineStart, Text, AfterCr, AfterDot, AfterDotCr, Done };

    void put(char octet);

    MessageSink& sink_;
    State state_ = State::LineStart;
    std::string pending_;
};

}  // namespace hermetic::lab
