#include "smtp/client_session.h"

#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"
#include "smtp/reply_reader.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace hermetic::smtp {

namespace {

using facts::Reason;

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxAuth = 500;

// Takes the next word, blanks around it skipped; empty at the end.
std::string_view take_word(std::string_view& text)
{
    text = trim(text);
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(end);
    return word;
}

void read_size(std::string_view parameters, Capabilities& into)
{
    into.size = true;
    into.max_size = parse_decimal<std::uint64_t>(take_word(parameters)).value_or(0);
}

// RFC 9422 §3: limits a client cannot read are ignored.
void read_limits(std::string_view parameters, Capabilities& into)
{
    for (auto word = take_word(parameters); !word.empty(); word = take_word(parameters)) {
        const auto equals = word.find('=');
        if (equals == std::string_view::npos) continue;
        const auto number = parse_decimal<std::uint32_t>(word.substr(equals + 1));
        if (!number || *number == 0) continue;
        const auto name = word.substr(0, equals);
        if (iequals(name, "RCPTMAX")) into.max_recipients = *number;
        if (iequals(name, "MAILMAX")) into.max_messages = *number;
    }
}

// Each once: a server may have a line of either form.
void read_auth(std::string_view parameters, Capabilities& into)
{
    for (auto word = take_word(parameters); !word.empty(); word = take_word(parameters)) {
        if (into.auth_mechanisms.size() + word.size() >= kMaxAuth) return;
        const std::string padded = ' ' + into.auth_mechanisms + ' ';
        if (padded.find(' ' + to_upper(word) + ' ') != std::string::npos) continue;
        if (!into.auth_mechanisms.empty()) into.auth_mechanisms += ' ';
        into.auth_mechanisms += to_upper(word);
    }
}

struct Flag {
    std::string_view keyword;
    bool Capabilities::*member;
};
constexpr Flag kFlags[] = {
    {"PIPELINING", &Capabilities::pipelining},
    {"CHUNKING", &Capabilities::chunking},
    {"8BITMIME", &Capabilities::eight_bit_mime},
    {"SMTPUTF8", &Capabilities::smtputf8},
    {"DSN", &Capabilities::dsn},
    {"STARTTLS", &Capabilities::starttls},
    {"ENHANCEDSTATUSCODES", &Capabilities::enhanced_status_codes},
    {"REQUIRETLS", &Capabilities::require_tls},
};

void read_line(std::string_view line, Capabilities& into)
{
    const auto keyword = take_word(line);
    for (const auto& flag : kFlags) {
        if (iequals(keyword, flag.keyword)) into.*flag.member = true;
    }
    if (iequals(keyword, "SIZE")) read_size(line, into);
    if (iequals(keyword, "LIMITS")) read_limits(line, into);
    if (iequals(keyword, "AUTH")) read_auth(line, into);
    // Older servers write "AUTH=LOGIN PLAIN", for clients that knew drafts of RFC 2554.
    constexpr std::string_view kOldAuth = "AUTH=";
    if (iequals(keyword.substr(0, kOldAuth.size()), kOldAuth)) {
        read_auth(keyword.substr(kOldAuth.size()), into);
        read_auth(line, into);
    }
}

}  // namespace

Capabilities parse_capabilities(const PeerReply& reply)
{
    Capabilities result;
    std::string_view rest = reply.text;
    bool first = true;
    while (first || !rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (first) {
            result.greeting_name = std::string{take_word(line).substr(0, kMaxName)};
        } else {
            read_line(line, result);
        }
        first = false;
    }
    return result;
}

ClientSession::ClientSession(Dialect dialect, std::string own_name)
    : dialect_{dialect}, own_name_{std::move(own_name)}
{
}

ClientSession::Step ClientSession::start()
{
    state_ = State::Greeting;
    return {Next::ReadReply, {}};
}

ClientSession::Step ClientSession::on_reply(const PeerReply& reply)
{
    if (reply.code == 421) busy_ = true;
    switch (state_) {
    case State::Greeting:
        if (reply.intermediate()) return fail_out_of_turn();
        return reply.positive() ? say_hello() : fail(reply);
    case State::Ehlo:
    case State::Helo:
        return on_hello_reply(reply);
    case State::StartTls:
        if (reply.intermediate()) return fail_out_of_turn();
        if (!reply.positive()) return fail(reply);
        state_ = State::Handshake;
        return {Next::Handshake, {}};
    case State::Handshake:
    case State::Ready:
    case State::Failed:
        return fail_out_of_turn();
    }
    unreachable("every State is handled above");
}

ClientSession::Step ClientSession::on_hello_reply(const PeerReply& reply)
{
    if (reply.intermediate()) return fail_out_of_turn();
    if (reply.positive()) {
        // HELO's reply offers nothing, whatever its text looks like.
        if (state_ == State::Ehlo) capabilities_ = parse_capabilities(reply);
        if (in_tls_) capabilities_.starttls = false;  // RFC 3207 §4.2: not again inside TLS
        state_ = State::Ready;
        return {Next::Ready, {}};
    }
    // RFC 5321 §3.2: a server that does not know EHLO. LMTP has no HELO.
    if (state_ == State::Ehlo && reply.permanent() && dialect_ == Dialect::Smtp) {
        state_ = State::Helo;
        out_ = "HELO " + own_name_ + "\r\n";
        return {Next::ReadReply, out_};
    }
    return fail(reply);
}

ClientSession::Step ClientSession::start_tls()
{
    HERMETIC_ASSERT(state_ == State::Ready && !in_tls_ && capabilities_.starttls);
    state_ = State::StartTls;
    return {Next::ReadReply, "STARTTLS\r\n"};
}

ClientSession::Step ClientSession::on_tls()
{
    in_tls_ = true;
    // Behind implicit TLS the greeting is still to come.
    if (state_ == State::Greeting) return {Next::ReadReply, {}};
    capabilities_ = Capabilities{};
    return say_hello();
}

facts::Stage ClientSession::stage() const
{
    switch (state_) {
    case State::Greeting:
        return facts::Stage::Greeting;
    case State::Ehlo:
    case State::Helo:
        return facts::Stage::Ehlo;
    case State::StartTls:
        return facts::Stage::StartTls;
    case State::Handshake:
        return facts::Stage::Handshake;
    case State::Ready:
        return facts::Stage::Mail;
    case State::Failed:
        return failure_->stage;
    }
    unreachable("every State is handled above");
}

ClientSession::Step ClientSession::say_hello()
{
    state_ = State::Ehlo;
    out_ = (dialect_ == Dialect::Lmtp ? "LHLO " : "EHLO ") + own_name_ + "\r\n";
    return {Next::ReadReply, out_};
}

ClientSession::Step ClientSession::fail(const PeerReply& reply)
{
    failure_ = outcome_of_reply(stage(), reply);
    state_ = State::Failed;
    return {Next::Failed, {}};
}

ClientSession::Step ClientSession::fail_out_of_turn()
{
    failure_ = facts::local_outcome(Reason::ReplyUnexpected, stage(),
                                    "the server sent a reply that belongs to no command");
    state_ = State::Failed;
    return {Next::Failed, {}};
}

}  // namespace hermetic::smtp
