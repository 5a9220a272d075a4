// Remembers how far the log reaches on the disk, and keeps the identity file in step with it.
//
// Belongs to the thread that opens, then to the commit thread. Blocking.
#pragma once

#include "spool/identity.h"

#include <rocksdb/file_system.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace hermetic::spool {

class LogKeeper {
public:
    LogKeeper(std::shared_ptr<rocksdb::FileSystem> file_system, std::string directory)
        : file_system_{std::move(file_system)}, directory_{std::move(directory)}
    {
    }

    // A group was synced. Where the log goes on in another file the identity says so, before
    // anybody is told of the group: a log that is not there any more is missed. A failure is made
    // good with the next group. Nothing is written before the first write_down(), which ends the
    // opening: until then folders may be missing.
    void written(const LogPoint& point);
    // Writes down the last point: also a log that merely lacks its end is missed then.
    [[nodiscard]] rocksdb::IOStatus write_down();

    // Since this opening.
    [[nodiscard]] const std::optional<LogPoint>& known() const { return known_; }

private:
    std::shared_ptr<rocksdb::FileSystem> file_system_;
    std::string directory_;
    std::optional<LogPoint> known_;
    std::optional<LogPoint> written_down_;
};

}  // namespace hermetic::spool
