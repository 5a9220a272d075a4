// How deep and how large a document may be, judged before anything that recurses has seen it.
//
// Pure, one pass, no recursion. toml++ bounds lists and inline tables, but not dotted keys and
// table headers; a tree of thousands of levels would take the stack with it when it is made, copied
// or given up. No document of ours needs more than six levels.
#pragma once

#include "config/diagnostic.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::config {

inline constexpr std::size_t kMaxDocumentOctets = 16U << 20U;
// Parts of a header, of a dotted key, lists and inline tables around a value, together.
inline constexpr std::size_t kMaxDepth = 16;
// Keys, headers and elements: each costs some hundred octets of memory.
inline constexpr std::size_t kMaxValues = 1'000'000;

// Of what has more than kMaxDocumentOctets.
[[nodiscard]] Diagnostic too_large(const std::string& file);

// The first excess of a TOML document, with its line. What is no TOML is the parser's to say: up to
// its first fault the document is within bounds.
[[nodiscard]] std::optional<Diagnostic> find_excess(std::string_view text, const std::string& file);

}  // namespace hermetic::config
