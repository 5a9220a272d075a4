#include "spool/salvage.h"

#include "core/text.h"
#include "spool/body_file.h"
#include "spool/body_files.h"
#include "spool/damaged_store.h"
#include "spool/directories.h"
#include "spool/directory_lock.h"
#include "spool/inspection.h"
#include "spool/record.h"
#include "spool/skipping_scan.h"
#include "spool/spool_rebuild.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace hermetic::spool {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadAtOnce = 1U << 20;

OpenError unusable(std::string words)
{
    return {OpenError::Kind::Unusable, std::move(words)};
}

std::string name_of(std::string_view key)
{
    const auto id = id_from_key<MessageId>(key);
    return id ? format_id(*id) : to_hex(key);
}

std::string describe_gap(const KeyGap& gap, std::string_view what)
{
    return fmt::format("{} with ids between {} and {}: {}", what, name_of(gap.after),
                       name_of(gap.before), gap.why);
}

struct CheckedBody {
    std::uint64_t size = 0;
    bool in_file = false;
    std::string error;
};

class StoppedSpoolOnDisk final : public StoppedSpool, public RecordSource {
public:
    StoppedSpoolOnDisk(std::string directory, std::string work)
        : directory_{std::move(directory)}, work_{std::move(work)}
    {
    }
    ~StoppedSpoolOnDisk() override
    {
        store_.reset();
        std::error_code ignored;
        fs::remove_all(work_, ignored);
    }

    [[nodiscard]] std::optional<OpenError> open();

    SalvageReport read(const std::function<void(const SalvagedMessage&)>& use) override
    {
        return visit([&](const SalvagedRecords& records) {
            if (records.message.envelope) use(records.message);
        });
    }
    SalvageReport visit(const std::function<void(const SalvagedRecords&)>& use) override;
    std::string read_body(const Body& body,
                          const std::function<void(std::string_view)>& use) override;
    void visit_lost_bodies(const std::function<void(const LostBody&)>& use) override;

private:
    void visit_one(std::string_view key, std::string_view record,
                   const std::function<void(const SalvagedRecords&)>& use);
    [[nodiscard]] std::string check_body(const Body& body);
    void read_state(std::string_view key, SalvagedRecords& records);
    [[nodiscard]] bool may_lack_states() const;
    [[nodiscard]] std::string read_inline_body(const Body& body,
                                               const std::function<void(std::string_view)>& use);
    [[nodiscard]] std::vector<fs::path> body_files() const;

    std::string directory_;
    std::string work_;
    std::unique_ptr<DamagedStore> store_;
    // Bodies that a message has, which several may share, and what check_body() has found.
    std::unordered_map<BodyId, CheckedBody> wanted_;
    SalvageReport report_;
};

std::optional<OpenError> StoppedSpoolOnDisk::open()
{
    std::error_code error;
    if (!fs::is_directory(directory_, error)) {
        return unusable(fmt::format("there is no spool in {}", directory_));
    }
    const auto file_system = rocksdb::FileSystem::Default();
    const auto facts = inspect_spool(file_system, directory_, ReadErrors::Record);
    if (!facts) return unusable(facts.error());
    const Opening opening = decide_opening(*facts);
    if (opening.kind == Opening::Kind::Newer) {
        return OpenError{OpenError::Kind::Newer, describe_newer(directory_)};
    }
    report_.damage = opening.damage;
    if (report_.damage.empty() && facts->has_manifest) {
        const Trial trial = try_database(directory_ + "/db", file_system);
        if (!trial.error.empty()) {
            report_.damage.push_back({"the database cannot be read: " + trial.error, "", true});
        }
    }
    fs::create_directories(work_, error);
    if (error) return unusable(fmt::format("cannot make {}: {}", work_, error.message()));
    auto store = DamagedStore::open(directory_, work_);
    if (!store) return OpenError{OpenError::Kind::Damaged, store.error()};
    store_ = *std::move(store);
    return std::nullopt;
}

SalvageReport StoppedSpoolOnDisk::visit(const std::function<void(const SalvagedRecords&)>& use)
{
    for (const std::string& loss : store_->losses()) report_.unreadable.push_back(loss);
    SkippingScan envelopes{store_->database(), store_->column(Column::Envelope)};
    for (; envelopes.valid(); envelopes.next()) visit_one(envelopes.key(), envelopes.value(), use);
    for (const KeyGap& gap : envelopes.gaps()) {
        report_.unreadable.push_back(describe_gap(gap, "messages"));
    }
    visit_lost_bodies([&](const LostBody&) { ++report_.bodies_without_message; });
    return report_;
}

void StoppedSpoolOnDisk::visit_one(std::string_view key, std::string_view record,
                                   const std::function<void(const SalvagedRecords&)>& use)
{
    SalvagedRecords records;
    records.key = key;
    records.envelope = record;
    SalvagedMessage& message = records.message;
    const auto id = id_from_key<MessageId>(key);
    const auto head = parse_body_reference(record);
    auto envelope = parse_envelope_record(record);
    if (id) message.id = *id;
    if (head) {
        message.body.id = head->id;
        message.body.size = head->size;
        message.body.in_file = head->in_file;
        message.body_error = check_body(message.body);
    }
    if (id && envelope) {
        message.envelope = std::make_shared<const mail::Envelope>(std::move(envelope->envelope));
        ++report_.messages;
        if (!message.body_error.empty()) report_.without_body.push_back(*id);
    } else {
        records.is_newer = id && !envelope && envelope.error() == RecordError::NewerVersion;
        report_.unreadable.push_back(
            fmt::format("message {}: {}", name_of(key),
                        describe(envelope ? RecordError::BadField : envelope.error())));
    }
    read_state(key, records);
    if (!message.state_error.empty() && !records.has_newer_state && message.envelope) {
        report_.without_state.push_back(message.id);
    }
    use(records);
}

// Reads it once, for however many messages.
std::string StoppedSpoolOnDisk::check_body(const Body& body)
{
    const auto known = wanted_.find(body.id);
    if (known != wanted_.end() && known->second.size == body.size &&
        known->second.in_file == body.in_file) {
        return known->second.error;
    }
    std::string error = read_body(body, [](std::string_view) {});
    wanted_.insert_or_assign(body.id, CheckedBody{body.size, body.in_file, error});
    return error;
}

void StoppedSpoolOnDisk::read_state(std::string_view key, SalvagedRecords& records)
{
    const rocksdb::Status found = store_->get(Column::State, key, records.state);
    if (!found.ok()) {
        if (!found.IsNotFound()) records.message.state_error = found.ToString();
        if (found.IsNotFound() && may_lack_states()) {
            records.message.state_error = "it has none, or it is in what the database lost";
        }
        records.state.clear();
        return;
    }
    auto state = parse_state_record(records.state);
    if (state) {
        records.message.state = *std::move(state);
        return;
    }
    records.message.state_error = describe(state.error());
    records.has_newer_state = state.error() == RecordError::NewerVersion;
}

// Where a table or a part of the log is gone, nothing tells which messages had a state in it.
bool StoppedSpoolOnDisk::may_lack_states() const
{
    return !store_->losses().empty() || std::ranges::any_of(report_.damage, &Damage::loses_records);
}

std::string StoppedSpoolOnDisk::read_body(const Body& body,
                                          const std::function<void(std::string_view)>& use)
{
    if (!body.in_file) return read_inline_body(body, use);
    BodyFile file{rocksdb::FileSystem::Default(), directory_ + "/bodies/" + body_file_name(body.id),
                  body.size};
    std::string bytes;
    for (std::uint64_t offset = 0; offset < body.size; offset += bytes.size()) {
        const auto status = file.read(offset, kReadAtOnce, bytes);
        if (!status.ok()) return status.ToString();
        use(bytes);
    }
    return {};
}

std::string StoppedSpoolOnDisk::read_inline_body(const Body& body,
                                                 const std::function<void(std::string_view)>& use)
{
    std::string bytes;
    const rocksdb::Status status = store_->get(Column::Body, body.id.as_key(), bytes);
    if (!status.ok()) return status.ToString();
    if (bytes.size() != body.size) {
        return fmt::format("the body has {} octets, its message states {}", bytes.size(),
                           body.size);
    }
    use(bytes);
    return {};
}

void StoppedSpoolOnDisk::visit_lost_bodies(const std::function<void(const LostBody&)>& use)
{
    SkippingScan bodies{store_->database(), store_->column(Column::Body)};
    for (; bodies.valid(); bodies.next()) {
        const auto id = id_from_key<BodyId>(bodies.key());
        if (id && !wanted_.contains(*id)) use({*id, {}, bodies.value()});
    }
    for (const fs::path& file : body_files()) {
        const auto id = parse_id<BodyId>(file.filename().string());
        if (id && !wanted_.contains(*id)) use({*id, file.string(), {}});
    }
}

std::vector<fs::path> StoppedSpoolOnDisk::body_files() const
{
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::recursive_directory_iterator entry{directory_ + "/bodies", error}, end;
         !error && entry != end; entry.increment(error)) {
        if (entry->is_regular_file(error)) files.push_back(entry->path());
    }
    return files;
}

Result<std::unique_ptr<StoppedSpoolOnDisk>, OpenError> open_stopped(const std::string& directory,
                                                                    const std::string& work)
{
    auto spool = std::make_unique<StoppedSpoolOnDisk>(directory, work);
    if (auto error = spool->open()) return failure(*std::move(error));
    return spool;
}

// Holds the lock while it lives.
class LockedSpool final : public StoppedSpool {
public:
    LockedSpool(DirectoryLock lock, std::unique_ptr<StoppedSpool> spool)
        : lock_{std::move(lock)}, spool_{std::move(spool)}
    {
    }
    SalvageReport read(const std::function<void(const SalvagedMessage&)>& use) override
    {
        return spool_->read(use);
    }
    std::string read_body(const Body& body,
                          const std::function<void(std::string_view)>& use) override
    {
        return spool_->read_body(body, use);
    }

private:
    DirectoryLock lock_;
    std::unique_ptr<StoppedSpool> spool_;
};

}  // namespace

Result<std::unique_ptr<StoppedSpool>, OpenError> StoppedSpool::open(const std::string& directory,
                                                                    const std::string& work)
{
    std::error_code error;
    if (!fs::is_directory(directory, error)) {
        return failure(unusable(fmt::format("there is no spool in {}", directory)));
    }
    auto lock = DirectoryLock::acquire_to_read(directory);
    if (!lock) return failure(std::move(lock.error()));
    auto spool = open_stopped(directory, work);
    if (!spool) return failure(std::move(spool.error()));
    return std::make_unique<LockedSpool>(*std::move(lock), *std::move(spool));
}

Result<SalvageReport, OpenError> repair_spool(const std::string& directory, const Clock& clock)
{
    std::error_code error;
    if (!fs::is_directory(directory, error)) {
        return failure(unusable(fmt::format("there is no spool in {}", directory)));
    }
    const auto lock = DirectoryLock::acquire(directory);
    if (!lock) return failure(lock.error());
    if (auto failed = undo_interrupted_repair(directory)) return failure(*std::move(failed));
    const std::string aside = folder_for_damage(directory, clock.wall());
    const auto made = make_private_directories(*rocksdb::FileSystem::Default(), aside);
    if (!made.ok()) {
        return failure(unusable(fmt::format("cannot make {}: {}", aside, made.ToString())));
    }
    SalvageReport report;
    {
        const auto opened = open_stopped(directory, aside + "/work");
        if (!opened) {
            fs::remove_all(aside, error);
            return failure(opened.error());
        }
        report = (*opened)->visit([](const SalvagedRecords&) {});
    }
    if (!report.needs_repair()) {
        fs::remove_all(aside, error);
        return report;
    }
    auto source = open_stopped(directory, aside + "/work");
    if (!source) {
        fs::remove_all(aside, error);
        return failure(source.error());
    }
    if (auto failed = rebuild_spool(**source, directory, aside, clock)) {
        source->reset();
        if (!failed->is_changed) fs::remove_all(aside, error);
        return failure(std::move(failed->error));
    }
    report.aside = aside;
    return report;
}

}  // namespace hermetic::spool
