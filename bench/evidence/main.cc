// hermetic-evidence: what designs of the evidence store cost, on generated traffic.
#include "evidence/questions.h"
#include "evidence/rollups.h"
#include "evidence/segment.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace evidence_bench {
namespace {

struct Settings {
    Design design;
    std::uint32_t messages = 100'000;  // of a segment
    std::uint32_t segments = 4;
    std::uint32_t commit = 500;  // messages: a quarter of a second at 2,000/s
    std::uint32_t queries = 30;
    bool live = false;
    std::string directory = "/var/tmp/hermetic-evidence";
};

double cpu_us()
{
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

double now_ms()
{
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double, std::milli>(now).count();
}

// Octets of resident memory that this process had at most.
double peak_mib()
{
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Of all messages.
struct Cost {
    double write_us = 0;
    double seal_us = 0;
    double totals_us = 0;
    double live_octets = 0;
    double sealed_octets = 0;
    double messages = 0;
    double attempts = 0;
    double longest_commit_ms = 0;
};

class Filling {
public:
    explicit Filling(const Settings& settings)
        : settings_{settings},
          traffic_{1, 1'790'000'000'000, 86'400'000 / settings.messages},
          totals_{settings.directory + "/rollup.sqlite"}
    {
    }

    [[nodiscard]] std::unique_ptr<Segment> fill(std::uint32_t number)
    {
        auto segment = std::make_unique<Segment>(
            fmt::format("{}/{:04}.sqlite", settings_.directory, number), settings_.design);
        for (std::uint32_t done = 0; done < settings_.messages; done += settings_.commit)
            commit(*segment, make_batch());
        cost_.live_octets += static_cast<double>(segment->octets());
        return segment;
    }

    void seal(Segment& segment, std::uint32_t number)
    {
        const double before = cpu_us();
        segment.seal();
        const double between = cpu_us();
        cost_.seal_us += between - before;
        totals_.take(segment.path(), number);
        cost_.totals_us += cpu_us() - between;
        cost_.sealed_octets += static_cast<double>(segment.octets());
    }

    void print() const
    {
        const auto each = [this](double all) { return all / cost_.messages; };
        fmt::print(
            "{:.0f} messages, {:.2f} attempts each\nCPU of a message: {:.1f} us written, {:.1f} "
            "sealed, {:.1f} totals; octets: {:.0f} live, {:.0f} sealed; longest commit {:.0f} ms; "
            "most memory {:.0f} MiB\n",
            cost_.messages, each(cost_.attempts), each(cost_.write_us), each(cost_.seal_us),
            each(cost_.totals_us), each(cost_.live_octets), each(cost_.sealed_octets),
            cost_.longest_commit_ms, peak_mib());
        std::fflush(stdout);
    }

    void report_totals()
    {
        const std::int64_t rows = totals_.rows();
        const double before = now_ms();
        (void)totals_.report_versions();
        const double between = now_ms();
        (void)totals_.report_partners();
        fmt::print("reports over {} rows: by version {:.0f} ms, by partner {:.0f} ms\n", rows,
                   between - before, now_ms() - between);
    }

    [[nodiscard]] const Questions& questions() const { return questions_; }

private:
    std::vector<Event> make_batch()
    {
        std::vector<Event> batch;
        for (std::uint32_t messages = 0; messages < settings_.commit;) {
            batch.push_back(traffic_.next());
            if (std::holds_alternative<std::shared_ptr<const Message>>(batch.back())) ++messages;
            const auto* attempt = std::get_if<Attempt>(&batch.back());
            if (attempt == nullptr) continue;
            ++cost_.attempts;
            (void)certificate_facts(attempt->certificate);
            (void)decision_inputs(attempt->decision);
            if (++attempts_ % (1 + settings_.messages) == 0) questions_.ask_about(*attempt);
        }
        cost_.messages += settings_.commit;
        return batch;
    }

    void commit(Segment& segment, const std::vector<Event>& batch)
    {
        const double begun = now_ms();
        const double before = cpu_us();
        segment.begin();
        for (const Event& each : batch) segment.add(each);
        segment.commit();
        cost_.write_us += cpu_us() - before;
        cost_.longest_commit_ms = std::max(cost_.longest_commit_ms, now_ms() - begun);
    }

    const Settings& settings_;
    Traffic traffic_;
    Totals totals_;
    Questions questions_;
    Cost cost_;
    std::uint64_t attempts_ = 0;
};

int run(const Settings& settings)
{
    std::filesystem::remove_all(settings.directory);
    std::filesystem::create_directories(settings.directory);
    {
        Filling filling{settings};
        Segments segments;
        for (std::uint32_t i = 0; i < settings.segments; ++i) {
            segments.push_back(filling.fill(i));
            const bool stays = settings.live && i + 1 == settings.segments;
            if (!stays) filling.seal(*segments.back(), i);
        }
        filling.print();
        filling.report_totals();
        for (const bool cold : {true, false}) {
            for (const auto& kind : filling.questions().kinds())
                measure(kind, segments, settings.queries, cold);
        }
        if (!settings.live) measure_scan(segments);
    }
    std::filesystem::remove_all(settings.directory);
    return 0;
}

}  // namespace
}  // namespace evidence_bench

int main(int argc, char** argv)
{
    using evidence_bench::Keys;
    using evidence_bench::Texts;
    const std::map<std::string, Keys> keys{{"tree", Keys::Tree},
                                           {"sorted-tree", Keys::SortedTree},
                                           {"runs", Keys::Runs},
                                           {"blocks", Keys::Blocks}};
    const std::map<std::string, Texts> texts{{"by-number", Texts::ByNumber},
                                             {"inline", Texts::Inline}};
    evidence_bench::Settings settings;
    CLI::App app{"What designs of the evidence store cost, on generated traffic"};
    app.add_option("--keys", settings.design.keys)->transform(CLI::CheckedTransformer(keys));
    app.add_option("--texts", settings.design.texts)->transform(CLI::CheckedTransformer(texts));
    app.add_option("--rows-of-page", settings.design.rows_of_page, "1: a row of SQLite for each");
    app.add_option("--block", settings.design.block, "entries in memory");
    app.add_option("--page-size", settings.design.page_size, "of SQLite");
    app.add_flag_callback(
        "--partners-by-hour",
        [&settings] { settings.design.hours = evidence_bench::Hours::WithPartners; },
        "count partners by hour, too");
    app.add_option("--synchronous", settings.design.synchronous, "NORMAL or FULL");
    app.add_option("--messages", settings.messages, "of a segment");
    app.add_option("--segments", settings.segments);
    app.add_flag("--live", settings.live, "the last segment is asked unsealed");
    app.add_option("--commit", settings.commit, "messages of a transaction");
    app.add_option("--queries", settings.queries, "of each kind");
    app.add_option("--directory", settings.directory, "made anew, and removed");
    CLI11_PARSE(app, argc, argv);
    return evidence_bench::run(settings);
}
