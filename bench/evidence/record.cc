#include "evidence/record.h"

#include "evidence/octets.h"

#include <algorithm>

namespace evidence_bench {
namespace {

void put_tls(std::string& out, const Tls& tls, Dictionary& dictionary)
{
    put_number(out, tls.version);
    if (tls.version == 0) return;
    put_number(out, dictionary.number_of(tls.cipher));
    put_number(out, dictionary.number_of(tls.group));
}

void put_attempt(std::string& out, const Attempt& attempt, const Message& message,
                 Dictionary& dictionary)
{
    put_number(out, static_cast<std::uint64_t>(attempt.time - message.time));
    put_number(out, dictionary.number_of(attempt.host));
    put_number(out, attempt.address);
    out += static_cast<char>(attempt.outcome);
    out += static_cast<char>(attempt.stage);
    out += static_cast<char>(attempt.level);
    out += static_cast<char>(attempt.verified);
    put_number(out, attempt.code);
    put_number(out, attempt.took);
    put_tls(out, attempt.tls, dictionary);
    // Certificates and decisions stand once in a segment, by the hash of their content.
    put_number(out, dictionary.number_of({reinterpret_cast<const char*>(&attempt.certificate), 8}));
    put_number(out, dictionary.number_of({reinterpret_cast<const char*>(&attempt.decision), 8}));
    put_text(out, attempt.text);
}

void add_words(std::vector<std::uint64_t>& keys, std::string_view text)
{
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        keys.push_back(hash_of(kWord, text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

}  // namespace

Dictionary::Dictionary(Database& database)
    : insert_{database, "INSERT INTO dictionary(number, text) VALUES(?, ?)"}
{
}

std::uint64_t Dictionary::number_of(std::string_view text)
{
    const auto found = numbers_.find(text);
    if (found != numbers_.end()) return found->second;
    const std::uint64_t number = numbers_.size() + 1;
    insert_.number(static_cast<std::int64_t>(number)).octets(text).execute();
    numbers_.emplace(text, number);
    return number;
}

std::string make_record(const Message& message, Dictionary& dictionary)
{
    std::string out;
    out.append(reinterpret_cast<const char*>(message.id.data()), message.id.size());
    put_number(out, static_cast<std::uint64_t>(message.time));
    out.append(reinterpret_cast<const char*>(&message.session), sizeof message.session);
    put_number(out, message.client);
    for (const std::string* each :
         {&message.helo, &message.listener, &message.organization, &message.connector})
        put_number(out, dictionary.number_of(*each));
    put_text(out, message.sender_local);
    put_number(out, dictionary.number_of(message.sender_domain));
    put_number(out, message.recipients.size());
    for (const auto& each : message.recipients) {
        put_text(out, each.local);
        put_number(out, dictionary.number_of(each.domain));
    }
    put_text(out, message.message_id);
    put_text(out, message.subject);
    put_number(out, message.size);
    put_tls(out, message.tls, dictionary);
    put_number(out, message.attempts.size());
    for (const Attempt& each : message.attempts) put_attempt(out, each, message, dictionary);
    return out;
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
    const auto octets = [](const auto& value) {
        return std::string_view{reinterpret_cast<const char*>(&value), sizeof value};
    };
    keys.push_back(hash_of(kId, octets(message.id)));
    keys.push_back(hash_of(kSender, full_address(message.sender_local, message.sender_domain)));
    keys.push_back(hash_of(kSenderDomain, message.sender_domain));
    for (const auto& each : message.recipients) {
        keys.push_back(hash_of(kRecipient, full_address(each.local, each.domain)));
        keys.push_back(hash_of(kRecipientDomain, each.domain));
    }
    keys.push_back(hash_of(kMessageId, message.message_id));
    add_words(keys, message.subject);
    keys.push_back(hash_of(kSession, octets(message.session)));
    keys.push_back(hash_of(kClient, octets(message.client)));
    for (const Attempt& each : message.attempts) {
        keys.push_back(hash_of(kHost, each.host));
        keys.push_back(hash_of(kAddress, octets(each.address)));
        keys.push_back(hash_of(kCertificate, octets(each.certificate)));
    }
    std::ranges::sort(keys);
    const auto repeated = std::ranges::unique(keys);
    keys.erase(repeated.begin(), repeated.end());
    return keys;
}

}  // namespace evidence_bench
