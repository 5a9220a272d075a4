#include "spool/inspection.h"

#include "core/text.h"
#include "spool/body_files.h"
#include "spool/database.h"
#include "spool/directories.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace hermetic::spool {
namespace {

constexpr std::string_view kIdentity = "identity";
constexpr std::size_t kReadAtOnce = 1U << 20;
constexpr std::size_t kDiskBlock = 4096;
const rocksdb::IOOptions kIo{};

std::vector<std::string> names_in(rocksdb::FileSystem& file_system, const std::string& folder)
{
    std::vector<std::string> names;
    if (!file_system.GetChildren(folder, kIo, &names, nullptr).ok()) return {};
    return names;
}

bool exists(rocksdb::FileSystem& file_system, const std::string& path)
{
    return file_system.FileExists(path, kIo, nullptr).ok();
}

// The number of `000018.log`.
std::optional<std::uint64_t> numbered(std::string_view name, std::string_view ending)
{
    if (!name.ends_with(ending)) return std::nullopt;
    return parse_decimal<std::uint64_t>(name.substr(0, name.size() - ending.size()));
}

// Reads the files of a spool for its facts.
class FactReader {
public:
    FactReader(rocksdb::FileSystem& file_system, std::string directory, ReadErrors errors,
               SpoolFacts& facts)
        : file_system_{file_system},
          directory_{std::move(directory)},
          errors_{errors},
          facts_{facts}
    {
    }

    Result<std::string, std::string> read(const std::string& name)
    {
        const std::string path = directory_ + "/" + name;
        if (errors_ == ReadErrors::Fail) return read_file(file_system_, path);
        auto found = read_readable(file_system_, path);
        if (!found) return failure(std::move(found.error()));
        if (!found->error.empty()) facts_.unreadable.push_back({name, std::move(found->error)});
        return std::move(found->octets);
    }

private:
    rocksdb::FileSystem& file_system_;
    std::string directory_;
    ReadErrors errors_;
    SpoolFacts& facts_;
};

Result<void, std::string> inspect_database(rocksdb::FileSystem& file_system,
                                           const std::string& directory, FactReader& reader,
                                           SpoolFacts& facts)
{
    const std::string folder = directory + "/db";
    facts.has_database = exists(file_system, folder);
    for (const std::string& name : names_in(file_system, folder)) {
        if (numbered(name, ".sst")) ++facts.tables;
    }
    if (exists(file_system, folder + "/CURRENT")) {
        const auto current = reader.read("db/CURRENT");
        if (!current) return failure(current.error());
        // Zeros: of a sector that was not written, or cannot be read.
        const auto end = current->find_first_of(std::string_view{"\n\0", 2});
        facts.manifest = printable_ascii(current->substr(0, end));
        facts.has_manifest = facts.manifest.starts_with("MANIFEST-") &&
                             exists(file_system, folder + "/" + facts.manifest);
    }
    for (const FoundLog& log : find_logs(file_system, directory)) {
        const auto octets = reader.read(fmt::format("db/{:06}.log", log.number));
        if (!octets) return failure(octets.error());
        facts.logs.push_back({log.number, read_log(*octets)});
    }
    return {};
}

void inspect_bodies(rocksdb::FileSystem& file_system, const std::string& directory,
                    SpoolFacts& facts)
{
    const std::string folder = directory + "/bodies";
    facts.has_bodies = exists(file_system, folder);
    std::uint64_t folders = 0;
    for (const std::string& name : names_in(file_system, folder)) {
        if (!is_body_folder(name)) continue;
        ++folders;
        bool is_folder = true;
        const auto asked = file_system.IsDirectory(folder + "/" + name, kIo, &is_folder, nullptr);
        if (asked.ok() && !is_folder) facts.not_folders.push_back("bodies/" + name);
        // Whether there is mail needs no count of it.
        if (facts.identity || facts.body_files > 0) continue;
        facts.body_files = names_in(file_system, folder + "/" + name).size();
    }
    facts.body_folders_missing = kBodyFolders - folders;
}

}  // namespace

Result<std::string, std::string> read_file(rocksdb::FileSystem& file_system,
                                           const std::string& path)
{
    std::unique_ptr<rocksdb::FSSequentialFile> file;
    auto status = file_system.NewSequentialFile(path, rocksdb::FileOptions{}, &file, nullptr);
    std::string text;
    std::uint64_t size = 0;
    if (status.ok() && file_system.GetFileSize(path, kIo, &size, nullptr).ok()) text.reserve(size);
    while (status.ok()) {
        const std::size_t before = text.size();
        text.resize(before + kReadAtOnce);
        rocksdb::Slice part;
        status = file->Read(kReadAtOnce, kIo, &part, text.data() + before, nullptr);
        if (status.ok() && part.data() != text.data() + before && !part.empty()) {
            std::copy_n(part.data(), part.size(), text.data() + before);
        }
        text.resize(before + (status.ok() ? part.size() : 0));
        if (part.empty()) break;
    }
    if (!status.ok()) return failure(fmt::format("cannot read {}: {}", path, status.ToString()));
    return text;
}

Result<ReadableOctets, std::string> read_readable(rocksdb::FileSystem& file_system,
                                                  const std::string& path)
{
    std::uint64_t size = 0;
    std::unique_ptr<rocksdb::FSRandomAccessFile> file;
    auto status = file_system.GetFileSize(path, kIo, &size, nullptr);
    if (status.ok()) {
        status = file_system.NewRandomAccessFile(path, rocksdb::FileOptions{}, &file, nullptr);
    }
    if (!status.ok()) return failure(fmt::format("cannot open {}: {}", path, status.ToString()));
    ReadableOctets found;
    found.octets.resize(static_cast<std::size_t>(size));
    std::string block(kReadAtOnce, '\0');
    std::size_t step = kReadAtOnce;
    for (std::size_t at = 0; at < found.octets.size();) {
        const std::size_t length = std::min(step, found.octets.size() - at);
        rocksdb::Slice part;
        status = file->Read(at, length, kIo, &part, block.data(), nullptr);
        if (status.ok() && part.size() == length) {
            std::copy_n(part.data(), length, found.octets.data() + at);
        } else if (step > kDiskBlock) {
            step = kDiskBlock;  // once more, piece by piece
            continue;
        } else if (found.error.empty()) {
            found.error = status.ok() ? "it is shorter than it was" : status.ToString();
        }
        at += length;
        if (at % kReadAtOnce == 0) step = kReadAtOnce;
    }
    return found;
}

rocksdb::IOStatus write_file(rocksdb::FileSystem& file_system, const std::string& directory,
                             const std::string& name, const std::string& text)
{
    const std::string path = directory + "/" + name;
    std::unique_ptr<rocksdb::FSWritableFile> file;
    auto status =
        file_system.NewWritableFile(path + ".new", rocksdb::FileOptions{}, &file, nullptr);
    if (status.ok()) status = file->Append(text, kIo, nullptr);
    if (status.ok()) status = file->Fsync(kIo, nullptr);
    if (file) {
        const auto closed = file->Close(kIo, nullptr);
        if (status.ok()) status = closed;
    }
    if (status.ok()) status = file_system.RenameFile(path + ".new", path, kIo, nullptr);
    if (status.ok()) return sync_directory(file_system, directory);
    file_system.DeleteFile(path + ".new", kIo, nullptr).PermitUncheckedError();
    return status;
}

std::vector<FoundLog> find_logs(rocksdb::FileSystem& file_system, const std::string& directory)
{
    std::vector<FoundLog> logs;
    const std::string folder = directory + "/db";
    for (const std::string& name : names_in(file_system, folder)) {
        if (const auto number = numbered(name, ".log")) {
            logs.push_back({*number, folder + "/" + name});
        }
    }
    std::ranges::sort(logs, {}, &FoundLog::number);
    return logs;
}

Result<SpoolFacts, std::string> inspect_spool(
    const std::shared_ptr<rocksdb::FileSystem>& file_system, const std::string& directory,
    ReadErrors errors)
{
    SpoolFacts facts;
    FactReader reader{*file_system, directory, errors, facts};
    if (exists(*file_system, fmt::format("{}/{}", directory, kIdentity))) {
        const auto text = reader.read(std::string{kIdentity});
        if (!text) return failure(text.error());
        facts.identity = parse_identity(*text);
    }
    facts.repair_interrupted = exists(*file_system, fmt::format("{}/{}", directory, kRepairNote));
    if (const auto seen = inspect_database(*file_system, directory, reader, facts); !seen) {
        return failure(seen.error());
    }
    inspect_bodies(*file_system, directory, facts);
    if (needs_trial(facts)) facts.trial = try_database(directory + "/db", file_system);
    return facts;
}

rocksdb::IOStatus write_identity(rocksdb::FileSystem& file_system, const std::string& directory,
                                 const LogPoint& point)
{
    return write_file(file_system, directory, std::string{kIdentity}, format_identity(point));
}

std::string folder_for_damage(const std::string& directory, WallTime now)
{
    std::string time = format_rfc3339(now);
    std::ranges::replace(time, ':', '-');
    return directory + "/damaged-" + time;
}

rocksdb::IOStatus keep_torn_end(rocksdb::FileSystem& file_system, const std::string& directory,
                                std::uint64_t log, const std::string& folder)
{
    const std::string name = fmt::format("{:06}.log", log);
    const auto octets = read_file(file_system, directory + "/db/" + name);
    if (!octets) return rocksdb::IOStatus::IOError(octets.error());
    const LogReading reading = read_log(*octets);
    auto status = make_private_directories(file_system, folder);
    if (!status.ok()) return status;
    return write_file(file_system, folder, fmt::format("{}.from-octet-{}", name, reading.sound),
                      octets->substr(static_cast<std::size_t>(reading.sound)));
}

}  // namespace hermetic::spool
