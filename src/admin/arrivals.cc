#include "admin/arrivals.h"

#include "net/core.h"

#include <utility>

namespace hermetic::admin {

Arrivals::Arrivals(net::Core& core) : core_{core}
{
}

bool Arrivals::give_way()
{
    const auto& oldest_first = begun_.empty() ? silent_ : begun_;
    if (oldest_first.empty()) return false;
    oldest_first.front()->end();
    return true;
}

void Arrivals::forget(const Arrival& arrival)
{
    std::erase(silent_, &arrival);
    std::erase(begun_, &arrival);
}

Arrival::Arrival(Arrivals& all, std::function<void()> stop_reading)
    : all_{all}, stop_reading_{std::move(stop_reading)}
{
    all_.core_.wheel().add(*this);
    all_.silent_.push_back(this);
}

Arrival::~Arrival()
{
    all_.forget(*this);
    all_.core_.wheel().remove(*this);
}

void Arrival::on_first_octet()
{
    if (late_) return;
    all_.forget(*this);
    all_.begun_.push_back(this);
    all_.core_.wheel().set(*this, all_.core_.clock().now() + Arrivals::kHead);
}

void Arrival::on_head()
{
    all_.core_.wheel().set(*this, Instant::max());
}

void Arrival::end()
{
    if (std::exchange(late_, true)) return;
    all_.forget(*this);
    stop_reading_();
}

}  // namespace hermetic::admin
