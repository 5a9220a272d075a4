#include "queue/item.h"

#include "core/assert.h"

namespace hermetic::queue {

std::string_view name(State state)
{
    switch (state) {
    case State::Waiting:
        return "waiting";
    case State::Deferred:
        return "deferred";
    case State::Held:
        return "held";
    case State::UnderWay:
        return "under-way";
    case State::Reserved:
        return "reserved";
    }
    unreachable("every State is named above");
}

}  // namespace hermetic::queue
