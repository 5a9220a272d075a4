// What `hermetic apply` gets, and single fields of objects: no crash; what is taken is kept as
// texts that compile to the same; the export is taken back without a difference and exported again
// octet by octet; faults are words.
#include "config/document.h"
#include "core/assert.h"
#include "directory/difference.h"
#include "directory/edit.h"
#include "directory/object_text.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace hermetic;

void check(const config::Diagnostics& diagnostics)
{
    HERMETIC_ASSERT(!diagnostics.empty());
    for (const auto& each : diagnostics) {
        HERMETIC_ASSERT(!each.what.empty() && !each.expected.empty());
        HERMETIC_ASSERT(config::format_diagnostic(each).find('\n') == std::string::npos);
    }
}

void check_compiled(const directory::Compiled& compiled)
{
    const auto kept = directory::compile(compiled.objects);
    HERMETIC_ASSERT(kept.has_value());
    HERMETIC_ASSERT(kept->objects == compiled.objects && kept->contents == compiled.contents);
    const std::string exported = directory::export_text(compiled.contents);
    const auto document = config::parse_document(exported, "export.toml");
    HERMETIC_ASSERT(document.has_value());
    const auto again = directory::compile(*document, "export.toml");
    HERMETIC_ASSERT(again.has_value());
    HERMETIC_ASSERT(directory::compare(compiled.objects, again->objects).empty());
    HERMETIC_ASSERT(directory::export_text(again->contents) == exported);
}

// Each field again, as a person would write it on a command line.
void edit_each(const directory::Objects& objects)
{
    for (const auto& [key, text] : objects) {
        const config::Node fields = directory::fields_of(text);
        for (const auto& [field, value] : fields.table) {
            directory::Edit edit;
            config::Node words;
            words.kind = config::Node::Kind::String;
            words.string = directory::format_value(value);
            edit.set.push_back({field, words});
            directory::Objects changed = objects;
            changed[key] = directory::edited_text(key.kind, text, edit);
            if (const auto result = directory::compile(changed); !result) check(result.error());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto document = config::parse_document(text, "fuzz.toml");
    if (!document) return 0;
    const auto compiled = directory::compile(*document, "fuzz.toml");
    if (!compiled) {
        check(compiled.error());
        return 0;
    }
    check_compiled(*compiled);
    if (compiled->objects.size() <= 8) edit_each(compiled->objects);
    return 0;
}
