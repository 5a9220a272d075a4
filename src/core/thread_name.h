// Names the calling thread for top, perf and debuggers.
#pragma once

namespace hermetic {

// At most 15 octets; a longer name is not taken.
void name_this_thread(const char* name);

}  // namespace hermetic
