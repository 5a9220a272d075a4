#include "policy/ratchet.h"

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
    run.last = std::max(run.last, now);
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

bool is_holding(const Fall& fall, const RatchetSettings& settings, WallTime now)
{
    return !fall.over &&
           now < fall.since + std::chrono::duration_cast<WallTime::duration>(settings.hold);
}

void remember(History& history, const Sighting& seen, WallTime now)
{
    if (history.first_seen == WallTime{}) history.first_seen = now;
    history.last_seen = std::max(history.last_seen, now);
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

// "mx1.mail.example.net" and "mx2.example.net" are one site. Addresses are their own.
std::string_view site_of(std::string_view host)
{
    const auto last = host.rfind('.');
    if (last == std::string_view::npos || last == 0 || host.ends_with(']')) return host;
    const auto before = host.rfind('.', last - 1);
    return before == std::string_view::npos ? host : host.substr(before + 1);
}

}  // namespace

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

std::optional<Expectation> held_to(const History& history, const RatchetSettings& settings,
                                   bool mass, WallTime now)
{
    if (settings.mode != RatchetMode::Enforce) return std::nullopt;
    std::optional<Expectation> held;
    if (history.fall && !history.fall->over) {
        if (is_holding(*history.fall, settings, now)) held = history.fall->was;
    } else {
        held = expectation_of(history, settings);
    }
    if (mass && !held && history.versions[0].days > 0) {
        held = Expectation{true, false, TlsVersion::None};
    }
    return held;
}

Noted note_session(History& history, const Sighting& seen, const RatchetSettings& settings,
                   WallTime now)
{
    Noted noted;
    noted.stripped =
        history.versions[0].days > 0 && seen.version == TlsVersion::None && !seen.starttls_offered;
    const auto expected = expectation_of(history, settings);
    const bool falls = expected && !meets(seen, *expected);
    if (history.fall && !history.fall->over) {
        // Its time is over, whichever way this session went.
        noted.recovered = meets(seen, history.fall->was);
        if (!noted.recovered) history.fall->over = now;
    } else if (falls && settings.mode != RatchetMode::Off) {
        history.fall = Fall{now, *expected, seen, false, now};
        noted.fell = true;
    }
    if (noted.recovered) history.fall.reset();
    remember(history, seen, now);
    return noted;
}

Noted note_failure(History& history, const Sighting& seen, const Expectation& held, WallTime now)
{
    Noted noted;
    if (history.fall && !history.fall->over) {
        history.fall->is = seen;
        return noted;
    }
    history.fall = Fall{now, held, seen, true, std::nullopt};
    noted.fell = true;
    noted.stripped =
        history.versions[0].days > 0 && seen.version == TlsVersion::None && !seen.starttls_offered;
    return noted;
}

void accept_change(History& history, WallTime now)
{
    history.versions = {};
    history.name = {};
    if (history.fall && !history.fall->over) history.fall->over = now;
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

std::string describe(const Sighting& seen)
{
    if (seen.version == TlsVersion::None) {
        return seen.starttls_offered ? "no TLS session could be made"
                                     : "in clear, STARTTLS is not offered";
    }
    std::string text{facts::format_version(seen.version)};
    text += seen.verified_name ? ", name verified" : ", name not verified";
    return text;
}

void StrippingWatch::put(Sites& sites, std::string_view host, WallTime now)
{
    const std::string site{site_of(host)};
    if (const auto known = sites.find(site); known != sites.end()) {
        known->second = now;
        return;
    }
    if (sites.size() < kMaxSites) sites.emplace(site, now);
}

// What has left the window. Looks at all, hence not at every session.
void StrippingWatch::sweep(WallTime now)
{
    if (now < swept_ + kSweep) return;
    swept_ = now;
    const auto is_over = [&](const auto& each) { return each.second < now - kWindow; };
    std::erase_if(stripped_, is_over);
    std::erase_if(kept_, is_over);
}

bool StrippingWatch::stripped(std::string_view host, WallTime now)
{
    sweep(now);
    put(stripped_, host, now);
    const bool was_mass = is_mass(now);
    const std::size_t all = stripped_.size() + kept_.size();
    const bool mass = stripped_.size() >= kSites && stripped_.size() * 100 >= all * kShare;
    if (!mass && !was_mass) return false;
    until_ = now + kWindow;
    if (was_mass) return false;
    mass_ = now;
    return true;
}

void StrippingWatch::kept(std::string_view host, WallTime now)
{
    sweep(now);
    put(kept_, host, now);
}

}  // namespace hermetic::policy
