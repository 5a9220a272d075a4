#include "daemon/subsystem.h"

namespace hermetic::daemon {

Result<void, std::string> Subsystem::prepare(const ReloadPlan& /*plan*/)
{
    return {};
}

void Subsystem::on_objects(const objects::Snapshot& /*before*/)
{
}

void Subsystem::add_files(std::vector<std::string>& /*files*/) const
{
}

}  // namespace hermetic::daemon
