#include "spool_fixture.h"

#include "core/ids.h"
#include "facts/reasons.h"
#include "mail/address.h"
#include "spool/test_support.h"

#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <utility>

namespace hermetic::crash {
namespace {

constexpr WallTime kWhen{std::chrono::milliseconds{1'795'000'000'123}};

WallTime later(std::chrono::minutes minutes)
{
    return kWhen + minutes;
}

template <typename Id>
Id make_id(std::uint8_t number)
{
    Id id;
    id.bytes = {0x01, 0xa1, 0xef, 0x4b, 0x0a, 0x7b, 0x10};
    id.bytes[15] = number;
    return id;
}

mail::Mailbox mailbox(std::string_view text)
{
    return *mail::parse_mailbox(text);
}

mail::Envelope plain_envelope(const MessageId& id)
{
    mail::Envelope envelope;
    envelope.accepted_as = id;
    envelope.sender = mailbox("sender@sender.test");
    envelope.recipients.push_back({mailbox("user@example.org"), mail::kNotifyUnset, {}});
    envelope.accepted_at = kWhen;
    envelope.organization = "Example";
    envelope.message_id = "<1@sender.test>";
    envelope.arrival.session = SessionId{0x0123456789abcdef};
    envelope.arrival.listener = "mx";
    envelope.arrival.client = *Endpoint::parse("192.0.2.7:40000");
    envelope.arrival.helo = "client.sender.test";
    envelope.arrival.protocol = "ESMTP";
    return envelope;
}

// Every field differs from its default.
mail::Envelope full_envelope(const MessageId& id)
{
    mail::Envelope envelope = plain_envelope(id);
    envelope.accepted_as = make_id<MessageId>(99);
    envelope.sender = mail::Mailbox{"\"a b\"", *mail::Domain::parse("sender.test")};
    envelope.recipients = {
        {mailbox("user@example.org"), mail::kNotifySuccess | mail::kNotifyDelay,
         "rfc822;first@example.org"},
        {{"postmaster", *IpAddress::parse("192.0.2.1")}, mail::kNotifyNever, ""},
        {{"x", *IpAddress::parse("2001:db8::1")}, mail::kNotifyFailure, ""},
        {mailbox("\xCE\xB4@example.org"), mail::kNotifyUnset, "utf-8;\\x{3b4}@example.org"},
    };
    envelope.body_type = mail::BodyType::EightBitMime;
    envelope.smtputf8 = true;
    envelope.ret = mail::Ret::Headers;
    envelope.envid = "QQ314159";
    envelope.arrival.client = *Endpoint::parse("[2001:db8::25]:40000");
    envelope.arrival.protocol = "UTF8SMTPS";
    envelope.arrival.tls_version = "TLSv1.3";
    envelope.arrival.tls_cipher = "TLS_AES_256_GCM_SHA384";
    envelope.arrival.tls_group = "X25519";
    envelope.arrival.connector = "our-gateways";
    envelope.arrival.internal = true;
    return envelope;
}

mail::Envelope notice_envelope(const MessageId& id)
{
    mail::Envelope envelope = plain_envelope(id);
    envelope.sender.reset();
    envelope.recipients = {{mailbox("sender@sender.test"), mail::kNotifyNever, {}}};
    envelope.is_notice = true;
    envelope.arrival = {};
    return envelope;
}

spool::MessageState deferred_state()
{
    spool::MessageState state;
    state.attempts = 3;
    state.next_attempt = later(std::chrono::minutes{21});
    state.delay_notified = true;
    state.last_reason = "connect.refused";
    state.last_host = "mx.example.org";
    state.last_text = "the connection was refused (192.0.2.1:25)";
    return state;
}

// What a message itself asks of TLS, as a notice of such mail has it.
mail::Envelope asking_envelope(const MessageId& id)
{
    mail::Envelope envelope = full_envelope(id);
    envelope.tls = {true, false, mail::TlsLevel::VerifyName};
    return envelope;
}

spool::MessageState tried_state()
{
    spool::MessageState state = deferred_state();
    state.required_tls = mail::RequiredTls{mail::TlsLevel::Encrypt, "tls.connector-level"};
    facts::AttemptCause cause;
    cause.first = 1;
    cause.last = cause.count = 3;
    cause.first_at = kWhen;
    cause.last_at = later(std::chrono::minutes{15});
    cause.reason = facts::Reason::ConnectRefused;
    cause.host = state.last_host;
    cause.text = state.last_text;
    state.history.causes = {cause};
    state.history.left_out = 2;
    state.last_attempt = "To: mx.example.org\nconnect: refused\n";
    return state;
}

spool::MessageState handled_state(spool::MessageState state, std::string operation)
{
    state.held = operation == "held";
    state.handled = spool::Handled{std::move(operation), "alice", later(std::chrono::minutes{16})};
    return state;
}

class Maker {
public:
    std::vector<WaitingMail> make();
    std::vector<WaitingMail> make_2();
    std::vector<WaitingMail> make_3();

private:
    WaitingMail& add(std::string what, mail::Envelope (*envelope)(const MessageId&));

    std::vector<WaitingMail> all_;
    std::uint8_t number_ = 0;
};

WaitingMail& Maker::add(std::string what, mail::Envelope (*envelope)(const MessageId&))
{
    ++number_;
    WaitingMail one;
    one.what = std::move(what);
    one.body = fmt::format("From: sender@sender.test\r\nSubject: {}\r\n\r\nHello.\r\n", one.what);
    auto message = std::make_shared<spool::StoredMessage>();
    message->id = make_id<MessageId>(number_);
    message->body.id = make_id<BodyId>(number_);
    message->body.size = one.body.size();
    message->body.bytes = Bytes{one.body};
    mail::Envelope made = envelope(message->id);
    made.size = one.body.size();
    message->envelope = std::make_shared<const mail::Envelope>(std::move(made));
    message->state.next_attempt = kWhen;
    one.message = std::move(message);
    all_.push_back(std::move(one));
    return all_.back();
}

spool::StoredMessage& edit(WaitingMail& one)
{
    // Made here, and shared with nobody yet.
    return const_cast<spool::StoredMessage&>(*one.message);
}

void put_in_file(WaitingMail& one)
{
    one.body += spool::testing::make_text(3000, 7);
    spool::StoredMessage& message = edit(one);
    message.body.bytes = {};
    message.body.in_file = true;
    message.body.size = one.body.size();
    mail::Envelope envelope = *message.envelope;
    envelope.size = one.body.size();
    message.envelope = std::make_shared<const mail::Envelope>(std::move(envelope));
}

std::vector<WaitingMail> Maker::make()
{
    add("accepted", plain_envelope);
    edit(add("stored without a state", plain_envelope)).state = {};
    add("every field", full_envelope);
    edit(add("deferred", plain_envelope)).state = deferred_state();
    auto& partly = edit(add("deferred, two recipients finished", full_envelope));
    partly.state = deferred_state();
    partly.state.finished = {0, 2};
    auto& failing = edit(add("deferred for TLS", plain_envelope));
    failing.state = deferred_state();
    failing.state.tls_failing_since = later(std::chrono::minutes{1});
    edit(add("held", plain_envelope)).state.held = true;
    auto& approved = edit(add("approved", plain_envelope));
    approved.state.approval =
        spool::Approval{"operator", "the partner knows", later(std::chrono::minutes{5})};
    auto& both = edit(add("approved, deferred for TLS", plain_envelope));
    both.state = failing.state;
    both.state.approval = approved.state.approval;
    add("notice", notice_envelope);
    put_in_file(add("in a file", plain_envelope));

    const std::size_t first_opening = all_.size();
    auto& second_file = add("in a file, deferred", full_envelope);
    put_in_file(second_file);
    edit(second_file).state = deferred_state();
    auto& origin = add("split, what stayed", plain_envelope);
    const std::string shared = origin.body;
    const spool::Body shared_body = origin.message->body;
    auto& part = add("split, what went another way", plain_envelope);
    part.body = shared;
    edit(part).body = shared_body;
    add("notice in the log", notice_envelope);
    edit(add("deferred for TLS, in the log", plain_envelope)).state = failing.state;
    edit(add("approved, in the log", plain_envelope)).state = both.state;
    for (std::size_t i = first_opening; i < all_.size(); ++i) all_[i].second_opening = true;
    return std::move(all_);
}

// Envelopes of version 2, states of version 4, checksums in body files.
std::vector<WaitingMail> Maker::make_2()
{
    edit(add("deferred", plain_envelope)).state = deferred_state();
    add("asks for TLS", asking_envelope);
    edit(add("tried", plain_envelope)).state = tried_state();
    auto& all = edit(add("tried, approved, deferred for TLS, asks for TLS", asking_envelope));
    all.state = tried_state();
    all.state.finished = {1, 3};
    all.state.tls_failing_since = later(std::chrono::minutes{1});
    all.state.approval =
        spool::Approval{"operator", "the partner knows", later(std::chrono::minutes{5})};
    put_in_file(add("in a file", plain_envelope));

    const std::size_t first_opening = all_.size();
    edit(add("tried, in the log", plain_envelope)).state = tried_state();
    auto& file = add("in a file, asks for TLS, in the log", asking_envelope);
    put_in_file(file);
    edit(file).state = tried_state();
    for (std::size_t i = first_opening; i < all_.size(); ++i) all_[i].second_opening = true;
    return std::move(all_);
}

// States of version 5 alone.
std::vector<WaitingMail> Maker::make_3()
{
    edit(add("held by an operator", plain_envelope)).state = handled_state({}, "held");
    edit(add("released by an operator", plain_envelope)).state =
        handled_state(deferred_state(), "released");
    auto& all = edit(add("held, with every field", asking_envelope));
    all.state = handled_state(tried_state(), "held");
    all.state.finished = {1, 3};
    all.state.tls_failing_since = later(std::chrono::minutes{1});
    all.state.approval =
        spool::Approval{"operator", "the partner knows", later(std::chrono::minutes{5})};

    const std::size_t first_opening = all_.size();
    edit(add("held, in the log", notice_envelope)).state = handled_state({}, "held");
    auto& file = add("released, in a file, in the log", full_envelope);
    put_in_file(file);
    edit(file).state = handled_state(tried_state(), "released");
    for (std::size_t i = first_opening; i < all_.size(); ++i) all_[i].second_opening = true;
    return std::move(all_);
}

}  // namespace

std::vector<WaitingMail> mail_of_version_1()
{
    return Maker{}.make();
}

std::vector<WaitingMail> mail_of_version_2()
{
    return Maker{}.make_2();
}

std::vector<WaitingMail> mail_of_version_3()
{
    return Maker{}.make_3();
}

}  // namespace hermetic::crash
