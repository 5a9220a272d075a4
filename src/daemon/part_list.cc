#include "daemon/part_list.h"

namespace hermetic::daemon {

Result<void, std::string> PartList::start()
{
    for (Subsystem* part : parts_) {
        if (auto done = part->start(); !done) return done;
        ++started_;
    }
    return {};
}

void PartList::begin()
{
    for (Subsystem* part : parts_) part->begin();
}

net::Task<> PartList::stop()
{
    while (started_ > 0) {
        --started_;
        co_await parts_[started_]->stop();
    }
}

Result<void, std::string> PartList::prepare(const ReloadPlan& plan)
{
    for (Subsystem* part : parts_) {
        if (auto ready = part->prepare(plan); !ready) return ready;
    }
    return {};
}

Result<void, std::string> PartList::reload()
{
    Result<void, std::string> done;
    for (Subsystem* part : parts_) {
        if (auto taken = part->reload(); !taken && done) done = std::move(taken);
    }
    return done;
}

void PartList::on_objects(const objects::Snapshot& before)
{
    for (Subsystem* part : parts_) part->on_objects(before);
}

std::vector<std::string> PartList::files() const
{
    std::vector<std::string> files;
    for (const Subsystem* part : parts_) part->add_files(files);
    return files;
}

void PartList::update_gauges()
{
    for (Subsystem* part : parts_) part->update_gauges();
}

}  // namespace hermetic::daemon
