#include "spool_fault_fs.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

namespace hermetic::crash {
namespace {

namespace fs = std::filesystem;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr std::array<std::string_view, 9> kKinds{
    "wal", "table", "manifest", "current", "options", "body", "ballast", "directory", "other"};
constexpr std::array<std::string_view, 8> kOperations{"create", "append", "truncate", "sync",
                                                      "close",  "rename", "delete",   "make"};

std::string parent(const std::string& path)
{
    return path.substr(0, path.rfind('/'));
}

FileKind kind_of(const std::string& path)
{
    const std::string name = path.substr(path.rfind('/') + 1);
    if (path.find("/bodies/") != std::string::npos) return FileKind::Body;
    if (name == "ballast") return FileKind::Ballast;
    if (name.starts_with("MANIFEST")) return FileKind::Manifest;
    if (name.starts_with("OPTIONS") || name == "IDENTITY") return FileKind::Options;
    if (name == "CURRENT" || name.ends_with(".dbtmp")) return FileKind::Current;
    if (name.ends_with(".log")) return FileKind::Wal;
    if (name.ends_with(".sst")) return FileKind::Table;
    return FileKind::Other;
}

class FaultWritableFile final : public rocksdb::FSWritableFile {
public:
    FaultWritableFile(FaultFileSystem& owner, std::string path,
                      std::unique_ptr<rocksdb::FSWritableFile> file)
        : owner_{owner}, path_{std::move(path)}, file_{std::move(file)}
    {
    }

    using rocksdb::FSWritableFile::Append;
    IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override
    {
        const auto ruling = owner_.rule(path_, FileOperation::Append);
        if (ruling.verdict == FaultFileSystem::Verdict::FailBefore) return ruling.error;
        const bool half = ruling.verdict == FaultFileSystem::Verdict::FailHalfway;
        const Slice part{data.data(), half ? data.size() / 2 : data.size()};
        const IOStatus status = file_->Append(part, options, debug);
        owner_.on_append(path_, part.size());
        return ruling.error.ok() ? status : ruling.error;
    }

    IOStatus Sync(const IOOptions&, IODebugContext*) override { return sync(); }
    IOStatus Fsync(const IOOptions&, IODebugContext*) override { return sync(); }
    IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override
    {
        return IOStatus::OK();  // promises nothing
    }
    IOStatus Flush(const IOOptions& options, IODebugContext* debug) override
    {
        return file_->Flush(options, debug);
    }
    IOStatus Close(const IOOptions& options, IODebugContext* debug) override
    {
        const auto ruling = owner_.rule(path_, FileOperation::Close);
        const IOStatus status = file_->Close(options, debug);
        return ruling.error.ok() ? status : ruling.error;
    }
    IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override
    {
        const auto ruling = owner_.rule(path_, FileOperation::Truncate);
        if (ruling.verdict == FaultFileSystem::Verdict::FailBefore) return ruling.error;
        const IOStatus status = file_->Truncate(size, options, debug);
        if (status.ok()) owner_.on_truncate(path_, size);
        return ruling.error.ok() ? status : ruling.error;
    }
    std::uint64_t GetFileSize(const IOOptions& options, IODebugContext* debug) override
    {
        return file_->GetFileSize(options, debug);
    }
    bool IsSyncThreadSafe() const override { return true; }

private:
    IOStatus sync()
    {
        const auto ruling = owner_.rule(path_, FileOperation::Sync);
        switch (ruling.verdict) {
        case FaultFileSystem::Verdict::Go:
        case FaultFileSystem::Verdict::FailAfter:
            owner_.on_sync(path_);
            break;
        case FaultFileSystem::Verdict::FailHalfway:
            owner_.on_failed_sync(path_);
            break;
        case FaultFileSystem::Verdict::FailBefore:
            break;
        }
        return ruling.error;
    }

    FaultFileSystem& owner_;
    std::string path_;
    std::unique_ptr<rocksdb::FSWritableFile> file_;
};

class FaultDirectory final : public rocksdb::FSDirectory {
public:
    FaultDirectory(FaultFileSystem& owner, std::string path) : owner_{owner}, path_{std::move(path)}
    {
    }
    IOStatus Fsync(const IOOptions&, IODebugContext*) override
    {
        const auto ruling = owner_.rule(path_, FileOperation::Sync);
        const bool done = ruling.verdict == FaultFileSystem::Verdict::Go ||
                          ruling.verdict == FaultFileSystem::Verdict::FailAfter;
        if (done) owner_.on_directory_sync(path_);
        return ruling.error;
    }
    IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
    std::size_t GetUniqueId(char*, std::size_t) const override { return 0; }

private:
    FaultFileSystem& owner_;
    std::string path_;
};

IOStatus error_of(Effect effect, const std::string& path)
{
    switch (effect) {
    case Effect::PowerOff:
    case Effect::PowerOffAfter:
        return IOStatus::IOError("the power is off", path);
    case Effect::NoSpace:
        return IOStatus::NoSpace("No space left on device", path);
    case Effect::ReadOnly:
        return IOStatus::IOError("Read-only file system", path);
    case Effect::IoError:
    case Effect::ErrorAfter:
        return IOStatus::IOError("Input/output error", path);
    }
    return IOStatus::OK();
}

// Zeros every other block of [from, to).
void punch(const std::string& path, std::uint64_t from, std::uint64_t to, std::uint64_t block)
{
    const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    const std::string zeros(block, '\0');
    for (std::uint64_t at = from / block * block; at < to; at += 2 * block) {
        const std::uint64_t begin = std::max(at, from);
        const std::uint64_t end = std::min(at + block, to);
        if (pwrite(descriptor, zeros.data(), end - begin, static_cast<off_t>(begin)) < 0) break;
    }
    close(descriptor);
}

}  // namespace

std::string format_point(const FaultPoint& point)
{
    return std::string{kKinds[static_cast<std::size_t>(point.kind)]} + "/" +
           std::string{kOperations[static_cast<std::size_t>(point.operation)]} + "/" +
           std::to_string(point.ordinal);
}

FaultFileSystem::FaultFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target,
                                 std::string trash)
    : rocksdb::FileSystemWrapper{target}, trash_{std::move(trash)}, root_{parent(trash_)}
{
    fs::create_directories(trash_);
}

void FaultFileSystem::arm(const Fault& fault)
{
    const std::lock_guard lock{mutex_};
    fault_ = fault;
    remaining_ = 0;
    struck_ = false;
    counts_.clear();
}

bool FaultFileSystem::is_off() const
{
    const std::lock_guard lock{mutex_};
    return off_;
}

bool FaultFileSystem::has_struck() const
{
    const std::lock_guard lock{mutex_};
    return struck_;
}

bool FaultFileSystem::fails_for_good() const
{
    const std::lock_guard lock{mutex_};
    return struck_ && fault_ && fault_->lasting == kForGood;
}

bool FaultFileSystem::is_outside(const std::string& path) const
{
    return path.size() < root_.size() || !path.starts_with(root_);
}

std::map<FaultPoint, std::uint32_t> FaultFileSystem::counts() const
{
    const std::lock_guard lock{mutex_};
    return counts_;
}

void FaultFileSystem::set_free_space(std::optional<std::uint64_t> octets)
{
    const std::lock_guard lock{mutex_};
    free_space_ = octets;
}

FaultFileSystem::Ruling FaultFileSystem::rule(const std::string& path, FileOperation operation)
{
    if (is_outside(path)) return {Verdict::Go, IOStatus::OK()};
    const std::lock_guard lock{mutex_};
    const bool is_directory = operation == FileOperation::MakeDirectory ||
                              (operation == FileOperation::Sync && names_.contains(path));
    FaultPoint point{is_directory ? FileKind::Directory : kind_of(path), operation, 0};
    const std::uint32_t ordinal = counts_[point]++;
    point.ordinal = ordinal;
    if (off_) return {Verdict::FailBefore, error_of(Effect::PowerOff, path)};
    if (!fault_) return {Verdict::Go, IOStatus::OK()};
    if (!struck_ && point == fault_->at) {
        struck_ = true;
        remaining_ = fault_->lasting;
    }
    if (remaining_ == 0) {
        if (struck_ && fault_->off_after && (*fault_->off_after)-- == 0) {
            off_ = true;
            return {Verdict::FailBefore, error_of(Effect::PowerOff, path)};
        }
        return {Verdict::Go, IOStatus::OK()};
    }
    if (remaining_ != kForGood) --remaining_;
    switch (fault_->effect) {
    case Effect::PowerOff:
        off_ = true;
        return {Verdict::FailBefore, error_of(fault_->effect, path)};
    case Effect::ReadOnly:
        return {Verdict::FailBefore, error_of(fault_->effect, path)};
    case Effect::NoSpace:
    case Effect::IoError: {
        const bool has_half =
            operation == FileOperation::Append || operation == FileOperation::Sync;
        return {has_half ? Verdict::FailHalfway : Verdict::FailBefore,
                error_of(fault_->effect, path)};
    }
    case Effect::PowerOffAfter:
        off_ = true;
        return {Verdict::FailAfter, error_of(fault_->effect, path)};
    case Effect::ErrorAfter:
        return {Verdict::FailAfter, error_of(fault_->effect, path)};
    }
    return {Verdict::Go, IOStatus::OK()};
}

void FaultFileSystem::on_append(const std::string& path, std::uint64_t octets)
{
    const std::lock_guard lock{mutex_};
    notes_[path].size += octets;
}

void FaultFileSystem::on_truncate(const std::string& path, std::uint64_t size)
{
    const std::lock_guard lock{mutex_};
    FileNote& note = notes_[path];
    note.size = size;
    note.synced = std::min(note.synced, size);
}

void FaultFileSystem::on_sync(const std::string& path)
{
    const std::lock_guard lock{mutex_};
    FileNote& note = notes_[path];
    // The pages of a failed sync are marked clean: a later sync says yes and writes nothing of
    // them.
    if (!note.sync_failed) note.synced = note.size;
}

void FaultFileSystem::on_failed_sync(const std::string& path)
{
    const std::lock_guard lock{mutex_};
    notes_[path].sync_failed = true;
}

void FaultFileSystem::on_directory_sync(const std::string& path)
{
    const std::lock_guard lock{mutex_};
    names_[path].clear();
}

std::string FaultFileSystem::save(const std::string& path)
{
    const std::string saved = trash_ + "/" + std::to_string(saved_count_++);
    return link(path.c_str(), saved.c_str()) == 0 ? saved : std::string{};
}

IOStatus FaultFileSystem::NewWritableFile(const std::string& path,
                                          const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* file,
                                          IODebugContext* debug)
{
    const Ruling ruling = rule(path, FileOperation::Create);
    if (ruling.verdict == Verdict::FailBefore) return ruling.error;
    const bool existed = fs::exists(path);
    std::unique_ptr<rocksdb::FSWritableFile> below;
    IOStatus status = target()->NewWritableFile(path, options, &below, debug);
    if (!status.ok()) return status;
    {
        const std::lock_guard lock{mutex_};
        notes_[path] = {};
        if (!existed) {
            names_[parent(path)].push_back({NameChange::Kind::Created, path, {}, {}, {}});
        }
    }
    if (!ruling.error.ok()) {
        below->Close(IOOptions{}, nullptr).PermitUncheckedError();
        return ruling.error;
    }
    *file = std::make_unique<FaultWritableFile>(*this, path, std::move(below));
    return IOStatus::OK();
}

IOStatus FaultFileSystem::ReopenWritableFile(const std::string& path, const rocksdb::FileOptions&,
                                             std::unique_ptr<rocksdb::FSWritableFile>*,
                                             IODebugContext*)
{
    return IOStatus::NotSupported("the spool never writes on in a file", path);
}

IOStatus FaultFileSystem::NewDirectory(const std::string& name, const IOOptions&,
                                       std::unique_ptr<rocksdb::FSDirectory>* directory,
                                       IODebugContext*)
{
    const std::string path = name.ends_with('/') ? name.substr(0, name.size() - 1) : name;
    if (!fs::is_directory(path)) return IOStatus::NotFound("no such directory", path);
    if (!is_outside(path)) {
        const std::lock_guard lock{mutex_};
        names_.try_emplace(path);
    }
    *directory = std::make_unique<FaultDirectory>(*this, path);
    return IOStatus::OK();
}

IOStatus FaultFileSystem::CreateDir(const std::string& path, const IOOptions& options,
                                    IODebugContext* debug)
{
    if (is_outside(path)) return target()->CreateDir(path, options, debug);
    const Ruling ruling = rule(path, FileOperation::MakeDirectory);
    if (ruling.verdict == Verdict::FailBefore) return ruling.error;
    const IOStatus status = target()->CreateDir(path, options, debug);
    if (status.ok()) {
        const std::lock_guard lock{mutex_};
        names_[parent(path)].push_back({NameChange::Kind::Created, path, {}, {}, {}});
    }
    return ruling.error.ok() ? status : ruling.error;
}

// Only one that is missing is a write.
IOStatus FaultFileSystem::CreateDirIfMissing(const std::string& path, const IOOptions& options,
                                             IODebugContext* debug)
{
    if (fs::is_directory(path)) return IOStatus::OK();
    return CreateDir(path, options, debug);
}

IOStatus FaultFileSystem::NewRandomRWFile(const std::string& path, const rocksdb::FileOptions&,
                                          std::unique_ptr<rocksdb::FSRandomRWFile>*,
                                          IODebugContext*)
{
    return IOStatus::NotSupported("the spool never writes in the middle of a file", path);
}

IOStatus FaultFileSystem::ReuseWritableFile(const std::string& path, const std::string&,
                                            const rocksdb::FileOptions&,
                                            std::unique_ptr<rocksdb::FSWritableFile>*,
                                            IODebugContext*)
{
    return IOStatus::NotSupported("the spool recycles no file", path);
}

IOStatus FaultFileSystem::NewMemoryMappedFileBuffer(
    const std::string& path, std::unique_ptr<rocksdb::MemoryMappedFileBuffer>*)
{
    return IOStatus::NotSupported("the spool maps no file to write", path);
}

IOStatus FaultFileSystem::LinkFile(const std::string&, const std::string& to, const IOOptions&,
                                   IODebugContext*)
{
    return IOStatus::NotSupported("the spool links no file", to);
}

IOStatus FaultFileSystem::Truncate(const std::string& path, std::size_t, const IOOptions&,
                                   IODebugContext*)
{
    return IOStatus::NotSupported("the spool cuts no closed file", path);
}

IOStatus FaultFileSystem::DeleteDir(const std::string& path, const IOOptions&, IODebugContext*)
{
    return IOStatus::NotSupported("the spool removes no directory", path);
}

IOStatus FaultFileSystem::DeleteFile(const std::string& path, const IOOptions& options,
                                     IODebugContext* debug)
{
    const Ruling ruling = rule(path, FileOperation::Delete);
    if (ruling.verdict == Verdict::FailBefore) return ruling.error;
    const std::lock_guard lock{mutex_};
    NameChange change{NameChange::Kind::Deleted, path, {}, save(path), {}};
    const IOStatus status = target()->DeleteFile(path, options, debug);
    if (status.ok()) {
        if (const auto note = notes_.find(path); note != notes_.end()) {
            change.note = note->second;
            notes_.erase(note);
        }
        names_[parent(path)].push_back(std::move(change));
    }
    return ruling.error.ok() ? status : ruling.error;
}

IOStatus FaultFileSystem::RenameFile(const std::string& from, const std::string& to,
                                     const IOOptions& options, IODebugContext* debug)
{
    const Ruling ruling = rule(to, FileOperation::Rename);
    if (ruling.verdict == Verdict::FailBefore) return ruling.error;
    const std::lock_guard lock{mutex_};
    NameChange change{NameChange::Kind::Renamed, from, to, save(to), {}};
    const IOStatus status = target()->RenameFile(from, to, options, debug);
    if (status.ok()) {
        if (const auto replaced = notes_.find(to); replaced != notes_.end()) {
            change.note = replaced->second;
        }
        notes_.erase(to);
        if (auto moved = notes_.extract(from)) {
            moved.key() = to;
            notes_.insert(std::move(moved));
        }
        names_[parent(to)].push_back(std::move(change));
    }
    return ruling.error.ok() ? status : ruling.error;
}

IOStatus FaultFileSystem::GetFreeSpace(const std::string& path, const IOOptions& options,
                                       std::uint64_t* free, IODebugContext* debug)
{
    {
        const std::lock_guard lock{mutex_};
        if (free_space_) {
            *free = *free_space_;
            return IOStatus::OK();
        }
    }
    return target()->GetFreeSpace(path, options, free, debug);
}

void FaultFileSystem::lose(Loss loss)
{
    const std::lock_guard lock{mutex_};
    if (loss == Loss::Everything) undo_names();
    if (loss != Loss::Nothing) cut_data(loss);
    names_.clear();
    notes_.clear();
    off_ = false;
    fault_.reset();
    remaining_ = 0;
}

void FaultFileSystem::undo_names()
{
    for (auto& [directory, changes] : names_) {
        for (auto change = changes.rbegin(); change != changes.rend(); ++change) undo(*change);
    }
}

void FaultFileSystem::undo(const NameChange& change)
{
    std::error_code ignored;
    switch (change.kind) {
    case NameChange::Kind::Created:
        // A directory goes with everything in it, synced or not: nothing leads there any more.
        fs::remove_all(change.path, ignored);
        notes_.erase(change.path);
        return;
    case NameChange::Kind::Deleted:
        if (!change.saved.empty()) fs::rename(change.saved, change.path, ignored);
        if (change.note) notes_[change.path] = *change.note;
        return;
    case NameChange::Kind::Renamed:
        fs::rename(change.to, change.path, ignored);
        if (auto moved = notes_.extract(change.to)) {
            moved.key() = change.path;
            notes_.insert(std::move(moved));
        }
        if (!change.saved.empty()) fs::rename(change.saved, change.to, ignored);
        if (change.note) notes_[change.to] = *change.note;
        return;
    }
}

void FaultFileSystem::cut_data(Loss loss)
{
    std::error_code ignored;
    for (const auto& [path, note] : notes_) {
        if (note.size <= note.synced || !fs::exists(path)) continue;
        switch (loss) {
        case Loss::Nothing:
            break;
        case Loss::Everything:
            fs::resize_file(path, note.synced, ignored);
            break;
        case Loss::Tail512: {
            const std::uint64_t half = note.synced + (note.size - note.synced) / 2;
            fs::resize_file(path, std::max(note.synced, half / 512 * 512), ignored);
            break;
        }
        case Loss::Holes512:
            punch(path, note.synced, note.size, 512);
            break;
        case Loss::Holes4096:
            punch(path, note.synced, note.size, 4096);
            break;
        }
    }
}

}  // namespace hermetic::crash
