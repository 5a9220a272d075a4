#include "acme/keeper.h"

#include "acme/renewal.h"
#include "ledger/log.h"
#include "net/core.h"
#include "tls/context.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace hermetic::acme {
namespace {

using ledger::Level;
namespace fs = std::filesystem;

// Between looks, at most and at least: objects and clocks change meanwhile.
constexpr auto kLook = std::chrono::minutes{1};
constexpr Duration kShortest = std::chrono::seconds{1};

std::optional<facts::CertificateFacts> facts_in(const std::string& chain_file,
                                                const std::string& key_file)
{
    const auto loaded = tls::load_certificate({"", chain_file, key_file});
    if (!loaded) return std::nullopt;
    return tls::facts_of(**loaded);
}

// A copy beside it, then renamed: nobody sees half of it.
std::optional<std::string> put(const std::string& from, const std::string& to, fs::perms mode)
{
    std::error_code error;
    fs::create_directories(fs::path{to}.parent_path(), error);
    const std::string fresh = to + ".new";
    fs::remove(fresh, error);
    fs::copy_file(from, fresh, fs::copy_options::overwrite_existing, error);
    if (!error) fs::permissions(fresh, mode, error);
    if (!error) fs::rename(fresh, to, error);
    if (error) return to + ": " + error.message();
    return std::nullopt;
}

}  // namespace

WallTime Keeper::next_for(const Kept& kept, WallTime now) const
{
    const auto trouble = troubles_.find(kept.name);
    const WallTime due = due_at(facts_in(kept.chain_file, kept.key_file), kept.order.domains, now);
    if (trouble == troubles_.end()) return due;
    const Duration pause = std::max(trouble->second.retry_at - core_.clock().now(), Duration{});
    return std::max(due, now + std::chrono::ceil<WallTime::duration>(pause));
}

net::Task<> Keeper::run()
{
    for (;;) {
        const auto certificates = certificates_;
        WallTime next = core_.clock().wall() + kLook;
        for (const Kept& each : certificates) {
            if (next_for(each, core_.clock().wall()) <= core_.clock().wall()) co_await renew(each);
            next = std::min(next, next_for(each, core_.clock().wall()));
        }
        const auto rest = std::max<Duration>(next - core_.clock().wall(), kShortest);
        const Instant at = core_.clock().now() + rest;
        if (co_await net::sleep_until(core_, at) == net::Woken::Cancelled) co_return;
    }
}

net::Task<> Keeper::renew(Kept kept)
{
    log_.event(Level::Info, "acme.ordering",
               {{"certificate", kept.name}, {"directory", kept.order.directory}});
    auto issued = co_await place_order(core_, kept.order);
    auto wrong = issued ? install(kept, *issued) : std::optional{issued.error()};
    if (wrong) co_return on_failed(kept, *wrong);
    troubles_.erase(kept.name);
    ++counts_.issued;
    const auto facts = facts_in(kept.chain_file, kept.key_file);
    log_.event(Level::Info, "acme.issued",
               {{"certificate", kept.name},
                {"not_after", facts ? format_rfc3339(facts->not_after) : std::string{}}});
}

std::optional<std::string> Keeper::install(const Kept& kept, const Issued& issued)
{
    const auto loaded = tls::load_certificate({kept.name, issued.chain_file, issued.key_file});
    if (!loaded) return loaded.error().what;
    const WallTime now = core_.clock().wall();
    if (due_at(tls::facts_of(**loaded), kept.order.domains, now) <= now)
        return "what was issued is not for exactly these domains, or ends too soon";
    if (auto wrong =
            put(issued.key_file, kept.key_file, fs::perms::owner_read | fs::perms::owner_write))
        return wrong;
    return put(issued.chain_file, kept.chain_file,
               fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                   fs::perms::others_read);
}

void Keeper::on_failed(const Kept& kept, const std::string& what)
{
    Trouble& trouble = troubles_[kept.name];
    const auto pause = std::chrono::floor<std::chrono::seconds>(wait_after(++trouble.failures));
    trouble.retry_at = core_.clock().now() + pause;
    ++counts_.failed;
    log_.event(Level::Error, "acme.failed",
               {{"certificate", kept.name},
                {"what", what},
                {"retry", format_rfc3339(core_.clock().wall() + pause)}});
}

}  // namespace hermetic::acme
