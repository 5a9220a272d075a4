// What an outcome means, in words for people who know nothing of mail servers.
//
// Pure. Specification §6.2: what happened, who can fix it, how.
#pragma once

#include "facts/attempt.h"
#include "report/notice.h"

#include <cstdint>
#include <string_view>

namespace hermetic::report {

enum class Helper : std::uint8_t {
    Nobody,         // nothing is to be done
    Sender,         // the one who reads the notice
    Us,             // the administrators of the server that writes it
    RecipientSide,  // the administrators of the recipient's mail system
};

struct Explanation {
    std::string_view what;  // a sentence
    Helper helper = Helper::RecipientSide;
    std::string_view how;  // one or two sentences, addressed to the sender
};

[[nodiscard]] Explanation explain(Action action, const facts::Outcome& outcome);

[[nodiscard]] std::string_view describe(Helper helper);  // "You", "Your …"

}  // namespace hermetic::report
