// hermetic-evidence: what designs of the evidence store cost, on generated traffic.
#include "evidence/octets.h"
#include "evidence/segment.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace evidence_bench {
namespace {

struct Settings {
    Design design = Design::PackedRuns;
    std::uint32_t messages = 100'000;  // of a segment
    std::uint32_t segments = 4;
    std::uint32_t commit = 500;  // messages: a quarter of a second at 2,000/s
    std::uint32_t queries = 50;
    std::string directory = "/var/tmp/hermetic-evidence";
};

double cpu_seconds()
{
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

double now_ms()
{
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double, std::milli>(now).count();
}

// What people look for: some of the messages' own keys.
struct Questions {
    std::vector<std::uint64_t> recipients;
    std::vector<std::uint64_t> message_ids;
    std::vector<std::uint64_t> hosts;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs;  // sender's domain and a word

    void ask_for(const Message& message)
    {
        const auto& to = message.recipients.front();
        recipients.push_back(hash_of(kRecipient, full_address(to.local, to.domain)));
        message_ids.push_back(hash_of(kMessageId, message.message_id));
        hosts.push_back(hash_of(kHost, message.attempts.front().host));
        const std::string word = message.subject.substr(message.subject.rfind(' ') + 1);
        pairs.emplace_back(hash_of(kSenderDomain, message.sender_domain), hash_of(kWord, word));
    }
};

struct Cost {
    double write_us = 0;
    double seal_us = 0;
    double live_octets = 0;
    double sealed_octets = 0;
};

std::unique_ptr<Segment> fill(const Settings& settings, std::uint32_t number, Traffic& traffic,
                              Questions& questions, Cost& cost)
{
    const std::string path = fmt::format("{}/{:04}.sqlite", settings.directory, number);
    auto segment = std::make_unique<Segment>(path, settings.design);
    std::int64_t time = 1'790'000'000'000 + static_cast<std::int64_t>(number) * 86'400'000;
    std::vector<Message> batch;
    double spent = 0;
    for (std::uint32_t done = 0; done < settings.messages; done += settings.commit) {
        batch.clear();
        for (std::uint32_t i = 0; i < settings.commit; ++i) batch.push_back(traffic.next(++time));
        if (done % (settings.messages / 4) < settings.commit) questions.ask_for(batch.front());
        const double before = cpu_seconds();
        segment->begin();
        for (const Message& each : batch) segment->add(each);
        segment->commit();
        spent += cpu_seconds() - before;
    }
    const double messages = settings.messages;
    cost.write_us += spent * 1e6 / messages / settings.segments;
    cost.live_octets += static_cast<double>(segment->octets()) / messages / settings.segments;
    const double before = cpu_seconds();
    segment->seal();
    cost.seal_us += (cpu_seconds() - before) * 1e6 / messages / settings.segments;
    cost.sealed_octets += static_cast<double>(segment->octets()) / messages / settings.segments;
    return segment;
}

struct Answer {
    std::size_t hits = 0;
    std::size_t read = 0;
};

// Newest first; the first hundred are read.
Answer ask(std::vector<std::unique_ptr<Segment>>& segments, const std::vector<std::uint64_t>& keys)
{
    constexpr std::size_t kPage = 100;
    Answer answer;
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
        auto rows = (*segment)->find(keys.front());
        for (std::size_t i = 1; i < keys.size() && !rows.empty(); ++i) {
            const auto others = (*segment)->find(keys[i]);
            std::vector<std::uint32_t> both;
            std::ranges::set_intersection(rows, others, std::back_inserter(both));
            rows = std::move(both);
        }
        answer.hits += rows.size();
        for (auto row = rows.rbegin(); row != rows.rend() && answer.read < kPage; ++row)
            answer.read += (*segment)->read(*row).empty() ? 0 : 1;
    }
    return answer;
}

void report(const char* what, std::vector<std::unique_ptr<Segment>>& segments,
            const std::vector<std::vector<std::uint64_t>>& questions, bool cold)
{
    std::vector<double> times;
    std::size_t most = 0;
    for (const auto& each : questions) {
        if (cold)
            for (auto& segment : segments) segment->evict();
        else
            (void)ask(segments, each);
        const double before = now_ms();
        most = std::max(most, ask(segments, each).hits);
        times.push_back(now_ms() - before);
    }
    std::ranges::sort(times);
    fmt::print("{:22} {}  median {:7.2f} ms, worst {:7.2f} ms, at most {} hits\n", what,
               cold ? "cold" : "warm", times[times.size() / 2], times.back(), most);
}

std::vector<std::vector<std::uint64_t>> single(const std::vector<std::uint64_t>& keys,
                                               std::size_t most)
{
    std::vector<std::vector<std::uint64_t>> questions;
    for (std::size_t i = 0; i < keys.size() && i < most; ++i) questions.push_back({keys[i]});
    return questions;
}

int run(const Settings& settings)
{
    std::filesystem::remove_all(settings.directory);
    std::filesystem::create_directories(settings.directory);
    Traffic traffic{1};
    Questions asked;
    Cost cost;
    std::vector<std::unique_ptr<Segment>> segments;
    for (std::uint32_t i = 0; i < settings.segments; ++i)
        segments.push_back(fill(settings, i, traffic, asked, cost));
    fmt::print(
        "CPU of a message: {:.1f} us written, {:.1f} us sealed; octets: {:.0f} live, {:.0f} "
        "sealed\n",
        cost.write_us, cost.seal_us, cost.live_octets, cost.sealed_octets);
    std::vector<std::vector<std::uint64_t>> pairs;
    for (const auto& [domain, word] : asked.pairs)
        if (pairs.size() < settings.queries) pairs.push_back({domain, word});
    for (const bool cold : {false, true}) {
        report("recipient", segments, single(asked.recipients, settings.queries), cold);
        report("message id", segments, single(asked.message_ids, settings.queries), cold);
        report("host", segments, single(asked.hosts, settings.queries), cold);
        report("sender domain and word", segments, pairs, cold);
    }
    segments.clear();
    std::filesystem::remove_all(settings.directory);
    return 0;
}

}  // namespace
}  // namespace evidence_bench

int main(int argc, char** argv)
{
    using evidence_bench::Design;
    const std::map<std::string, Design> designs{{"tree", Design::Tree},
                                                {"sorted-tree", Design::SortedTree},
                                                {"runs", Design::Runs},
                                                {"packed-tree", Design::PackedTree},
                                                {"packed-runs", Design::PackedRuns}};
    evidence_bench::Settings settings;
    CLI::App app{"What designs of the evidence store cost, on generated traffic"};
    app.add_option("--design", settings.design)
        ->transform(CLI::CheckedTransformer(designs, CLI::ignore_case));
    app.add_option("--messages", settings.messages, "of a segment");
    app.add_option("--segments", settings.segments);
    app.add_option("--commit", settings.commit, "messages of a transaction");
    app.add_option("--queries", settings.queries, "of each kind");
    app.add_option("--directory", settings.directory, "made anew, and removed");
    CLI11_PARSE(app, argc, argv);
    return evidence_bench::run(settings);
}
