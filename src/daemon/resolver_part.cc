#include "daemon/resolver_part.h"

#include "events/publisher.h"
#include "validation/local_run.h"

namespace hermetic::daemon {
namespace {

using dns::Validation;

constexpr Duration kTestTime = std::chrono::seconds{30};
constexpr Duration kAgain = std::chrono::minutes{5};

}  // namespace

ResolverPart::ResolverPart(net::Core& main, events::Publisher& events,
                           const config::NodeOptions& options)
    : main_{main}, events_{events}, options_{options}, tasks_{main}
{
}

Result<void, std::string> ResolverPart::start()
{
    auto resolver = dns::make_resolver(validation::make_resolver_options(options_.resolver));
    if (!resolver) return failure("resolver: " + resolver.error());
    resolver_ = std::move(*resolver);
    return {};
}

void ResolverPart::begin()
{
    tasks_.spawn(test());
}

net::Task<> ResolverPart::test()
{
    const dns::ResolverOptions options = validation::make_resolver_options(options_.resolver);
    for (;;) {
        const Instant deadline = main_.clock().now() + kTestTime;
        const dns::ValidationReport report =
            co_await dns::test_validation(*resolver_, options, main_, deadline);
        // A server that stops cuts the test: that says nothing.
        const Instant now = main_.clock().now();
        if (co_await net::sleep_until(main_, now) == net::Woken::Cancelled) co_return;
        const bool works = report.state == Validation::Works;
        if (report.state != validation_.state) {
            events::ResolverTested tested{works, dns::name(report.state), report.zone,
                                          dns::describe(report)};
            events_.publish(std::move(tested));
        }
        validation_ = report;
        if (works || report.state == Validation::NoAnchor) co_return;
        const Instant next = main_.clock().now() + kAgain;
        if (co_await net::sleep_until(main_, next) == net::Woken::Cancelled) co_return;
    }
}

net::Task<> ResolverPart::stop()
{
    resolver_->close();
    tasks_.close();
    co_await tasks_.join();
}

}  // namespace hermetic::daemon
