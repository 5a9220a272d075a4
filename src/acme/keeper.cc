#include "acme/keeper.h"

#include "core/read_file.h"
#include "core/text.h"
#include "events/publisher.h"
#include "net/core.h"
#include "tls/context.h"
#include "tls/durable_file.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace hermetic::acme {
namespace {

// Between looks, at most and at least: objects and clocks change meanwhile.
constexpr auto kCheckInterval = std::chrono::minutes{1};
constexpr std::size_t kMaxAttempts = std::size_t{1} << 20U;
constexpr Duration kShortest = std::chrono::seconds{1};
// After an order that a stop cut off: nobody failed, but many restarts are not many orders.
constexpr auto kAfterStop = std::chrono::minutes{1};

std::optional<facts::CertificateFacts> facts_in(const std::string& chain_file,
                                                const std::string& key_file)
{
    const auto loaded = tls::load_certificate({"", chain_file, key_file});
    if (!loaded) return std::nullopt;
    return tls::facts_of(**loaded);
}

std::string read(const std::string& file)
{
    auto text = read_file(file, kMaxAttempts);
    return text ? std::move(text->octets) : std::string{};
}

// What is ordered, and how: whoever changes it wants to see it tried.
std::string digest_of(const Order& order)
{
    std::string text = order.directory + "\n" + order.ca + "\n" + order.contact + "\n" +
                       std::string{name(order.challenge)} + "\n" + join(order.domains, " ");
    for (const Endpoint& each : order.at) text += "\n" + each.format();
    if (!order.eab_key_id.empty()) text += "\n" + order.eab_key_id + "\n" + order.eab_hmac_file;
    return to_hex(tls::sha256(text));
}

WallTime after(WallTime now, Duration pause)
{
    return now + std::chrono::floor<std::chrono::seconds>(pause);
}

Trouble trouble_of(std::string what)
{
    return {Trouble::Kind::Failed, std::move(what)};
}

// Somebody may have put his own there.
void set_aside(const std::string& file)
{
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored))
        std::filesystem::rename(file, file + ".unusable", ignored);
}

}  // namespace

void Keeper::keep(std::vector<Kept> certificates)
{
    certificates_ = std::move(certificates);
    // Nobody would order it, and run() would not wait while it is asked for.
    std::erase_if(asked_for_, [this](const std::string& name) {
        return std::ranges::find(certificates_, name, &Kept::name) == certificates_.end();
    });
}

std::optional<Attempts>& Keeper::attempts_of(const Kept& kept)
{
    const auto found = attempts_.find(kept.attempts_file);
    if (found != attempts_.end()) return found->second;
    return attempts_[kept.attempts_file] = parse_attempts(read(kept.attempts_file));
}

Result<void, std::string> Keeper::keep_attempts(const Kept& kept, Attempts attempts)
{
    auto written =
        tls::write_durably(kept.attempts_file, format_attempts(attempts), tls::FileMode::OwnerOnly);
    if (!written) events_.publish(events::CertificateOrderNotKept{written.error()});
    attempts_[kept.attempts_file] = std::move(attempts);
    return written;
}

WallTime Keeper::next_for(const Kept& kept, WallTime now)
{
    return next_for(kept, read_facts(kept), now);
}

const Keeper::Facts& Keeper::read_facts(const Kept& kept)
{
    return facts_[kept.chain_file] = facts_in(kept.chain_file, kept.key_file);
}

WallTime Keeper::next_for(const Kept& kept, const Facts& facts, WallTime now)
{
    const WallTime due = due_at(facts, kept.order.domains, now);
    return std::max(due, next_try(attempts_of(kept), digest_of(kept.order), now));
}

net::Task<WallTime> Keeper::renew_due()
{
    const auto certificates = certificates_;
    WallTime next = core_.clock().wall() + kCheckInterval;
    for (const Kept& each : certificates) {
        const bool asked = asked_for_.erase(each.name) != 0;
        if (asked || next_for(each, core_.clock().wall()) <= core_.clock().wall())
            co_await renew(each);
        next = std::min(next, next_for(each, core_.clock().wall()));
    }
    co_return next;
}

net::Task<> Keeper::run()
{
    for (;;) {
        const WallTime next = co_await renew_due();
        const auto rest = std::max<Duration>(next - core_.clock().wall(), kShortest);
        const Instant end = core_.clock().now() + rest;
        do {
            const Instant at = std::min(end, core_.clock().now() + kShortest);
            if (co_await net::sleep_until(core_, at) == net::Woken::Cancelled) co_return;
        } while (core_.clock().now() < end && asked_for_.empty());
    }
}

bool Keeper::renew_now(const std::string& name)
{
    const auto found = std::ranges::find(certificates_, name, &Kept::name);
    if (found == certificates_.end()) return false;
    if (name != under_way_) asked_for_.insert(name);
    return true;
}

std::vector<Keeper::State> Keeper::states()
{
    const WallTime now = core_.clock().wall();
    std::vector<State> states;
    for (const Kept& each : certificates_) {
        const auto known = facts_.find(each.chain_file);
        const Facts& facts = known == facts_.end() ? read_facts(each) : known->second;
        State state{each.name, each.order.directory, next_for(each, facts, now), 0, {}, false};
        state.under_way = each.name == under_way_;
        const auto& attempts = attempts_of(each);
        if (attempts && attempts->order == digest_of(each.order) && !state.under_way) {
            state.failures = attempts->failures;
            state.error = attempts->what;
        }
        states.push_back(std::move(state));
    }
    return states;
}

net::Task<> Keeper::renew(Kept kept)
{
    under_way_ = kept.name;
    co_await order_and_note(kept);
    under_way_.clear();
}

net::Task<> Keeper::order_and_note(Kept kept)
{
    events::CertificateOrder placed;
    placed.certificate = kept.name;
    placed.directory = kept.order.directory;
    events_.publish(std::move(placed));
    const auto before = attempts_of(kept);
    const std::string digest = digest_of(kept.order);
    const std::uint32_t failures = before && before->order == digest ? before->failures : 0;
    const WallTime now = core_.clock().wall();
    Attempts begun{digest, failures + 1, after(now, wait_after(failures + 1)),
                   "the server was stopped during the order"};
    // Each restart would order again, and the ACME server counts.
    const auto kept_on_disk = keep_attempts(kept, std::move(begun));
    if (!kept_on_disk)
        co_return on_failed(kept, trouble_of("not ordered: " + kept_on_disk.error()));
    const auto done = co_await order(kept);
    if (done) co_return on_issued(kept);
    if (done.error().kind == Trouble::Kind::Failed) co_return on_failed(kept, done.error());
    // Where this fails the record of the begun order stays: it waits longer.
    static_cast<void>(keep_attempts(kept, {digest, failures, now + kAfterStop, done.error().what}));
}

net::Task<Result<void, Trouble>> Keeper::order(Kept kept)
{
    auto key = prepare_key(kept);
    if (!key) co_return failure(trouble_of(key.error()));
    auto chain = co_await place_order(core_, transport_, kept.order, *std::move(key));
    if (!chain) co_return failure(chain.error());
    co_return install(kept, *chain);
}

Result<tls::SigningKey, std::string> Keeper::prepare_key(const Kept& kept)
{
    std::error_code ignored;
    std::filesystem::create_directories(kept.order.folder, ignored);
    std::filesystem::permissions(kept.order.folder, std::filesystem::perms::owner_all, ignored);
    auto loaded = tls::SigningKey::load_kept(kept.key_file);
    if (!loaded) return failure(loaded.error().what);
    if (*loaded) {
        // One that others may read is refused wherever it is used.
        std::filesystem::permissions(
            kept.key_file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
            ignored);
        return **std::move(loaded);
    }
    set_aside(kept.key_file);
    auto made = tls::SigningKey::make();
    const auto written = tls::write_durably(kept.key_file, made.pem(), tls::FileMode::OwnerOnly);
    if (!written) return failure(written.error());
    return made;
}

// Tried beside the one in use, with the key.
Result<void, Trouble> Keeper::install(const Kept& kept, const std::string& chain)
{
    const std::string candidate = kept.chain_file + ".issued";
    auto written = tls::write_durably(candidate, chain, tls::FileMode::Readable);
    if (!written) return failure(trouble_of(written.error()));
    const auto loaded = tls::load_certificate({kept.name, candidate, kept.key_file});
    std::error_code ignored;
    std::filesystem::remove(candidate, ignored);
    if (!loaded) return failure(trouble_of(loaded.error().what));
    const WallTime now = core_.clock().wall();
    if (due_at(tls::facts_of(**loaded), kept.order.domains, now) <= now)
        return failure(trouble_of(
            "the issued certificate is not for exactly these domains, or expires too soon"));
    written = tls::write_durably(kept.chain_file, chain, tls::FileMode::Readable);
    if (!written) return failure(trouble_of(written.error()));
    return {};
}

void Keeper::on_issued(const Kept& kept)
{
    std::error_code ignored;
    std::filesystem::remove(kept.attempts_file, ignored);
    attempts_[kept.attempts_file] = std::nullopt;
    ++counts_.issued;
    const Facts& facts = read_facts(kept);
    events::CertificateOrder done;
    done.state = events::CertificateOrder::State::Issued;
    done.certificate = kept.name;
    if (facts) done.not_after = facts->not_after;
    events_.publish(std::move(done));
}

void Keeper::on_failed(const Kept& kept, const Trouble& trouble)
{
    Attempts attempts = *attempts_of(kept);
    attempts.what = trouble.what;
    attempts.next = after(core_.clock().wall(), wait_after(attempts.failures, trouble.retry_after));
    ++counts_.failed;
    events::CertificateOrder order;
    order.state = events::CertificateOrder::State::Failed;
    order.certificate = kept.name;
    order.what = trouble.what;
    order.retry = attempts.next;
    events_.publish(std::move(order));
    // Reported by an event where it fails.
    static_cast<void>(keep_attempts(kept, std::move(attempts)));
}

}  // namespace hermetic::acme
