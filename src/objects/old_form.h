// org.toml as earlier versions wrote it, read as what it meant.
//
// Pure. A connector's weaker values once stood in the place of its lasting ones, with `valid_until`
// beside them, and after that time the organization's held: now those weaker values are an
// `exception`, and the lasting ones are the organization's. Files and kept objects are read so;
// what is written is the new form (docs/formats/directory.md).
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"

#include <string>

namespace hermetic::objects {

struct TakenUp {
    config::Node document;
    config::Diagnostics notes;  // what stood there, and how it would be written now: no faults
};
// Whether anything may have to be converted: without a copy of the document.
[[nodiscard]] bool has_old_form(const config::Node& document);
[[nodiscard]] TakenUp take_up_old_form(config::Node document, const std::string& file);

}  // namespace hermetic::objects
