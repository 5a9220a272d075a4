// A server's side of AUTH: no sequence of replies breaks the exchange, makes it endless, or ends it
// well under SCRAM without the server having proved itself.
#include "core/assert.h"
#include "sasl/client_mechanism.h"
#include "smtp/client_auth.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace {

using namespace hermetic;
using smtp::ClientAuth;

constexpr std::array<std::string_view, 3> kMechanisms = {"SCRAM-SHA-256", "PLAIN", "LOGIN"};

void check_line(std::string_view line)
{
    HERMETIC_ASSERT(line.ends_with("\r\n"));
    HERMETIC_ASSERT(line.find_first_of("\r\n") == line.size() - 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    static const auto login = std::make_shared<const sasl::Login>("ann", "correct horse");
    const auto mechanism = kMechanisms[data[0] % kMechanisms.size()];
    std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    ClientAuth machine{sasl::make_client_mechanism(mechanism, login)};
    smtp::ReplyReader reader;
    auto step = machine.start();
    int rounds = 0;
    while (step.next == ClientAuth::Next::ReadReply && !rest.empty()) {
        const auto end = std::min(rest.find("\r\n"), rest.size());
        const auto reply = reader.feed(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 2, rest.size()));
        if (!reply) return 0;
        if (!*reply) continue;
        step = machine.on_reply(**reply);
        HERMETIC_ASSERT(++rounds < 20);
        if (step.next == ClientAuth::Next::ReadReply) check_line(step.write);
    }
    // Nobody guesses a signature.
    if (mechanism == "SCRAM-SHA-256") HERMETIC_ASSERT(step.next != ClientAuth::Next::Done);
    HERMETIC_ASSERT((step.next == ClientAuth::Next::Failed) == machine.failure().has_value());
    return 0;
}
