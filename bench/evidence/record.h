// A message as a row of a segment, and the keys by which it is found.
#pragma once

#include "evidence/database.h"
#include "evidence/traffic.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace evidence_bench {

// Strings that come again and again, by number.
class Dictionary {
public:
    explicit Dictionary(Database& database);
    [[nodiscard]] std::uint64_t number_of(std::string_view text);

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const
        {
            return std::hash<std::string_view>{}(text);
        }
    };
    Statement insert_;
    std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> numbers_;
};

[[nodiscard]] std::string make_record(const Message& message, Dictionary& dictionary);

// Kinds of keys; what has few values is no key.
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
};

// The distinct ones, in no order.
[[nodiscard]] std::vector<std::uint64_t> keys_of(const Message& message);
[[nodiscard]] std::string full_address(std::string_view local, std::string_view domain);

}  // namespace evidence_bench
