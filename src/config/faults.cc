#include "config/faults.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::config {

void Faults::add(const std::string& section, std::size_t index, const std::string& key,
                 std::string what, std::string expected)
{
    const Node* found = document_.find(section);
    if (found != nullptr && found->kind == Node::Kind::Table)
        return note(found, section, key, std::move(what), std::move(expected));
    const bool stands = found != nullptr && index < found->list.size();
    note(stands ? &found->list[index] : nullptr, fmt::format("{}[{}]", section, index), key,
         std::move(what), std::move(expected));
}

void Faults::add(const std::string& section, const std::string& key, std::string what,
                 std::string expected)
{
    const Node* table = section.empty() ? &document_ : document_.find(section);
    note(table, section, key, std::move(what), std::move(expected));
}

void Faults::note(const Node* table, std::string place, const std::string& key, std::string what,
                  std::string expected)
{
    if (is_full(diagnostics_)) return;
    const Node* node = table != nullptr ? table->find(key) : nullptr;
    if (node == nullptr) node = table;
    if (!place.empty()) place += '.';
    diagnostics_.push_back({file_, node != nullptr ? node->line : 0, place + key, std::move(what),
                            std::move(expected)});
}

}  // namespace hermetic::config
