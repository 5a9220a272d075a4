#include "policy/ratchet.h"

#include "mail/domain.h"
#include "mail/registrable_domain.h"

#include <algorithm>

namespace hermetic::policy {
namespace {

using facts::TlsVersion;
using objects::RatchetMode;
using objects::RatchetSettings;

constexpr std::array kVersions{TlsVersion::Tls10, TlsVersion::Tls11, TlsVersion::Tls12,
                               TlsVersion::Tls13};
constexpr std::size_t kMaxSites = 10'000;

auto day_of(WallTime time)
{
    return std::chrono::floor<std::chrono::days>(time);
}

void extend(Run& run, bool has_it, WallTime now)
{
    if (!has_it) {
        run = {};
        return;
    }
    if (run.days == 0) {
        run = {now, now, 1};
        return;
    }
    if (day_of(now) > day_of(run.last)) ++run.days;
    run.last = now;
}

bool is_long_enough(const Run& run, const RatchetSettings& settings)
{
    const std::uint32_t days = std::min<std::uint32_t>(kRatchetDays, settings.days);
    return run.days >= std::max<std::uint32_t>(days, 1) &&
           run.last - run.since >= std::chrono::days{settings.days};
}

bool meets(const Sighting& seen, const Expectation& expected)
{
    if (expected.tls && seen.version == TlsVersion::None) return false;
    if (expected.verified_name && !seen.verified_name) return false;
    return seen.version >= expected.min;
}

void bring_to(Run& run, WallTime now)
{
    run.since = std::min(run.since, now);
    run.last = std::min(run.last, now);
}

void bring_to(Fall& fall, WallTime now)
{
    if (fall.since > now) {
        fall.until -= fall.since - now;
        fall.since = now;
    }
    if (fall.over) {
        fall.over = std::min(*fall.over, now);
        return;
    }
    const WallTime given_up =
        fall.until + std::max<WallTime::duration>(fall.until - fall.since, kRetriedWithin);
    if (now >= given_up) fall.over = given_up;
}

bool is_open(const History& history)
{
    return history.fall && !history.fall->over;
}

WallTime after(WallTime time, Duration duration)
{
    return time + std::chrono::duration_cast<WallTime::duration>(duration);
}

bool is_stripped(const History& history, const Sighting& seen)
{
    return history.versions[0].days > 0 && seen.version == TlsVersion::None &&
           !seen.starttls_offered;
}

void remember(History& history, const Sighting& seen, ChosenBy by, WallTime now)
{
    history.chosen = history.chosen || by == ChosenBy::OwnSender;
    if (history.first_seen == WallTime{}) history.first_seen = now;
    history.last_seen = now;
    history.last = seen;
    for (std::size_t i = 0; i < kVersions.size(); ++i) {
        extend(history.versions[i], seen.version >= kVersions[i], now);
    }
    extend(history.name, seen.verified_name, now);
    for (std::size_t i = 0; i < history.old.size(); ++i) {
        if (seen.version == kVersions[i]) {
            history.old[i].last = now;
            ++history.old[i].sessions;
        }
    }
}

// Empty: none. A destination of configured hosts may end in its port.
std::string site_of(std::string_view name)
{
    const auto domain = mail::Domain::parse(name.substr(0, name.find(':')));
    const auto site = domain ? mail::registrable_domain(*domain) : std::nullopt;
    return site ? site->text() : std::string{};
}

}  // namespace

void bring_to(History& history, WallTime now)
{
    history.first_seen = std::min(history.first_seen, now);
    history.last_seen = std::min(history.last_seen, now);
    for (Run& run : history.versions) bring_to(run, now);
    bring_to(history.name, now);
    for (OldVersion& version : history.old) version.last = std::min(version.last, now);
    if (history.fall) bring_to(*history.fall, now);
}

std::optional<Expectation> expectation_of(const History& history, const RatchetSettings& settings)
{
    Expectation expected;
    expected.tls = is_long_enough(history.versions[0], settings);
    expected.verified_name = is_long_enough(history.name, settings);
    for (std::size_t i = 0; i < kVersions.size(); ++i) {
        if (is_long_enough(history.versions[i], settings)) expected.min = kVersions[i];
    }
    if (!expected.tls) return std::nullopt;
    return expected;
}

std::optional<Hold> held_to(const History& history, const RatchetSettings& settings,
                            std::optional<WallTime> mass_since, WallTime now)
{
    if (settings.mode != RatchetMode::Enforce) return std::nullopt;
    const policy::Run& tls = history.versions[0];
    const auto seen_since = tls.days > 0 ? std::optional{tls.since} : std::nullopt;
    if (is_open(history)) {
        const Fall& fall = *history.fall;
        if (now >= fall.until) return std::nullopt;
        return Hold{fall.was, fall.until, seen_since, fall.since};
    }
    if (const auto expected = expectation_of(history, settings)) {
        return Hold{*expected, after(now, settings.hold), seen_since, std::nullopt};
    }
    if (!mass_since || history.versions[0].days == 0) return std::nullopt;
    const WallTime until = after(*mass_since, settings.hold);
    if (now >= until) return std::nullopt;
    return Hold{{true, false, TlsVersion::None}, until, seen_since, mass_since};
}

Noted note_session(History& history, const Sighting& seen, ChosenBy by,
                   const RatchetSettings& settings, WallTime now)
{
    bring_to(history, now);
    Noted noted;
    noted.stripped = is_stripped(history, seen);
    const auto expected = expectation_of(history, settings);
    const bool falls = expected && !meets(seen, *expected);
    if (is_open(history)) {
        // Its time is over, whichever way this session went.
        noted.recovered = meets(seen, history.fall->was);
        noted.gave_way = !noted.recovered;
        if (noted.gave_way) history.fall->over = now;
    } else if (falls && settings.mode != RatchetMode::Off) {
        history.fall = Fall{now, now, *expected, seen, false, now};
        noted.fell = true;
    }
    if (noted.recovered) history.fall.reset();
    remember(history, seen, by, now);
    return noted;
}

Noted note_failure(History& history, const Sighting& seen, ChosenBy by, const Hold& held,
                   WallTime now)
{
    bring_to(history, now);
    history.chosen = history.chosen || by == ChosenBy::OwnSender;
    Noted noted;
    if (is_open(history)) {
        history.fall->is = seen;
        return noted;
    }
    history.fall = Fall{now, held.until, held.expectation, seen, true, std::nullopt};
    noted.fell = true;
    noted.stripped = is_stripped(history, seen);
    return noted;
}

void accept_change(History& history, WallTime now)
{
    history.versions = {};
    history.name = {};
    if (is_open(history)) history.fall->over = now;
}

// By days, not by the expectation: how many of them make one is each organization's setting.
std::uint32_t worth_of(const History& history)
{
    std::uint32_t days = history.versions[0].days;
    if (is_open(history)) days = kRatchetDays;
    return std::min(days, kRatchetDays) + (history.chosen ? kRatchetDays + 1 : 0);
}

std::string describe(const Expectation& expectation)
{
    std::string text;
    if (expectation.tls) text = "TLS";
    if (expectation.verified_name) text += ", a verified name";
    if (expectation.min > TlsVersion::Tls10) {
        text += ", at least ";
        text += facts::format_version(expectation.min);
    }
    return text.empty() ? "nothing" : text;
}

std::string describe(const Hold& hold)
{
    std::string text = describe(hold.expectation);
    if (hold.seen_since) text += ", in every session since " + format_rfc3339(*hold.seen_since);
    text += "; mail that would go with less waits until " + format_rfc3339(hold.until);
    if (hold.held_since) text += ", held since " + format_rfc3339(*hold.held_since);
    return text;
}

std::string describe(const Sighting& seen)
{
    if (seen.version == TlsVersion::None) {
        return seen.starttls_offered ? "no TLS session could be made"
                                     : "in clear text: STARTTLS is not offered";
    }
    std::string text{facts::format_version(seen.version)};
    text += seen.verified_name ? ", name verified" : ", name not verified";
    return text;
}

bool UnrelatedSites::put(std::string_view host, std::string_view destination, WallTime now)
{
    std::string host_site = site_of(host);
    std::string destination_site = site_of(destination);
    if (host_site.empty() || destination_site.empty()) return false;
    if (const auto known = pairs_.find(host_site); known != pairs_.end()) {
        known->second.last = now;
        return true;
    }
    if (const auto known = hosts_of_.find(destination_site); known != hosts_of_.end()) {
        pairs_.at(known->second).last = now;
        return true;
    }
    if (pairs_.size() >= kMaxSites) return true;
    hosts_of_.emplace(destination_site, host_site);
    pairs_.emplace(std::move(host_site), Pair{std::move(destination_site), now});
    return true;
}

void UnrelatedSites::remove(WallTime before, WallTime now)
{
    for (auto pair = pairs_.begin(); pair != pairs_.end();) {
        pair->second.last = std::min(pair->second.last, now);
        if (pair->second.last >= before) {
            ++pair;
            continue;
        }
        hosts_of_.erase(pair->second.destination);
        pair = pairs_.erase(pair);
    }
}

// What has left the window. Looks at all, hence not at every session; but at once where the clock
// has come back.
void StrippingWatch::sweep(WallTime now)
{
    if (now >= swept_ && now < swept_ + kSweep) return;
    swept_ = now;
    stripped_.remove(now - kWindow, now);
    kept_.remove(now - kWindow, now);
}

bool StrippingWatch::stripped(std::string_view host, std::string_view destination, WallTime now)
{
    sweep(now);
    if (!stripped_.put(host, destination, now)) return false;
    const bool was_mass = mass_since(now).has_value();
    const std::size_t all = stripped_.size() + kept_.size();
    const bool mass = stripped_.size() >= kSites && stripped_.size() * 100 >= all * kShare;
    if (!mass && !was_mass) return false;
    until_ = now + kWindow;
    if (was_mass) return false;
    mass_ = now;
    return true;
}

void StrippingWatch::kept(std::string_view host, std::string_view destination, WallTime now)
{
    sweep(now);
    (void)kept_.put(host, destination, now);
}

// One far in the future was recognised before the clock came back.
std::optional<WallTime> StrippingWatch::mass_since(WallTime now) const
{
    if (!mass_ || now >= until_ || now + 2 * kWindow < until_) return std::nullopt;
    return std::min(*mass_, now);
}

}  // namespace hermetic::policy
