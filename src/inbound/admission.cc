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

// Events of one minute.
struct Rate {
    // False where `limit` has been reached (0: there is none); an event more else.
    bool count(std::uint32_t limit, Instant now)
    {
        if (limit == 0) return true;
        if (events == 0 || now - window >= kWindow) {
            window = now;
            events = 0;
        }
        if (events >= limit) return false;
        ++events;
        return true;
    }
    [[nodiscard]] bool is_over(Instant now) const { return events == 0 || now - window >= kWindow; }

    std::uint32_t events = 0;
    Instant window{};
};

}  // namespace

struct Admission::State {
    struct Client {
        std::uint32_t sessions = 0;
        Rate connections;
        Rate messages;
    };

    // Null: counted.
    const smtp::RefusalKind* enter(const IpAddress& client, Instant now)
    {
        if (limits.connections_per_client != 0) sweep(now);
        Client& entry = clients[client];
        if (entry.sessions >= limits.sessions_per_client) return &refusal::kLimitSessionsPerClient;
        if (!entry.connections.count(limits.connections_per_client, now)) {
            return &refusal::kLimitConnectionsPerClient;
        }
        ++entry.sessions;
        return nullptr;
    }

    void leave(const IpAddress& client)
    {
        const auto entry = clients.find(client);
        if (entry == clients.end()) return;
        --entry->second.sessions;
        const Client& left = entry->second;
        if (left.sessions == 0 && left.messages.events == 0 && left.connections.events == 0) {
            clients.erase(entry);
        }
    }

    void sweep(Instant now)
    {
        if (clients.size() < sweep_at) return;
        std::erase_if(clients, [now](const auto& entry) {
            const Client& client = entry.second;
            return client.sessions == 0 && client.messages.is_over(now) &&
                   client.connections.is_over(now);
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
                                                                     Count count, Instant now)
{
    const std::lock_guard lock{state_->mutex};
    if (state_->sessions >= state_->limits.sessions) return failure(&refusal::kLimitSessions);
    std::optional<IpAddress> counted;
    if (count == Count::Client) {
        counted = counted_address(client);
        if (const auto* refused = state_->enter(*counted, now)) return failure(refused);
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
    return state_->clients[counted_address(client)].messages.count(limit, now);
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

const smtp::RefusalKind* Admission::Ticket::count_as(const IpAddress& client, Instant now)
{
    const std::lock_guard lock{state_->mutex};
    const IpAddress counted = counted_address(client);
    if (const auto* refused = state_->enter(counted, now)) return refused;
    if (counted_as_) state_->leave(*counted_as_);
    counted_as_ = counted;
    return nullptr;
}

}  // namespace hermetic::inbound
