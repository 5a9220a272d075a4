#include "core/random.h"

#include "core/assert.h"

#include <sys/random.h>

namespace hermetic {

std::uint64_t random_seed()
{
    std::uint64_t seed = 0;
    HERMETIC_ASSERT(getrandom(&seed, sizeof seed, 0) == static_cast<ssize_t>(sizeof seed));
    return seed;
}

}  // namespace hermetic
