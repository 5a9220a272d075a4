// Plays a transcript against the server's machine; tests/conformance/README.md is its grammar.
#pragma once

#include <string>
#include <vector>

namespace hermetic::smtp {

enum class Delivery { Whole, OctetByOctet };

// What differed, in words; empty where the transcript holds.
[[nodiscard]] std::vector<std::string> play(const std::string& transcript, Delivery delivery);

}  // namespace hermetic::smtp
