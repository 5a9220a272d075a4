#include "lab/attempt_log.h"

#include "core/text.h"

#include <boost/json.hpp>

#include <fstream>

namespace hermetic::lab {
namespace {

namespace json = boost::json;

constexpr std::size_t kReadAtOnce = 256 * 1024;
constexpr std::size_t kLongestLine = 1U << 20;

std::string text_of(const json::object& object, std::string_view key)
{
    const auto* const value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    return {value->as_string().data(), value->as_string().size()};
}

std::int64_t number_of(const json::object& object, std::string_view key)
{
    const auto* const value = object.if_contains(key);
    return value != nullptr && value->is_int64() ? value->as_int64() : 0;
}

void read_tls(const json::object& object, AttemptLine& attempt)
{
    const auto* const tls = object.if_contains("tls");
    if (tls == nullptr || !tls->is_object()) return;
    attempt.has_tls = true;
    attempt.tls_version = text_of(tls->as_object(), "version");
    attempt.cipher = text_of(tls->as_object(), "cipher");
    attempt.group = text_of(tls->as_object(), "group");
    attempt.certificate = text_of(tls->as_object(), "certificate");
    attempt.certificate_error = text_of(tls->as_object(), "certificate_error");
    const auto* const matches = tls->as_object().if_contains("name_matches");
    attempt.name_matches = matches != nullptr && matches->is_bool() && matches->as_bool();
}

void read_steps(const json::object& object, AttemptLine& attempt)
{
    const auto* const steps = object.if_contains("steps");
    if (steps == nullptr || !steps->is_array()) return;
    for (const auto& step : steps->as_array()) {
        if (!step.is_object()) continue;
        const json::object& fields = step.as_object();
        attempt.steps.push_back({text_of(fields, "step"), text_of(fields, "result"),
                                 facts::RecordedReason::parse(text_of(fields, "cause")),
                                 text_of(fields, "words")});
    }
}

}  // namespace

std::optional<AttemptLine> parse_attempt_line(std::string_view line)
{
    boost::system::error_code error;
    const auto parsed = json::parse({line.data(), line.size()}, error);
    if (error || !parsed.is_object()) return std::nullopt;
    const json::object& object = parsed.as_object();
    if (text_of(object, "event") != "attempt") return std::nullopt;
    AttemptLine attempt;
    attempt.to = text_of(object, "to");
    attempt.outcome = text_of(object, "outcome");
    attempt.stage = text_of(object, "stage");
    attempt.origin = text_of(object, "origin");
    attempt.code = number_of(object, "code");
    attempt.enhanced = text_of(object, "enhanced");
    attempt.reply = text_of(object, "reply");
    attempt.reason = facts::RecordedReason::parse(text_of(object, "reason"));
    attempt.fix = text_of(object, "fix");
    attempt.host = text_of(object, "host");
    attempt.number = number_of(object, "attempt");
    read_tls(object, attempt);
    read_steps(object, attempt);
    return attempt;
}

bool is_for_domain(const AttemptLine& attempt, std::string_view domain)
{
    std::string_view to = attempt.to;
    if (to.ends_with('>')) to.remove_suffix(1);
    const auto at = to.rfind('@');
    return at != std::string_view::npos && iequals(to.substr(at + 1), domain);
}

std::vector<AttemptLine> LogFollower::poll()
{
    std::vector<AttemptLine> attempts;
    std::ifstream file{path_, std::ios::binary};
    if (!file.seekg(read_)) return attempts;
    std::string octets(kReadAtOnce, '\0');
    for (;;) {
        file.read(octets.data(), static_cast<std::streamsize>(octets.size()));
        if (file.gcount() == 0) break;
        read_ += file.gcount();
        partial_.append(octets, 0, static_cast<std::size_t>(file.gcount()));
    }
    for (;;) {
        const auto end = partial_.find('\n');
        if (end == std::string::npos) break;
        auto attempt = parse_attempt_line(std::string_view{partial_}.substr(0, end));
        if (attempt) attempts.push_back(std::move(*attempt));
        partial_.erase(0, end + 1);
    }
    if (partial_.size() > kLongestLine) partial_.clear();
    return attempts;
}

}  // namespace hermetic::lab
