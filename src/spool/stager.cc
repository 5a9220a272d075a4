#include "spool/stager.h"

#include "core/assert.h"

#include <algorithm>

namespace hermetic::spool {
namespace {

// A batch refuses an entry only beyond 4 GiB, and a group is bounded far below.
void must(const rocksdb::Status& status)
{
    HERMETIC_ASSERT(status.ok());
}

}  // namespace

void Stager::begin()
{
    batch_.Clear();
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

    // SingleDelete, not Delete: written once and removed once, the two annihilate each other in
    // memory or at the first flush and leave nothing behind.
    must(batch_.SingleDelete(database_.column(Column::Envelope), to_slice(id.as_key())));
    if (entry.has_state) {
        must(batch_.Delete(database_.column(Column::State), to_slice(id.as_key())));
    }
    if (body_ended && !entry.body_in_file) {
        must(batch_.SingleDelete(database_.column(Column::Body), to_slice(entry.body.as_key())));
    }
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
    const rocksdb::Slice key = to_slice(message.id.as_key());
    IndexEntry entry;
    entry.body = body.id;
    entry.body_in_file = body.in_file;
    entry.has_state = !state.empty();
    entry.held = true;

    must(batch_.Put(database_.column(Column::Envelope), key, to_slice(envelope)));
    if (entry.has_state) must(batch_.Put(database_.column(Column::State), key, to_slice(state)));
    if (is_known(body.id)) {
        index_.add(message.id, entry, MessageIndex::BodyIs::SharedWithLive);
        return;
    }
    index_.add(message.id, entry, MessageIndex::BodyIs::New);
    known_bodies_.push_back(body.id);
    if (body.in_file) return;
    HERMETIC_ASSERT(body.bytes.size() == body.size);
    must(batch_.Put(database_.column(Column::Body), to_slice(body.id.as_key()),
                    to_slice(body.bytes.view())));
}

}  // namespace hermetic::spool
