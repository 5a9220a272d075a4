#include "outbound/log_in.h"

#include "core/assert.h"
#include "facts/reasons.h"
#include "outbound/context.h"
#include "outbound/io_outcome.h"
#include "outbound/talk.h"
#include "sasl/client_mechanism.h"
#include "smtp/client_auth.h"

#include <utility>

namespace hermetic::outbound {
namespace {

using facts::Outcome;
using facts::Reason;
using facts::Stage;
using smtp::ClientAuth;

class Exchange {
public:
    Exchange(Context& context, Connection& connection) : context_{context}, connection_{connection}
    {
        context_.watch(*connection_.stream);
    }
    ~Exchange() { context_.unwatch(*connection_.stream); }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    net::Task<std::optional<Outcome>> run(std::shared_ptr<const sasl::Login> login)
    {
        const std::string offered = connection_.capabilities.auth_mechanisms;
        if (offered.empty())
            co_return facts::local_outcome(Reason::AuthNotOffered, "the server offers no AUTH");
        std::optional<Outcome> failed = facts::local_outcome(
            Reason::AuthNoMechanism,
            "the server offers no mechanism that this server supports: " + offered);
        for (const auto mechanism : sasl::choose_mechanisms(offered)) {
            auto made = sasl::make_client_mechanism(mechanism, login);
            if (made == nullptr) continue;
            ClientAuth machine{std::move(made)};
            failed = co_await talk(machine);
            if (!machine.is_unknown_mechanism()) break;
        }
        if (failed) make_temporary(*failed);
        co_return failed;
    }

private:
    net::Task<std::optional<Outcome>> talk(ClientAuth& machine)
    {
        auto step = machine.start();
        while (step.next == ClientAuth::Next::ReadReply) {
            const Instant deadline = context_.within(context_.settings->options.command_timeout);
            auto reply = co_await exchange(*connection_.stream, step.write, deadline);
            if (!reply) co_return talk_outcome(Stage::Auth, reply.error());
            step = machine.on_reply(*reply);
        }
        co_return machine.failure();
    }

    Context& context_;
    Connection& connection_;
};

}  // namespace

net::Task<std::optional<Outcome>> log_in(Context& context, Connection& connection,
                                         std::shared_ptr<const sasl::Login> login)
{
    HERMETIC_ASSERT(connection.tls);  // never in clear
    Exchange exchange{context, connection};
    co_return co_await exchange.run(std::move(login));
}

}  // namespace hermetic::outbound
