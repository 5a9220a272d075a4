#include "spool/inline_body.h"

#include "spool/record.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace hermetic::spool {
namespace {

constexpr std::string_view kClosed = "the store is closed after a failure; it is being reopened";

// Empty where `key` was found.
std::string get(const Database::Reader& reader, Column column, std::string_view key,
                std::string& value)
{
    const rocksdb::Status status = reader.get(column, key, value);
    return status.ok() ? std::string{} : status.ToString();
}

// False: gone, or `error` says why it cannot be read.
bool load_records(const Database::Reader& reader, const MessageId& id, StoredMessage& message,
                  std::string& error)
{
    std::string record;
    const rocksdb::Status found = reader.get(Column::Envelope, id.as_key(), record);
    if (found.IsNotFound()) return false;
    if (!found.ok()) {
        error = found.ToString();
        return false;
    }
    auto envelope = parse_envelope_record(record);
    if (!envelope) {
        error = describe(envelope.error());
        return false;
    }
    message.body.id = envelope->body.id;
    message.body.size = envelope->body.size;
    message.body.in_file = envelope->body.in_file;
    message.envelope = std::make_shared<const mail::Envelope>(std::move(envelope->envelope));

    const rocksdb::Status with_state = reader.get(Column::State, id.as_key(), record);
    if (with_state.IsNotFound()) return true;
    auto state = with_state.ok() ? parse_state_record(record) : MessageState{};
    if (!with_state.ok() || !state) {
        error = with_state.ok() ? std::string{describe(state.error())} : with_state.ToString();
        return false;
    }
    message.state = *std::move(state);
    return true;
}

struct Reading {
    std::shared_ptr<const Database> database;
    std::shared_ptr<IoPool> pool;
    Body body;

    void read(std::uint64_t offset, std::size_t limit, BodyOperation& done)
    {
        done.bytes.clear();
        if (body.bytes.size() != body.size) done.error = fetch();
        if (done.error.empty() && offset < body.size) {
            done.bytes = body.bytes.view().substr(static_cast<std::size_t>(offset), limit);
        }
        done.port.post({&done});
    }

private:
    std::string fetch()
    {
        const Database::Reader reader = database->read();
        if (!reader) return std::string{kClosed};
        std::string bytes;
        std::string error = get(reader, Column::Body, body.id.as_key(), bytes);
        if (error.empty() && bytes.size() != body.size) {
            error =
                fmt::format("the body has {} octets, its message says {}", bytes.size(), body.size);
        }
        if (error.empty()) body.bytes = Bytes{std::move(bytes)};
        return error;
    }
};

class InlineReader final : public BodyReader {
public:
    explicit InlineReader(Reading reading) : reading_{std::make_shared<Reading>(std::move(reading))}
    {
    }

    void read(std::uint64_t offset, std::size_t limit, BodyOperation& done) override
    {
        reading_->pool->run(
            [reading = reading_, offset, limit, &done] { reading->read(offset, limit, done); });
    }

private:
    std::shared_ptr<Reading> reading_;
};

}  // namespace

void load_message(const Database& database, const MessageId& id, LoadOperation& done)
{
    const Database::Reader reader = database.read();
    if (!reader) {
        done.error = kClosed;
        return;
    }
    auto message = std::make_shared<StoredMessage>();
    message->id = id;
    if (!load_records(reader, id, *message, done.error)) return;
    if (!message->body.in_file) {
        std::string bytes;
        done.error = get(reader, Column::Body, message->body.id.as_key(), bytes);
        if (!done.error.empty()) return;
        message->body.bytes = Bytes{std::move(bytes)};
    }
    done.message = std::move(message);
}

std::unique_ptr<BodyReader> read_inline_body(std::shared_ptr<const Database> database,
                                             std::shared_ptr<IoPool> pool, const Body& body)
{
    return std::make_unique<InlineReader>(Reading{std::move(database), std::move(pool), body});
}

}  // namespace hermetic::spool
