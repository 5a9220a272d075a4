#include "inbound/admission.h"

#include "inbound/refusals.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace hermetic::inbound {
namespace {

constexpr Duration kMinute = std::chrono::minutes{1};
constexpr Duration kHour = std::chrono::hours{1};
// Clients that have come in the last hour but have no session: when there are more, those whose
// time is over are forgotten.
constexpr std::size_t kSweepAbove = 10'000;
// How many give way at once, of all places: a crowd must not have all searched for each.
constexpr std::size_t kShareGivingWay = 100;

// Events of one window of time.
struct Rate {
    explicit Rate(Duration its_window) : length{its_window} {}
    [[nodiscard]] bool is_over(Instant now) const { return events == 0 || now - window >= length; }
    [[nodiscard]] bool is_full(std::uint32_t limit, Instant now) const
    {
        return limit != 0 && !is_over(now) && events >= limit;
    }
    void count(Instant now)
    {
        if (is_over(now)) {
            window = now;
            events = 0;
        }
        ++events;
    }

    Duration length;
    std::uint32_t events = 0;
    Instant window{};
};

}  // namespace

IpAddress counted_address(const IpAddress& client)
{
    if (!client.is_v6()) return client;
    std::array<std::uint8_t, 16> octets{};
    const std::string_view text = client.octets();
    std::copy_n(text.begin(), 8, octets.begin());
    return IpAddress::v6(octets);
}

// A session's place.
struct Admission::Entry {
    std::optional<IpAddress> client;  // as it is counted; under the lock, as what follows
    std::function<void()> give_way;
    bool gave_way = false;
    static constexpr Instant::rep kWorks = -1;
    std::atomic<Instant::rep> waits_since = kWorks;
};

struct Admission::State {
    struct Client {
        std::uint32_t sessions = 0;
        Rate connections{kMinute};
        Rate messages{kMinute};
        Rate refused{kHour};
        [[nodiscard]] bool is_forgotten(Instant now) const
        {
            return sessions == 0 && connections.is_over(now) && messages.is_over(now) &&
                   refused.is_over(now);
        }
    };

    // Null: counted.
    const smtp::RefusalKind* enter(const IpAddress& client, Rates rates, Instant now)
    {
        sweep(now);
        Client& entry = clients[client];
        if (entry.sessions >= limits.sessions_per_client) return &refusal::kLimitSessionsPerClient;
        if (rates == Rates::Limited && limits.connections_per_client != 0) {
            if (entry.connections.is_full(limits.connections_per_client, now))
                return &refusal::kLimitConnectionsPerClient;
            entry.connections.count(now);
        }
        ++entry.sessions;
        return nullptr;
    }

    void leave(const IpAddress& client)
    {
        const auto entry = clients.find(client);
        if (entry == clients.end()) return;
        Client& left = entry->second;
        --left.sessions;
        const bool counted = left.connections.events + left.messages.events + left.refused.events;
        if (left.sessions == 0 && !counted) clients.erase(entry);
    }

    void sweep(Instant now)
    {
        if (clients.size() < sweep_at) return;
        std::erase_if(clients, [now](const auto& each) { return each.second.is_forgotten(now); });
        sweep_at = std::max(kSweepAbove, clients.size() * 2);
    }

    [[nodiscard]] std::uint32_t sessions_of(const Entry& entry) const
    {
        const auto found = entry.client ? clients.find(*entry.client) : clients.end();
        return found == clients.end() ? 0 : found->second.sessions;
    }

    // Makes room, if any session has waited long enough: those of the clients that hold most go
    // first, of these the longest idle. What they are to do is returned, to be done without the
    // lock.
    std::vector<std::function<void()>> make_room(Instant now);

    mutable std::mutex mutex;
    config::LimitOptions limits;
    std::size_t sessions = 0;
    std::size_t sweep_at = kSweepAbove;
    std::unordered_map<IpAddress, Client> clients;
    std::unordered_set<Entry*> entries;  // of those that have not given way
};

std::vector<std::function<void()>> Admission::State::make_room(Instant now)
{
    struct Idle {
        std::uint32_t held;  // by its client
        Instant::rep since;
        Entry* entry;
    };
    std::vector<Idle> idle;
    const auto latest = (now - kLeastIdle).time_since_epoch().count();
    for (Entry* each : entries) {
        const auto since = each->waits_since.load(std::memory_order_relaxed);
        if (since == Entry::kWorks || since > latest || !each->give_way) continue;
        idle.push_back({sessions_of(*each), since, each});
    }
    const std::size_t wanted =
        std::min(idle.size(), std::max<std::size_t>(1, limits.sessions / kShareGivingWay));
    const auto before = [](const Idle& a, const Idle& b) {
        return a.held != b.held ? a.held > b.held : a.since < b.since;
    };
    std::partial_sort(idle.begin(), idle.begin() + static_cast<std::ptrdiff_t>(wanted), idle.end(),
                      before);
    idle.resize(wanted);
    std::vector<std::function<void()>> told;
    for (const Idle& each : idle) {
        // Clients that hold less than the first have a right of their own: one place is enough.
        if (!told.empty() && each.held < idle.front().held) break;
        told.push_back(std::move(each.entry->give_way));
        each.entry->gave_way = true;
        entries.erase(each.entry);
        --sessions;
    }
    return told;
}

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
                                                                     Count count, Rates rates,
                                                                     Instant now)
{
    std::vector<std::function<void()>> told;
    auto ticket = [&]() -> Result<Ticket, const smtp::RefusalKind*> {
        const std::lock_guard lock{state_->mutex};
        if (state_->sessions >= state_->limits.sessions) told = state_->make_room(now);
        if (state_->sessions >= state_->limits.sessions) return failure(&refusal::kLimitSessions);
        const auto entry = std::make_shared<Entry>();
        if (count == Count::Client) {
            entry->client = counted_address(client);
            if (const auto* refused = state_->enter(*entry->client, rates, now))
                return failure(refused);
        }
        ++state_->sessions;
        state_->entries.insert(entry.get());
        return Ticket{state_, entry};
    }();
    for (const auto& each : told) each();
    return ticket;
}

bool Admission::admit_message(const IpAddress& client, Instant now)
{
    const std::lock_guard lock{state_->mutex};
    const std::uint32_t limit = state_->limits.messages_per_client;
    if (limit == 0) return true;
    state_->sweep(now);
    Rate& messages = state_->clients[counted_address(client)].messages;
    if (messages.is_full(limit, now)) return false;
    messages.count(now);
    return true;
}

bool Admission::has_harvested(const IpAddress& client, Instant now)
{
    const std::lock_guard lock{state_->mutex};
    const auto found = state_->clients.find(counted_address(client));
    return found != state_->clients.end() &&
           found->second.refused.is_full(state_->limits.refused_recipients_per_client, now);
}

void Admission::note_refused_recipient(const IpAddress& client, Instant now)
{
    const std::lock_guard lock{state_->mutex};
    if (state_->limits.refused_recipients_per_client == 0) return;
    state_->sweep(now);
    state_->clients[counted_address(client)].refused.count(now);
}

std::size_t Admission::sessions() const
{
    const std::lock_guard lock{state_->mutex};
    return state_->sessions;
}

Admission::Ticket::Ticket(std::shared_ptr<State> state, std::shared_ptr<Entry> entry)
    : state_{std::move(state)}, entry_{std::move(entry)}
{
}

Admission::Ticket::Ticket(Ticket&&) noexcept = default;

Admission::Ticket& Admission::Ticket::operator=(Ticket&& other) noexcept
{
    if (this == &other) return *this;
    give_back();
    state_ = std::move(other.state_);
    entry_ = std::move(other.entry_);
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
    if (!entry_->gave_way) {
        --state_->sessions;
        state_->entries.erase(entry_.get());
    }
    if (entry_->client) state_->leave(*entry_->client);
}

const smtp::RefusalKind* Admission::Ticket::count_as(const IpAddress& client, Rates rates,
                                                     Instant now)
{
    const std::lock_guard lock{state_->mutex};
    const IpAddress counted = counted_address(client);
    if (const auto* refused = state_->enter(counted, rates, now)) return refused;
    if (entry_->client) state_->leave(*entry_->client);
    entry_->client = counted;
    return nullptr;
}

void Admission::Ticket::on_give_way(std::function<void()> give_way)
{
    const std::lock_guard lock{state_->mutex};
    entry_->give_way = std::move(give_way);
}

void Admission::Ticket::waits(Instant now)
{
    entry_->waits_since.store(now.time_since_epoch().count(), std::memory_order_relaxed);
}

void Admission::Ticket::works()
{
    entry_->waits_since.store(Entry::kWorks, std::memory_order_relaxed);
}

Rates rates_for(const objects::Snapshot& snapshot, const IpAddress& client)
{
    if (client.is_loopback()) return Rates::Exempt;
    for (const auto& each : snapshot.inbound().by_network(client)) {
        if (snapshot.inbound_at(each.connector).kind == objects::ConnectorKind::OnPremises)
            return Rates::Exempt;
    }
    return Rates::Limited;
}

}  // namespace hermetic::inbound
