#include "smtp/command_parameters.h"

#include "core/text.h"
#include "mail/xtext.h"
#include "smtp/refusals.h"

#include <cstdint>

namespace hermetic::smtp {
namespace {

constexpr std::size_t kMaxEnvid = 100;  // RFC 3461 §4.4
constexpr std::size_t kMaxOrcpt = 500;  // RFC 3461 §4.2

struct Parameter {
    std::string_view keyword;
    std::string_view value;
    bool has_value = false;
    std::string_view text;
};

enum class Verdict : std::uint8_t { Good, Unknown, BadValue };

Refusal refuse(const RefusalKind& kind, std::string_view subject)
{
    return {&kind, std::string{subject}};
}

bool is_keyword(std::string_view text)
{
    for (const char c : text) {
        const char lower = ascii_lower(c);
        if (!((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
    }
    return !text.empty() && text[0] != '-';
}

// Takes the next parameter off the front; false at the end.
bool take(std::string_view& text, Parameter& parameter)
{
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return false;
    text.remove_prefix(first);
    const auto end = std::min(text.find(' '), text.size());
    parameter.text = text.substr(0, end);
    text.remove_prefix(end);
    const auto equals = parameter.text.find('=');
    parameter.has_value = equals != std::string_view::npos;
    parameter.keyword = parameter.text.substr(0, equals);
    parameter.value = parameter.has_value ? parameter.text.substr(equals + 1) : std::string_view{};
    return true;
}

// The parameters of one command; `apply` knows their names and returns which bit each one has.
template <typename Apply>
Result<void, Refusal> for_each(std::string_view text, Apply apply)
{
    if (!text.empty() && text[0] != ' ') return failure(refuse(refusal::kCommandSyntax, text));
    unsigned seen = 0;
    for (Parameter parameter; take(text, parameter);) {
        if (!is_keyword(parameter.keyword))
            return failure(refuse(refusal::kParameterSyntax, parameter.text));
        unsigned bit = 0;
        const Verdict verdict = apply(parameter, bit);
        if (verdict == Verdict::Unknown)
            return failure(refuse(refusal::kParameterUnknown, parameter.text));
        if ((seen & bit) != 0)
            return failure(refuse(refusal::kParameterDuplicate, parameter.keyword));
        if (verdict == Verdict::BadValue)
            return failure(refuse(refusal::kParameterSyntax, parameter.text));
        seen |= bit;
    }
    return {};
}

Verdict judge(bool good)
{
    return good ? Verdict::Good : Verdict::BadValue;
}

Verdict apply_size(const Parameter& parameter, command::Mail& mail)
{
    // RFC 1870 §6.1: up to 20 digits, which may be more than fits: then it is above every limit.
    if (parameter.value.empty() || parameter.value.size() > 20 ||
        parameter.value.find_first_not_of("0123456789") != std::string_view::npos) {
        return Verdict::BadValue;
    }
    mail.size = parse_decimal<std::uint64_t>(parameter.value).value_or(UINT64_MAX);
    return Verdict::Good;
}

Verdict apply_body(const Parameter& parameter, command::Mail& mail)
{
    mail.eight_bit = iequals(parameter.value, "8BITMIME");
    if (iequals(parameter.value, "BINARYMIME")) return Verdict::Unknown;  // not offered
    return judge(mail.eight_bit || iequals(parameter.value, "7BIT"));
}

Verdict apply_ret(const Parameter& parameter, command::Mail& mail)
{
    if (iequals(parameter.value, "FULL")) mail.ret = mail::Ret::Full;
    if (iequals(parameter.value, "HDRS")) mail.ret = mail::Ret::Headers;
    return judge(mail.ret != mail::Ret::Unset);
}

Verdict apply_envid(const Parameter& parameter, command::Mail& mail)
{
    if (parameter.value.size() > kMaxEnvid) return Verdict::BadValue;
    auto envid = mail::decode_xtext(parameter.value);
    if (!envid || envid->empty()) return Verdict::BadValue;
    mail.envid = std::move(*envid);
    return Verdict::Good;
}

Verdict apply_notify(const Parameter& parameter, command::Rcpt& rcpt)
{
    if (iequals(parameter.value, "NEVER")) {
        rcpt.notify = mail::kNotifyNever;
        return Verdict::Good;
    }
    unsigned notify = 0;
    for (const std::string_view word : split(parameter.value, ',')) {
        unsigned bit = 0;
        if (iequals(word, "SUCCESS")) bit = mail::kNotifySuccess;
        if (iequals(word, "FAILURE")) bit = mail::kNotifyFailure;
        if (iequals(word, "DELAY")) bit = mail::kNotifyDelay;
        if (bit == 0) return Verdict::BadValue;  // NEVER among others too (RFC 3461 §4.1)
        notify |= bit;
    }
    rcpt.notify = static_cast<std::uint8_t>(notify);
    return Verdict::Good;
}

Verdict apply_orcpt(const Parameter& parameter, command::Rcpt& rcpt, mail::AllowUtf8 allow_utf8)
{
    if (parameter.value.size() > kMaxOrcpt) return Verdict::BadValue;
    auto orcpt = mail::decode_orcpt(parameter.value, allow_utf8);
    if (!orcpt) return Verdict::BadValue;
    rcpt.orcpt = std::move(*orcpt);
    return Verdict::Good;
}

}  // namespace

Result<void, Refusal> parse_parameters(std::string_view text, command::Mail& mail)
{
    return for_each(text, [&mail](const Parameter& parameter, unsigned& bit) {
        const auto is = [&parameter](std::string_view name) {
            return iequals(parameter.keyword, name);
        };
        if (is("SIZE")) return bit = 1, apply_size(parameter, mail);
        if (is("BODY")) return bit = 2, apply_body(parameter, mail);
        if (is("SMTPUTF8")) return bit = 4, mail.smtputf8 = true, judge(!parameter.has_value);
        if (is("REQUIRETLS")) return bit = 32, mail.requiretls = true, judge(!parameter.has_value);
        if (is("RET")) return bit = 8, apply_ret(parameter, mail);
        if (is("ENVID")) return bit = 16, apply_envid(parameter, mail);
        return Verdict::Unknown;
    });
}

Result<void, Refusal> parse_parameters(std::string_view text, command::Rcpt& rcpt,
                                       mail::AllowUtf8 allow_utf8)
{
    return for_each(text, [&rcpt, allow_utf8](const Parameter& parameter, unsigned& bit) {
        const auto is = [&parameter](std::string_view name) {
            return iequals(parameter.keyword, name);
        };
        if (is("NOTIFY")) return bit = 1, apply_notify(parameter, rcpt);
        if (is("ORCPT")) return bit = 2, apply_orcpt(parameter, rcpt, allow_utf8);
        return Verdict::Unknown;
    });
}

}  // namespace hermetic::smtp
