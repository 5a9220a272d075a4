#include "inbound/admission.h"

#include "inbound/refusals.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>

namespace hermetic::inbound {
namespace {

constexpr Duration kWindow = std::chrono::minutes{1};
// Clients that have sent in the last minute but have no session: when there are more, those whose
// minute is over are forgotten.
constexpr std::size_t kSweepAbove = 10'000;

IpAddress counted_address(const IpAddress& client)
{
    if (!client.is_v6()) return client;
    std::array<std::uint8_t, 16> octets{};
    const std::string_view text = client.octets();
    std::copy_n(text.begin(), 8, octets.begin());
    return IpAddress::v6(octets);
}

}  // namespace

struct Admission::State {
    struct Client {
        std::uint32_t sessions = 0;
        std::uint32_t messages = 0;
        Instant window{};
    };

    bool enter(const IpAddress& client)
    {
        Client& entry = clients[client];
        if (entry.sessions >= limits.sessions_per_client) return false;
        ++entry.sessions;
        return true;
    }

    void leave(const IpAddress& client)
    {
        const auto entry = clients.find(client);
        if (entry == clients.end()) return;
        --entry->second.sessions;
        if (entry->second.sessions == 0 && entry->second.messages == 0) clients.erase(entry);
    }

    void sweep(Instant now)
    {
        if (clients.size() < sweep_at) return;
        std::erase_if(clients, [now](const auto& entry) {
            return entry.second.sessions == 0 && now - entry.second.window >= kWindow;
        });
        sweep_at = std::max(kSweepAbove, clients.size() * 2);
    }

    mutable std::mutex mutex;
    config::LimitOptions limits;
    std::size_t sessions = 0;
    std::size_t sweep_at = kSweepAbove;
    std::unordered_map<IpAddress, Client> clients;
};

Admission::Admission(const config::LimitOptions& limits) : state_{std::make_shared<State>()}
{
    state_->limits = limits;
}

void Admission::set_limits(const config::LimitOptions& limits)
{
    const std::lock_guard lock{state_->mutex};
    state_->limits = limits;
}

Result<Admission::Ticket, const smtp::RefusalKind*> Admission::admit(const IpAddress& client,
                                                                     Count count)
{
    const std::lock_guard lock{state_->mutex};
    if (state_->sessions >= state_->limits.sessions) return failure(&refusal::kTooManySessions);
    std::optional<IpAddress> counted;
    if (count == Count::Client) {
        counted = counted_address(client);
        if (!state_->enter(*counted)) return failure(&refusal::kTooManyOfClient);
    }
    ++state_->sessions;
    return Ticket{state_, counted};
}

bool Admission::admit_message(const IpAddress& client, Instant now)
{
    const std::lock_guard lock{state_->mutex};
    const std::uint32_t limit = state_->limits.messages_per_client;
    if (limit == 0) return true;
    state_->sweep(now);
    State::Client& entry = state_->clients[counted_address(client)];
    if (entry.messages == 0 || now - entry.window >= kWindow) {
        entry.window = now;
        entry.messages = 0;
    }
    if (entry.messages >= limit) return false;
    ++entry.messages;
    return true;
}

std::size_t Admission::sessions() const
{
    const std::lock_guard lock{state_->mutex};
    return state_->sessions;
}

Admission::Ticket::Ticket(std::shared_ptr<State> state, std::optional<IpAddress> client)
    : state_{std::move(state)}, counted_as_{client}
{
}

Admission::Ticket& Admission::Ticket::operator=(Ticket&& other) noexcept
{
    if (this == &other) return *this;
    give_back();
    state_ = std::move(other.state_);
    counted_as_ = other.counted_as_;
    return *this;
}

Admission::Ticket::~Ticket()
{
    give_back();
}

void Admission::Ticket::give_back()
{
    if (!state_) return;
    const std::lock_guard lock{state_->mutex};
    --state_->sessions;
    if (counted_as_) state_->leave(*counted_as_);
}

const smtp::RefusalKind* Admission::Ticket::count_as(const IpAddress& client)
{
    const std::lock_guard lock{state_->mutex};
    const IpAddress counted = counted_address(client);
    if (!state_->enter(counted)) return &refusal::kTooManyOfClient;
    if (counted_as_) state_->leave(*counted_as_);
    counted_as_ = counted;
    return nullptr;
}

}  // namespace hermetic::inbound
