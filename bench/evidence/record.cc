#include "evidence/record.h"

#include "evidence/octets.h"

#include <algorithm>

namespace evidence_bench {
namespace {

constexpr char kMessageRow = 0;
constexpr char kAttemptRow = 1;
constexpr char kSessionRow = 2;

template <typename T>
std::string_view octets_of(const T& value)
{
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

void add_words(std::vector<std::uint64_t>& keys, std::string_view text)
{
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        keys.push_back(key_of(kWord, text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void add_version(std::vector<std::uint64_t>& keys, const Tls& tls)
{
    constexpr std::uint8_t kUsual = 3;  // TLS 1.2
    if (tls.version < kUsual) keys.push_back(key_of(kVersion, octets_of(tls.version)));
}

void keep_distinct(std::vector<std::uint64_t>& keys)
{
    std::ranges::sort(keys);
    const auto repeated = std::ranges::unique(keys);
    keys.erase(repeated.begin(), repeated.end());
}

std::string take_octets(std::string_view& in, std::size_t count)
{
    std::string out{in.substr(0, count)};
    in.remove_prefix(std::min(count, in.size()));
    return out;
}

}  // namespace

void Coder::begin(std::string& out, char kind, std::int64_t time, std::uint32_t item)
{
    out += kind;
    put_number(out, static_cast<std::uint64_t>(time));
    put_number(out, item);
}

void Coder::put(std::string& out, std::string_view text)
{
    if (texts_ == Texts::ByNumber)
        put_number(out, names_.number_of(text));
    else
        put_text(out, text);
}

void Coder::put_tls(std::string& out, const Tls& tls)
{
    put_number(out, tls.version);
    if (tls.version == 0) return;
    put(out, tls.cipher);
    put(out, tls.group);
}

std::string Coder::encode(const Message& message, std::uint32_t item)
{
    std::string out;
    begin(out, kMessageRow, message.time, item);
    out += octets_of(message.id);
    out += octets_of(message.session);
    put_number(out, message.client);
    put(out, message.helo);
    put(out, message.organization);
    put(out, message.connector);
    put_text(out, message.sender_local);
    put(out, message.sender_domain);
    put_number(out, message.recipients.size());
    for (const auto& each : message.recipients) {
        put_text(out, each.local);
        put(out, each.domain);
    }
    put_text(out, message.message_id);
    put_text(out, message.subject);
    put_number(out, message.size);
    put_tls(out, message.tls);
    return out;
}

std::string Coder::encode(const Attempt& attempt, std::uint32_t item)
{
    std::string out;
    begin(out, kAttemptRow, attempt.time, item);
    put_number(out, attempt.number);
    put(out, attempt.message->organization);
    put(out, attempt.host);
    put_number(out, attempt.address);
    out += octets_of(attempt.session);
    for (const std::uint8_t each : {attempt.stage, attempt.level, attempt.verified})
        out += static_cast<char>(each);
    put_number(out, attempt.code);
    put_number(out, attempt.took);
    put_tls(out, attempt.tls);
    put_number(out, contents_.number_of(attempt.certificate, certificate_facts));
    put_number(out, contents_.number_of(attempt.decision, decision_inputs));
    put_text(out, attempt.text);
    return out;
}

std::string Coder::encode(const SessionEnd& end, std::uint32_t item)
{
    std::string out;
    begin(out, kSessionRow, end.time, item);
    out += octets_of(end.session);
    put_number(out, end.client);
    put(out, end.helo);
    put_number(out, end.messages);
    put_number(out, end.took);
    put_tls(out, end.tls);
    return out;
}

std::string Coder::take(std::string_view& in)
{
    const std::uint64_t number = take_number(in);
    return texts_ == Texts::ByNumber ? names_.text_of(static_cast<std::uint32_t>(number))
                                     : take_octets(in, number);
}

std::string Coder::take_tls(std::string_view& in)
{
    const std::uint64_t version = take_number(in);
    if (version == 0) return {};
    std::string cipher = take(in);
    return cipher + take(in);
}

std::string Coder::take_message(std::string_view& in)
{
    std::string out = take_octets(in, 16);
    out += take_octets(in, 8);
    (void)take_number(in);
    for (int i = 0; i < 3; ++i) out += take(in);
    out += take_octets(in, take_number(in));
    out += take(in);
    for (std::uint64_t left = take_number(in); left > 0; --left) {
        out += take_octets(in, take_number(in));
        out += take(in);
    }
    for (int i = 0; i < 2; ++i) out += take_octets(in, take_number(in));
    (void)take_number(in);
    return out + take_tls(in);
}

std::string Coder::take_attempt(std::string_view& in)
{
    (void)take_number(in);
    std::string out = take(in);
    out += take(in);
    (void)take_number(in);
    out += take_octets(in, 8);
    (void)take_octets(in, 3);
    for (int i = 0; i < 2; ++i) (void)take_number(in);
    out += take_tls(in);
    for (int i = 0; i < 2; ++i) (void)take_number(in);
    return out + take_octets(in, take_number(in));
}

std::string Coder::describe(std::string_view row)
{
    if (row.empty()) return {};
    const char kind = row.front();
    row.remove_prefix(1);
    for (int i = 0; i < 2; ++i) (void)take_number(row);
    if (kind == kMessageRow) return take_message(row);
    if (kind == kAttemptRow) return take_attempt(row);
    return take_octets(row, 8);
}

std::string full_address(std::string_view local, std::string_view domain)
{
    std::string text{local};
    text += '@';
    text += domain;
    return text;
}

std::vector<std::uint64_t> keys_of(const Message& message)
{
    std::vector<std::uint64_t> keys;
    keys.reserve(20);
    keys.push_back(key_of(kId, octets_of(message.id)));
    keys.push_back(key_of(kSender, full_address(message.sender_local, message.sender_domain)));
    keys.push_back(key_of(kSenderDomain, message.sender_domain));
    for (const auto& each : message.recipients) {
        keys.push_back(key_of(kRecipient, full_address(each.local, each.domain)));
        keys.push_back(key_of(kRecipientDomain, each.domain));
    }
    keys.push_back(key_of(kMessageId, message.message_id));
    add_words(keys, message.subject);
    keys.push_back(key_of(kSession, octets_of(message.session)));
    keys.push_back(key_of(kClient, octets_of(message.client)));
    add_version(keys, message.tls);
    keep_distinct(keys);
    return keys;
}

std::vector<std::uint64_t> keys_of(const Attempt& attempt)
{
    std::vector<std::uint64_t> keys{key_of(kHost, attempt.host),
                                    key_of(kAddress, octets_of(attempt.address)),
                                    key_of(kSession, octets_of(attempt.session)),
                                    key_of(kCertificate, octets_of(attempt.certificate))};
    add_version(keys, attempt.tls);
    if (!attempt.last) keys.push_back(key_of(kFailed, octets_of(attempt.stage)));
    return keys;
}

std::vector<std::uint64_t> keys_of(const SessionEnd& end)
{
    return {key_of(kSession, octets_of(end.session)), key_of(kClient, octets_of(end.client)),
            key_of(kWord, end.helo)};
}

}  // namespace evidence_bench
