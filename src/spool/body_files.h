// Large bodies as files: bodies/<2 hex digits>/<ulid>. Thread-safe.
//
// A body file belongs to its BodyWriter until commit() hands it over to the spool; from then on the
// spool removes it: with the last message that shares it, or at once where the commit failed. Files
// that neither owns are removed when the spool is opened.
#pragma once

#include "core/ids.h"
#include "spool/io_pool.h"
#include "spool/spool.h"

#include <rocksdb/file_system.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace hermetic::spool {

class BodyFiles : public std::enable_shared_from_this<BodyFiles> {
public:
    BodyFiles(std::string directory, std::shared_ptr<rocksdb::FileSystem> file_system,
              std::shared_ptr<IoPool> pool);

    // Makes the directories and syncs them.
    [[nodiscard]] rocksdb::IOStatus prepare();

    struct Sweep {
        std::size_t removed = 0;
        std::vector<BodyId> missing;  // referenced, but not there
    };
    // Removes every body file that is not in `referenced` (ascending); or, asked to keep them, only
    // looks.
    enum class Orphans : std::uint8_t { Remove, Keep };
    [[nodiscard]] Sweep sweep(const std::vector<BodyId>& referenced, Orphans orphans);

    [[nodiscard]] std::unique_ptr<BodyWriter> write(BodyId id);
    [[nodiscard]] std::unique_ptr<BodyReader> read(const Body& body);

    // Takes a finished file over from its writer. False: there is none, or it was taken before.
    [[nodiscard]] bool take_over(const BodyId& id);

    // Later, on the pool. A file that stays because this fails is an orphan of the next opening.
    void remove(std::vector<BodyId> ids);

    [[nodiscard]] std::string path(const BodyId& id) const;
    [[nodiscard]] std::string folder(const BodyId& id) const;

    // For the writers.
    void add_finished(const BodyId& id);
    [[nodiscard]] rocksdb::FileSystem& file_system() { return *file_system_; }
    void run(std::function<void()> work) { pool_->run(std::move(work)); }

private:
    void remove_one(const std::string& path);

    std::string directory_;
    std::shared_ptr<rocksdb::FileSystem> file_system_;
    std::shared_ptr<IoPool> pool_;

    std::mutex mutex_;
    std::unordered_set<BodyId> finished_;  // and not taken over yet
};

}  // namespace hermetic::spool
