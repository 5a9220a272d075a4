#include "spool/body_files.h"

#include "core/assert.h"
#include "spool/body_file.h"
#include "spool/body_sums.h"
#include "spool/directories.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

namespace hermetic::spool {
namespace {

// How much may wait in the page cache: finish() then has little left to sync, and a commit of small
// mail in between waits for no more than this.
constexpr std::uint64_t kSyncEvery = 1U << 20;
// A large file is removed in steps of so many octets: the file system frees blocks in one
// transaction, and every sync waits for that (ext4: 100 MiB at once hold small mail up for 20 ms).
constexpr std::uint64_t kRemoveAtOnce = 4U << 20;

const rocksdb::IOOptions kIo{};

std::string folder_name(std::size_t folder)
{
    char name[3];
    std::snprintf(name, sizeof name, "%02x", static_cast<unsigned>(folder & 0xff));
    return name;
}

// All octets of the id take part: those of one lane and millisecond differ in few of them.
std::size_t folder_of(const BodyId& id)
{
    std::uint8_t mixed = 0;
    for (const std::uint8_t octet : id.bytes) mixed = static_cast<std::uint8_t>(mixed ^ octet);
    return mixed;
}

// `done` may be gone when this returns.
void answer(BodyOperation& done, const rocksdb::IOStatus& status,
            BodyFailure no_space = BodyFailure::DiskFull)
{
    if (status.IsNoSpace()) done.failure = no_space;
    done.error = status.ok() ? std::string{} : status.ToString();
    done.port.post({&done});
}

// What a writer's operations on the pool share with it.
struct Writing {
    Writing(std::shared_ptr<BodyFiles> body_files, BodyId body, std::string whose)
        : files{std::move(body_files)}, id{body}, client{std::move(whose)}
    {
    }
    // With its writer, and what that had begun: it arrives no more.
    ~Writing()
    {
        if (taken > 0) files->give_room_back(client, taken);
    }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

    std::shared_ptr<BodyFiles> files;
    BodyId id;
    std::string client;
    std::uint64_t taken = 0;    // of the room for what arrives
    bool beyond_share = false;  // its client had half of that already
    std::unique_ptr<rocksdb::FSWritableFile> file;
    bool created = false;
    bool finished = false;
    std::uint64_t size = 0;
    std::uint64_t synced = 0;
    BodySums sums;
    rocksdb::IOStatus status;  // the first failure: nothing is written after it

    rocksdb::IOStatus append(std::string_view bytes)
    {
        if (!status.ok()) return status;
        status = try_append(bytes);
        return status;
    }

    rocksdb::IOStatus finish()
    {
        if (!status.ok()) return status;
        status = try_finish();
        finished = status.ok();
        if (finished) files->add_finished(id);
        return status;
    }

    [[nodiscard]] BodyFailure why_no_space() const
    {
        return beyond_share ? BodyFailure::DiskShare : BodyFailure::DiskFull;
    }

    void discard()
    {
        if (file) file->Close(kIo, nullptr).PermitUncheckedError();
        file.reset();
        if (!created) return;
        // Where it cannot be removed it is an orphan of the next opening.
        files->file_system().DeleteFile(files->path(id), kIo, nullptr).PermitUncheckedError();
    }

private:
    rocksdb::IOStatus take_room(std::uint64_t octets)
    {
        switch (files->take_room(client, octets)) {
        case RoomAnswer::Fits:
            taken += octets;
            return {};
        case RoomAnswer::DiskFull:
            return rocksdb::IOStatus::NoSpace("the disk is nearly full");
        case RoomAnswer::ClientFull:
            beyond_share = true;
            return rocksdb::IOStatus::NoSpace(
                "this client uses half of the space for arriving messages");
        }
        unreachable("body_files: an answer of no kind");
    }

    rocksdb::IOStatus create()
    {
        if (file) return rocksdb::IOStatus::OK();
        created = true;
        return files->file_system().NewWritableFile(files->path(id), rocksdb::FileOptions{}, &file,
                                                    nullptr);
    }

    rocksdb::IOStatus try_append(std::string_view bytes)
    {
        rocksdb::IOStatus result = take_room(bytes.size());
        if (result.ok()) result = create();
        if (!result.ok()) return result;
        result = file->Append({bytes.data(), bytes.size()}, kIo, nullptr);
        if (!result.ok()) return result;
        size += bytes.size();
        sums.add(bytes);
        if (size - synced < kSyncEvery) return result;
        synced = size;
        return file->Sync(kIo, nullptr);
    }

    rocksdb::IOStatus try_finish()
    {
        rocksdb::IOStatus result = create();
        if (result.ok()) result = file->Append(sums.finish(), kIo, nullptr);
        if (result.ok()) result = file->Flush(kIo, nullptr);
        if (result.ok()) result = file->Fsync(kIo, nullptr);
        if (result.ok()) result = file->Close(kIo, nullptr);
        if (result.ok()) result = sync_directory(files->file_system(), files->folder(id));
        if (result.ok()) file.reset();
        return result;
    }
};

class FileWriter final : public BodyWriter {
public:
    FileWriter(std::shared_ptr<BodyFiles> files, BodyId id, std::string client)
        : writing_{std::make_shared<Writing>(std::move(files), id, std::move(client))}
    {
    }

    ~FileWriter() override
    {
        writing_->files->run([writing = writing_] {
            // A finished file that was handed over is the spool's.
            if (writing->finished && !writing->files->take_over(writing->id)) return;
            writing->discard();
        });
    }

    void append(Bytes bytes, BodyOperation& done) override
    {
        writing_->files->run([writing = writing_, bytes = std::move(bytes), &done] {
            const rocksdb::IOStatus status = writing->append(bytes.view());
            answer(done, status, writing->why_no_space());
        });
    }

    void finish(BodyOperation& done) override
    {
        writing_->files->run([writing = writing_, &done] {
            const rocksdb::IOStatus status = writing->finish();
            answer(done, status, writing->why_no_space());
        });
    }

    Body body() const override
    {
        Body body;
        body.id = writing_->id;
        body.size = writing_->size;
        body.in_file = true;
        return body;
    }

private:
    std::shared_ptr<Writing> writing_;
};

struct Reading {
    std::shared_ptr<BodyFiles> files;
    BodyId id;
    BodyFile file;

    void read(std::uint64_t offset, std::size_t limit, BodyOperation& done)
    {
        const rocksdb::IOStatus status = file.read(offset, limit, done.bytes);
        if (!status.ok()) files->report_unreadable(id, status.ToString());
        answer(done, status);
    }
};

class FileReader final : public BodyReader {
public:
    FileReader(const std::shared_ptr<BodyFiles>& files, const Body& body)
        : reading_{std::make_shared<Reading>(Reading{
              files, body.id, {files->shared_file_system(), files->path(body.id), body.size}})}
    {
    }

    void read(std::uint64_t offset, std::size_t limit, BodyOperation& done) override
    {
        reading_->files->run(
            [reading = reading_, offset, limit, &done] { reading->read(offset, limit, done); });
    }

private:
    std::shared_ptr<Reading> reading_;
};

}  // namespace

bool is_body_folder(std::string_view name)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    return name.size() == 2 && name.find_first_not_of(kDigits) == std::string_view::npos;
}

std::string body_file_name(const BodyId& id)
{
    return folder_name(folder_of(id)) + "/" + format_id(id);
}

BodyFiles::BodyFiles(std::string directory, std::shared_ptr<rocksdb::FileSystem> file_system,
                     std::shared_ptr<IoPool> pool, OnUnreadable on_unreadable, DiskWatch* disk)
    : directory_{std::move(directory)},
      file_system_{std::move(file_system)},
      pool_{std::move(pool)},
      on_unreadable_{std::move(on_unreadable)},
      disk_{disk}
{
}

rocksdb::IOStatus BodyFiles::prepare()
{
    rocksdb::IOStatus status = file_system_->CreateDirIfMissing(directory_, kIo, nullptr);
    for (std::size_t folder = 0; status.ok() && folder < kBodyFolders; ++folder) {
        status =
            file_system_->CreateDirIfMissing(directory_ + "/" + folder_name(folder), kIo, nullptr);
    }
    // Before the first body file is synced into one of them.
    if (status.ok()) status = sync_directory(*file_system_, directory_);
    return status;
}

BodyFiles::Sweep BodyFiles::sweep(const std::vector<BodyId>& referenced, Orphans orphans,
                                  const std::string& folder)
{
    std::vector<BodyId> found;
    Sweep result;
    for (std::size_t number = 0; number < kBodyFolders; ++number) {
        const std::string folder_path = directory_ + "/" + folder_name(number);
        std::vector<std::string> names;
        if (!file_system_->GetChildren(folder_path, kIo, &names, nullptr).ok()) continue;
        for (const std::string& name : names) {
            const auto id = parse_id<BodyId>(name);
            if (!id) continue;  // not ours
            if (std::ranges::binary_search(referenced, *id)) {
                found.push_back(*id);
            } else if (end_orphan(folder_path, name, orphans, folder)) {
                ++result.orphans;
            }
        }
    }
    std::ranges::sort(found);
    std::ranges::set_difference(referenced, found, std::back_inserter(result.missing));
    return result;
}

bool BodyFiles::end_orphan(const std::string& folder, const std::string& name, Orphans orphans,
                           const std::string& aside)
{
    const std::string path = folder + "/" + name;
    switch (orphans) {
    case Orphans::Keep:
        return false;
    case Orphans::Remove:
        return file_system_->DeleteFile(path, kIo, nullptr).ok();
    case Orphans::SetAside:
        return make_private_directories(*file_system_, aside).ok() &&
               file_system_->RenameFile(path, aside + "/" + name, kIo, nullptr).ok();
    }
    unreachable("body_files: an orphan of no kind");
}

std::unique_ptr<BodyWriter> BodyFiles::write(BodyId id, std::string client)
{
    return std::make_unique<FileWriter>(shared_from_this(), id, std::move(client));
}

RoomAnswer BodyFiles::take_room(const std::string& client, std::uint64_t octets)
{
    if (disk_ == nullptr) return RoomAnswer::Fits;
    const RoomAnswer answer = room_.take(client, octets, disk_->free_now(), disk_->kept());
    if (answer == RoomAnswer::Fits) disk_->wrote(octets);
    return answer;
}

std::unique_ptr<BodyReader> BodyFiles::read(const Body& body)
{
    return std::make_unique<FileReader>(shared_from_this(), body);
}

bool BodyFiles::take_over(const BodyId& id)
{
    const std::lock_guard lock{mutex_};
    return finished_.erase(id) == 1;
}

void BodyFiles::add_finished(const BodyId& id)
{
    const std::lock_guard lock{mutex_};
    finished_.insert(id);
}

void BodyFiles::remove(std::vector<BodyId> ids)
{
    if (ids.empty()) return;
    pool_->run([self = shared_from_this(), ids = std::move(ids)] {
        for (const BodyId& id : ids) self->remove_one(self->path(id));
    });
}

// Nobody needs the file any more, and one that is left, of whatever length, is an orphan of the
// next opening: failures are of no consequence.
void BodyFiles::remove_one(const std::string& path)
{
    std::uint64_t size = 0;
    file_system_->GetFileSize(path, kIo, &size, nullptr).PermitUncheckedError();
    std::unique_ptr<rocksdb::FSWritableFile> file;
    if (size > kRemoveAtOnce) {
        file_system_->ReopenWritableFile(path, rocksdb::FileOptions{}, &file, nullptr)
            .PermitUncheckedError();
    }
    while (file && size > kRemoveAtOnce) {
        size -= kRemoveAtOnce;
        if (!file->Truncate(size, kIo, nullptr).ok()) break;
    }
    if (file) file->Close(kIo, nullptr).PermitUncheckedError();
    file_system_->DeleteFile(path, kIo, nullptr).PermitUncheckedError();
}

std::string BodyFiles::folder(const BodyId& id) const
{
    return directory_ + "/" + folder_name(folder_of(id));
}

std::string BodyFiles::path(const BodyId& id) const
{
    return directory_ + "/" + body_file_name(id);
}

}  // namespace hermetic::spool
