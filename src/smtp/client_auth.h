// The client's side of AUTH (RFC 4954): one mechanism, from the command to the server's verdict.
//
// Pure: says what to write and what to wait for. Whoever uses it has made sure that the connection
// is in TLS and that TLS has proved the host: nothing here looks.
#pragma once

#include "core/result.h"
#include "facts/attempt.h"
#include "smtp/reply_reader.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::smtp {

// Why a challenge is not answered.
enum class SaslRefusal : std::uint8_t {
    Wrong,      // it is not what whoever knows the password must say
    TooCostly,  // the answer would take longer than a login is worth
};

// A SASL mechanism (RFC 4422), as the exchange needs it. Implemented in sasl/.
class SaslMechanism {
public:
    virtual ~SaslMechanism() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;  // "SCRAM-SHA-256"
    // It begins without a challenge.
    [[nodiscard]] virtual bool speaks_first() const = 0;
    // The answer, which may be empty.
    [[nodiscard]] virtual Result<std::string, SaslRefusal> respond(std::string_view challenge) = 0;
    // All has been said, and the server has proved itself where the mechanism lets it.
    [[nodiscard]] virtual bool is_satisfied() const = 0;
};

class ClientAuth {
public:
    enum class Next : std::uint8_t {
        ReadReply,
        Done,    // the server knows us
        Failed,  // failure() says why; it does not
    };
    struct Step {
        Next next = Next::ReadReply;
        std::string_view write;  // before anything else; valid until the next call
    };

    explicit ClientAuth(std::unique_ptr<SaslMechanism> mechanism);
    ~ClientAuth();  // wipes what was said
    ClientAuth(const ClientAuth&) = delete;
    ClientAuth& operator=(const ClientAuth&) = delete;

    [[nodiscard]] Step start();
    [[nodiscard]] Step on_reply(const PeerReply& reply);

    [[nodiscard]] const std::optional<facts::Outcome>& failure() const { return failure_; }
    // 504: the server does not have the mechanism after all (RFC 4954 §4); another may do.
    [[nodiscard]] bool is_unknown_mechanism() const { return unknown_; }

private:
    Step answer(std::string_view challenge);
    Step say(std::string line);
    Step cancel(facts::Reason reason, std::string words);
    Step fail(facts::Outcome outcome);

    std::unique_ptr<SaslMechanism> mechanism_;
    std::string out_;
    std::optional<facts::Outcome> pending_;  // after "*": holds whatever the server answers
    std::optional<facts::Outcome> failure_;
    int rounds_ = 0;
    bool unknown_ = false;
};

}  // namespace hermetic::smtp
