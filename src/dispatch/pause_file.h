// The file of paused destinations: docs/formats/pauses.md.
//
// Blocking. One writer at a time. Errors are for people.
#pragma once

#include "core/result.h"
#include "queue/pauses.h"

#include <string>

namespace hermetic::dispatch {

[[nodiscard]] std::string pause_file_of(const std::string& data_directory);

// Nothing is paused where there is no file. One that cannot be read, or is not ours, is an error:
// nobody knows what must not be delivered.
[[nodiscard]] Result<queue::Pauses, std::string> load_pauses(const std::string& path);

// Durable when it returns; on failure the file is as it was, or durably as asked.
[[nodiscard]] Result<void, std::string> save_pauses(const std::string& path,
                                                    const queue::Pauses& pauses);

}  // namespace hermetic::dispatch
