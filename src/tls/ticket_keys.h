// Keys of session tickets: made at random, kept in memory only, renewed, forgotten.
//
// Private to tls/. Thread-safe. A key seals tickets for one period and opens them for one more, so
// that what was recorded cannot be read with keys found days later (RFC 5077 §5.5).
#pragma once

#include "core/time.h"
#include "tls/openssl.h"

#include <array>
#include <mutex>
#include <optional>

namespace hermetic::tls {

class TicketKeys {
public:
    static constexpr Duration kPeriod = std::chrono::hours{2};

    explicit TicketKeys(Instant now);
    ~TicketKeys();
    TicketKeys(const TicketKeys&) = delete;
    TicketKeys& operator=(const TicketKeys&) = delete;

    struct Key {
        std::array<unsigned char, 16> name{};
        std::array<unsigned char, 32> cipher{};
        std::array<unsigned char, 32> mac{};
    };
    enum class Age : std::uint8_t { Current, Previous };
    struct Found {
        Key key;
        Age age;
    };

    [[nodiscard]] Key current(Instant now);
    [[nodiscard]] std::optional<Found> find(const unsigned char* name, Instant now);

private:
    void renew(Instant now);

    std::mutex mutex_;
    Key current_;
    std::optional<Key> previous_;
    Instant made_;
};

// What SSL_CTX_set_tlsext_ticket_key_evp_cb's callback answers.
inline constexpr int kUnknown = 0;
inline constexpr int kOpened = 1;
inline constexpr int kOpenedRenew = 2;  // and a new ticket is sent

// Its body.
[[nodiscard]] int use_ticket_key(TicketKeys& keys, Instant now, unsigned char* name,
                                 unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                                 int sealing);

}  // namespace hermetic::tls
