// The text of the two files, and what may become of a file that is there already.
//
// Pure. A file that setup or the package wrote says so in its first line, with a digest of the
// rest: while the digest holds nobody has edited it, and it may be written anew.
#pragma once

#include "config/diagnostic.h"
#include "setup/wanted.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::setup {

enum class Author : std::uint8_t {
    Package,  // as the package has it: says nothing of this server
    Setup,
    Person,  // written or edited by hand
};
[[nodiscard]] Author find_author(std::string_view text);
// With the first line that says who wrote it; `author` is not Person.
[[nodiscard]] std::string sign(std::string_view body, Author author);

// Both signed. `organization_file` as hermetic.toml is to name it.
[[nodiscard]] std::string format_node_file(const WantedNode& node,
                                           const std::string& organization_file);
[[nodiscard]] std::string format_organization_file(const WantedOrganization& organization);

// What the server would find wrong with the text, by the code that reads it.
[[nodiscard]] config::Diagnostics judge_organization_text(const std::string& text,
                                                          const std::string& file);

enum class Overwrite : std::uint8_t { No, Yes };

enum class Fate : std::uint8_t {
    Same,     // says what is wanted: left alone, whatever else it says
    Write,    // is new, or nobody's work
    Replace,  // a person's, who agreed, and nothing would be lost: what it was is kept beside it
    Keep,     // a person's: what to change in it is said instead
};
[[nodiscard]] std::string_view name(Fate fate);  // "same", "write" …

// `text`: of the file that is there; nullopt: there is none. `losses`: what a replacement would
// throw away (losses.h), to which nobody can agree: a connector that is left out may let others
// relay.
[[nodiscard]] Fate decide_fate(const std::optional<std::string>& text,
                               const std::vector<Difference>& differences,
                               const std::vector<std::string>& losses, Overwrite overwrite);

}  // namespace hermetic::setup
