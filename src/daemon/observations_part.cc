#include "daemon/observations_part.h"

#include "ledger/log.h"

namespace hermetic::daemon {

Result<void, std::string> ObservationsPart::start()
{
    const auto tell = [&log = log_](const std::string& what) {
        log.event(ledger::Level::Warning, "observations.not-kept", {{"what", what}});
    };
    auto keeper = observations::Keeper::open(options_.data_directory + "/observations.sqlite",
                                             observations_, tell);
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
