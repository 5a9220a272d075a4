#include "load/send.h"

#include "load/json_object.h"
#include "load/process.h"
#include "load/report.h"
#include "load/sender.h"

#include <csignal>
#include <memory>
#include <thread>
#include <vector>

namespace hermetic::load {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kPoll = 20'000'000;  // ns between checks of how many sessions are held

std::int64_t after(std::int64_t now, double seconds)
{
    return now + static_cast<std::int64_t>(seconds * static_cast<double>(kSecond));
}

// Until all threads are done, a signal ends it, or its time is over.
class Watch {
public:
    Watch(SendRun& run, Poller& poller, int signals,
          const std::function<void(const std::string&)>& on_held)
        : run_(run), poller_(poller), signals_(signals), on_held_(on_held)
    {
        poller_.add(signals_, this, EPOLLIN);
    }

    void wait(const std::atomic<unsigned>& running)
    {
        const bool idle = run_.options.idle >= 0;
        std::int64_t deadline = after(run_.begun, run_.options.timeout);
        bool told = !idle;
        while (running.load() > 0 && now_ns() < deadline) {
            const std::int64_t next = told ? deadline : std::min(deadline, now_ns() + kPoll);
            static_cast<void>(poller_.wait(next));
            for (int number = next_signal(signals_); number != 0; number = next_signal(signals_)) {
                if (number != SIGUSR1) {
                    return;
                }
            }
            if (!told && run_.settled.load() >= run_.options.connections) {
                told = true;
                deadline = after(now_ns(), run_.options.idle);
                tell();
            }
        }
    }

private:
    void tell() const
    {
        const unsigned held = run_.held.load();
        JsonObject object;
        object.add("held", std::uint64_t{held})
            .add("failed", std::uint64_t{run_.options.connections - held});
        const std::string line = object.text();
        if (!run_.options.ready_file.empty()) {
            write_file(run_.options.ready_file, line + "\n");
        }
        on_held_(line);
    }

    SendRun& run_;
    Poller& poller_;
    int signals_;
    const std::function<void(const std::string&)>& on_held_;
};

void write_ids(const std::string& path, const IdSet& ids)
{
    std::string text;
    ids.for_each([&](std::uint64_t number) {
        append_number(text, number);
        text += '\n';
    });
    write_file(path, text);
}

}  // namespace

std::string run_send(const SendOptions& options, int signals,
                     const std::function<void(const std::string&)>& on_held)
{
    SendRun run(options);
    Poller poller;
    Watch watch(run, poller, signals, on_held);
    std::vector<std::unique_ptr<Sender>> senders;
    for (unsigned i = 0; i < options.threads; ++i) {
        senders.push_back(std::make_unique<Sender>(run, i));
    }
    std::atomic<unsigned> running{options.threads};
    std::vector<std::thread> threads;
    threads.reserve(senders.size());
    for (const auto& sender : senders) {
        threads.emplace_back([&poller, &running, worker = sender.get()] {
            worker->work();
            running.fetch_sub(1);
            poller.wake();
        });
    }
    if (options.idle < 0 && !options.ready_file.empty()) {
        write_file(options.ready_file, "{}\n");
    }
    watch.wait(running);
    run.stop.store(true);
    SendResult total(run.begun);
    for (std::size_t i = 0; i < senders.size(); ++i) {
        senders[i]->wake();
        threads[i].join();
        total.add(senders[i]->result());
    }
    if (!options.accepted_ids.empty()) {
        write_ids(options.accepted_ids, run.accepted_ids);
    }
    return format_send_result(total, options);
}

}  // namespace hermetic::load
