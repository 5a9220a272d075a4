// What one object alone cannot know: objects that contradict or hide each other.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "objects/snapshot.h"

#include <string>

namespace hermetic::objects {

// Appends a diagnostic for each fault; the document gives their lines.
void validate_contents(const Snapshot::Contents& contents, const config::Node& document,
                       const std::string& file, config::Diagnostics& diagnostics);

}  // namespace hermetic::objects
