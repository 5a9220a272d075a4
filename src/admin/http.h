// Requests and responses of the control API as values; no Beast in sight.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::admin {

class LineStream;

struct Request {
    std::string method;                        // "GET", "POST", "PUT", "PATCH", "DELETE"
    std::vector<std::string> path;             // "/v1/queue" is {"v1", "queue"}; percent-decoded
    std::map<std::string, std::string> query;  // percent-decoded
    std::string body;
    std::optional<std::uint32_t> user_id;  // who the client's process runs as; nullopt: not known
    std::string account;                   // the name of that; empty: it was not looked up
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::shared_ptr<LineStream> lines{};  // set: the body is what comes out of it, line by line
};

// {"error": "...", "expected": "..."}: every refusal says what was wrong and what is expected.
[[nodiscard]] Response refuse(int status, std::string_view what, std::string_view expected = {});

// The target of a request line; false where it is malformed, or has a parameter twice: of two
// values nobody knows which was meant.
[[nodiscard]] bool parse_target(std::string_view target, Request& request);

}  // namespace hermetic::admin
