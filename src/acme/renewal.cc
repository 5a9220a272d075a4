#include "acme/renewal.h"

#include "core/text.h"

#include <boost/json.hpp>

#include <algorithm>

namespace hermetic::acme {
namespace {

constexpr Duration kFirstWait = std::chrono::minutes{5};
constexpr Duration kLongestWait = std::chrono::hours{8};
constexpr Duration kLongestAsked = std::chrono::hours{24};
constexpr std::size_t kMaxDepth = 4;

std::vector<std::string> sorted(const std::vector<std::string>& domains)
{
    std::vector<std::string> names;
    for (const std::string& each : domains) names.push_back(to_lower(each));
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace

WallTime due_at(const std::optional<facts::CertificateFacts>& certificate,
                const std::vector<std::string>& domains, WallTime now)
{
    if (!certificate || sorted(certificate->dns_names) != sorted(domains)) return now;
    const auto lifetime = certificate->not_after - certificate->not_before;
    return certificate->not_after - lifetime / 3;
}

Duration wait_after(std::uint32_t failures, std::optional<Duration> asked)
{
    Duration wait = kFirstWait;
    for (std::uint32_t i = 1; i < failures && wait < kLongestWait; ++i) wait *= 2;
    wait = std::min(wait, kLongestWait);
    return asked ? std::clamp(*asked, wait, kLongestAsked) : wait;
}

std::string format_attempts(const Attempts& attempts)
{
    const boost::json::object object{{"next", format_rfc3339(attempts.next)},
                                     {"failures", attempts.failures},
                                     {"what", attempts.what},
                                     {"order", attempts.order}};
    return boost::json::serialize(object) + "\n";
}

std::optional<Attempts> parse_attempts(std::string_view text)
{
    boost::json::parse_options options;
    options.max_depth = kMaxDepth;
    boost::system::error_code error;
    const auto parsed = boost::json::parse({text.data(), text.size()}, error, {}, options);
    if (error || !parsed.is_object()) return std::nullopt;
    const auto& object = parsed.as_object();
    const auto text_of = [&object](const char* key) -> std::string {
        const auto* const found = object.if_contains(key);
        if (found == nullptr || !found->is_string()) return {};
        return {found->as_string().data(), found->as_string().size()};
    };
    const auto next = parse_rfc3339(text_of("next"));
    const auto* const failures = object.if_contains("failures");
    if (!next || failures == nullptr || !failures->is_number()) return std::nullopt;
    const auto count = failures->to_number<std::uint32_t>(error);
    if (error) return std::nullopt;
    return Attempts{text_of("order"), count, *next, text_of("what")};
}

WallTime next_try(const std::optional<Attempts>& kept, std::string_view order, WallTime now)
{
    if (!kept || kept->order != order) return now;
    return std::clamp(kept->next, now,
                      now + std::chrono::duration_cast<WallTime::duration>(kLongestAsked));
}

}  // namespace hermetic::acme
