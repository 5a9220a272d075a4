// The few pieces of SMTP syntax that a partner reads: verbs, paths and parameters. Pure.
//
// Written for the lab alone and strict (RFC 5321 §4.1), so that a client's slip shows in the
// record instead of being read kindly.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::lab {

struct CommandLine {
    std::string verb;  // upper case
    std::string argument;
};

// Splits at the first SP.
[[nodiscard]] CommandLine split_command(std::string_view line);

struct PathArgument {
    std::string path;                   // "<a@example.org>", "<>"
    std::string parameters;             // "SIZE=100 BODY=8BITMIME"
    std::vector<std::string> keywords;  // "SIZE", "BODY": upper case
    std::vector<std::string> values;    // "100", "8BITMIME": "" where there is none
};

// "FROM:<a@example.org> SIZE=100" after MAIL, "TO:<…>" after RCPT; no blank after the colon.
[[nodiscard]] std::optional<PathArgument> parse_path(std::string_view argument,
                                                     std::string_view keyword);

// The part of a path before its last '@', without the bracket; "" for "<>".
[[nodiscard]] std::string_view local_part(std::string_view path);

}  // namespace hermetic::lab
