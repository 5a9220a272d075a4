#include "load/sink.h"

#include "load/json_object.h"
#include "load/message_source.h"
#include "load/process.h"
#include "load/report.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <pthread.h>

namespace hermetic::load {
namespace {

std::int64_t cpu_of(std::thread& thread)
{
    clockid_t clock{};
    timespec used{};
    if (pthread_getcpuclockid(thread.native_handle(), &clock) != 0 ||
        clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

std::int64_t after(std::int64_t now, double seconds)
{
    return now + static_cast<std::int64_t>(seconds * 1e9);
}

void write_ready_file(const Sink& sink, const std::string& path)
{
    std::string text = "{\"listeners\":[";
    for (const std::string& each : sink.listeners()) {
        text += (text.back() == '[' ? "" : ", ") + quote_json(each);
    }
    write_file(path, text + "]}\n");
}

void write_ids(const IdSet& ids, const std::string& path)
{
    std::string text;
    ids.for_each([&](std::uint64_t number) {
        append_number(text, number);
        text += '\n';
    });
    write_file(path, text);
}

}  // namespace

Sink::Sink(const SinkOptions& options)
    : run_(options, now_ns()), certificate_(options.certificate, options.key)
{
    run_.done = &poller_;
    std::vector<Endpoint> endpoints;
    for (const std::string& each : options.listen) {
        endpoints.push_back(parse_endpoint(each));
    }
    for (unsigned i = 0; i < options.threads; ++i) {
        TlsContext context = options.starttls ? certificate_.make_context() : nullptr;
        workers_.push_back(std::make_unique<SinkWorker>(run_, std::move(context), endpoints));
        endpoints = workers_.front()->endpoints();  // the others share the ports of the first
    }
    for (const auto& worker : workers_) {
        threads_.emplace_back([each = worker.get()] { each->work(); });
    }
}

Sink::~Sink()
{
    run_.stop.store(true);
    for (std::size_t i = 0; i < threads_.size(); ++i) {
        workers_[i]->wake();
        if (threads_[i].joinable()) {
            threads_[i].join();
        }
    }
}

std::vector<std::string> Sink::listeners() const
{
    std::vector<std::string> names;
    for (const Endpoint& endpoint : workers_.front()->endpoints()) {
        names.push_back(format_endpoint(endpoint));
    }
    return names;
}

bool Sink::complete() const
{
    return run_.options.expect > 0 && run_.distinct.load() >= run_.options.expect;
}

void Sink::wait(int signals)
{
    const SinkOptions& options = run_.options;
    poller_.add(signals, this, EPOLLIN);
    std::int64_t deadline = options.timeout > 0 ? after(now_ns(), options.timeout) : -1;
    bool lingering = false;
    while (deadline < 0 || now_ns() < deadline) {
        if (complete() && !lingering) {
            lingering = true;  // the peers read the last replies and quit; duplicates may come
            deadline = after(now_ns(), options.linger);
        }
        static_cast<void>(poller_.wait(deadline));
        for (int number = next_signal(signals); number != 0; number = next_signal(signals)) {
            if (number != SIGUSR1) {
                return;
            }
            if (!options.status_file.empty()) {
                write_file(options.status_file, format_sink_result(sum()) + "\n");
            }
        }
    }
}

SinkResult Sink::sum()
{
    SinkResult total(run_.origin);
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        SinkResult part = workers_[i]->result();
        part.cpu_ns = threads_[i].joinable() ? cpu_of(threads_[i]) : part.cpu_ns;
        total.add(part);
    }
    const std::uint64_t expect = run_.options.expect;
    total.missing = expect - run_.ids.count_in(run_.options.first, expect);
    return total;
}

std::string Sink::stop()
{
    run_.stop.store(true);
    for (std::size_t i = 0; i < threads_.size(); ++i) {
        workers_[i]->wake();
        threads_[i].join();
    }
    if (!run_.options.received_ids.empty()) {
        write_ids(run_.ids, run_.options.received_ids);
    }
    return format_sink_result(sum());
}

std::string run_sink(const SinkOptions& options, int signals)
{
    Sink sink(options);
    if (!options.ready_file.empty()) {
        write_ready_file(sink, options.ready_file);
    }
    sink.wait(signals);
    return sink.stop();
}

}  // namespace hermetic::load
