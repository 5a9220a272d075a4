// Large bodies as files: bodies/<2 hex digits>/<ulid>. Thread-safe.
//
// A body file belongs to its BodyWriter until commit() hands it over to the spool; from then on the
// spool removes it: with the last message that shares it, or at once where the commit failed. Files
// that neither owns are removed when the spool is opened.
#pragma once

#include "core/ids.h"
#include "spool/body_room.h"
#include "spool/disk_watch.h"
#include "spool/io_pool.h"
#include "spool/spool.h"

#include <rocksdb/file_system.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace hermetic::spool {

inline constexpr std::size_t kBodyFolders = 256;
// Whether it is the name of one of them: two hexadecimal digits.
[[nodiscard]] bool is_body_folder(std::string_view name);
// Where the body lies below the directory of all: "3f/01ARZ3NDEKTSV4RRFFQ69G5FAV".
[[nodiscard]] std::string body_file_name(const BodyId& id);

class BodyFiles : public std::enable_shared_from_this<BodyFiles> {
public:
    // `on_unreadable` is told on the pool where a body is not what was written, or is not there.
    using OnUnreadable = std::function<void(const BodyId&, const std::string& why)>;
    // `disk` outlives every use but of finished files; null: it has room for all.
    BodyFiles(std::string directory, std::shared_ptr<rocksdb::FileSystem> file_system,
              std::shared_ptr<IoPool> pool, OnUnreadable on_unreadable, DiskWatch* disk);

    // Makes the directories and syncs them.
    [[nodiscard]] rocksdb::IOStatus prepare();

    struct Sweep {
        std::size_t orphans = 0;      // that were removed or set aside
        std::vector<BodyId> missing;  // referenced, but not there
    };
    // What becomes of every body file that is not in `referenced` (ascending). SetAside moves it
    // into `folder`, which is on the same file system and made where missing; what cannot be moved
    // stays.
    enum class Orphans : std::uint8_t { Remove, Keep, SetAside };
    [[nodiscard]] Sweep sweep(const std::vector<BodyId>& referenced, Orphans orphans,
                              const std::string& folder = {});

    [[nodiscard]] std::unique_ptr<BodyWriter> write(BodyId id, std::string client);
    [[nodiscard]] std::unique_ptr<BodyReader> read(const Body& body);

    // Takes a finished file over from its writer. False: there is none, or it was taken before.
    [[nodiscard]] bool take_over(const BodyId& id);

    // Later, on the pool. A file that stays because this fails is an orphan of the next opening.
    void remove(std::vector<BodyId> ids);

    [[nodiscard]] std::string path(const BodyId& id) const;
    [[nodiscard]] std::string folder(const BodyId& id) const;

    // For the writers and readers.
    void add_finished(const BodyId& id);
    [[nodiscard]] RoomAnswer take_room(const std::string& client, std::uint64_t octets);
    void give_room_back(const std::string& client, std::uint64_t octets)
    {
        room_.give_back(client, octets);
    }
    [[nodiscard]] std::uint64_t arriving() const { return room_.under_way(); }
    [[nodiscard]] rocksdb::FileSystem& file_system() { return *file_system_; }
    [[nodiscard]] std::shared_ptr<rocksdb::FileSystem> shared_file_system() { return file_system_; }
    void report_unreadable(const BodyId& id, const std::string& why) { on_unreadable_(id, why); }
    void run(std::function<void()> work) { pool_->run(std::move(work)); }

private:
    void remove_one(const std::string& path);
    [[nodiscard]] bool end_orphan(const std::string& folder, const std::string& name,
                                  Orphans orphans, const std::string& aside);

    std::string directory_;
    std::shared_ptr<rocksdb::FileSystem> file_system_;
    std::shared_ptr<IoPool> pool_;
    OnUnreadable on_unreadable_;
    DiskWatch* disk_;
    BodyRoom room_;

    std::mutex mutex_;
    std::unordered_set<BodyId> finished_;  // and not taken over yet
};

}  // namespace hermetic::spool
