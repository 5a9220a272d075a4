#include "evidence/traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>

namespace evidence_bench {
namespace {

constexpr std::uint32_t kDomains = 10'000;
constexpr std::uint32_t kPeople = 5'000;  // of one domain
constexpr std::uint32_t kWords = 20'000;
constexpr std::uint32_t kConnectors = 200;
constexpr std::uint32_t kOrganizations = 8;
constexpr std::uint32_t kClientsOfDomain = 5;
// Between attempts: 2.5 in the mean, so that some last into the next segment.
constexpr std::int64_t kMinute = 60'000;
constexpr std::array<std::int64_t, 8> kDelays{5 * kMinute,   15 * kMinute,  30 * kMinute,
                                              60 * kMinute,  120 * kMinute, 240 * kMinute,
                                              240 * kMinute, 480 * kMinute};

std::string partner_domain(std::uint32_t number)
{
    return fmt::format("partner-{}.example", number);
}

std::string own_domain(std::uint32_t organization)
{
    return fmt::format("organization-{}.example", organization);
}

std::string make_certificate(std::uint64_t certificate)
{
    std::mt19937_64 random{certificate};
    const auto hex = [&random] {
        return fmt::format("{:016x}{:016x}{:016x}{:016x}", random(), random(), random(), random());
    };
    return fmt::format(
        "subject=CN = mx{0}.partner.example|issuer=C = US, O = Some Authority, CN = R{1}|names="
        "mx{0}.partner.example,mail{0}.partner.example,smtp{0}.partner.example|from={2}|until={3}|"
        "spki={4}|sha256={5}|key=RSA 2048|signature=sha256WithRSAEncryption|chain={6},{7}",
        certificate % 100'000, certificate % 7, random() >> 34, random() >> 34, hex(), hex(),
        certificate % 7, certificate % 3);
}

std::string make_decision(std::uint64_t decision)
{
    std::mt19937_64 random{decision};
    return fmt::format(
        "organization={}|route=mx|connectors=connector {},connector {}|mx={}.example:10,{}.example:"
        "20|mx-secure=no|tlsa=absent|sts=enforce:mx*.partner.example|ratchet=TLSv1.3,verified|"
        "peer=starttls,size,8bitmime,pipelining|certificate={:016x}|floor=TLSv1.2",
        decision % 8, random() % 200, random() % 200, random() % 100'000, random() % 100'000,
        random());
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

// A peer mostly negotiates what it did before.
Tls Traffic::tls_of(const std::string& peer)
{
    const bool usual = below(100) < 97;
    const std::size_t which = (usual ? std::hash<std::string>{}(peer) : below(100)) % 100;
    if (which < 2) return {};
    if (which < 5) return {2, "ECDHE-RSA-AES256-SHA", "secp256r1"};
    if (which < 25) return {3, "ECDHE-RSA-AES256-GCM-SHA384", "secp256r1"};
    return {4, "TLS_AES_256_GCM_SHA384", "X25519"};
}

// A client sends for one partner, or for one organization.
void Traffic::begin_session()
{
    inbound_ = below(100) < 55;
    partner_ = common(kDomains);
    organization_ = common(kOrganizations);
    session_ = {};
    session_.session = random_();
    session_.client = inbound_ ? partner_ * kClientsOfDomain + common(kClientsOfDomain)
                               : kDomains * kClientsOfDomain + organization_ * 16 + below(16);
    session_.helo = fmt::format("client{}.hosts.example", session_.client);
    session_.tls = tls_of(session_.helo);
    left_in_session_ = 1 + below(6);
}

void Traffic::end_session()
{
    session_.time = time_ + 1;
    session_.took = 50'000 + common(5'000'000);
    later_.push({session_.time, session_});
    if (below(10) != 0) return;
    SessionEnd refused;  // somebody else, who sent nothing
    refused.session = random_();
    refused.client = 1'000'000 + common(100'000);
    refused.helo = fmt::format("unknown{}.example", refused.client);
    refused.time = time_ + 1;
    refused.took = common(5'000'000);
    later_.push({refused.time, refused});
}

std::shared_ptr<const Message> Traffic::message()
{
    if (left_in_session_ == 0) {
        if (session_.session != 0) end_session();
        begin_session();
    }
    --left_in_session_;
    ++session_.messages;
    auto message = std::make_shared<Message>();
    message->time = time_;
    for (std::size_t i = 0; i < message->id.size(); ++i) {
        message->id[i] = i < 6 ? static_cast<std::uint8_t>(time_ >> (40 - 8 * i))
                               : static_cast<std::uint8_t>(random_());
    }
    message->session = session_.session;
    message->client = session_.client;
    message->helo = session_.helo;
    message->tls = session_.tls;
    message->inbound = inbound_;
    message->organization = fmt::format("Organization {}", organization_);
    const std::string own = own_domain(organization_);
    const std::string partner = partner_domain(inbound_ ? partner_ : common(kDomains));
    message->connector =
        fmt::format("connector {}", std::hash<std::string>{}(partner) % kConnectors);
    message->sender_local = fmt::format("person.{}", common(kPeople));
    message->sender_domain = message->inbound ? partner : own;
    const std::uint32_t recipients = below(4) == 0 ? 2 + below(3) : 1;
    for (std::uint32_t i = 0; i < recipients; ++i)
        message->recipients.push_back(
            {fmt::format("person.{}", common(kPeople)), message->inbound ? own : partner});
    message->message_id =
        fmt::format("<{:016x}.{:08x}@{}>", random_(), below(0xffffffff), message->sender_domain);
    message->subject = subject();
    message->size = 2000 + common(200'000);
    return message;
}

void Traffic::schedule(const std::shared_ptr<const Message>& message, std::uint32_t number,
                       std::int64_t time)
{
    const std::string& domain = message->recipients.front().domain;
    Attempt attempt;
    attempt.message = message;
    attempt.number = number;
    attempt.time = time;
    attempt.last = number == 12 || below(5) >= 3;
    const std::uint32_t host = below(2);
    attempt.host = fmt::format("mx{}.{}", host, domain);
    const std::uint64_t hash = std::hash<std::string>{}(attempt.host);
    attempt.address = 0x0a000000U | (static_cast<std::uint32_t>(hash) & 0xffffff);
    attempt.session = random_();
    attempt.stage = attempt.last ? 14 : static_cast<std::uint8_t>(below(8));
    attempt.level = static_cast<std::uint8_t>(1 + hash % 5);
    attempt.verified = static_cast<std::uint8_t>(hash / 5 % 4);
    attempt.code = attempt.last ? 250 : 451;
    attempt.took = 20'000 + common(2'000'000);
    attempt.tls = tls_of(attempt.host);
    attempt.certificate = hash;
    attempt.decision = hash * 31 + (below(20) == 0 ? 1 : 0);
    attempt.text = attempt.last ? fmt::format("2.0.0 Ok: queued as {:X}", random_() >> 24)
                                : "4.7.1 <" + message->recipients.front().local + "@" + domain +
                                      ">: Recipient address rejected: Greylisted, try again later";
    later_.push({time, std::move(attempt)});
}

Event Traffic::next()
{
    if (!later_.empty() && later_.top().time <= time_ + interval_) {
        Event event = later_.top().event;
        later_.pop();
        if (const auto* attempt = std::get_if<Attempt>(&event); attempt && !attempt->last) {
            const std::size_t delay =
                std::min<std::size_t>(attempt->number - 1, kDelays.size() - 1);
            schedule(attempt->message, attempt->number + 1, attempt->time + kDelays[delay]);
        }
        return event;
    }
    time_ += interval_;
    auto made = message();
    schedule(made, 1, time_ + 5 + below(500));
    return made;
}

const std::string& certificate_facts(std::uint64_t certificate)
{
    static std::unordered_map<std::uint64_t, std::string> made;
    std::string& facts = made[certificate];
    if (facts.empty()) facts = make_certificate(certificate);
    return facts;
}

const std::string& decision_inputs(std::uint64_t decision)
{
    static std::unordered_map<std::uint64_t, std::string> made;
    std::string& inputs = made[decision];
    if (inputs.empty()) inputs = make_decision(decision);
    return inputs;
}

}  // namespace evidence_bench
