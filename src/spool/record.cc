#include "spool/record.h"

#include "core/assert.h"
#include "spool/byte_codec.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

namespace hermetic::spool {
namespace {

constexpr std::uint8_t kInFile = 1;

constexpr std::uint8_t kEightBitMime = 1;
constexpr std::uint8_t kSmtpUtf8 = 2;
constexpr std::uint8_t kIsNotice = 4;
constexpr std::uint8_t kRetFull = 8;
constexpr std::uint8_t kRetHeaders = 16;
constexpr std::uint8_t kHasSender = 32;
constexpr std::uint8_t kInternal = 64;
constexpr std::uint8_t kEnvelopeFlags = 127;

// The versions before.
constexpr std::uint8_t kEnvelopeWithoutTls = 1;
constexpr std::uint8_t kStateWithoutTlsTime = 1;
constexpr std::uint8_t kStateWithoutApproval = 2;
constexpr std::uint8_t kStateWithApproval = 3;
constexpr std::uint8_t kStateWithoutHandled = 4;

constexpr std::uint8_t kHeld = 1;
constexpr std::uint8_t kDelayNotified = 2;
constexpr std::uint8_t kTlsFailing = 4;    // from version 3 on; version 2 always has the time
constexpr std::uint8_t kApproved = 8;      // from version 4 on; version 3 always has an approval
constexpr std::uint8_t kRequiredTls = 16;  // from version 4 on
constexpr std::uint8_t kHistory = 32;      // from version 4 on
constexpr std::uint8_t kHandled = 64;      // from version 5 on

// Of an envelope's TLS requests.
constexpr std::uint8_t kRequireTls = 1;
constexpr std::uint8_t kTlsRequiredNo = 2;

enum class HostTag : std::uint8_t { Domain = 0, Ipv4 = 4, Ipv6 = 16 };

// A recipient takes at least this many octets, so a count can be checked before memory is reserved.
constexpr std::size_t kLeastRecipient = 5;
constexpr std::size_t kLeastCause = 22;

std::uint64_t to_octets(WallTime time)
{
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

WallTime to_wall_time(std::uint64_t octets)
{
    return WallTime{std::chrono::milliseconds{static_cast<std::int64_t>(octets)}};
}

void append_ip(ByteWriter& out, const IpAddress& address)
{
    out.octet(static_cast<std::uint8_t>(address.is_v6() ? HostTag::Ipv6 : HostTag::Ipv4));
    out.raw(address.octets());
}

void append_mailbox(ByteWriter& out, const mail::Mailbox& mailbox)
{
    out.text(mailbox.local);
    if (const mail::Domain* domain = mailbox.domain()) {
        out.octet(static_cast<std::uint8_t>(HostTag::Domain));
        out.text(domain->text());
    } else {
        append_ip(out, *mailbox.literal());
    }
}

std::uint8_t flags_of(const mail::Envelope& envelope)
{
    unsigned flags = 0;
    if (envelope.body_type == mail::BodyType::EightBitMime) flags |= kEightBitMime;
    if (envelope.smtputf8) flags |= kSmtpUtf8;
    if (envelope.is_notice) flags |= kIsNotice;
    if (envelope.ret == mail::Ret::Full) flags |= kRetFull;
    if (envelope.ret == mail::Ret::Headers) flags |= kRetHeaders;
    if (envelope.sender) flags |= kHasSender;
    if (envelope.arrival.internal) flags |= kInternal;
    return static_cast<std::uint8_t>(flags);
}

void append_arrival(ByteWriter& out, const mail::Arrival& arrival)
{
    out.fixed64(arrival.session.value);
    append_ip(out, arrival.client.address);
    out.fixed16(arrival.client.port);
    for (const std::string* text :
         {&arrival.listener, &arrival.helo, &arrival.protocol, &arrival.tls_version,
          &arrival.tls_cipher, &arrival.tls_group, &arrival.connector}) {
        out.text(*text);
    }
}

void append_requests(ByteWriter& out, const mail::TlsRequests& requests)
{
    out.octet(static_cast<std::uint8_t>(requests.level));
    unsigned flags = 0;
    if (requests.requiretls) flags |= kRequireTls;
    if (requests.tls_required_no) flags |= kTlsRequiredNo;
    out.octet(static_cast<std::uint8_t>(flags));
}

// Nullopt where no version wrote it.
std::optional<mail::TlsLevel> read_level(ByteReader& in)
{
    const std::uint8_t level = in.octet();
    if (level > static_cast<std::uint8_t>(mail::TlsLevel::Dane)) return std::nullopt;
    return static_cast<mail::TlsLevel>(level);
}

bool read_requests(ByteReader& in, mail::TlsRequests& requests)
{
    const auto level = read_level(in);
    const std::uint8_t flags = in.octet();
    requests.level = level.value_or(mail::TlsLevel::None);
    requests.requiretls = (flags & kRequireTls) != 0;
    requests.tls_required_no = (flags & kTlsRequiredNo) != 0;
    return level && (flags & ~(kRequireTls | kTlsRequiredNo)) == 0;
}

template <typename Id>
Id read_id(ByteReader& in)
{
    return id_from_key<Id>(in.raw(16)).value_or(Id{});
}

std::optional<IpAddress> read_ip(ByteReader& in, std::uint8_t tag)
{
    if (tag == static_cast<std::uint8_t>(HostTag::Ipv4)) {
        std::array<std::uint8_t, 4> octets{};
        std::ranges::copy(in.raw(octets.size()), octets.begin());
        return IpAddress::v4(octets);
    }
    if (tag == static_cast<std::uint8_t>(HostTag::Ipv6)) {
        std::array<std::uint8_t, 16> octets{};
        std::ranges::copy(in.raw(octets.size()), octets.begin());
        return IpAddress::v6(octets);
    }
    return std::nullopt;
}

std::optional<mail::Mailbox> read_mailbox(ByteReader& in)
{
    std::string local = in.text();
    const std::uint8_t tag = in.octet();
    if (!in.ok()) return std::nullopt;
    if (tag == static_cast<std::uint8_t>(HostTag::Domain)) {
        auto domain = mail::Domain::parse(in.text());
        if (!domain) return std::nullopt;
        return mail::Mailbox{std::move(local), *std::move(domain)};
    }
    const auto address = read_ip(in, tag);
    if (!address) return std::nullopt;
    return mail::Mailbox{std::move(local), *address};
}

bool read_recipients(ByteReader& in, mail::Envelope& envelope)
{
    const std::uint64_t count = in.varint();
    if (count > in.remaining() / kLeastRecipient) {
        in.fail();
        return true;  // truncated, not malformed
    }
    envelope.recipients.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) {
        auto address = read_mailbox(in);
        if (!address) return false;
        const std::uint8_t notify = in.octet();
        envelope.recipients.push_back({*std::move(address), notify, in.text()});
    }
    return true;
}

bool read_flags(std::uint8_t flags, mail::Envelope& envelope)
{
    if ((flags & ~kEnvelopeFlags) != 0) return false;
    if ((flags & kRetFull) != 0 && (flags & kRetHeaders) != 0) return false;
    envelope.body_type =
        (flags & kEightBitMime) != 0 ? mail::BodyType::EightBitMime : mail::BodyType::SevenBit;
    envelope.smtputf8 = (flags & kSmtpUtf8) != 0;
    envelope.is_notice = (flags & kIsNotice) != 0;
    if ((flags & kRetFull) != 0) envelope.ret = mail::Ret::Full;
    if ((flags & kRetHeaders) != 0) envelope.ret = mail::Ret::Headers;
    envelope.arrival.internal = (flags & kInternal) != 0;
    return true;
}

bool read_arrival(ByteReader& in, mail::Arrival& arrival)
{
    arrival.session.value = in.fixed64();
    const auto address = read_ip(in, in.octet());
    if (!address) return false;
    arrival.client = {*address, in.fixed16()};
    for (std::string* text :
         {&arrival.listener, &arrival.helo, &arrival.protocol, &arrival.tls_version,
          &arrival.tls_cipher, &arrival.tls_group, &arrival.connector}) {
        *text = in.text();
    }
    return true;
}

// False where a field is malformed. Where octets are missing `in` says so.
bool read_envelope(ByteReader& in, mail::Envelope& envelope)
{
    const std::uint8_t flags = in.octet();
    if (!read_flags(flags, envelope)) return false;
    envelope.accepted_as = read_id<MessageId>(in);
    if ((flags & kHasSender) != 0) {
        auto sender = read_mailbox(in);
        if (!sender) return false;
        envelope.sender = *std::move(sender);
    }
    if (!read_recipients(in, envelope)) return false;
    envelope.envid = in.text();
    envelope.accepted_at = to_wall_time(in.fixed64());
    envelope.size = in.varint();
    envelope.organization = in.text();
    envelope.message_id = in.text();
    return read_arrival(in, envelope.arrival);
}

// What is wrong after reading, if anything is.
std::optional<RecordError> verdict(const ByteReader& in, bool fields_valid)
{
    if (!in.ok()) return RecordError::Truncated;
    if (!fields_valid) return RecordError::BadField;
    if (!in.at_end()) return RecordError::TrailingOctets;
    return std::nullopt;
}

std::optional<BodyReference> read_body_reference(ByteReader& in)
{
    const std::uint8_t flags = in.octet();
    BodyReference body;
    body.in_file = (flags & kInFile) != 0;
    body.id = read_id<BodyId>(in);
    body.size = in.fixed64();
    if ((flags & ~kInFile) != 0) return std::nullopt;
    return body;
}

bool has_history(const MessageState& state)
{
    return state.history != facts::AttemptHistory{} || !state.last_attempt.empty();
}

void append_history(ByteWriter& out, const facts::AttemptHistory& history)
{
    out.varint(history.left_out);
    out.varint(history.causes.size());
    for (const facts::AttemptCause& cause : history.causes) {
        for (const std::uint32_t number : {cause.first, cause.last, cause.count})
            out.varint(number);
        out.fixed64(to_octets(cause.first_at));
        out.fixed64(to_octets(cause.last_at));
        out.text(cause.reason.text());
        for (const std::string* text : {&cause.host, &cause.text}) out.text(*text);
    }
}

// False where a number does not fit.
bool read_number(ByteReader& in, std::uint32_t& number)
{
    const std::uint64_t read = in.varint();
    number = static_cast<std::uint32_t>(read);
    return read <= std::numeric_limits<std::uint32_t>::max();
}

bool read_history(ByteReader& in, facts::AttemptHistory& history)
{
    bool valid = read_number(in, history.left_out);
    const std::uint64_t count = in.varint();
    if (count > in.remaining() / kLeastCause) {
        in.fail();
        return valid;
    }
    history.causes.resize(static_cast<std::size_t>(count));
    for (facts::AttemptCause& cause : history.causes) {
        for (std::uint32_t* number : {&cause.first, &cause.last, &cause.count})
            valid = read_number(in, *number) && valid;
        cause.first_at = to_wall_time(in.fixed64());
        cause.last_at = to_wall_time(in.fixed64());
        cause.reason = facts::RecordedReason::parse(in.text());
        for (std::string* text : {&cause.host, &cause.text}) *text = in.text();
    }
    return valid;
}

// The first that has all of its fields.
std::uint8_t version_for(const MessageState& state)
{
    if (state.handled) return kStateRecordVersion;
    if (state.required_tls || has_history(state)) return kStateWithoutHandled;
    if (state.approval) return kStateWithApproval;
    return state.tls_failing_since ? kStateWithoutApproval : kStateWithoutTlsTime;
}

unsigned known_flags(std::uint8_t version)
{
    unsigned flags = kHeld | kDelayNotified;
    if (version >= kStateWithApproval) flags |= kTlsFailing;
    if (version > kStateWithApproval) flags |= kApproved | kRequiredTls | kHistory;
    if (version > kStateWithoutHandled) flags |= kHandled;
    return flags;
}

// What every version has, behind its flags. False where a field is malformed; where octets are
// missing `in` says so.
bool read_progress(ByteReader& in, MessageState& state)
{
    bool valid = read_number(in, state.attempts);
    state.next_attempt = to_wall_time(in.fixed64());
    const std::uint64_t count = in.varint();
    if (count > in.remaining()) {
        in.fail();
        return valid;
    }
    state.finished.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) {
        valid = read_number(in, state.finished.emplace_back()) && valid;
    }
    state.last_reason = in.text();
    state.last_host = in.text();
    state.last_text = in.text();
    return valid;
}

}  // namespace

std::string_view describe(RecordError error)
{
    switch (error) {
    case RecordError::Truncated:
        return "the record ends within a field";
    case RecordError::NewerVersion:
        return "the record was written by a newer version of this program";
    case RecordError::BadField:
        return "a field of the record is malformed";
    case RecordError::TrailingOctets:
        return "the record continues after its last field";
    }
    unreachable("every RecordError is handled above");
}

void append_envelope_record(std::string& record, const BodyReference& body,
                            const mail::Envelope& envelope)
{
    ByteWriter out{record};
    const bool requests = envelope.tls != mail::TlsRequests{};
    out.octet(requests ? kEnvelopeRecordVersion : kEnvelopeWithoutTls);
    out.octet(body.in_file ? kInFile : std::uint8_t{0});
    out.raw(body.id.as_key());
    out.fixed64(body.size);

    out.octet(flags_of(envelope));
    out.raw(envelope.accepted_as.as_key());
    if (envelope.sender) append_mailbox(out, *envelope.sender);
    out.varint(envelope.recipients.size());
    for (const mail::Recipient& recipient : envelope.recipients) {
        append_mailbox(out, recipient.address);
        out.octet(recipient.notify);
        out.text(recipient.orcpt);
    }
    out.text(envelope.envid);
    out.fixed64(to_octets(envelope.accepted_at));
    out.varint(envelope.size);
    out.text(envelope.organization);
    out.text(envelope.message_id);
    append_arrival(out, envelope.arrival);
    if (requests) append_requests(out, envelope.tls);
}

Result<EnvelopeRecord, RecordError> parse_envelope_record(std::string_view record)
{
    ByteReader in{record};
    const std::uint8_t version = in.octet();
    if (!in.ok()) return failure(RecordError::Truncated);
    if (version > kEnvelopeRecordVersion) return failure(RecordError::NewerVersion);
    if (version == 0) return failure(RecordError::BadField);

    EnvelopeRecord read;
    const auto body = read_body_reference(in);
    if (body) read.body = *body;
    bool valid = body && read_envelope(in, read.envelope);
    if (valid && version > kEnvelopeWithoutTls) valid = read_requests(in, read.envelope.tls);
    if (const auto error = verdict(in, valid)) return failure(*error);
    return read;
}

Result<BodyReference, RecordError> parse_body_reference(std::string_view record)
{
    ByteReader in{record};
    const std::uint8_t version = in.octet();
    if (in.ok() && version == 0) return failure(RecordError::BadField);
    const auto body = read_body_reference(in);
    if (!in.ok()) return failure(RecordError::Truncated);
    if (!body) return failure(RecordError::BadField);
    return *body;
}

void append_state_record(std::string& record, const MessageState& state)
{
    ByteWriter out{record};
    const std::uint8_t version = version_for(state);
    out.octet(version);
    unsigned flags = 0;
    if (state.held) flags |= kHeld;
    if (state.delay_notified) flags |= kDelayNotified;
    if (version >= kStateWithApproval && state.tls_failing_since) flags |= kTlsFailing;
    if (version > kStateWithApproval && state.approval) flags |= kApproved;
    if (state.required_tls) flags |= kRequiredTls;
    if (has_history(state)) flags |= kHistory;
    if (state.handled) flags |= kHandled;
    out.octet(static_cast<std::uint8_t>(flags));
    out.varint(state.attempts);
    out.fixed64(to_octets(state.next_attempt));
    out.varint(state.finished.size());
    for (const std::uint32_t recipient : state.finished) out.varint(recipient);
    out.text(state.last_reason);
    out.text(state.last_host);
    out.text(state.last_text);
    if (state.tls_failing_since) out.fixed64(to_octets(*state.tls_failing_since));
    if (state.approval) {
        out.text(state.approval->by);
        out.text(state.approval->reason);
        out.fixed64(to_octets(state.approval->at));
    }
    if (state.required_tls) {
        out.octet(static_cast<std::uint8_t>(state.required_tls->level));
        out.text(state.required_tls->because);
    }
    if (has_history(state)) {
        append_history(out, state.history);
        out.text(state.last_attempt);
    }
    if (state.handled) {
        out.text(state.handled->what);
        out.text(state.handled->by);
        out.fixed64(to_octets(state.handled->at));
    }
}

Result<MessageState, RecordError> parse_state_record(std::string_view record)
{
    ByteReader in{record};
    const std::uint8_t version = in.octet();
    if (!in.ok()) return failure(RecordError::Truncated);
    if (version > kStateRecordVersion) return failure(RecordError::NewerVersion);
    if (version == 0) return failure(RecordError::BadField);

    MessageState state;
    const std::uint8_t flags = in.octet();
    bool valid = (flags & ~known_flags(version)) == 0;
    state.held = (flags & kHeld) != 0;
    state.delay_notified = (flags & kDelayNotified) != 0;
    valid = read_progress(in, state) && valid;
    if (version == kStateWithoutApproval || (flags & kTlsFailing) != 0)
        state.tls_failing_since = to_wall_time(in.fixed64());
    if (version == kStateWithApproval || (flags & kApproved) != 0) {
        Approval& approval = state.approval.emplace();
        approval.by = in.text();
        approval.reason = in.text();
        approval.at = to_wall_time(in.fixed64());
    }
    if ((flags & kRequiredTls) != 0) {
        const auto level = read_level(in);
        valid = valid && level >= mail::TlsLevel::Encrypt;
        state.required_tls = {level.value_or(mail::TlsLevel::Encrypt), in.text()};
    }
    if ((flags & kHistory) != 0) {
        valid = read_history(in, state.history) && valid;
        state.last_attempt = in.text();
    }
    if ((flags & kHandled) != 0) {
        Handled& handled = state.handled.emplace();
        handled.what = in.text();
        handled.by = in.text();
        handled.at = to_wall_time(in.fixed64());
    }
    if (const auto error = verdict(in, valid)) return failure(*error);
    return state;
}

}  // namespace hermetic::spool
