// Requests to an ACME server and their answers, whatever carries them: acme/https.h, or a test.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "net/task.h"

#include <cstdint>
#include <optional>
#include <string>

namespace hermetic::acme {

struct HttpRequest {
    enum class Method : std::uint8_t { Get, Head, Post };
    Method method = Method::Get;
    std::string url;
    std::string body{};
    std::string ca;  // a PEM file of the CAs that are believed; empty: the system's
};

struct HttpAnswer {
    int status = 0;
    std::string body{};
    std::string nonce{};     // Replay-Nonce
    std::string location{};  // Location
    std::string retry_after{};
};

// Why there is no certificate.
struct Trouble {
    enum class Kind : std::uint8_t {
        Failed,
        Stopping,  // the server stops: nobody is to blame
    };
    Kind kind = Kind::Failed;
    std::string what;                       // for people
    std::string type{};                     // of the ACME server's problem; empty: it named none
    std::optional<Duration> retry_after{};  // the ACME server wants to be left alone for so long
};

class Transport {
public:
    virtual ~Transport() = default;
    // Any status is an answer.
    [[nodiscard]] virtual net::Task<Result<HttpAnswer, Trouble>> exchange(HttpRequest request,
                                                                          Instant deadline) = 0;
};

}  // namespace hermetic::acme
