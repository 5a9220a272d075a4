#include "observations/keeper.h"

#include "core/thread_name.h"
#include "observations/file.h"

#include <filesystem>
#include <system_error>

namespace hermetic::observations {

Result<void, std::string> load(const std::string& path, Observations& observations)
{
    std::error_code unknown;
    if (!std::filesystem::exists(path, unknown) && !unknown) return {};
    const auto file = File::open_to_read(path);
    if (!file) return failure(file.error());
    auto read = (*file)->read();
    if (!read) return failure(std::move(read.error()));
    observations.restore(std::move(read->destinations), std::move(read->clients));
    return {};
}

Result<std::unique_ptr<Keeper>, std::string> Keeper::open(const std::string& path,
                                                          Observations& observations, Tell tell,
                                                          Duration every)
{
    auto file = File::open(path);
    if (!file) return failure(file.error());
    auto read = (*file)->read();
    if (!read) return failure(read.error());
    observations.restore(std::move(read->destinations), std::move(read->clients));
    return std::unique_ptr<Keeper>{
        new Keeper{*std::move(file), observations, std::move(tell), every}};
}

Keeper::Keeper(std::unique_ptr<File> file, Observations& observations, Tell tell, Duration every)
    : file_{std::move(file)},
      observations_{observations},
      tell_{std::move(tell)},
      every_{every},
      thread_{[this] { run(); }}
{
}

Keeper::~Keeper()
{
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    write();
}

void Keeper::run()
{
    name_this_thread("observations");
    std::unique_lock lock{mutex_};
    while (!wake_.wait_for(lock, every_, [this] { return stopping_; })) {
        lock.unlock();
        write();
        lock.lock();
    }
}

void Keeper::write()
{
    const auto changes = observations_.take_changes();
    if (changes.empty()) return;
    auto done = file_->write(changes);
    if (!done && !failing_) tell_(done.error());
    failing_ = !done;
}

}  // namespace hermetic::observations
