// The questions of `hermetic setup` to whoever sits at the terminal.
#pragma once

#include "cli/question.h"
#include "cli/setup_command.h"
#include "setup/plan.h"

#include <cstdint>

namespace hermetic::cli {

enum class Asked : std::uint8_t {
    All,
    Ended,  // the input did, before the last question
};

// What no flag has said, into `arguments`. An empty answer leaves what `plan` has; nothing is said
// into `arguments` for it.
[[nodiscard]] Asked ask_what_is_open(Terminal& terminal, const setup::Plan& plan,
                                     SetupArguments& arguments);

// Whether what a person wrote is to be overwritten, once the plan has been shown. No, unasked,
// where no such file is in the way.
[[nodiscard]] Answer ask_overwrite(Terminal& terminal, const setup::Plan& plan);

}  // namespace hermetic::cli
