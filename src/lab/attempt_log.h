// Follows a server's JSON log and reads its `attempt` lines (docs/reference/log.md).
#pragma once

#include "facts/reason.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::lab {

struct LoggedStep {
    std::string kind;    // "everything", "clear" …
    std::string result;  // "ok" | "failed"
    facts::RecordedReason cause;
    std::string words;  // of a failed handshake
};

struct AttemptLine {
    std::string to;  // as logged
    std::string outcome;
    std::string stage;
    std::string origin;
    std::int64_t code = 0;
    std::string enhanced;
    std::string reply;
    facts::RecordedReason reason;
    std::string fix;
    std::string host;
    std::int64_t number = 0;  // 1 is the message's first attempt
    bool has_tls = false;
    std::string tls_version;
    std::string cipher;
    std::string group;
    std::string certificate;  // "verified", "failed" …
    std::string certificate_error;
    bool name_matches = false;
    std::vector<LoggedStep> steps;
};

// nullopt: no JSON, or the line of another event.
[[nodiscard]] std::optional<AttemptLine> parse_attempt_line(std::string_view line);

// Whether the attempt was for a recipient at `domain`.
[[nodiscard]] bool is_for_domain(const AttemptLine& attempt, std::string_view domain);

class LogFollower {
public:
    explicit LogFollower(std::filesystem::path path) : path_{std::move(path)} {}

    // The attempts of the whole lines that came since the last call. A file that does not exist
    // yet has none.
    [[nodiscard]] std::vector<AttemptLine> poll();

private:
    std::filesystem::path path_;
    std::streamoff read_ = 0;
    std::string partial_;
};

}  // namespace hermetic::lab
