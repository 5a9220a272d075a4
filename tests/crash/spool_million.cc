// Fills a spool with queued messages, then measures what a start costs: time until all are claimed,
// and the memory that stays. Usage: spool_million [messages [body octets [directory]]]
#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <malloc.h>
#include <memory>
#include <optional>
#include <string>

namespace hermetic::spool {
namespace {

using testing::Driver;
using Seconds = std::chrono::duration<double>;

// Proportional set size: what this process would give back.
std::uint64_t pss_octets()
{
    malloc_trim(0);
    std::ifstream smaps{"/proc/self/smaps_rollup"};
    std::string line;
    while (std::getline(smaps, line)) {
        if (line.starts_with("Pss:")) return std::stoull(line.substr(4)) * 1024;
    }
    return 0;
}

std::unique_ptr<Spool> open(const std::string& directory, SpoolListener& listener)
{
    SpoolSettings settings;
    settings.directory = directory;
    settings.high_water = 0;
    settings.low_water = 0;
    settings.ballast = 0;
    auto opened = make_rocksdb_spool(settings, listener, system_clock());
    if (!opened) {
        fmt::print(stderr, "{}\n", opened.error().words);
        std::exit(1);
    }
    return std::move(*opened);
}

class Ignorant final : public SpoolListener {
    void on_stored(std::vector<std::shared_ptr<const StoredMessage>>) override {}
    void on_recorded(std::vector<Change>) override {}
};

// With the state that a first attempt leaves.
std::shared_ptr<const StoredMessage> tried_before(const StoredMessage& message)
{
    auto tried = std::make_shared<StoredMessage>(message);
    tried->state.attempts = 1;
    tried->state.last_reason = "connect.refused";
    tried->state.last_host = "mx.example.org";
    tried->state.last_text = "451 4.3.0 try again later";
    return tried;
}

void fill(const std::string& directory, std::size_t count, std::size_t octets)
{
    constexpr std::size_t kAtOnce = 500;
    Ignorant listener;
    const auto spool = open(directory, listener);
    Driver driver{*spool};
    testing::MessageMaker maker;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t done = 0; done < count;) {
        std::vector<std::shared_ptr<const StoredMessage>> group;
        for (std::size_t i = 0; i < kAtOnce && done < count; ++i, ++done) {
            auto message = maker.message(testing::make_text(octets, done));
            group.push_back(done % 3 == 0 ? tried_before(*message) : std::move(message));
        }
        // A stall of the store refuses a group: this is faster than any mail.
        while (driver.commit(group) != Durability::Durable) {
        }
    }
    fmt::print("stored {} messages of {} octets in {:.1f} s\n", count, octets,
               Seconds{std::chrono::steady_clock::now() - begin}.count());
}

void measure(const std::string& directory)
{
    Ignorant listener;
    const std::uint64_t before = pss_octets();
    const std::clock_t cpu = std::clock();
    const auto begin = std::chrono::steady_clock::now();
    const auto spool = open(directory, listener);
    const auto opened = std::chrono::steady_clock::now();

    std::size_t claimed = 0;
    std::optional<MessageId> after;
    for (;;) {
        const auto page = spool->claim(10'000, after);
        if (page.empty()) break;
        claimed += page.size();
        after = page.back().lease.id;
    }
    const auto end = std::chrono::steady_clock::now();
    const double cpu_spent =
        static_cast<double>(std::clock() - cpu) / static_cast<double>(CLOCKS_PER_SEC);
    const std::uint64_t grown = pss_octets() - before;
    fmt::print("opened in {:.2f} s, claimed {} in {:.2f} s, together {:.2f} s ({:.2f} s of CPU)\n",
               Seconds{opened - begin}.count(), claimed, Seconds{end - opened}.count(),
               Seconds{end - begin}.count(), cpu_spent);
    fmt::print("memory grew by {:.1f} MiB: {:.0f} octets per message\n",
               static_cast<double>(grown) / (1 << 20),
               static_cast<double>(grown) / static_cast<double>(claimed == 0 ? 1 : claimed));
}

}  // namespace
}  // namespace hermetic::spool

int main(int argc, char** argv)
{
    const std::size_t count = argc > 1 ? std::stoul(argv[1]) : 1'000'000;
    const std::size_t octets = argc > 2 ? std::stoul(argv[2]) : 1000;
    const hermetic::spool::testing::TemporaryDirectory temporary{
        std::filesystem::temp_directory_path()};
    const std::string directory = argc > 3 ? argv[3] : temporary.path() + "/spool";
    hermetic::spool::fill(directory, count, octets);
    hermetic::spool::measure(directory);
}
