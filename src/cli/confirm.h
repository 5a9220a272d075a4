// A question before something is done to many.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hermetic::cli {

enum class Consent : std::uint8_t { Ask, Given };  // Given: --yes

// nullopt: go on. Else the exit code, having said why not: the answer was no, or nobody is there to
// be asked (question.h: find_terminal), where --yes would do.
[[nodiscard]] std::optional<int> confirm(const std::string& question, Consent consent);

}  // namespace hermetic::cli
