// Domain: a DNS name in mail, proved to be well formed by its type.
//
// Pure. RFC 5321 §4.1.2 (Domain), RFC 5890 (A-labels), RFC 6531 §3.3 (U-labels).
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::mail {

// Lower-case A-labels without a trailing dot, at most 253 octets, labels of 1 to 63 letters,
// digits, hyphens and underscores. Parse once at the edge; afterwards the type is the proof.
class Domain {
public:
    // Takes ASCII in any case, and U-labels (converted by IDNA2008 / UTS 46, non-transitional).
    // A trailing dot is refused: RFC 5321 has none.
    [[nodiscard]] static std::optional<Domain> parse(std::string_view text);

    [[nodiscard]] const std::string& text() const { return text_; }
    // True for "a.b.example.org" below "example.org"; not for the domain itself.
    [[nodiscard]] bool is_below(const Domain& ancestor) const;
    // Without the first label; nullopt where only one label is left.
    [[nodiscard]] std::optional<Domain> parent() const;
    auto operator<=>(const Domain&) const = default;

private:
    explicit Domain(std::string text) : text_{std::move(text)} {}
    std::string text_;
};

}  // namespace hermetic::mail

template <>
struct std::hash<hermetic::mail::Domain> {
    std::size_t operator()(const hermetic::mail::Domain& domain) const noexcept
    {
        return std::hash<std::string>{}(domain.text());
    }
};
