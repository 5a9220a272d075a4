#include "daemon/remembered.h"

#include "daemon/cores.h"

#include <iterator>
#include <memory>
#include <mutex>

namespace hermetic::daemon {
namespace {

// What has come of the cores so far; the last one's answer ends it.
template <typename Answer>
struct Gathering {
    std::mutex mutex;
    std::size_t left = 0;
    Answer sum{};
    std::function<void(Answer)> done;

    template <typename Add>
    void add(Add add_to)
    {
        std::unique_lock lock{mutex};
        add_to(sum);
        if (--left > 0) return;
        lock.unlock();
        done(std::move(sum));
    }
};

}  // namespace

void list_remembered(Cores& cores, std::function<void(std::vector<outbound::RememberedHost>)> done)
{
    using Rows = std::vector<outbound::RememberedHost>;
    const auto all = std::make_shared<Gathering<Rows>>();
    all->left = cores.all().size();
    all->done = [done = std::move(done)](Rows rows) { done(outbound::merge(std::move(rows))); };
    for (const auto& worker : cores.all()) {
        worker->core().post([home = worker.get(), all] {
            Rows rows = home->delivery().remembered();
            all->add([&](Rows& sum) {
                sum.insert(sum.end(), std::make_move_iterator(rows.begin()),
                           std::make_move_iterator(rows.end()));
            });
        });
    }
}

void forget_remembered(Cores& cores, const std::string& host, std::function<void(std::size_t)> done)
{
    const auto all = std::make_shared<Gathering<std::size_t>>();
    all->left = cores.all().size();
    all->done = std::move(done);
    for (const auto& worker : cores.all()) {
        worker->core().post([home = worker.get(), all, host] {
            const std::size_t count = home->delivery().forget(host);
            all->add([&](std::size_t& sum) { sum += count; });
        });
    }
}

}  // namespace hermetic::daemon
