// Checks for programming errors only. Never for anything a peer, a file or an operator can cause:
// those are Result values.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace hermetic {

// Marks code no input can reach, such as the end of a switch over every enumerator.
[[noreturn]] inline void unreachable(const char* why)
{
    std::fprintf(stderr, "internal error: %s\n", why);
    std::abort();
}

}  // namespace hermetic

// Always on: a broken invariant ends the process rather than a promise about somebody's mail.
#define HERMETIC_ASSERT(condition)                                        \
    do {                                                                  \
        if (!(condition)) ::hermetic::unreachable("failed: " #condition); \
    } while (false)
