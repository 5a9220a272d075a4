#include "daemon/observations_part.h"

#include "events/publisher.h"

namespace hermetic::daemon {

Result<void, std::string> ObservationsPart::start()
{
    const auto tell = [&events = events_](const std::string& what) {
        events.publish(events::ObservationsNotKept{what});
    };
    auto keeper = observations::Keeper::open(
        options_.data_directory + "/" + observations::kFileName, observations_, tell);
    if (keeper) {
        keeper_ = *std::move(keeper);
    } else {
        tell(keeper.error());
    }
    return {};
}

net::Task<> ObservationsPart::stop()
{
    keeper_.reset();
    co_return;
}

}  // namespace hermetic::daemon
