#include "spool/stager.h"

#include "core/assert.h"

#include <algorithm>
#include <cstring>

namespace hermetic::spool {
namespace {

// A batch refuses an entry only beyond 4 GiB, and a group is bounded far below.
void must(const rocksdb::Status& status)
{
    HERMETIC_ASSERT(status.ok());
}

std::string_view to_view(const std::array<std::uint8_t, 16>& key)
{
    return {reinterpret_cast<const char*>(key.data()), key.size()};
}

}  // namespace

void Stager::begin()
{
    batch_.Clear();
    removals_.clear();
    stored_.clear();
    released_files_.clear();
}

void Stager::stage(Submission& submission)
{
    if (submission.change && !has_lease(submission.change->lease)) {
        submission.staged = Staged::Dropped;
        return;
    }
    collect_known_bodies(submission);
    if (!files_are_there(submission)) {
        submission.staged = Staged::Dropped;
        return;
    }
    RecordReader records{submission};
    const bool any_new = stage_messages(submission, records);
    if (submission.is_mail()) {
        submission.staged = any_new ? Staged::Written : Staged::AlreadyStored;
        return;
    }
    // After the new messages: what they share with this one must not end in between.
    const MessageId& id = submission.change->lease.id;
    if (submission.change->kind == Change::Kind::Finished) {
        stage_removal(id, Record::Present);
    } else {
        must(batch_.Put(database_.column(Column::State), to_slice(id.as_key()),
                        to_slice(records.next())));
        index_.set_has_state(id);
    }
    submission.staged = Staged::Written;
}

void Stager::stage_removal(const MessageId& id, Record record)
{
    const IndexEntry* found = index_.find(id);
    HERMETIC_ASSERT(found != nullptr);
    const IndexEntry entry = *found;
    const bool body_ended = index_.remove(id) == MessageIndex::BodyUse::Ended;
    if (body_ended && entry.body_in_file) released_files_.push_back(entry.body);
    if (record == Record::Absent) return;

    remove(Column::Envelope, id.as_key());
    if (entry.has_state) remove(Column::State, id.as_key());
    if (body_ended && !entry.body_in_file) remove(Column::Body, entry.body.as_key());
}

void Stager::remove(Column column, std::string_view key)
{
    Removal& removal = removals_.emplace_back();
    removal.column = column;
    HERMETIC_ASSERT(key.size() == removal.key.size());
    std::memcpy(removal.key.data(), key.data(), removal.key.size());
    last_removed_ = removals_.size() == 1 ? removal.key : std::max(last_removed_, removal.key);
}

// A key that was removed in this group and comes again is removed before it is put. Ids rise, so
// that it is hardly ever looked for.
void Stager::put_new(Column column, std::string_view key, std::string_view value)
{
    if (!removals_.empty() && key <= to_view(last_removed_) &&
        std::ranges::any_of(removals_,
                            [&](const Removal& removal) { return key == to_view(removal.key); })) {
        write_removals();
    }
    must(batch_.Put(database_.column(column), to_slice(key), to_slice(value)));
}

void Stager::write_removals()
{
    std::ranges::sort(removals_);
    for (const Removal& removal : removals_) {
        const rocksdb::Slice key = to_slice(to_view(removal.key));
        rocksdb::ColumnFamilyHandle* const column = database_.column(removal.column);
        // SingleDelete, not Delete: written once and removed once, the two annihilate each other in
        // memory or at the first flush and leave nothing behind.
        must(removal.column == Column::State ? batch_.Delete(column, key)
                                             : batch_.SingleDelete(column, key));
    }
    removals_.clear();
}

rocksdb::WriteBatch& Stager::batch()
{
    write_removals();
    return batch_;
}

bool Stager::has_lease(const Lease& lease) const
{
    const IndexEntry* entry = index_.find(lease.id);
    return entry != nullptr && entry->held && lease.epoch == epoch_;
}

void Stager::collect_known_bodies(const Submission& submission)
{
    known_bodies_.clear();
    if (submission.change) {
        known_bodies_.push_back(index_.find(submission.change->lease.id)->body);
    }
    for (const auto& message : submission.new_messages()) {
        if (index_.find(message->id) != nullptr) known_bodies_.push_back(message->body.id);
    }
}

bool Stager::is_known(const BodyId& body) const
{
    return std::ranges::find(known_bodies_, body) != known_bodies_.end();
}

bool Stager::files_are_there(const Submission& submission) const
{
    return std::ranges::all_of(submission.new_messages(), [&](const auto& message) {
        return !message->body.in_file || is_known(message->body.id) ||
               std::ranges::find(submission.files, message->body.id) != submission.files.end();
    });
}

bool Stager::stage_messages(const Submission& submission, RecordReader& records)
{
    bool any_new = false;
    for (const auto& message : submission.new_messages()) {
        const std::string_view envelope = records.next();
        const std::string_view state = records.next();
        if (index_.find(message->id) != nullptr) continue;  // a repeated commit
        put_message(*message, envelope, state);
        stored_.push_back(message);
        any_new = true;
    }
    return any_new;
}

void Stager::put_message(const StoredMessage& message, std::string_view envelope,
                         std::string_view state)
{
    const Body& body = message.body;
    IndexEntry entry;
    entry.body = body.id;
    entry.body_in_file = body.in_file;
    entry.has_state = !state.empty();
    entry.held = true;

    put_new(Column::Envelope, message.id.as_key(), envelope);
    if (entry.has_state) put_new(Column::State, message.id.as_key(), state);
    if (is_known(body.id)) {
        index_.add(message.id, entry, MessageIndex::BodyIs::SharedWithLive);
        return;
    }
    index_.add(message.id, entry, MessageIndex::BodyIs::New);
    known_bodies_.push_back(body.id);
    if (body.in_file) return;
    HERMETIC_ASSERT(body.bytes.size() == body.size);
    put_new(Column::Body, body.id.as_key(), body.bytes.view());
}

}  // namespace hermetic::spool
