#include "inbound/bounce_watch.h"

#include "core/text.h"

#include <algorithm>
#include <utility>

namespace hermetic::inbound {
namespace {

constexpr std::string_view kPrefix = "connector-test-";
constexpr std::size_t kMaxToken = 48;  // a local part has at most 64 octets

bool is_token(std::string_view text)
{
    return !text.empty() && text.size() <= kMaxToken && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
}

}  // namespace

std::string test_sender(std::string_view token)
{
    return std::string{kPrefix} + to_lower(token);
}

std::optional<std::string> token_of(std::string_view local)
{
    if (local.size() > kPrefix.size() + kMaxToken) return std::nullopt;
    const std::string lower = to_lower(local);
    if (!lower.starts_with(kPrefix)) return std::nullopt;
    std::string token = lower.substr(kPrefix.size());
    if (!is_token(token)) return std::nullopt;
    return token;
}

bool BounceWatch::expect(std::string_view token, WallTime now, WallTime until)
{
    const std::lock_guard lock{mutex_};
    drop_late(now);
    if (waiting_.size() >= kMaxWaiting) return false;
    waiting_[to_lower(token)] = {until, std::nullopt};
    any_ = true;
    return true;
}

bool BounceWatch::is_expected(std::string_view token, WallTime now)
{
    if (!any_) return false;
    const std::lock_guard lock{mutex_};
    drop_late(now);
    return waiting_.contains(token);
}

void BounceWatch::take(events::Batch batch)
{
    if (!any_) return;
    for (const events::Event* each : batch) {
        const auto* const returned = std::get_if<events::TestReturned>(&each->what);
        if (returned != nullptr) note(*returned, each->time);
    }
}

void BounceWatch::note(const events::TestReturned& returned, WallTime now)
{
    const std::lock_guard lock{mutex_};
    drop_late(now);
    const auto found = waiting_.find(returned.token);
    if (found == waiting_.end() || found->second.message) return;
    found->second.message = returned.text.substr(0, kMaxOctets);
}

std::optional<std::string> BounceWatch::take(std::string_view token)
{
    const std::lock_guard lock{mutex_};
    const auto found = waiting_.find(to_lower(token));
    if (found == waiting_.end()) return std::nullopt;
    return std::exchange(found->second.message, std::nullopt);
}

void BounceWatch::forget(std::string_view token)
{
    const std::lock_guard lock{mutex_};
    waiting_.erase(to_lower(token));
    any_ = !waiting_.empty();
}

void BounceWatch::drop_late(WallTime now)
{
    std::erase_if(waiting_, [now](const auto& each) { return each.second.until <= now; });
    any_ = !waiting_.empty();
}

}  // namespace hermetic::inbound
