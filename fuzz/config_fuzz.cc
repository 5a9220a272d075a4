// hermetic.toml and org.toml: no crash, every fault has a key or a line, and what is written out is
// read back unchanged.
#include "config/document.h"
#include "config/options.h"
#include "core/assert.h"
#include "objects/org_file.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

void check(const hermetic::config::Diagnostics& diagnostics)
{
    HERMETIC_ASSERT(!diagnostics.empty());
    for (const auto& each : diagnostics) {
        HERMETIC_ASSERT(!each.what.empty() && !each.expected.empty());
        HERMETIC_ASSERT(hermetic::config::format_diagnostic(each).find('\n') == std::string::npos);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace hermetic;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto document = config::parse_document(text, "fuzz.toml");
    if (!document) {
        check({document.error()});
        return 0;
    }
    if (const auto node = config::read_node_options(*document, "/fuzz.toml"); !node)
        check(node.error());
    const auto contents = objects::read_org_document(*document, "/fuzz.toml");
    if (!contents) {
        check(contents.error());
        return 0;
    }
    const std::string written = objects::format_org_file(*contents);
    const auto again = config::parse_document(written, "again.toml");
    HERMETIC_ASSERT(again.has_value());
    const auto reread = objects::read_org_document(*again, "/again.toml");
    HERMETIC_ASSERT(reread.has_value() && *reread == *contents);
    return 0;
}
