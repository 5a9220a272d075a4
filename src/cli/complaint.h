// What a command says on standard error where it could not do what it was asked.
//
// With --json it is one JSON object on standard error, whatever the command, {"error", "expected",
// "reason", "diagnostics"}: what was wrong always, the others where they are known. Standard output
// then has nothing. The exit code is the same in both forms.
#pragma once

#include "cli/commands.h"
#include "config/diagnostic.h"

#include <string>

namespace hermetic::cli {

struct Complaint {
    std::string error;
    std::string expected{};
    std::string reason{};               // "conflict": for programs
    config::Diagnostics diagnostics{};  // where there are some, they are what people see
};

// In which form this process complains; said once, before anything can fail.
void complain_in(Output form);

// Of at least one.
[[nodiscard]] Complaint complaint_of(const config::Diagnostics& diagnostics);

void complain(const Complaint& complaint);
void complain_of(const config::Diagnostics& diagnostics);  // nothing where there are none

// Whether standard error is for people. With --json it has complaints and nothing else: no warning,
// no remark, no progress, no question.
[[nodiscard]] bool speaks_to_people();

// Beside what was done, for people: with --json the answer has it.
void warn(const std::string& words);    // "warning: …"
void remark(const std::string& words);  // a line as it is

// The object's text, without a line end.
[[nodiscard]] std::string format_complaint_json(const Complaint& complaint);

}  // namespace hermetic::cli
