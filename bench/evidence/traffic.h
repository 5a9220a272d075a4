// Messages as a busy organization has them: partners by a power law, people who write again and
// again, subjects of words, attempts that fail and are made again. The same seed, the same traffic.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace evidence_bench {

struct Tls {
    std::uint8_t version = 0;  // 0: in clear
    std::string cipher;
    std::string group;
};

struct Attempt {
    std::int64_t time = 0;  // ms since 1970
    std::string host;
    std::uint32_t address = 0;
    std::uint8_t outcome = 0;
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

struct Message {
    std::array<std::uint8_t, 16> id{};
    std::int64_t time = 0;  // ms since 1970
    std::uint64_t session = 0;
    std::uint32_t client = 0;
    std::string helo;
    std::string listener;
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
    std::vector<Attempt> attempts;
};

class Traffic {
public:
    explicit Traffic(std::uint64_t seed) : random_{seed} {}
    // The next message, at `time`.
    [[nodiscard]] Message next(std::int64_t time);

private:
    [[nodiscard]] std::uint32_t below(std::uint32_t limit);
    // Low numbers are common: about one in ten is below a thousandth of `limit`.
    [[nodiscard]] std::uint32_t common(std::uint32_t limit);
    [[nodiscard]] std::string subject();
    [[nodiscard]] Tls tls();
    void add_attempts(Message& message);

    std::mt19937_64 random_;
    std::uint64_t session_ = 0;
    std::uint32_t left_in_session_ = 0;
    std::uint32_t client_ = 0;
};

}  // namespace evidence_bench
