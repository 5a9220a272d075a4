// Reason: why something was decided, or how it ended, as one row of the table reasons.def.
//
// Code decides by the enumerators and by what the table says of them (facts/reasons.h); the ids are
// for logs, people and what is stored, and no code compares those. This header names no reason, so
// that one more row compiles anew only what names reasons.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::facts {

// The enumerators are in facts/reasons.h; Reason{} is Reason::None: nothing has been decided.
enum class Reason : std::uint16_t;

// The id, "dane.lookup-failed": a public name, which never changes its meaning. Empty for None.
[[nodiscard]] std::string_view name(Reason reason);
// nullopt: no row has this id (another version wrote it, or it is none).
[[nodiscard]] std::optional<Reason> parse_reason(std::string_view id);
std::ostream& operator<<(std::ostream& out, Reason reason);  // the id

// A reason as it is kept beyond this process: one of ours, or what another version wrote.
class RecordedReason {
public:
    RecordedReason() = default;
    // Each of ours is one: a field is set and compared without a cast.
    RecordedReason(Reason reason) : reason_{reason} {}  // NOLINT(google-explicit-constructor)
    // Any text; never fails. Of text that is no id of ours the first 100 octets are kept.
    [[nodiscard]] static RecordedReason parse(std::string_view text);

    [[nodiscard]] std::string_view text() const;            // to be stored or shown
    [[nodiscard]] Reason known() const { return reason_; }  // None where it is not ours
    [[nodiscard]] bool empty() const { return text().empty(); }
    bool operator==(const RecordedReason&) const = default;

private:
    Reason reason_{};
    std::string foreign_;  // printable
};

}  // namespace hermetic::facts
