// The test of the resolver: at the start, and again until it passes (specification §4.7).
#include "daemon/node_impl.h"
#include "daemon/settings.h"

namespace hermetic::daemon {
namespace {

using dns::Validation;

constexpr Duration kTestTime = std::chrono::seconds{30};
constexpr Duration kAgain = std::chrono::minutes{5};

}  // namespace

net::Task<> Node::Impl::test_resolver()
{
    const dns::ResolverOptions options = make_resolver_options(options_.resolver);
    for (;;) {
        const Instant deadline = main_.clock().now() + kTestTime;
        const dns::ValidationReport report =
            co_await dns::test_validation(*resolver_, options, main_, deadline);
        // A server that stops cuts the test: that says nothing.
        const Instant now = main_.clock().now();
        if (co_await net::sleep_until(main_, now) == net::Woken::Cancelled) co_return;
        const bool works = report.state == Validation::Works;
        if (report.state != validation_.state) {
            log_->event(works ? ledger::Level::Info : ledger::Level::Warning, "dane.resolver",
                        {{"state", std::string{dns::name(report.state)}},
                         {"zone", report.zone},
                         {"what", dns::describe(report)}});
        }
        validation_ = report;
        if (works || report.state == Validation::NoAnchor) co_return;
        const Instant next = main_.clock().now() + kAgain;
        if (co_await net::sleep_until(main_, next) == net::Woken::Cancelled) co_return;
    }
}

}  // namespace hermetic::daemon
