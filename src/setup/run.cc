#include "setup/run.h"

#include "acme/https.h"
#include "acme/kept.h"
#include "admin/client.h"
#include "core/text.h"
#include "events/publisher.h"
#include "net/core.h"
#include "setup/follow_message.h"
#include "setup/inspection.h"
#include "setup/judge.h"
#include "setup/machine.h"
#include "setup/store.h"
#include "setup/test_message.h"
#include "validation/local_run.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::setup {
namespace {

constexpr Duration kTestMail = std::chrono::seconds{30};

// Why the last order failed; all other events are nobody's here.
class OrderWatch final : public events::Publisher {
public:
    void publish(events::What what) override
    {
        if (const auto* order = std::get_if<events::CertificateOrder>(&what))
            if (order->state == events::CertificateOrder::State::Failed) failed = order->what;
    }
    void flush() override {}

    std::string failed;
};

class Run {
public:
    Run(const Request& request, Plan plan) : request_{request}, options_{*plan.options}
    {
        report_.dry = request.dry;
        report_.plan = std::move(plan);
    }

    Result<Report, std::string> run()
    {
        if (request_.dry == Dry::No) {
            auto written = write(report_.plan);
            if (!written) return failure(std::move(written.error()));
        }
        find_configuration();
        find_server();
        if (!request_.asks_network) {
            find_certificate({});
            return std::move(report_);
        }
        validation::LocalOptions options;
        options.delivery = options_.delivery;
        options.resolver = options_.resolver;
        options.hostname = options_.hostname;
        auto done = validation::run_here(
            options, [this](const validation::Environment& env, auto) { return ask(env); });
        if (!done) return failure(std::move(done.error()));
        return std::move(report_);
    }

private:
    void add(Finding finding) { report_.findings.push_back(std::move(finding)); }
    void add(Findings findings)
    {
        for (Finding& each : findings) add(std::move(each));
    }

    void find_configuration()
    {
        const Plan& plan = report_.plan;
        for (const FilePlan* each : {&plan.node_file, &plan.organization_file}) {
            if (each->fate != Fate::Keep) continue;
            std::string seen;
            for (const Difference& difference : each->differences) {
                seen += fmt::format("{}{} is \"{}\", requested is \"{}\"", seen.empty() ? "" : "\n",
                                    difference.key, difference.is, difference.wanted);
            }
            if (!each->losses.empty()) seen += "\nsetup cannot write: " + join(each->losses, ", ");
            add({each->losses.empty() ? FindingId::ConfigurationDiffers
                                      : FindingId::ConfigurationBeyond,
                 each->path.empty() ? "the directory (hermetic apply)" : each->path, seen});
        }
        if (request_.dry == Dry::Yes && plan.changes_anything()) return;
        const config::Diagnostics faults = request_.check(request_.config);
        is_startable_ = faults.empty();
        if (is_startable_) return add({FindingId::ConfigurationOk, request_.config, "OK"});
        std::string seen;
        for (const config::Diagnostic& each : faults)
            seen += (seen.empty() ? "" : "\n") + config::format_diagnostic(each);
        add({FindingId::ConfigurationFaults, request_.config, seen});
    }

    void find_server()
    {
        const auto answer = admin::call(options_.admin.socket, "GET", "/v1/status");
        is_running_ = answer && answer->status == 200;
        if (is_running_) return add({FindingId::ServerRuns, "server", "answers"});
        add({FindingId::ServerStopped, "server", answer ? "no status" : answer.error()});
    }

    [[nodiscard]] Expected expected() const
    {
        Expected expected;
        expected.hostname = options_.hostname;
        expected.port = port();
        expected.addresses = request_.addresses;
        expected.postmaster = report_.plan.organization.postmaster;
        expected.certificate = report_.plan.node.certificate;
        expected.now = system_clock().wall();
        return expected;
    }

    [[nodiscard]] std::uint16_t port() const
    {
        for (const auto& each : options_.listeners)
            if (!each.addresses.empty()) return each.addresses.front().port;
        return 25;
    }

    [[nodiscard]] CertificateState certificate_state() const
    {
        if (!options_.certificates.empty())
            return read_certificate(options_.certificates.front().chain,
                                    options_.certificates.front().key);
        const std::string made = options_.data_directory + "/tls/self-signed";
        return read_certificate(made + ".pem", made + ".key");
    }

    // The finding of the certificate; `why`: what kept it from being issued.
    CertificateState find_certificate(const std::string& why)
    {
        CertificateState state = certificate_state();
        if (!state.certificate && !why.empty()) state.why = why;
        add(judge_certificate(expected(), state));
        return state;
    }

    net::Task<> ask(const validation::Environment& env)
    {
        acme::Https https{env.core};
        const std::string why = co_await order(env.core, https);
        const CertificateState state = find_certificate(why);
        const dns::ResolverOptions resolver = validation::make_resolver_options(options_.resolver);
        Machine machine{env.core, env.resolver, resolver, https};
        const Questions questions = make_questions();
        const NetworkFacts facts = co_await inspect(env.core, env.resolver, machine, questions);
        judge(facts, state);
        co_await send_message(env.core);
    }

    // A running server orders by itself. Why there is no certificate; empty: there is, or none is
    // ordered here.
    net::Task<std::string> order(net::Core& core, acme::Https& https)
    {
        if (request_.dry == Dry::Yes || is_running_ || !is_startable_) co_return std::string{};
        const ActingAsOwner acting{options_.data_directory};
        OrderWatch watch;
        acme::Keeper keeper{core, https, watch};
        keeper.keep(acme::certificates_to_keep(options_));
        const WallTime next = co_await keeper.renew_due();
        if (!watch.failed.empty()) co_return watch.failed;
        co_return "not before " + format_rfc3339(next) + ": an earlier order has failed";
    }

    [[nodiscard]] Questions make_questions() const
    {
        Questions questions;
        questions.hostname = options_.hostname;
        questions.port = port();
        questions.addresses = request_.addresses;
        for (const auto& each : report_.plan.organization.domains)
            if (!each.name.starts_with("*.")) questions.domains.push_back(each.name);
        questions.reach = request_.reach;
        questions.outbound_port = options_.delivery.port;
        questions.each = request_.each;
        questions.all = request_.all;
        return questions;
    }

    void judge(const NetworkFacts& facts, const CertificateState& state)
    {
        const Expected wanted = expected();
        add(judge_machine(wanted, facts));
        add(judge_host(wanted, facts));
        const bool is_lasting = wanted.certificate != CertificateKind::SelfSigned;
        if (is_lasting && state.certificate) add(judge_tlsa(wanted, facts, *state.certificate));
        for (const DomainFacts& each : facts.domains) add(judge_domain(wanted, facts, each));
        for (const Finding& each : report_.findings)
            if (each.id == FindingId::StsMissing || each.id == FindingId::StsUnreachable)
                report_.sts_policy = format_sts_policy(wanted.hostname);
    }

    net::Task<> send_message(net::Core& core)
    {
        const bool sends = !request_.test_to.empty() && request_.dry == Dry::No && is_running_;
        if (!sends || options_.listeners.empty()) {
            const std::string why = is_running_ ? "not requested" : "the server is not running";
            add({FindingId::MessageUntried, "test message", why});
            co_return;
        }
        TestMail mail;
        mail.server = reach_listener(options_.listeners.front().addresses.front());
        mail.hostname = options_.hostname;
        mail.from = report_.plan.organization.postmaster;
        mail.to = request_.test_to;
        const Instant deadline = core.clock().now() + kTestMail;
        const SentMail sent = co_await send_test_mail(core, std::move(mail), deadline);
        add(sent.finding);
        if (sent.id.empty()) co_return;
        AskServer ask = [this](const std::string& target) {
            return admin::call(options_.admin.socket, "GET", target);
        };
        FollowedMail followed;
        followed.id = sent.id;
        followed.to = request_.test_to;
        FollowTimes times;
        add(co_await follow_test_mail(core, std::move(ask), std::move(followed), times));
    }

    const Request& request_;
    const config::NodeOptions options_;
    Report report_;
    bool is_startable_ = false;
    bool is_running_ = false;
};

}  // namespace

Result<Report, std::string> run(const Request& request, Plan plan)
{
    return Run{request, std::move(plan)}.run();
}

}  // namespace hermetic::setup
