#include "spool/submission.h"

#include "core/assert.h"
#include "spool/byte_codec.h"
#include "spool/record.h"

#include <algorithm>
#include <utility>

namespace hermetic::spool {
namespace {

constexpr std::size_t kLengthOctets = 8;

// Appends a record after its length, which is known only afterwards.
template <typename Append>
void append_with_length(std::string& out, const Append& append)
{
    const std::size_t start = out.size();
    out.append(kLengthOctets, '\0');
    append(out);
    std::uint64_t length = out.size() - start - kLengthOctets;
    for (std::size_t i = 0; i < kLengthOctets; ++i, length >>= 8) {
        out[start + i] = static_cast<char>(length & 0xff);
    }
}

void encode_messages(Submission& submission)
{
    static const MessageState kNothingYet;
    for (const auto& message : submission.new_messages()) {
        HERMETIC_ASSERT(message != nullptr && message->envelope != nullptr);
        const BodyReference body{message->body.id, message->body.size, message->body.in_file};
        append_with_length(submission.records, [&](std::string& out) {
            append_envelope_record(out, body, *message->envelope);
        });
        append_with_length(submission.records, [&](std::string& out) {
            if (message->state != kNothingYet) append_state_record(out, message->state);
        });
        submission.octets += message->body.bytes.size();
    }
}

}  // namespace

Submission make_submission(std::vector<std::shared_ptr<const StoredMessage>> messages,
                           CommitOperation* done)
{
    Submission submission;
    submission.messages = std::move(messages);
    submission.done = done;
    encode_messages(submission);
    submission.octets += submission.records.size();
    return submission;
}

Submission make_submission(Change change, CommitOperation* done)
{
    Submission submission;
    submission.change = std::move(change);
    submission.done = done;
    encode_messages(submission);
    if (submission.change->kind == Change::Kind::Deferred) {
        append_with_length(submission.records, [&](std::string& out) {
            append_state_record(out, submission.change->state);
        });
    }
    submission.octets += submission.records.size();
    return submission;
}

std::string_view RecordReader::next()
{
    ByteReader in{rest_};
    const std::uint64_t length = in.fixed64();
    const std::string_view record = in.raw(length);
    HERMETIC_ASSERT(in.ok());
    rest_.remove_prefix(kLengthOctets + record.size());
    return record;
}

}  // namespace hermetic::spool
