#include "directory/difference.h"

#include "core/assert.h"

namespace hermetic::directory {
namespace {

std::string value_of(const config::Node& fields, const std::string& key)
{
    const config::Node* node = fields.find(key);
    return node != nullptr ? format_value(*node) : std::string{};
}

}  // namespace

std::string_view name(ChangeKind kind)
{
    switch (kind) {
    case ChangeKind::Added:
        return "added";
    case ChangeKind::Changed:
        return "changed";
    case ChangeKind::Removed:
        return "removed";
    }
    unreachable("every ChangeKind is named above");
}

Changes compare(const Objects& before, const Objects& after)
{
    Changes changes;
    auto old = before.begin();
    auto fresh = after.begin();
    while (old != before.end() || fresh != after.end()) {
        if (fresh == after.end() || (old != before.end() && old->first < fresh->first)) {
            changes.push_back({ChangeKind::Removed, old->first, old->second, {}});
            ++old;
        } else if (old == before.end() || fresh->first < old->first) {
            changes.push_back({ChangeKind::Added, fresh->first, {}, fresh->second});
            ++fresh;
        } else {
            if (old->second != fresh->second) {
                changes.push_back({ChangeKind::Changed, old->first, old->second, fresh->second});
            }
            ++old;
            ++fresh;
        }
    }
    return changes;
}

std::vector<FieldChange> changed_fields(const ObjectChange& change)
{
    const config::Node before = change.before.empty() ? config::Node{} : fields_of(change.before);
    const config::Node after = change.after.empty() ? config::Node{} : fields_of(change.after);
    std::vector<FieldChange> fields;
    for (const auto& [key, value] : after.table) {
        FieldChange field{key, value_of(before, key), format_value(value)};
        if (field.before != field.after) fields.push_back(std::move(field));
    }
    for (const auto& [key, value] : before.table) {
        if (after.find(key) == nullptr) fields.push_back({key, format_value(value), {}});
    }
    return fields;
}

}  // namespace hermetic::directory
