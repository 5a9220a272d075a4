#include "spool/record.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

#include <limits>

namespace hermetic::spool {
namespace {

mail::Mailbox mailbox(std::string local, std::string_view domain)
{
    return {std::move(local), *mail::Domain::parse(domain)};
}

// Every field differs from its default, so that a forgotten one is found.
EnvelopeRecord full_record()
{
    EnvelopeRecord record;
    record.body.id = *parse_id<BodyId>("01KAQW5Z9M0000000000000001");
    record.body.size = 300'000;
    record.body.in_file = true;

    mail::Envelope& envelope = record.envelope;
    envelope.accepted_as = *parse_id<MessageId>("01KAQW5Z9M0000000000000002");
    envelope.sender = mailbox("\"a b\"", "sender.test");
    envelope.recipients.push_back({mailbox("user", "example.org"),
                                   mail::kNotifySuccess | mail::kNotifyDelay,
                                   "rfc822;user@example.org"});
    envelope.recipients.push_back(
        {{"postmaster", *IpAddress::parse("192.0.2.1")}, mail::kNotifyNever, ""});
    envelope.recipients.push_back({{"x", *IpAddress::parse("2001:db8::1")}, 0, ""});
    envelope.body_type = mail::BodyType::EightBitMime;
    envelope.smtputf8 = true;
    envelope.ret = mail::Ret::Headers;
    envelope.envid = "QQ314159";
    envelope.accepted_at = WallTime{std::chrono::milliseconds{1'795'000'000'123}};
    envelope.size = 300'001;
    envelope.organization = "Example";
    envelope.message_id = "<1@sender.test>";
    envelope.is_notice = true;
    envelope.tls = {true, true, mail::TlsLevel::VerifyName};
    envelope.arrival.session = SessionId{0xfedcba9876543210};
    envelope.arrival.listener = "mx";
    envelope.arrival.client = *Endpoint::parse("[2001:db8::25]:40000");
    envelope.arrival.helo = "client.sender.test";
    envelope.arrival.protocol = "ESMTPS";
    envelope.arrival.tls_version = "TLSv1.3";
    envelope.arrival.tls_cipher = "TLS_AES_256_GCM_SHA384";
    envelope.arrival.tls_group = "X25519";
    envelope.arrival.connector = "our-gateways";
    envelope.arrival.internal = true;
    return record;
}

std::string to_octets(const EnvelopeRecord& record)
{
    std::string out;
    append_envelope_record(out, record.body, record.envelope);
    return out;
}

MessageState full_state()
{
    MessageState state;
    state.attempts = 7;
    state.next_attempt = WallTime{std::chrono::milliseconds{-5}};
    state.held = true;
    state.delay_notified = true;
    state.finished = {0, 2, std::numeric_limits<std::uint32_t>::max()};
    state.last_reason = "connect.refused";
    state.last_host = "mx.example.org";
    state.last_text = std::string(500, 'x');
    state.tls_failing_since = WallTime{std::chrono::milliseconds{1'795'000'000'456}};
    return state;
}

MessageState approved_state()
{
    MessageState state = full_state();
    state.approval = Approval{"operator", "the partner knows; ticket 12",
                              WallTime{std::chrono::milliseconds{1'795'000'000'789}}};
    return state;
}

std::string to_octets(const MessageState& state)
{
    std::string out;
    append_state_record(out, state);
    return out;
}

template <typename Parse>
void expect_prefixes_truncated(const std::string& whole, Parse parse)
{
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const auto read = parse(std::string_view{whole}.substr(0, length));
        ASSERT_FALSE(read) << length;
        EXPECT_EQ(read.error(), RecordError::Truncated) << length;
    }
}

void expect_reads_back_whole_alone(const MessageState& state)
{
    const std::string octets = to_octets(state);
    const auto read = parse_state_record(octets);
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(*read, state);
    for (std::size_t size = 0; size < octets.size(); ++size) {
        EXPECT_FALSE(parse_state_record(std::string_view{octets}.substr(0, size))) << size;
    }
    EXPECT_FALSE(parse_state_record(octets + "x"));
}

TEST(EnvelopeRecord, ReadsBackEveryField)
{
    const EnvelopeRecord record = full_record();
    const auto read = parse_envelope_record(to_octets(record));
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(*read, record);
}

TEST(EnvelopeRecord, ReadsBackDefaultsAndTheNullSender)
{
    const EnvelopeRecord record;
    const auto read = parse_envelope_record(to_octets(record));
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(*read, record);
}

TEST(EnvelopeRecord, ReadsBackBothKindsOfReturn)
{
    for (const auto ret : {mail::Ret::Unset, mail::Ret::Full, mail::Ret::Headers}) {
        EnvelopeRecord record;
        record.envelope.ret = ret;
        const auto read = parse_envelope_record(to_octets(record));
        ASSERT_TRUE(read);
        EXPECT_EQ(read->envelope.ret, ret);
    }
}

TEST(EnvelopeRecord, EveryPrefixIsTruncated)
{
    expect_prefixes_truncated(to_octets(full_record()), parse_envelope_record);
}

TEST(EnvelopeRecord, NeverCrashesOnADamagedOctet)
{
    const std::string whole = to_octets(full_record());
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const int mask : {0x01, 0x80, 0xff}) {
            std::string damaged = whole;
            damaged[at] = static_cast<char>(damaged[at] ^ mask);
            (void)parse_envelope_record(damaged);
        }
    }
}

TEST(EnvelopeRecord, NewerVersionIsNamedAndItsBodyStillKnown)
{
    const EnvelopeRecord record = full_record();
    std::string newer = to_octets(record);
    newer[0] = 3;
    newer.resize(26);  // the head alone is the same in all versions
    newer += "whatever comes";
    EXPECT_EQ(parse_envelope_record(newer).error(), RecordError::NewerVersion);
    ASSERT_TRUE(parse_body_reference(newer));
    EXPECT_EQ(*parse_body_reference(newer), record.body);
}

TEST(EnvelopeRecord, RefusesWhatNoVersionWrote)
{
    const std::string whole = to_octets(full_record());
    EXPECT_EQ(parse_envelope_record(whole + '\0').error(), RecordError::TrailingOctets);

    std::string version_zero = whole;
    version_zero[0] = 0;
    EXPECT_EQ(parse_envelope_record(version_zero).error(), RecordError::BadField);
    EXPECT_EQ(parse_body_reference(version_zero).error(), RecordError::BadField);

    std::string both_returns = whole;
    both_returns[26] = static_cast<char>(8 | 16);
    EXPECT_EQ(parse_envelope_record(both_returns).error(), RecordError::BadField);

    std::string unknown_flag = whole;
    unknown_flag[26] = static_cast<char>(0x80);
    EXPECT_EQ(parse_envelope_record(unknown_flag).error(), RecordError::BadField);
}

TEST(EnvelopeRecord, HugeCountTakesNoMemory)
{
    std::string record = to_octets(EnvelopeRecord{});
    record.resize(43);                             // up to the count of recipients
    record += "\xff\xff\xff\xff\xff\xff\xff\x7f";  // 2^56 of them
    EXPECT_EQ(parse_envelope_record(record).error(), RecordError::Truncated);
}

TEST(StateRecord, ReadsBackEveryField)
{
    for (const MessageState& state : {full_state(), MessageState{}}) {
        const auto read = parse_state_record(to_octets(state));
        ASSERT_TRUE(read) << describe(read.error());
        EXPECT_EQ(*read, state);
    }
}

TEST(StateRecord, WithoutATimeOfTlsFailuresItIsWhatTheVersionBeforeWrote)
{
    // Held, one attempt, at 256 ms, recipient 3 finished, reason "r", host "h", text "t".
    const std::string before{"\x01\x01\x01\x00\x01\x00\x00\x00\x00\x00\x00\x01\x03\x01r\x01h\x01t",
                             19};
    const auto read = parse_state_record(before);
    ASSERT_TRUE(read) << describe(read.error());
    MessageState expected;
    expected.held = true;
    expected.attempts = 1;
    expected.next_attempt = WallTime{std::chrono::milliseconds{256}};
    expected.finished = {3};
    expected.last_reason = "r";
    expected.last_host = "h";
    expected.last_text = "t";
    EXPECT_EQ(*read, expected);
    EXPECT_EQ(to_octets(*read), before) << "and the version before reads what is written now";
}

TEST(StateRecord, EveryPrefixIsTruncated)
{
    expect_prefixes_truncated(to_octets(full_state()), parse_state_record);
}

TEST(StateRecord, RefusesWhatNoVersionWrote)
{
    const std::string whole = to_octets(full_state());
    EXPECT_EQ(parse_state_record(whole + 'x').error(), RecordError::TrailingOctets);
    std::string newer = whole;
    newer[0] = 6;
    EXPECT_EQ(parse_state_record(newer).error(), RecordError::NewerVersion);
    std::string unknown_flag = whole;
    unknown_flag[1] = 4;
    EXPECT_EQ(parse_state_record(unknown_flag).error(), RecordError::BadField);
    // 2^63 attempts do not fit their field.
    std::string attempts =
        std::string{"\x01\x00", 2} + std::string(9, '\x80') + '\x01' + std::string(12, '\0');
    EXPECT_EQ(parse_state_record(attempts).error(), RecordError::BadField);
}

TEST(StateRecord, KeepsAnApprovalWithAndWithoutTroubleWithTls)
{
    MessageState state = approved_state();
    for (const bool tls_fails : {true, false}) {
        if (!tls_fails) state.tls_failing_since.reset();
        EXPECT_EQ(to_octets(state)[0], 3);
        expect_reads_back_whole_alone(state);
    }
}

TEST(EnvelopeRecord, WithoutRequestsItIsWhatTheVersionBeforeWrote)
{
    EnvelopeRecord record = full_record();
    const std::string with = to_octets(record);
    EXPECT_EQ(with[0], 2);
    record.envelope.tls = {};
    const std::string without = to_octets(record);
    EXPECT_EQ(without[0], 1);
    EXPECT_EQ(without.substr(1), with.substr(1, without.size() - 1)) << "they are at its end";
    std::string unknown = with;
    unknown.back() = 4;
    EXPECT_EQ(parse_envelope_record(unknown).error(), RecordError::BadField);
    unknown = with;
    unknown[unknown.size() - 2] = 6;  // a level that no version wrote
    EXPECT_EQ(parse_envelope_record(unknown).error(), RecordError::BadField);
}

TEST(StateRecord, KeepsWhatWasAskedForWithAndWithoutAllElse)
{
    for (const bool tls_fails : {true, false}) {
        for (const bool approved : {true, false}) {
            MessageState state = approved_state();
            if (!tls_fails) state.tls_failing_since.reset();
            if (!approved) state.approval.reset();
            state.required_tls = mail::RequiredTls{mail::TlsLevel::Dane, "dane.usable"};
            EXPECT_EQ(to_octets(state)[0], 4);
            expect_reads_back_whole_alone(state);
        }
    }
}

TEST(StateRecord, NoVersionWroteThatLessThanEncryptWasAskedFor)
{
    MessageState state;
    state.required_tls = mail::RequiredTls{mail::TlsLevel::Opportunistic, ""};
    EXPECT_EQ(parse_state_record(to_octets(state)).error(), RecordError::BadField);
}

TEST(StateRecord, WhatNobodyApprovedStaysReadableByProgramsFromBefore)
{
    MessageState state = full_state();
    EXPECT_EQ(to_octets(state)[0], 2);
    state.tls_failing_since.reset();
    EXPECT_EQ(to_octets(state)[0], 1);
}

TEST(StateRecord, KeepsTheHistoryOfAttempts)
{
    MessageState state = full_state();
    state.required_tls = mail::RequiredTls{mail::TlsLevel::Encrypt, "tls.connector-level"};
    const auto at = [](int ms) { return WallTime{std::chrono::milliseconds{ms}}; };
    state.history.causes = {
        {1, 300, 200, at(1), at(2), facts::Reason::ConnectRefused, "mx1", "refused"},
        {2, 2, 1, at(3), at(3), facts::Reason::DnsFailed, "", "SERVFAIL"}};
    state.history.left_out = 70'000;
    state.last_attempt = "Attempt 300\n  policy: encrypt";
    expect_reads_back_whole_alone(state);
    const std::string octets = to_octets(state);
    for (std::size_t at_octet = 0; at_octet < octets.size(); ++at_octet) {
        std::string damaged = octets;
        damaged[at_octet] = static_cast<char>(damaged[at_octet] ^ 0xff);
        (void)parse_state_record(damaged);
    }
}

TEST(StateRecord, KeepsWhoHandledTheMessage)
{
    MessageState state = approved_state();
    EXPECT_EQ(to_octets(state)[0], 3) << "programs from before read it";
    state.handled =
        Handled{"held", "alice", WallTime{std::chrono::milliseconds{1'795'000'000'789}}};
    const std::string octets = to_octets(state);
    EXPECT_EQ(octets[0], 5);
    expect_reads_back_whole_alone(state);
    std::string older = octets;
    older[0] = 4;
    EXPECT_EQ(parse_state_record(older).error(), RecordError::BadField) << "it has no such flag";
}

}  // namespace
}  // namespace hermetic::spool
