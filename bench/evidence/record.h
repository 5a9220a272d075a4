// An event as a row of a segment, and the keys by which its item is found.
//
// An item is a message, or a session that carried none: what an answer lists. Its rows (received,
// each attempt, end of session) come at different times; keys name the item, so that a recipient
// of one row and a host of another meet.
#pragma once

#include "evidence/strings.h"
#include "evidence/traffic.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evidence_bench {

enum class Texts : std::uint8_t { ByNumber, Inline };

class Coder {
public:
    Coder(Dictionary& names, Contents& contents, Texts texts)
        : names_{names}, contents_{contents}, texts_{texts}
    {
    }
    [[nodiscard]] std::string encode(const Message& message, std::uint32_t item);
    [[nodiscard]] std::string encode(const Attempt& attempt, std::uint32_t item);
    [[nodiscard]] std::string encode(const SessionEnd& end, std::uint32_t item);
    // All texts of a row, one behind another.
    [[nodiscard]] std::string describe(std::string_view row);

private:
    void begin(std::string& out, char kind, std::int64_t time, std::uint32_t item);
    void put(std::string& out, std::string_view text);
    void put_tls(std::string& out, const Tls& tls);
    [[nodiscard]] std::string take(std::string_view& in);
    [[nodiscard]] std::string take_tls(std::string_view& in);
    [[nodiscard]] std::string take_message(std::string_view& in);
    [[nodiscard]] std::string take_attempt(std::string_view& in);

    Dictionary& names_;
    Contents& contents_;
    Texts texts_;
};

// Kinds of keys. Of what has few values only the unusual ones are keys: those that people ask for.
enum Kind : std::uint8_t {
    kSender,
    kSenderDomain,
    kRecipient,
    kRecipientDomain,
    kMessageId,
    kWord,
    kHost,
    kAddress,
    kSession,
    kClient,
    kCertificate,
    kId,
    kVersion,  // below TLS 1.2, or in clear
    kFailed,   // at which stage
};

// The distinct ones, in no order.
[[nodiscard]] std::vector<std::uint64_t> keys_of(const Message& message);
[[nodiscard]] std::vector<std::uint64_t> keys_of(const Attempt& attempt);
[[nodiscard]] std::vector<std::uint64_t> keys_of(const SessionEnd& end);
[[nodiscard]] std::string full_address(std::string_view local, std::string_view domain);

}  // namespace evidence_bench
