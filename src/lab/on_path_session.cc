#include "lab/on_path_session.h"

#include "core/text.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace hermetic::lab {
namespace {

constexpr std::size_t kRecordHeader = 5;
constexpr char kHandshakeRecord = '\x16';
constexpr std::size_t kCorruptedOctet = 30;  // in the ServerHello's random

const std::string_view kHandshakeFailure{"\x15\x03\x01\x00\x02\x02\x28", 7};
const std::string_view kProtocolVersion{"\x15\x03\x01\x00\x02\x02\x46", 7};

std::size_t number(std::string_view octets)
{
    std::size_t value = 0;
    for (const char c : octets) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

// Takes pieces off the front; after one that is longer than what is left, it stays empty.
class Cutter {
public:
    explicit Cutter(std::string_view octets) : left_{octets} {}
    std::string_view take(std::size_t size)
    {
        if (size > left_.size()) return left_ = {};
        const auto piece = left_.substr(0, size);
        left_.remove_prefix(size);
        return piece;
    }
    // A vector with so many octets of length before it.
    std::string_view take_vector(std::size_t length_size)
    {
        return take(number(take(length_size)));
    }
    [[nodiscard]] bool empty() const { return left_.empty(); }

private:
    std::string_view left_;
};

bool is_verb(std::string_view line, std::string_view verb)
{
    return line.size() >= verb.size() && iequals(line.substr(0, verb.size()), verb);
}

bool is_starttls_line(std::string_view line)
{
    return line.size() >= 12 && iequals(line.substr(4, 8), "STARTTLS");
}

}  // namespace

std::optional<std::size_t> whole_reply(std::string_view octets)
{
    std::size_t begin = 0;
    for (;;) {
        const auto end = octets.find("\r\n", begin);
        if (end == std::string_view::npos) return std::nullopt;
        // RFC 5321 §4.2.1: a hyphen says that more lines follow.
        if (end - begin < 4 || octets[begin + 3] != '-') return end + 2;
        begin = end + 2;
    }
}

bool offers_tls13(std::string_view record)
{
    constexpr std::size_t kRandom = 32;
    constexpr std::size_t kSupportedVersions = 43;
    Cutter cutter{record};
    if (number(cutter.take(1)) != 22) return false;
    cutter.take(4);  // version and length of the record
    if (number(cutter.take(1)) != 1) return false;
    cutter.take(3 + 2 + kRandom);
    cutter.take_vector(1);  // session id
    cutter.take_vector(2);  // cipher suites
    cutter.take_vector(1);  // compression methods
    Cutter extensions{cutter.take_vector(2)};
    while (!extensions.empty()) {
        const std::size_t type = number(extensions.take(2));
        Cutter body{extensions.take_vector(2)};
        if (type != kSupportedVersions) continue;
        Cutter versions{body.take_vector(1)};
        while (!versions.empty()) {
            if (number(versions.take(2)) == 0x0304) return true;
        }
    }
    return false;
}

OnPathSession::OnPathSession(const OnPathAttack& attack, OnPathMemory& memory)
    : attack_{attack}, memory_{memory}
{
}

OnPathStep OnPathSession::from_client(std::string_view octets)
{
    OnPathStep step;
    if (phase_ == Phase::Tls) {
        client_tls(octets, step);
        return step;
    }
    if (phase_ == Phase::Passing) {
        step.to_server = octets;
        return step;
    }
    if (phase_ == Phase::Hello) {
        on_hello_octets(octets, step);
        return step;
    }
    client_ += octets;
    // A ClientHello to an answer that was forged: nobody is there to shake hands.
    if (client_.starts_with(kHandshakeRecord)) {
        step.end = OnPathStep::End::Close;
        return step;
    }
    while (phase_ == Phase::Speaking) {
        const auto end = client_.find("\r\n");
        if (end == std::string::npos) break;
        const std::string line = client_.substr(0, end + 2);
        client_.erase(0, end + 2);
        on_command(line, step);
    }
    if (phase_ == Phase::Passing) step.to_server += std::exchange(client_, {});
    if (client_.size() > kLongestReply) step.end = OnPathStep::End::Close;
    return step;
}

void OnPathSession::on_command(std::string_view line, OnPathStep& step)
{
    if (is_verb(line, "STARTTLS") && !attack_.instead_of_220.empty()) {
        step.to_client += attack_.instead_of_220;
        return;
    }
    const bool hello = is_verb(line, "EHLO") || is_verb(line, "LHLO");
    awaited_ = hello                       ? Awaited::HelloReply
               : is_verb(line, "STARTTLS") ? Awaited::StarttlsReply
                                           : Awaited::OtherReply;
    // Content may look like commands: from the first transaction on nothing is read.
    if (is_verb(line, "MAIL")) phase_ = Phase::Passing;
    step.to_server += line;
}

OnPathStep OnPathSession::from_server(std::string_view octets)
{
    OnPathStep step;
    if (phase_ == Phase::Tls) {
        server_tls(octets, step);
        return step;
    }
    if (phase_ == Phase::Passing && server_.empty()) {
        step.to_client = octets;
        return step;
    }
    server_ += octets;
    while (const auto length = whole_reply(server_)) {
        std::string reply = server_.substr(0, *length);
        server_.erase(0, *length);
        on_reply(std::move(reply), step);
    }
    if (server_.size() > kLongestReply) step.end = OnPathStep::End::Close;
    return step;
}

void OnPathSession::on_reply(std::string reply, OnPathStep& step)
{
    switch (std::exchange(awaited_, Awaited::OtherReply)) {
    case Awaited::Greeting:
        if (!attack_.instead_of_greeting.empty()) {
            step.to_client += attack_.instead_of_greeting;
            step.end = OnPathStep::End::Close;
            return;
        }
        step.to_client += reply + std::string{attack_.behind_greeting};
        return;
    case Awaited::HelloReply:
        reply = attack_.instead_of_hello.empty() ? change_hello_reply(std::move(reply))
                                                 : std::string{attack_.instead_of_hello};
        if (attack_.cut_hello_reply != 0) {
            reply.resize(std::min(reply.size(), attack_.cut_hello_reply));
            step.end = OnPathStep::End::Close;
        }
        step.to_client += reply + std::string{attack_.behind_hello};
        return;
    case Awaited::StarttlsReply:
        if (reply.starts_with("220")) {
            phase_ = Phase::Hello;
            reply += attack_.behind_220;
        }
        step.to_client += reply;
        return;
    case Awaited::OtherReply:
        step.to_client += reply;
        return;
    }
}

std::string OnPathSession::change_hello_reply(std::string reply) const
{
    if (attack_.starttls == StarttlsLine::Kept) return reply;
    std::string changed;
    std::size_t last = 0;  // where its last line begins
    for (std::size_t begin = 0; begin < reply.size();) {
        const auto end = reply.find("\r\n", begin) + 2;
        std::string line = reply.substr(begin, end - begin);
        begin = end;
        if (is_starttls_line(line)) {
            if (attack_.starttls == StarttlsLine::Removed) continue;
            line.replace(4, 8, "XXXXXXXA");
        }
        last = changed.size();
        changed += line;
    }
    if (changed.size() > last + 3) changed[last + 3] = ' ';
    return changed;
}

void OnPathSession::on_hello_octets(std::string_view octets, OnPathStep& step)
{
    client_ += octets;
    if (client_.size() < kRecordHeader) return;
    const std::size_t length = kRecordHeader + number(std::string_view{client_}.substr(3, 2));
    if (client_.size() < length) return;
    on_client_hello(step);
}

void OnPathSession::on_client_hello(OnPathStep& step)
{
    phase_ = Phase::Tls;
    const std::string hello = std::exchange(client_, {});
    ++memory_.handshakes;
    if (breaks_this(hello)) {
        break_handshake(step);
        if (!corrupts_) return;
    }
    if (attack_.replay != Replay::None) {
        records_ = !std::exchange(memory_.recording_taken, true);
        replays_ = !records_;
    }
    if (!replays_) {
        client_tls(hello, step);
    } else if (attack_.replay == Replay::ToClient) {
        step.to_client += memory_.recorded_to_client;
    } else {
        step.to_server += memory_.recorded_to_server;
    }
}

bool OnPathSession::breaks_this(std::string_view hello)
{
    switch (attack_.breaks) {
    case BreakHandshakes::None:
        return false;
    case BreakHandshakes::First:
        return memory_.handshakes == 1;
    case BreakHandshakes::EveryOther:
        return memory_.handshakes % 2 == 1;
    case BreakHandshakes::OfferingTls13:
        return offers_tls13(hello);
    case BreakHandshakes::Every:
        return true;
    }
    return false;
}

void OnPathSession::break_handshake(OnPathStep& step)
{
    step.end = OnPathStep::End::Close;
    switch (attack_.by) {
    case BreakBy::Reset:
        step.end = OnPathStep::End::Reset;
        return;
    case BreakBy::Close:
        return;
    case BreakBy::HandshakeFailureAlert:
        step.to_client += kHandshakeFailure;
        return;
    case BreakBy::ProtocolVersionAlert:
        step.to_client += kProtocolVersion;
        return;
    case BreakBy::CorruptFlight:
        step.end = OnPathStep::End::No;
        corrupts_ = true;
        return;
    }
}

void OnPathSession::client_tls(std::string_view octets, OnPathStep& step)
{
    if (replays_ && attack_.replay == Replay::ToServer) return;
    if (records_ && memory_.recorded_to_server.size() + octets.size() <= kLongestRecording) {
        memory_.recorded_to_server += octets;
    }
    tls_to_server_ += octets.size();
    step.to_server += octets;
    if (attack_.cut_tls_to_server == 0 || tls_to_server_ < attack_.cut_tls_to_server) return;
    step.to_server.resize(step.to_server.size() - (tls_to_server_ - attack_.cut_tls_to_server));
    step.end = OnPathStep::End::Close;
}

void OnPathSession::server_tls(std::string_view octets, OnPathStep& step)
{
    if (replays_ && attack_.replay == Replay::ToClient) return;
    if (records_ && memory_.recorded_to_client.size() + octets.size() <= kLongestRecording) {
        memory_.recorded_to_client += octets;
    }
    const std::size_t before = tls_to_client_;
    tls_to_client_ += octets.size();
    step.to_client += octets;
    if (corrupts_ && before <= kCorruptedOctet && tls_to_client_ > kCorruptedOctet) {
        step.to_client[kCorruptedOctet - before] ^= '\x55';
    }
    if (attack_.cut_tls_to_client == 0 || tls_to_client_ < attack_.cut_tls_to_client) return;
    step.to_client.resize(step.to_client.size() - (tls_to_client_ - attack_.cut_tls_to_client));
    step.end = OnPathStep::End::Close;
}

}  // namespace hermetic::lab
