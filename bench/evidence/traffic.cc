#include "evidence/traffic.h"

#include <fmt/format.h>

#include <cmath>

namespace evidence_bench {
namespace {

constexpr std::uint32_t kDomains = 10'000;
constexpr std::uint32_t kPeople = 5'000;  // of one domain
constexpr std::uint32_t kWords = 20'000;
constexpr std::uint32_t kConnectors = 200;
constexpr std::uint32_t kOrganizations = 8;

std::string domain_name(std::uint32_t number)
{
    return fmt::format("partner-{}.example", number);
}

}  // namespace

std::uint32_t Traffic::below(std::uint32_t limit)
{
    return static_cast<std::uint32_t>(random_() % limit);
}

std::uint32_t Traffic::common(std::uint32_t limit)
{
    const double part = std::uniform_real_distribution<>{0, 1}(random_);
    return static_cast<std::uint32_t>(std::pow(part, 3) * limit);
}

std::string Traffic::subject()
{
    std::string text = below(3) == 0 ? "Re:" : "";
    const std::uint32_t words = 3 + below(5);
    for (std::uint32_t i = 0; i < words; ++i) {
        const std::uint32_t word = common(kWords);
        text += text.empty() ? "" : " ";
        text += fmt::format("w{:x}", word * 2654435761U % 0xfffff);
    }
    return text;
}

Tls Traffic::tls()
{
    const std::uint32_t which = below(100);
    if (which < 2) return {};
    if (which < 5) return {2, "ECDHE-RSA-AES256-SHA", "secp256r1"};
    if (which < 25) return {3, "ECDHE-RSA-AES256-GCM-SHA384", "secp256r1"};
    return {4, "TLS_AES_256_GCM_SHA384", "X25519"};
}

Message Traffic::next(std::int64_t time)
{
    Message message;
    message.time = time;
    for (std::size_t i = 0; i < message.id.size(); ++i) {
        message.id[i] = i < 6 ? static_cast<std::uint8_t>(time >> (40 - 8 * i))
                              : static_cast<std::uint8_t>(random_());
    }
    if (left_in_session_ == 0) {
        session_ = random_();
        client_ = common(50'000);
        left_in_session_ = 1 + below(6);
    }
    --left_in_session_;
    message.session = session_;
    message.client = 0xc0000200U + client_;
    message.helo = fmt::format("client{}.hosts.example", client_);
    message.listener = "mx";
    message.organization = fmt::format("Organization {}", common(kOrganizations));
    message.connector = fmt::format("connector {}", common(kConnectors));
    message.sender_local = fmt::format("person.{}", common(kPeople));
    message.sender_domain = domain_name(common(kDomains));
    const std::uint32_t recipients = below(4) == 0 ? 2 + below(3) : 1;
    const std::string domain = domain_name(common(kDomains));
    for (std::uint32_t i = 0; i < recipients; ++i)
        message.recipients.push_back({fmt::format("person.{}", common(kPeople)), domain});
    message.message_id =
        fmt::format("<{:016x}.{:08x}@{}>", random_(), below(0xffffffff), message.sender_domain);
    message.subject = subject();
    message.size = 2000 + common(200'000);
    message.tls = tls();
    add_attempts(message);
    return message;
}

// Two and a half of them in the mean.
void Traffic::add_attempts(Message& message)
{
    const std::string& domain = message.recipients.front().domain;
    std::uint32_t count = 1;
    while (count < 12 && below(5) < 3) ++count;
    for (std::uint32_t i = 0; i < count; ++i) {
        const bool last = i + 1 == count;
        Attempt attempt;
        attempt.time = message.time + static_cast<std::int64_t>(i) * 300'000 + below(2000);
        const std::uint32_t host = below(2);
        attempt.host = fmt::format("mx{}.{}", host, domain);
        attempt.address = 0x0a000000U + common(kDomains) * 2 + host;
        attempt.outcome = last ? 0 : 1;
        attempt.stage = last ? 14 : static_cast<std::uint8_t>(below(8));
        attempt.level = static_cast<std::uint8_t>(1 + below(5));
        attempt.verified = static_cast<std::uint8_t>(below(4));
        attempt.code = last ? 250 : 451;
        attempt.took = 20'000 + common(2'000'000);
        attempt.tls = tls();
        attempt.certificate = std::hash<std::string>{}(attempt.host);
        attempt.decision = attempt.certificate * 31 + attempt.level;
        attempt.text = last ? fmt::format("2.0.0 Ok: queued as {:X}", random_() >> 20)
                            : "4.7.1 <" + message.recipients.front().local +
                                  ">: Recipient address rejected: Greylisted, try again later";
        message.attempts.push_back(std::move(attempt));
    }
}

}  // namespace evidence_bench
