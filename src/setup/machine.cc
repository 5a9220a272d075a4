#include "setup/machine.h"

#include "core/text.h"
#include "dns/self_check.h"
#include "net/core.h"
#include "net/local_addresses.h"
#include "net/stream.h"

#include <sys/timex.h>

#include <utility>

namespace hermetic::setup {
namespace {

constexpr std::size_t kMaxLine = 1000;

Greeting greeting_of(const net::StreamError& error)
{
    using Kind = net::StreamError::Kind;
    const bool closed =
        error.kind == Kind::Refused || error.kind == Kind::Closed || error.kind == Kind::Reset;
    return {closed ? Greeting::State::Closed : Greeting::State::Silent, net::describe(error)};
}

}  // namespace

std::vector<IpAddress> Machine::local_addresses()
{
    return net::local_addresses();
}

ClockState Machine::clock()
{
    timex query{};  // modes 0: only asks
    const int state = ::adjtimex(&query);
    if (state < 0) return ClockState::Unknown;
    return state == TIME_ERROR ? ClockState::Alone : ClockState::Synchronized;
}

net::Task<Greeting> Machine::greet(Endpoint endpoint, Instant deadline)
{
    auto connected = co_await net::Stream::connect(core_, endpoint, std::nullopt, deadline);
    if (!connected) co_return greeting_of(connected.error());
    net::Stream& stream = **connected;
    stream.until(deadline);
    const auto line = co_await stream.read_line(kMaxLine);
    if (!line) co_return greeting_of(line.error());
    Greeting greeting;
    greeting.state = Greeting::State::Greeted;
    greeting.words = printable_ascii(line->text, 200);
    stream.write_last_words("QUIT\r\n");
    stream.close();
    co_return greeting;
}

net::Task<dns::ValidationReport> Machine::test_resolver(Instant deadline)
{
    return dns::test_validation(resolver_, options_, core_, deadline);
}

net::Task<FetchedPolicy> Machine::fetch(std::string url, Instant deadline)
{
    acme::HttpRequest request;
    request.url = std::move(url);
    const auto answer = co_await https_.exchange(std::move(request), deadline);
    FetchedPolicy policy;
    if (!answer) {
        policy.why = answer.error().what;
    } else if (answer->status != 200) {
        policy.why = "status " + std::to_string(answer->status);
    } else {
        policy.fetched = true;
        policy.body = answer->body;
    }
    co_return policy;
}

}  // namespace hermetic::setup
