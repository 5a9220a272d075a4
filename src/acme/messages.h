// What an ACME server says (RFC 8555 §7.1, §6.7), and what is asked of it, as values. Pure.
//
// Only what is used is read: members, challenges and states that are not known are passed over, so
// that a server may offer what this client has never heard of.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::acme {

// Why the server refuses (RFC 7807).
struct Problem {
    std::string type;    // without "urn:ietf:params:acme:error:" where that stands before it
    std::string detail;  // printable, with those of subproblems
};

struct Directory {
    std::string new_nonce;
    std::string new_account;
    std::string new_order;
    bool binds_accounts = false;  // externalAccountRequired
};

// Of accounts, orders, authorizations and challenges alike. Unknown: the server has more.
enum class Status : std::uint8_t { Unknown, Pending, Ready, Processing, Valid, Invalid };

struct ServerOrder {
    Status status = Status::Unknown;
    std::vector<std::string> authorizations;
    std::string finalize;
    std::string certificate;  // of a valid one
    std::optional<Problem> problem;
};

struct OfferedChallenge {
    std::string type;  // "http-01", …, whatever there is
    std::string url;
    std::string token;
    std::optional<Problem> problem;
};

struct Authorization {
    std::string domain;
    Status status = Status::Unknown;
    std::vector<OfferedChallenge> challenges;
};

// The errors are for people.
[[nodiscard]] Result<Directory, std::string> parse_directory(std::string_view text);
[[nodiscard]] Result<ServerOrder, std::string> parse_order(std::string_view text);
[[nodiscard]] Result<Authorization, std::string> parse_authorization(std::string_view text);
// Of an account.
[[nodiscard]] Result<Status, std::string> parse_account(std::string_view text);
// Any text, also where it is no problem document.
[[nodiscard]] Problem parse_problem(std::string_view text);

// Of Retry-After in seconds (RFC 9110 §10.2.3), within a day; its other form, a date, is not read.
[[nodiscard]] std::optional<std::uint32_t> parse_retry_after(std::string_view value);

// Payloads. An empty contact: none. `binding`: of the account to a customer, JSON
// (acme/binding.h); empty: none.
[[nodiscard]] std::string account_payload(std::string_view contact, std::string_view binding);
[[nodiscard]] std::string contact_payload(std::string_view contact);
[[nodiscard]] std::string order_payload(const std::vector<std::string>& domains);
[[nodiscard]] std::string finalize_payload(std::string_view request_der);

}  // namespace hermetic::acme
