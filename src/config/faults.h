// Where faults of a document are noted: by section, index and key, with the line of each.
//
// Pure.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"

#include <cstddef>
#include <string>

namespace hermetic::config {

class Faults {
public:
    // All of it outlives this.
    Faults(const Node& document, const std::string& file, Diagnostics& diagnostics)
        : document_{document}, file_{file}, diagnostics_{diagnostics}
    {
    }

    // Of a table in a list [[section]]; where one stands in [section] instead, of that.
    void add(const std::string& section, std::size_t index, const std::string& key,
             std::string what, std::string expected);
    // Of a table [section], or of the top level where that is empty.
    void add(const std::string& section, const std::string& key, std::string what,
             std::string expected);

private:
    void note(const Node* table, std::string place, const std::string& key, std::string what,
              std::string expected);

    const Node& document_;
    const std::string& file_;
    Diagnostics& diagnostics_;
};

}  // namespace hermetic::config
