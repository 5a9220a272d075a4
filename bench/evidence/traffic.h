// The events of a busy organization, in the order of their times: partners by a power law, people
// who write again and again, subjects of words, hosts whose TLS seldom changes, attempts that fail
// and are made again minutes or hours later. The same seed, the same traffic.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace evidence_bench {

struct Tls {
    std::uint8_t version = 0;  // 0: in clear
    std::string cipher;
    std::string group;
};

struct Message {
    std::array<std::uint8_t, 16> id{};
    std::int64_t time = 0;  // ms since 1970
    std::uint64_t session = 0;
    std::uint32_t client = 0;
    std::string helo;
    std::string organization;
    std::string connector;
    std::string sender_local;
    std::string sender_domain;
    struct Recipient {
        std::string local;
        std::string domain;
    };
    std::vector<Recipient> recipients;
    std::string message_id;
    std::string subject;
    std::uint64_t size = 0;
    Tls tls;
    bool inbound = false;
};

struct Attempt {
    std::shared_ptr<const Message> message;
    std::uint32_t number = 1;
    bool last = false;
    std::int64_t time = 0;
    std::string host;
    std::uint32_t address = 0;
    std::uint64_t session = 0;
    std::uint8_t stage = 0;
    std::uint8_t level = 0;
    std::uint8_t verified = 0;
    std::uint16_t code = 0;
    std::uint32_t took = 0;  // µs
    Tls tls;
    std::uint64_t certificate = 0;  // hash of its content
    std::uint64_t decision = 0;     // hash of what it was decided by
    std::string text;
};

struct SessionEnd {
    std::uint64_t session = 0;
    std::int64_t time = 0;
    std::uint32_t client = 0;
    std::string helo;
    Tls tls;
    std::uint32_t messages = 0;  // 0: all was refused
    std::uint32_t took = 0;
};

using Event = std::variant<std::shared_ptr<const Message>, Attempt, SessionEnd>;

class Traffic {
public:
    // A message each `interval` ms, from `time` on.
    Traffic(std::uint64_t seed, std::int64_t time, std::int64_t interval)
        : random_{seed}, time_{time}, interval_{interval}
    {
    }
    [[nodiscard]] Event next();

private:
    struct Later {
        std::int64_t time = 0;
        Event event;
        bool operator<(const Later& other) const { return time > other.time; }  // earliest on top
    };

    [[nodiscard]] std::uint32_t below(std::uint32_t limit);
    // Low numbers are common: about one in ten is below a thousandth of `limit`.
    [[nodiscard]] std::uint32_t common(std::uint32_t limit);
    [[nodiscard]] std::string subject();
    [[nodiscard]] Tls tls_of(const std::string& peer);
    [[nodiscard]] std::shared_ptr<const Message> message();
    void begin_session();
    void end_session();
    void schedule(const std::shared_ptr<const Message>& message, std::uint32_t number,
                  std::int64_t time);

    std::mt19937_64 random_;
    std::int64_t time_;
    std::int64_t interval_;
    std::priority_queue<Later> later_;
    SessionEnd session_;
    bool inbound_ = false;
    std::uint32_t partner_ = 0;
    std::uint32_t organization_ = 0;
    std::uint32_t left_in_session_ = 0;
};

// What stands once in a segment, by its hash: of the size that such things have. Made at the first
// call.
[[nodiscard]] const std::string& certificate_facts(std::uint64_t certificate);
[[nodiscard]] const std::string& decision_inputs(std::uint64_t decision);

}  // namespace evidence_bench
