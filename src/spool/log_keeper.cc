#include "spool/log_keeper.h"

#include "spool/inspection.h"

namespace hermetic::spool {

void LogKeeper::written(const LogPoint& point)
{
    known_ = point;
    if (!written_down_ || written_down_->log == point.log) return;
    write_down().PermitUncheckedError();
}

rocksdb::IOStatus LogKeeper::write_down()
{
    if (!known_ || written_down_ == known_) return {};
    const auto status = write_identity(*file_system_, directory_, *known_);
    if (status.ok()) written_down_ = known_;
    return status;
}

}  // namespace hermetic::spool
