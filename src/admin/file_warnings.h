// Files that objects name and that cannot be used as they are: unreadable CAs and CRLs, keys and
// passwords that others may read too, certificates that do not fit their keys.
//
// Warnings, no faults: the objects hold together, and the files may come later. Reads files.
#pragma once

#include "objects/snapshot.h"

#include <string>
#include <vector>

namespace hermetic::admin {

// A sentence for each: what is wrong with whose file, and what is right.
[[nodiscard]] std::vector<std::string> file_warnings(const objects::Snapshot::Contents& contents);

}  // namespace hermetic::admin
