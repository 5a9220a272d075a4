#include "daemon/validation_part.h"

#include "daemon/objects_part.h"
#include "daemon/observations_part.h"
#include "daemon/resolver_part.h"
#include "daemon/services_part.h"

namespace hermetic::daemon {

Result<void, std::string> ValidationPart::start()
{
    const validation::Validator::Watches watches{uses_.observations.observations(), uses_.bounces,
                                                 uses_.sessions};
    validator_ = std::make_unique<validation::Validator>(
        uses_.main, uses_.resolver.resolver(), uses_.events, watches,
        uses_.options.data_directory + "/validations");
    set();
    return {};
}

void ValidationPart::begin()
{
    validator_->run_daily();
}

void ValidationPart::set()
{
    validator_->set(uses_.services.settings(), uses_.objects.snapshot());
}

Result<void, std::string> ValidationPart::reload()
{
    set();
    return {};
}

void ValidationPart::on_objects(const objects::Snapshot& /*before*/)
{
    set();
}

net::Task<> ValidationPart::stop()
{
    return validator_->stop();
}

}  // namespace hermetic::daemon
