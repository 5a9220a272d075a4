// Fills a spool with messages of one recipient each, spread evenly over domains d0.test, d1.test …
//
// Usage: fill_spool DIRECTORY MESSAGES OCTETS DOMAINS [FIRST-DOMAIN]
//
// Every message has an id of its own in X-Load-Id, as the load generator's have. None has been
// tried before; all are due at once.
#include "core/ids.h"
#include "core/random.h"
#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::spool {
namespace {

struct Wanted {
    std::string directory;
    std::size_t messages = 0;
    std::size_t octets = 0;
    std::size_t domains = 1;
    std::size_t first_domain = 0;
};

class Deaf final : public SpoolListener {
    void on_stored(std::vector<std::shared_ptr<const StoredMessage>>) override {}
    void on_recorded(std::vector<Change>) override {}
};

std::string text_of(std::size_t number, std::size_t octets)
{
    std::string text = fmt::format(
        "From: <sender{0}@sender.test>\r\nTo: <user{0}@example.test>\r\nSubject: {0}\r\n"
        "Message-ID: <{0}@sender.test>\r\nX-Load-Id: {0}\r\n\r\n",
        number);
    const std::string letters =
        testing::make_text(octets > text.size() ? octets - text.size() : 0, number);
    constexpr std::size_t kLine = 76;
    for (std::size_t at = 0; at < letters.size(); at += kLine) {
        text += 'x';  // no line begins with a dot
        text += std::string_view{letters}.substr(at, kLine);
        text += "\r\n";
    }
    return text;
}

class Maker {
public:
    explicit Maker(const Wanted& wanted) : wanted_{wanted} {}

    [[nodiscard]] std::shared_ptr<const StoredMessage> message(std::size_t number)
    {
        const WallTime now = system_clock().wall();
        auto message = std::make_shared<StoredMessage>();
        message->id = ids_.next<MessageId>(now);
        message->body.id = ids_.next<BodyId>(now);
        std::string text = text_of(number, wanted_.octets);
        message->body.size = text.size();
        message->body.bytes = Bytes{std::move(text)};
        message->envelope = envelope(number, message->id, message->body.size, now);
        return message;
    }

private:
    // A hundred senders, so that each domain hears from several.
    [[nodiscard]] std::shared_ptr<const mail::Envelope> envelope(std::size_t number,
                                                                 const MessageId& id,
                                                                 std::uint64_t size,
                                                                 WallTime now) const
    {
        constexpr std::size_t kSenders = 100;
        const std::size_t domain = wanted_.first_domain + number % wanted_.domains;
        auto envelope = std::make_shared<mail::Envelope>();
        envelope->accepted_as = id;
        envelope->sender =
            mail::Mailbox{fmt::format("sender{}", number / wanted_.domains % kSenders), sender_};
        envelope->recipients.push_back(
            {mail::Mailbox{fmt::format("user{}", number),
                           *mail::Domain::parse(fmt::format("d{}.test", domain))},
             mail::kNotifyUnset,
             {}});
        envelope->accepted_at = now;
        envelope->size = size;
        envelope->organization = "Test";
        envelope->arrival.listener = "mx";
        envelope->arrival.helo = "client.sender.test";
        envelope->arrival.protocol = "ESMTPS";
        envelope->arrival.tls_version = "TLSv1.3";
        envelope->arrival.tls_cipher = "TLS_AES_256_GCM_SHA384";
        return envelope;
    }

    Wanted wanted_;
    IdSource ids_{random_seed(), 0};
    mail::Domain sender_ = *mail::Domain::parse("sender.test");
};

int fill(const Wanted& wanted)
{
    constexpr std::size_t kAtOnce = 5000;
    SpoolSettings settings;
    settings.directory = wanted.directory;
    settings.high_water = settings.low_water = settings.ballast = 0;
    Deaf listener;
    const auto spool = make_rocksdb_spool(settings, listener, system_clock());
    if (!spool) {
        fmt::print(stderr, "fill_spool: {}\n", spool.error().words);
        return 1;
    }
    testing::Driver driver{**spool};
    Maker maker{wanted};
    for (std::size_t done = 0; done < wanted.messages;) {
        std::vector<std::shared_ptr<const StoredMessage>> group;
        while (group.size() < kAtOnce && done < wanted.messages) {
            group.push_back(maker.message(done++));
        }
        // A stall of the store refuses a group: this is faster than any mail.
        while (driver.commit(group) != Durability::Durable) {
        }
    }
    (*spool)->close();
    return 0;
}

}  // namespace
}  // namespace hermetic::spool

int main(int argc, char** argv)
{
    if (argc < 5) {
        fmt::print(stderr, "usage: fill_spool DIRECTORY MESSAGES OCTETS DOMAINS [FIRST-DOMAIN]\n");
        return 2;
    }
    hermetic::spool::Wanted wanted;
    wanted.directory = argv[1];
    wanted.messages = std::stoul(argv[2]);
    wanted.octets = std::stoul(argv[3]);
    wanted.domains = std::stoul(argv[4]);
    if (argc > 5) wanted.first_domain = std::stoul(argv[5]);
    return hermetic::spool::fill(wanted);
}
