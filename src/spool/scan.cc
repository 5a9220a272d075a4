#include "spool/scan.h"

#include "core/text.h"
#include "spool/record.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hermetic::spool {
namespace {

// A message's key where it is one, for people otherwise.
std::string name_of(std::string_view key)
{
    const auto id = id_from_key<MessageId>(key);
    return id ? format_id(*id) : to_hex(key);
}

void report_unreadable(Reporter& reporter, std::string_view key, RecordError error)
{
    reporter.error("spool.record-unreadable",
                   fmt::format("message {} cannot be read and was not changed: {}", name_of(key),
                               describe(error)));
}

// States, in step with the envelopes they belong to.
class StateCursor {
public:
    StateCursor(const Database::Reader& reader, const std::optional<MessageId>& after)
        : states_{reader.scan(Column::State)}
    {
        if (after) {
            states_->Seek(to_slice(after->as_key()));
        } else {
            states_->SeekToFirst();
        }
    }

    // The record of the message with this key, or nullopt. Keys are asked for in ascending order.
    std::optional<std::string_view> at(std::string_view key)
    {
        while (states_->Valid() && to_view(states_->key()) < key) states_->Next();
        if (!states_->Valid() || to_view(states_->key()) != key) return std::nullopt;
        return to_view(states_->value());
    }

    [[nodiscard]] rocksdb::Status status() const { return states_->status(); }

private:
    std::unique_ptr<rocksdb::Iterator> states_;
};

// Fills `claimed` from its records; the error of the first that cannot be read.
std::optional<RecordError> read_message(std::string_view envelope_record,
                                        std::optional<std::string_view> state_record,
                                        Claimed& claimed)
{
    auto envelope = parse_envelope_record(envelope_record);
    if (!envelope) return envelope.error();
    if (state_record) {
        auto state = parse_state_record(*state_record);
        if (!state) return state.error();
        claimed.state = *std::move(state);
    }
    claimed.body.id = envelope->body.id;
    claimed.body.size = envelope->body.size;
    claimed.body.in_file = envelope->body.in_file;
    claimed.envelope = std::make_shared<const mail::Envelope>(std::move(envelope->envelope));
    return std::nullopt;
}

}  // namespace

ScanResult load_index(const Database& database, MessageIndex& index, Reporter& reporter)
{
    ScanResult result;
    const Database::Reader reader = database.read();
    StateCursor states{reader, std::nullopt};
    const auto envelopes = reader.scan(Column::Envelope);
    for (envelopes->SeekToFirst(); envelopes->Valid(); envelopes->Next()) {
        const std::string_view key = to_view(envelopes->key());
        const auto id = id_from_key<MessageId>(key);
        const auto body = parse_body_reference(to_view(envelopes->value()));
        if (!id || !body) {
            ++result.headless;
            report_unreadable(reporter, key, id ? body.error() : RecordError::BadField);
            continue;
        }
        IndexEntry entry;
        entry.body = body->id;
        entry.body_in_file = body->in_file;
        entry.has_state = states.at(key).has_value();
        index.insert_found(*id, entry);
        ++result.messages;
    }
    result.status = envelopes->status().ok() ? states.status() : envelopes->status();
    index.count_shared_bodies();
    return result;
}

std::vector<Claimed> claim_messages(const Database& database, MessageIndex& index,
                                    std::mutex& index_mutex, Reporter& reporter,
                                    const ClaimRequest& request)
{
    std::vector<Claimed> claimed;
    const Database::Reader reader = database.read();
    if (!reader) return claimed;
    StateCursor states{reader, request.after};
    const auto envelopes = reader.scan(Column::Envelope);
    if (request.after) {
        envelopes->Seek(to_slice(request.after->as_key()));
    } else {
        envelopes->SeekToFirst();
    }
    for (; envelopes->Valid() && claimed.size() < request.limit; envelopes->Next()) {
        const std::string_view key = to_view(envelopes->key());
        const auto id = id_from_key<MessageId>(key);
        if (!id || (request.after && *id == *request.after)) continue;
        {
            const std::lock_guard lock{index_mutex};
            if (!index.hold(*id)) continue;
        }
        Claimed next;
        next.lease.id = *id;
        next.lease.epoch = request.epoch;
        const auto error = read_message(to_view(envelopes->value()), states.at(key), next);
        if (error) {
            report_unreadable(reporter, key, *error);
        } else {
            claimed.push_back(std::move(next));
        }
    }
    if (!envelopes->status().ok()) {
        reporter.error("spool.store-error", "claiming messages: " + envelopes->status().ToString());
    }
    return claimed;
}

}  // namespace hermetic::spool
