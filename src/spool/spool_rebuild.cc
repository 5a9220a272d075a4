#include "spool/spool_rebuild.h"

#include "core/text.h"
#include "facts/reasons.h"
#include "spool/body_files.h"
#include "spool/database.h"
#include "spool/directories.h"
#include "spool/inspection.h"
#include "spool/record.h"

#include <fmt/format.h>
#include <rocksdb/write_batch.h>

#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

namespace hermetic::spool {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatchOctets = 4U << 20;
constexpr std::string_view kDamaged = "-damaged";
constexpr auto kStallStep = std::chrono::milliseconds{5};

OpenError unusable(std::string words)
{
    return {OpenError::Kind::Unusable, std::move(words)};
}

class Rebuild {
public:
    Rebuild(RecordSource& source, std::string directory, std::string aside, const Clock& clock)
        : source_{source},
          directory_{std::move(directory)},
          aside_{std::move(aside)},
          clock_{clock},
          file_system_{rocksdb::FileSystem::Default()},
          database_{aside_ + "/db", file_system_, silent_}
    {
    }

    std::optional<RebuildFailure> run();

private:
    void copy(const SalvagedRecords& records);
    void copy_body(const Body& body);
    [[nodiscard]] std::string state_of(const SalvagedRecords& records) const;
    void put(Column column, std::string_view key, std::string_view value);
    void flush();
    void keep(const std::string& folder, const std::string& name, std::string_view octets);
    void keep_body(const LostBody& body);
    void move_bodies();
    void move_obstacles();
    void write_format();
    void put_in_place();
    void complete();
    void exchange(const std::string& made, const std::string& old);
    void note(const rocksdb::Status& status);

    RecordSource& source_;
    std::string directory_;
    std::string aside_;
    const Clock& clock_;
    std::shared_ptr<rocksdb::FileSystem> file_system_;
    Reporter silent_{{}};
    Database database_;
    rocksdb::WriteBatch batch_;
    std::unordered_set<BodyId> copied_;
    std::vector<fs::path> lost_bodies_;  // files
    LogPoint point_;
    bool is_changed_ = false;  // the spool: another database is in place, or none
    rocksdb::Status failed_;   // the first failure: nothing is done after it
};

std::optional<RebuildFailure> Rebuild::run()
{
    note(database_.open(Database::Files::Make));
    if (failed_.ok()) {
        (void)source_.visit([this](const SalvagedRecords& records) { copy(records); });
        source_.visit_lost_bodies([this](const LostBody& body) { keep_body(body); });
    }
    write_format();
    flush();
    if (failed_.ok()) point_ = database_.log_point();
    database_.close();
    if (failed_.ok()) put_in_place();
    if (failed_.ok()) return std::nullopt;
    const std::string_view result =
        is_changed_ ? "its repair was not completed, run `hermetic spool repair` again"
                    : "it could not be repaired, and was not changed";
    return RebuildFailure{
        unusable(fmt::format("the spool {}: {}: {}", directory_, result, failed_.ToString())),
        is_changed_};
}

void Rebuild::copy(const SalvagedRecords& records)
{
    const SalvagedMessage& message = records.message;
    if (!message.envelope && !records.is_newer) {
        keep("records", to_hex(records.key) + ".envelope", records.envelope);
        keep("records", to_hex(records.key) + ".state", records.state);
        return;
    }
    put(Column::Envelope, records.key, records.envelope);
    const std::string state = state_of(records);
    if (!state.empty()) put(Column::State, records.key, state);
    if (!message.body.in_file && message.body_error.empty()) copy_body(message.body);
    if (batch_.GetDataSize() >= kBatchOctets) flush();
}

std::string Rebuild::state_of(const SalvagedRecords& records) const
{
    if (records.message.state_error.empty() || records.has_newer_state) return records.state;
    MessageState state;
    state.held = true;
    state.last_reason = facts::name(facts::Reason::SpoolReadFailed);
    state.last_text =
        "its earlier outcomes could not be read when the spool was repaired: some of its "
        "recipients may have received it";
    std::string record;
    append_state_record(record, state);
    return record;
}

// Several messages may share it.
void Rebuild::copy_body(const Body& body)
{
    if (!copied_.insert(body.id).second) return;
    const std::string error = source_.read_body(
        body, [&](std::string_view octets) { put(Column::Body, body.id.as_key(), octets); });
    if (!error.empty()) note(rocksdb::Status::IOError(error));
}

void Rebuild::put(Column column, std::string_view key, std::string_view value)
{
    if (failed_.ok()) note(batch_.Put(database_.column(column), to_slice(key), to_slice(value)));
}

void Rebuild::flush()
{
    rocksdb::Status status;
    while (failed_.ok() && batch_.Count() > 0) {
        status = database_.write(batch_);
        if (!status.IsIncomplete()) {
            note(status);
            batch_.Clear();
        } else {
            std::this_thread::sleep_for(kStallStep);  // a flush ends it
        }
    }
}

void Rebuild::keep(const std::string& folder, const std::string& name, std::string_view octets)
{
    if (!failed_.ok() || octets.empty()) return;
    const std::string path = aside_ + "/" + folder;
    note(make_private_directories(*file_system_, path));
    if (failed_.ok()) note(write_file(*file_system_, path, name, std::string{octets}));
}

void Rebuild::keep_body(const LostBody& body)
{
    if (body.file.empty()) return keep("bodies", format_id(body.id), body.octets);
    lost_bodies_.emplace_back(body.file);
}

void Rebuild::move_bodies()
{
    if (!failed_.ok() || lost_bodies_.empty()) return;
    const std::string folder = aside_ + "/bodies";
    note(make_private_directories(*file_system_, folder));
    for (const fs::path& file : lost_bodies_) {
        if (!failed_.ok()) return;
        const std::string kept = folder + "/" + file.filename().string();
        note(file_system_->RenameFile(file.string(), kept, {}, nullptr));
    }
    if (failed_.ok()) note(sync_directory(*file_system_, folder));
}

// What is in the place of a file or folder that is about to be made.
void Rebuild::move_obstacles()
{
    std::error_code error;
    std::vector<std::pair<fs::path, std::string>> found;  // and where it goes
    const fs::path identity = fs::path{directory_} / "identity";
    if (fs::is_directory(identity, error)) found.emplace_back(identity, aside_);
    for (fs::directory_iterator entry{fs::path{directory_} / "bodies", error}, end;
         !error && entry != end; entry.increment(error)) {
        std::error_code unknown;
        const bool is_ours = is_body_folder(entry->path().filename().string());
        if (is_ours && !entry->is_directory(unknown) && !unknown) {
            found.emplace_back(entry->path(), aside_ + "/bodies");
        }
    }
    for (const auto& [path, folder] : found) {
        if (failed_.ok()) note(make_private_directories(*file_system_, folder));
        const std::string kept = folder + "/" + path.filename().string();
        if (failed_.ok()) note(file_system_->RenameFile(path.string(), kept, {}, nullptr));
    }
}

void Rebuild::write_format()
{
    put(Column::Format, kFormatKey, std::to_string(kSpoolFormat));
    put(Column::Format, "repaired", format_rfc3339(clock_.wall()));
}

// From the note until it is removed a start is refused, and asks for another repair.
void Rebuild::put_in_place()
{
    note(write_file(*file_system_, directory_, std::string{kRepairNote},
                    fs::path{aside_}.filename().string() + "\n"));
    if (failed_.ok()) exchange(aside_ + "/db", directory_ + "/db");
    if (failed_.ok()) complete();
    if (!failed_.ok() && is_changed_) return;
    const std::string path = fmt::format("{}/{}", directory_, kRepairNote);
    auto removed = file_system_->DeleteFile(path, {}, nullptr);
    if (removed.ok()) removed = sync_directory(*file_system_, directory_);
    note(removed);
}

void Rebuild::complete()
{
    note(sync_directory(*file_system_, aside_));
    if (failed_.ok()) note(sync_directory(*file_system_, directory_));
    move_bodies();
    move_obstacles();
    if (failed_.ok()) note(write_identity(*file_system_, directory_, point_));
    const auto bodies = std::make_shared<BodyFiles>(directory_ + "/bodies", file_system_, nullptr,
                                                    nullptr, nullptr);
    if (failed_.ok()) note(bodies->prepare());
    if (failed_.ok()) note(sync_directory(*file_system_, directory_));
}

void Rebuild::exchange(const std::string& made, const std::string& old)
{
    std::error_code error;
    if (!fs::exists(old, error)) {
        fs::rename(made, old, error);
    } else if (renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, old.c_str(), RENAME_EXCHANGE) != 0) {
        // A file system that cannot exchange two names at once: undo_interrupted_repair().
        const std::string kept = made + std::string{kDamaged};
        fs::rename(old, kept, error);
        if (!error) {
            fs::rename(made, old, error);
            std::error_code stranded;
            if (error) fs::rename(kept, old, stranded);
            is_changed_ = static_cast<bool>(stranded);
        }
    }
    if (error) return note(rocksdb::Status::IOError(old, error.message()));
    is_changed_ = true;
}

void Rebuild::note(const rocksdb::Status& status)
{
    if (failed_.ok()) failed_ = status;
}

}  // namespace

std::optional<RebuildFailure> rebuild_spool(RecordSource& source, const std::string& directory,
                                            const std::string& aside, const Clock& clock)
{
    return Rebuild{source, directory, aside, clock}.run();
}

std::optional<OpenError> undo_interrupted_repair(const std::string& directory)
{
    rocksdb::FileSystem& file_system = *rocksdb::FileSystem::Default();
    const std::string note = fmt::format("{}/{}", directory, kRepairNote);
    const std::string database = directory + "/db";
    std::error_code error;
    if (!fs::exists(note, error) || fs::exists(database, error)) return std::nullopt;
    const auto text = read_file(file_system, note);
    if (!text) return unusable(text.error());
    const std::string name = text->substr(0, text->find('\n'));
    const std::string aside = directory + "/" + name;
    const std::string damaged = aside + "/db" + std::string{kDamaged};
    if (name.empty() || !fs::exists(damaged, error)) return std::nullopt;  // there was none
    fs::rename(damaged, database, error);
    if (error) return unusable(fmt::format("cannot move {}: {}", damaged, error.message()));
    auto status = sync_directory(file_system, directory);
    if (status.ok()) status = sync_directory(file_system, aside);
    if (!status.ok()) return unusable(status.ToString());
    return std::nullopt;
}

}  // namespace hermetic::spool
