// What setup has found, as values: id, severity, what was seen and what is expected.
//
// Pure. The ids are public names (docs/reference/setup.md comes from findings.def).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::setup {

// Strongest last. Unknown is nobody's fault yet and never "no".
enum class Severity : std::uint8_t { Ok, Note, Unknown, Warning, Error };
[[nodiscard]] std::string_view name(Severity severity);  // "ok" …

enum class FindingId : std::uint8_t {
#define HERMETIC_FINDING(name, id, severity, meaning, fix) name,
#include "setup/findings.def"
#undef HERMETIC_FINDING
};
inline constexpr std::size_t kFindingIds = static_cast<std::size_t>(FindingId::MessageUntried) + 1;

struct FindingKind {
    std::string_view id;  // "setup.mx-missing"
    Severity severity;
    std::string_view meaning;
    std::string_view fix;  // empty of what is Ok
};
[[nodiscard]] const FindingKind& kind_of(FindingId id);

struct Finding {
    FindingId id;
    std::string subject;  // what it is about: a name, an address, a file
    std::string seen;     // printable, may have several lines
    // What is expected: for DNS the record in zone-file form. Empty where nothing is to be
    // said.
    std::string expected{};
    bool operator==(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

[[nodiscard]] Severity worst_of(const Findings& findings);

// docs/reference/setup.md.
[[nodiscard]] std::string format_finding_reference();

}  // namespace hermetic::setup
