// Whether a destination that is to be paused is one that mail can have.
//
// Pure. What has mail needs no such question; an operator's name that no mail has may be mistyped,
// or cut at a ";" by a shell.
#pragma once

#include "objects/snapshot.h"

#include <string>
#include <string_view>

namespace hermetic::dispatch {

struct PauseCheck {
    std::string refusal;  // why no mail can have it, and what is meant; empty: mail can
    bool named = false;   // a connector or an accepted domain leads to it
};

// `key`: as routing::key_of_label() makes it.
[[nodiscard]] PauseCheck check_pause(const objects::Snapshot& snapshot, std::string_view key);

}  // namespace hermetic::dispatch
