#include "lab/tour.h"

#include "core/time.h"
#include "lab/configuration.h"
#include "lab/lab.h"
#include "lab/partners.h"
#include "lab/server_process.h"
#include "lab/smtp_client.h"
#include "lab/tour_table.h"
#include "lab/work_directory.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <unistd.h>

namespace hermetic::lab {
namespace {

constexpr std::chrono::seconds kStartTime{30};
constexpr std::chrono::seconds kOutcomeTime{20};
constexpr std::chrono::milliseconds kPoll{50};
constexpr std::string_view kSender = "visitor@notices.lab.test";

// In the order in which they make sense to a reader.
constexpr std::string_view kStops[] = {
    "modern",
    "tls12",
    "tls13-intolerant",
    "tls13-stripped",
    "tls10",
    "clear",
    "refused",
    "version-alert",
    "closed-in-flight",
    "injected",
    "client-certificate",
    "expired",
    "self-signed",
    "greylist",
    "rcpt-550",
    "dead-first",
    "null-mx",
    "lmtp",
};

std::size_t terminal_width()
{
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 100;
    return known ? size.ws_col : 140;
}

std::string message_for(std::string_view recipient, std::string_view summary)
{
    const auto now = system_clock().wall();
    return fmt::format(
        "From: <{}>\r\nTo: <{}>\r\nDate: {}\r\nSubject: Hello from the tour\r\n"
        "Message-ID: <tour.{}.{}>\r\n\r\nThis partner: {}.\r\n",
        kSender, recipient, format_rfc5322(now), now.time_since_epoch().count(), recipient,
        summary);
}

// Everything that a tour runs, stopped in reverse order.
class Tour {
public:
    explicit Tour(std::filesystem::path directory)
        : directory_{std::move(directory)},
          lab_{{.only = partner_names(), .directory = directory_}},
          log_{directory_ / "hermetic.log"}
    {
    }

    [[nodiscard]] bool start();
    [[nodiscard]] bool send_all();
    void await_outcomes(const StopSignals& signals);
    [[nodiscard]] bool print_results();
    void print_how_to_go_on() const;
    void stop()
    {
        server_.stop();
        lab_.stop();
    }

private:
    static std::vector<std::string> partner_names()
    {
        std::vector<std::string> names{"notices"};
        names.insert(names.end(), std::begin(kStops), std::end(kStops));
        return names;
    }
    void take(AttemptLine attempt);

    [[nodiscard]] std::ptrdiff_t failed() const
    {
        return std::ranges::count_if(stops_, [](const TourStop& stop) {
            return stop.attempt && stop.attempt->outcome == "failed";
        });
    }
    [[nodiscard]] std::ptrdiff_t notices()
    {
        return std::ranges::count(lab_.book().messages("notices"), true, &MessageRecord::complete);
    }

    std::filesystem::path directory_;
    Lab lab_;
    ServerProcess server_;
    LogFollower log_;
    std::vector<TourStop> stops_;
};

bool Tour::start()
{
    if (const auto started = lab_.start(); !started) {
        fmt::print(stderr, "The lab cannot start: {}\n", describe(started.error()));
        return false;
    }
    const ServerPlan plan{.data_directory = directory_ / "data",
                          .log_file = directory_ / "hermetic.log"};
    std::error_code error;
    std::filesystem::create_directory(plan.data_directory, error);
    const ServerProcess::Files files{"/proc/self/exe", directory_ / "hermetic.toml",
                                     directory_ / "ready.json", directory_ / "server.txt",
                                     directory_ / "ca.pem"};
    if (error || !write_text(files.config, format_node_file(lab_, plan)) ||
        !write_text(directory_ / "org.toml", format_org_file(lab_))) {
        fmt::print(stderr, "Cannot write to {}\n", directory_.string());
        return false;
    }
    if (const auto ready = server_.start(files, kStartTime); !ready) {
        fmt::print(stderr, "The server does not start: {}\n", ready.error());
        return false;
    }
    return true;
}

bool Tour::send_all()
{
    const Endpoint* const listener = server_.listener("mx");
    SmtpClient client;
    if (listener == nullptr || !client.connect(*listener, kStartTime) ||
        client.read_reply().code != 220 || client.command("EHLO visitor.lab.test").code != 250) {
        fmt::print(stderr, "The server does not greet on its listener\n");
        return false;
    }
    for (const auto name : kStops) {
        const Behaviour* const behaviour = find_partner(name);
        const std::string recipient = "you@" + domain_of(*behaviour);
        const auto reply =
            client.send_message(kSender, recipient, message_for(recipient, behaviour->summary));
        if (reply.code != 250) {
            fmt::print(stderr, "The server does not accept mail for {}: {} {}\n", recipient,
                       reply.code, reply.text());
            return false;
        }
        stops_.push_back({behaviour, std::nullopt, std::nullopt});
    }
    client.command("QUIT");
    return true;
}

// The first attempt at a message tells the story; a retry of what was deferred comes minutes later.
// Several lines of one attempt (a host after another) end with the one that decided.
void Tour::take(AttemptLine attempt)
{
    for (auto& stop : stops_) {
        if (attempt.number > 1 || !is_for_domain(attempt, domain_of(*stop.behaviour))) continue;
        stop.attempt = attempt;
        for (auto& message : lab_.book().messages(stop.behaviour->name)) {
            if (message.complete) stop.received = std::move(message);
        }
    }
}

void Tour::await_outcomes(const StopSignals& signals)
{
    const auto until = std::chrono::steady_clock::now() + kOutcomeTime;
    while (std::chrono::steady_clock::now() < until && server_.is_running()) {
        for (auto& attempt : log_.poll()) take(std::move(attempt));
        if (std::ranges::all_of(stops_, is_as_expected) && notices() >= failed()) return;
        if (signals.wait_for(kPoll)) return;
    }
}

bool Tour::print_results()
{
    fmt::print("{}\n", format_tour_table(stops_, terminal_width()));
    const auto unexpected =
        std::ranges::count_if(stops_, [](const TourStop& stop) { return !is_as_expected(stop); });
    if (unexpected == 0) {
        fmt::print("All {} partners had the outcome that the default policy gives.\n",
                   stops_.size());
    } else {
        fmt::print("{} of {} partners, marked (!), had another outcome than expected.\n",
                   unexpected, stops_.size());
    }
    fmt::print("{} of {} notices about failed mail have reached the sender, {}.\n", notices(),
               failed(), kSender);
    std::fflush(stdout);
    return unexpected == 0;
}

void Tour::print_how_to_go_on() const
{
    const Endpoint* const listener = server_.listener("mx");
    fmt::print("\nServer and lab run until Ctrl-C. To send more:\n");
    fmt::print("  swaks --server {} --from {} --to you@tls12.lab.test\n",
               listener ? listener->format() : "?", kSender);
    fmt::print("What the server did:       {}\n", (directory_ / "hermetic.log").string());
    fmt::print("What the partners saw:     {}\n", (directory_ / "records.jsonl").string());
    fmt::print("The queue:                 hermetic queue list --config {}\n",
               (directory_ / "hermetic.toml").string());
    std::fflush(stdout);
}

}  // namespace

int run_tour(const TourArguments& arguments)
{
    const StopSignals signals;  // before the lab's thread, which inherits the mask
    const auto directory = make_work_directory();
    if (!directory) {
        fmt::print(stderr, "No directory for temporary files: {}\n", directory.error());
        return 1;
    }
    bool good = false;
    {
        Tour tour{*directory};
        if (tour.start() && tour.send_all()) {
            tour.await_outcomes(signals);
            good = tour.print_results();
            if (arguments.keep) {
                tour.print_how_to_go_on();
                signals.wait();
            }
        }
        tour.stop();
    }
    if (good) {
        std::error_code ignored;
        std::filesystem::remove_all(*directory, ignored);
    } else {
        fmt::print(stderr, "Logs and configuration are in {}\n", directory->string());
    }
    return good ? 0 : 1;
}

}  // namespace hermetic::lab
