#include "dispatch/dispatcher_fixture.h"

#include "core/text.h"

#include <algorithm>
#include <utility>

namespace hermetic::dispatch::dispatcher_fixture {

WallTime ManualClock::wall() const
{
    return WallTime{hours{24 * 365 * 50}} + std::chrono::duration_cast<WallTime::duration>(
                                                Duration{elapsed_.load()} + Duration{step_.load()});
}

QuietLog::QuietLog() = default;

QuietLog::~QuietLog() = default;

void QuietLog::publish(events::What what)
{
    if (std::holds_alternative<events::NoticeMade>(what)) {
        ++notices;
        return;
    }
    const std::lock_guard lock{mutex_};
    ++events;
    last_event_ = ledger::words_of({{}, 1, std::move(what)});
}

std::string QuietLog::last_line() const
{
    const std::lock_guard lock{mutex_};
    return last_event_;
}

std::string QuietLog::last_event() const
{
    const std::lock_guard lock{mutex_};
    return last_event_.substr(0, last_event_.find(' '));
}

MemorySpool::MemorySpool(spool::SpoolListener& listener) : listener_{listener}
{
}

MemorySpool::~MemorySpool() = default;

void MemorySpool::commit(std::vector<Stored> messages, spool::CommitOperation& done)
{
    done.result =
        store(std::move(messages)) ? spool::Durability::Durable : spool::Durability::Refused;
    done.port.post({&done});
}

void MemorySpool::record(spool::Change change, spool::CommitOperation* done)
{
    if (done != nullptr && slow) {
        const std::lock_guard lock{mutex_};
        kept_waiting_.emplace_back(std::move(change), done);
        asked_.notify_all();
        return;
    }
    bool kept = false;
    {
        const std::lock_guard lock{mutex_};
        kept = !failing && messages_.count(change.lease.id) == 1 && change.lease.epoch == 7;
        if (kept && change.kind == spool::Change::Kind::Finished) {
            messages_.erase(change.lease.id);
        } else if (kept) {
            auto copy = std::make_shared<spool::StoredMessage>(*messages_[change.lease.id]);
            copy->state = change.state;
            messages_[change.lease.id] = copy;
        }
    }
    if (kept) {
        (void)store(change.new_messages);
        std::vector<spool::Change> changes;
        changes.push_back(std::move(change));
        listener_.on_recorded(std::move(changes));
    }
    if (done == nullptr) return;
    done->result = kept ? spool::Durability::Durable : spool::Durability::Refused;
    done->port.post({done});
}

void MemorySpool::wait_for(std::size_t count)
{
    std::unique_lock lock{mutex_};
    ASSERT_TRUE(asked_.wait_for(lock, std::chrono::seconds{20},
                                [&] { return kept_waiting_.size() >= count; }));
}

std::size_t MemorySpool::waiting() const
{
    const std::lock_guard lock{mutex_};
    return kept_waiting_.size();
}

void MemorySpool::catch_up()
{
    slow = false;
    std::vector<std::pair<spool::Change, spool::CommitOperation*>> waiting;
    {
        const std::lock_guard lock{mutex_};
        waiting.swap(kept_waiting_);
    }
    for (auto& [change, done] : waiting) record(std::move(change), done);
}

std::vector<spool::Claimed> MemorySpool::claim(std::size_t limit, std::optional<MessageId> after)
{
    const std::lock_guard lock{mutex_};
    std::vector<spool::Claimed> claimed;
    if (reopening_) {
        asked_in_vain_.set_value();
        reopening_ = false;
        return claimed;
    }
    for (const auto& [id, message] : messages_) {
        if ((after && id <= *after) || claimed.size() == limit) continue;
        if (!unclaimed_.erase(id)) continue;
        claimed.push_back({{id, 7}, message->envelope, message->body, message->state});
        claimed.back().body.bytes = {};
    }
    return claimed;
}

void MemorySpool::load(MessageId id, spool::LoadOperation& done)
{
    {
        const std::lock_guard lock{mutex_};
        const auto found = messages_.find(id);
        if (!unreadable.empty()) {
            done.error = unreadable;
        } else if (found != messages_.end()) {
            done.message = found->second;
        }
    }
    done.port.post({&done});
}

spool::Pressure MemorySpool::pressure() const
{
    const std::lock_guard lock{mutex_};
    return reopening_ || disk_fails ? spool::Pressure::DiskFailing : spool::Pressure::None;
}

std::future<void> MemorySpool::reopen()
{
    const std::lock_guard lock{mutex_};
    reopening_ = true;
    return asked_in_vain_.get_future();
}

void MemorySpool::leave_behind(Stored message)
{
    const std::lock_guard lock{mutex_};
    unclaimed_.insert(message->id);
    messages_[message->id] = std::move(message);
}

bool MemorySpool::store(std::vector<Stored> messages)
{
    if (failing) return false;
    {
        const std::lock_guard lock{mutex_};
        for (const auto& one : messages) messages_[one->id] = one;
    }
    if (!messages.empty()) listener_.on_stored(std::move(messages));
    return true;
}

std::map<MessageId, Stored> MemorySpool::messages()
{
    const std::lock_guard lock{mutex_};
    return messages_;
}

Taker::Taker(MemorySpool& spool) : spool_{spool}
{
}

Taker::~Taker() = default;

void Taker::grant(std::vector<Grant> grants)
{
    const std::lock_guard lock{mutex_};
    std::move(grants.begin(), grants.end(), std::back_inserter(grants_));
    came_.notify_all();
}

void Taker::end(std::vector<std::uint64_t> grants)
{
    const std::lock_guard lock{mutex_};
    ends_.insert(ends_.end(), grants.begin(), grants.end());
    came_.notify_all();
}

std::uint64_t Taker::next_end()
{
    std::unique_lock lock{mutex_};
    if (!came_.wait_for(lock, std::chrono::seconds{20}, [&] { return !ends_.empty(); })) {
        ADD_FAILURE() << "no end came";
        return 0;
    }
    const std::uint64_t end = ends_.front();
    ends_.erase(ends_.begin());
    return end;
}

Grant Taker::next()
{
    std::unique_lock lock{mutex_};
    if (!came_.wait_for(lock, std::chrono::seconds{20}, [&] { return !grants_.empty(); })) {
        ADD_FAILURE() << "no grant came";
        return {};
    }
    Grant grant = std::move(grants_.front());
    grants_.erase(grants_.begin());
    expect_true_copies(grant);
    return grant;
}

bool Taker::no_end()
{
    const std::lock_guard lock{mutex_};
    return ends_.empty();
}

bool Taker::none()
{
    const std::lock_guard lock{mutex_};
    return grants_.empty();
}

void Taker::expect_true_copies(const Grant& grant) const
{
    const auto messages = spool_.messages();
    for (const GrantedMessage& one : grant.messages) {
        if (one.resident == nullptr) continue;
        const auto stored = messages.find(one.lease.id);
        ASSERT_NE(stored, messages.end());
        EXPECT_EQ(one.resident->state, stored->second->state)
            << "the copy of a message that was changed";
    }
}

DispatcherTest::DispatcherTest(DispatcherSettings its_settings)
    : dispatcher_{std::move(its_settings), clock_, metrics_, log_}
{
}

DispatcherTest::~DispatcherTest()
{
    dispatcher_.stop();
}

DispatcherSettings DispatcherTest::settings()
{
    DispatcherSettings settings;
    settings.hostname = "mx.own.example";
    settings.stop_wait = std::chrono::seconds{0};
    return settings;
}

objects::SnapshotPointer DispatcherTest::snapshot(const std::string& smart_host_for)
{
    objects::Snapshot::Contents contents;
    contents.organizations.resize(1);
    contents.organizations[0].name = "Example";
    if (!smart_host_for.empty()) {
        objects::OutboundConnector connector;
        connector.name = "smart";
        connector.recipient_domains = {*objects::DomainPattern::parse(smart_host_for)};
        connector.next_hop.mx = false;
        objects::NextHopHost host;
        host.host = "relay.example";
        connector.next_hop.hosts = {host};
        contents.outbound_connectors = {connector};
    }
    return std::make_shared<objects::Snapshot>(contents);
}

void DispatcherTest::start(objects::SnapshotPointer objects)
{
    dispatcher_.start(spool_, {&taker_}, std::move(objects));
}

void DispatcherTest::reload(objects::SnapshotPointer objects)
{
    dispatcher_.reload(std::move(objects), [](const routing::Route&) { return false; });
}

Stored DispatcherTest::make(std::uint8_t number, std::vector<std::string> recipients,
                            spool::MessageState state)
{
    auto envelope = std::make_shared<mail::Envelope>();
    envelope->sender = *mail::parse_mailbox("a@own.example");
    for (const auto& one : recipients) {
        envelope->recipients.push_back({*mail::parse_mailbox(one), mail::kNotifyUnset, {}});
    }
    envelope->accepted_at = clock_.wall();
    auto message = std::make_shared<spool::StoredMessage>();
    message->id.bytes[15] = number;
    envelope->accepted_as = message->id;
    message->envelope = envelope;
    message->body.id.bytes[15] = number;
    message->body.bytes = Bytes{"Subject: x\r\n\r\nbody\r\n"};
    message->body.size = message->body.bytes.size();
    if (state.next_attempt == WallTime{}) state.next_attempt = clock_.wall();
    message->state = std::move(state);
    return message;
}

MessageId DispatcherTest::id(std::uint8_t number)
{
    MessageId one;
    one.bytes[15] = number;
    return one;
}

Grant DispatcherTest::start_under_way()
{
    start();
    spool_.store({make(1, {"b@far.example"})});
    return taker_.next();
}

void DispatcherTest::start_deferred(Duration wait)
{
    defer(start_under_way(), wait);
    (void)list();
}

void DispatcherTest::defer(const Grant& grant, Duration wait)
{
    GrantReport report;
    report.id = grant.id;
    for (const auto& one : grant.messages) {
        spool::Change change;
        change.kind = spool::Change::Kind::Deferred;
        change.lease = one.lease;
        change.state.attempts = 1;
        change.state.next_attempt =
            clock_.wall() + std::chrono::duration_cast<WallTime::duration>(wait);
        change.state.last_reason = "connect.refused";
        spool_.record(std::move(change), nullptr);
        ++report.deferred;
    }
    dispatcher_.ended({report});
}

void DispatcherTest::deliver(const Grant& grant)
{
    GrantReport report;
    report.id = grant.id;
    for (const auto& one : grant.messages) {
        spool::Change change;
        change.lease = one.lease;
        spool_.record(std::move(change), nullptr);
        ++report.delivered;
    }
    dispatcher_.ended({report});
}

OperatorAnswer DispatcherTest::ask(const std::function<void(Dispatcher::Answer)>& call)
{
    std::promise<OperatorAnswer> promise;
    auto future = promise.get_future();
    call([&](OperatorAnswer answer) { promise.set_value(std::move(answer)); });
    return future.get();
}

std::future<OperatorAnswer> DispatcherTest::begin_change(std::uint8_t number, MessageChange change)
{
    auto answered = std::make_shared<std::promise<OperatorAnswer>>();
    dispatcher_.change(id(number), std::move(change), [answered](OperatorAnswer answer) {
        answered->set_value(std::move(answer));
    });
    return answered->get_future();
}

ListAnswer DispatcherTest::list(ListRequest request)
{
    std::promise<ListAnswer> promise;
    auto future = promise.get_future();
    dispatcher_.list(std::move(request),
                     [&](ListAnswer answer) { promise.set_value(std::move(answer)); });
    return future.get();
}

ShowAnswer DispatcherTest::show(MessageId one)
{
    std::promise<ShowAnswer> promise;
    auto future = promise.get_future();
    dispatcher_.show(one, [&](ShowAnswer answer) { promise.set_value(std::move(answer)); });
    return future.get();
}

queue::State DispatcherTest::state(std::uint8_t number)
{
    const auto shown = show(id(number));
    if (!shown.row) {
        ADD_FAILURE() << "not in the queue";
        return {};
    }
    return shown.row->state;
}

SelectionAnswer DispatcherTest::change_selected(SelectionChange request)
{
    std::promise<SelectionAnswer> promise;
    auto future = promise.get_future();
    dispatcher_.change_selected(
        std::move(request), [&](SelectionAnswer answer) { promise.set_value(std::move(answer)); });
    return future.get();
}

CountAnswer DispatcherTest::count(queue::Selection selection, MessageChange::Kind change)
{
    std::promise<CountAnswer> promise;
    auto future = promise.get_future();
    dispatcher_.count(std::move(selection), change, 0,
                      [&](CountAnswer answer) { promise.set_value(answer); });
    return future.get();
}

MessageChange DispatcherTest::asked(MessageChange::Kind kind)
{
    MessageChange change;
    change.kind = kind;
    change.by = kAlice;
    return change;
}

MessageChange DispatcherTest::asked(const spool::Approval& approval)
{
    MessageChange change = asked(MessageChange::Kind::Approve);
    change.approval = approval;
    return change;
}

MessageChange DispatcherTest::asked(TellSender tell)
{
    MessageChange change = asked(MessageChange::Kind::Remove);
    change.tell = tell;
    return change;
}

OperatorAnswer DispatcherTest::hold(std::uint8_t number)
{
    return ask([&](auto answer) {
        dispatcher_.change(id(number), asked(MessageChange::Kind::Hold), answer);
    });
}

OperatorAnswer DispatcherTest::approve(std::uint8_t number, const spool::Approval& approval)
{
    return ask([&](auto answer) { dispatcher_.change(id(number), asked(approval), answer); });
}

OperatorAnswer DispatcherTest::release(std::uint8_t number)
{
    return ask([&](auto answer) {
        dispatcher_.change(id(number), asked(MessageChange::Kind::Release), answer);
    });
}

OperatorAnswer DispatcherTest::remove(std::uint8_t number, TellSender tell)
{
    return ask([&](auto answer) { dispatcher_.change(id(number), asked(tell), answer); });
}

}  // namespace hermetic::dispatch::dispatcher_fixture
