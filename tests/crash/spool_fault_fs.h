// A file system that forgets what was not synced, and fails where it is told to.
//
// Stands under RocksDB and under the body files (spool/file_system_seam.h). Data goes to the real
// file system at once, but never to the disk: what a sync would have made durable is kept as a
// note, so that lose() can leave exactly what a power cut may leave. Thread-safe.
#pragma once

#include <rocksdb/file_system.h>

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::crash {

enum class FileKind : std::uint8_t {
    Wal,
    Table,
    Manifest,
    Current,
    Options,  // and the identity: what RocksDB writes beside its data
    Body,
    Ballast,
    Directory,
    Other
};
enum class FileOperation : std::uint8_t {
    Create,
    Append,
    Truncate,
    Sync,
    Close,
    Rename,
    Delete,
    MakeDirectory
};

// A place in a run: the third sync of a write-ahead log. Named by file and operation, since threads
// in the background make one count of all operations unrepeatable.
struct FaultPoint {
    FileKind kind = FileKind::Other;
    FileOperation operation = FileOperation::Create;
    std::uint32_t ordinal = 0;  // from 0

    auto operator<=>(const FaultPoint&) const = default;
};

[[nodiscard]] std::string format_point(const FaultPoint& point);  // "wal/sync/2"

enum class Effect : std::uint8_t {
    PowerOff,       // this operation and everything after it fails and changes nothing
    PowerOffAfter,  // this one is done, but nobody hears of it; everything after it fails
    NoSpace,        // ENOSPC; of an append, half is written
    ReadOnly,       // EROFS
    IoError,     // EIO after half of it; of a sync: failed, and what was not synced before is lost
    ErrorAfter,  // EIO although it was done: what failed may be there
};

constexpr std::uint32_t kForGood = UINT32_MAX;  // until the machine is started again

struct Fault {
    FaultPoint at;
    Effect effect = Effect::PowerOff;
    std::uint32_t lasting = 1;  // so many operations that change something fail, beginning there
    std::optional<std::uint32_t> off_after;  // then so many go well, and the power is off
};

// What a power cut leaves of the octets and names that were not synced.
enum class Loss : std::uint8_t {
    Nothing,     // all is there: the process alone was killed
    Everything,  // neither octets nor names
    Tail512,     // names, and half of the octets, cut at a sector
    Holes512,    // names and lengths, but every other sector of 512 is zeros
    Holes4096,   // the same with pages of 4096
};

class FaultFileSystem final : public rocksdb::FileSystemWrapper {
public:
    // `trash` is a directory for what may have to come back: on the file system of the files, and
    // beside them: what lies outside the directory that holds it is none of the faults' business.
    FaultFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target, std::string trash);

    void arm(const Fault& fault);
    [[nodiscard]] bool is_off() const;
    [[nodiscard]] bool has_struck() const;
    [[nodiscard]] bool fails_for_good() const;  // struck, and nothing changes it any more
    // How often each operation has run so far; the ordinals are zero.
    [[nodiscard]] std::map<FaultPoint, std::uint32_t> counts() const;
    void set_free_space(std::optional<std::uint64_t> octets);

    // The power cut: to be called when nothing has a file open any more.
    void lose(Loss loss);

    static const char* kClassName() { return "HermeticFaultFileSystem"; }
    const char* Name() const override { return kClassName(); }

    rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus ReopenWritableFile(const std::string& path,
                                         const rocksdb::FileOptions& options,
                                         std::unique_ptr<rocksdb::FSWritableFile>* file,
                                         rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                   std::unique_ptr<rocksdb::FSDirectory>* directory,
                                   rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus CreateDir(const std::string& path, const rocksdb::IOOptions& options,
                                rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus CreateDirIfMissing(const std::string& path, const rocksdb::IOOptions& options,
                                         rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                                 const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) override;
    // Ways to write that neither the spool nor its RocksDB uses: refused, so that none goes unseen.
    rocksdb::IOStatus NewRandomRWFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSRandomRWFile>* file,
                                      rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus ReuseWritableFile(const std::string& path, const std::string& old,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* file,
                                        rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus NewMemoryMappedFileBuffer(
        const std::string& path, std::unique_ptr<rocksdb::MemoryMappedFileBuffer>* file) override;
    rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus Truncate(const std::string& path, std::size_t size,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus DeleteDir(const std::string& path, const rocksdb::IOOptions& options,
                                rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options,
                                   std::uint64_t* free, rocksdb::IODebugContext* debug) override;

    // For the files and directories it hands out.
    enum class Verdict : std::uint8_t { Go, FailBefore, FailHalfway, FailAfter };
    struct Ruling {
        Verdict verdict = Verdict::Go;
        rocksdb::IOStatus error;
    };
    [[nodiscard]] Ruling rule(const std::string& path, FileOperation operation);
    void on_append(const std::string& path, std::uint64_t octets);
    void on_truncate(const std::string& path, std::uint64_t size);
    void on_sync(const std::string& path);
    void on_failed_sync(const std::string& path);
    void on_directory_sync(const std::string& path);

private:
    struct FileNote {
        std::uint64_t size = 0;
        std::uint64_t synced = 0;
        bool sync_failed = false;  // a later sync reports success, and brings nothing back
    };
    // A change of names that its directory has not synced.
    struct NameChange {
        enum class Kind : std::uint8_t { Created, Deleted, Renamed } kind;
        std::string path;
        std::string to;                // Renamed
        std::string saved;             // what was deleted or replaced; empty: nothing
        std::optional<FileNote> note;  // of that
    };

    [[nodiscard]] std::string save(const std::string& path);
    void undo_names();
    void undo(const NameChange& change);
    void cut_data(Loss loss);

    [[nodiscard]] bool is_outside(const std::string& path) const;

    std::string trash_;
    std::string root_;
    mutable std::mutex mutex_;
    std::map<FaultPoint, std::uint32_t> counts_;
    std::optional<Fault> fault_;
    std::uint32_t remaining_ = 0;
    bool struck_ = false;
    bool off_ = false;
    std::optional<std::uint64_t> free_space_;
    std::map<std::string, FileNote> notes_;
    std::map<std::string, std::vector<NameChange>> names_;  // by directory
    std::uint64_t saved_count_ = 0;
};

}  // namespace hermetic::crash
