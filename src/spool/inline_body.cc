#include "spool/inline_body.h"

#include "spool/record.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace hermetic::spool {
namespace {

constexpr std::string_view kClosed = "the store is closed after a failure; it is being reopened";

// Puts the stored octets into `body`. Empty where they are there, and as many as the message says;
// RocksDB has compared them with their checksum.
std::string read_octets(const Database::Reader& reader, Body& body,
                        const OnUnreadable& on_unreadable)
{
    std::string bytes;
    std::string error;
    const rocksdb::Status status = reader.get(Column::Body, body.id.as_key(), bytes);
    if (!status.ok()) {
        error = fmt::format("the body: {}", status.ToString());
    } else if (bytes.size() != body.size) {
        error =
            fmt::format("the body has {} octets, its message states {}", bytes.size(), body.size);
    } else {
        body.bytes = Bytes{std::move(bytes)};
    }
    if (!error.empty()) on_unreadable(body.id, error);
    return error;
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
    OnUnreadable on_unreadable;

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
        return reader ? read_octets(reader, body, on_unreadable) : std::string{kClosed};
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

void load_message(const Database& database, const MessageId& id, LoadOperation& done,
                  const OnUnreadable& on_unreadable)
{
    const Database::Reader reader = database.read();
    if (!reader) {
        done.error = kClosed;
        return;
    }
    auto message = std::make_shared<StoredMessage>();
    message->id = id;
    if (!load_records(reader, id, *message, done.error)) return;
    if (!message->body.in_file) done.error = read_octets(reader, message->body, on_unreadable);
    done.message = std::move(message);
}

std::unique_ptr<BodyReader> read_inline_body(std::shared_ptr<const Database> database,
                                             std::shared_ptr<IoPool> pool, const Body& body,
                                             OnUnreadable on_unreadable)
{
    return std::make_unique<InlineReader>(
        Reading{std::move(database), std::move(pool), body, std::move(on_unreadable)});
}

}  // namespace hermetic::spool
