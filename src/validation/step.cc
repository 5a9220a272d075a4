#include "validation/step.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hermetic::validation {
namespace {

constexpr std::array<std::pair<StepId, std::string_view>, 15> kSteps{{
    {StepId::Mx, "mx"},
    {StepId::Addresses, "addresses"},
    {StepId::Tlsa, "tlsa"},
    {StepId::Connect, "connect"},
    {StepId::Greeting, "greeting"},
    {StepId::Ehlo, "ehlo"},
    {StepId::StartTls, "starttls"},
    {StepId::Versions, "versions"},
    {StepId::Certificate, "certificate"},
    {StepId::Levels, "levels"},
    {StepId::Evidence, "evidence"},
    {StepId::Policy, "policy"},
    {StepId::Message, "message"},
    {StepId::Bounce, "bounce"},
    {StepId::Result, "result"},
}};

constexpr std::array<std::pair<State, std::string_view>, 4> kStates{{
    {State::Running, "running"},
    {State::Ok, "ok"},
    {State::Warning, "warning"},
    {State::Failed, "failed"},
}};

template <typename Table, typename Id>
std::string_view name_in(const Table& table, Id id)
{
    for (const auto& [each, text] : table) {
        if (each == id) return text;
    }
    return {};
}

template <typename Table>
auto find_in(const Table& table, std::string_view text)
    -> std::optional<typename Table::value_type::first_type>
{
    for (const auto& [each, its_name] : table) {
        if (its_name == text) return each;
    }
    return std::nullopt;
}

}  // namespace

std::string_view name(StepId id)
{
    return name_in(kSteps, id);
}

std::optional<StepId> parse_step_id(std::string_view text)
{
    return find_in(kSteps, text);
}

std::string_view name(State state)
{
    return name_in(kStates, state);
}

std::optional<State> parse_state(std::string_view text)
{
    return find_in(kStates, text);
}

const Step* first_finding(const Report& report)
{
    for (const auto state : {State::Failed, State::Warning}) {
        const auto found = std::ranges::find_if(report.steps, [state](const Step& step) {
            return step.state == state && step.id != StepId::Result;
        });
        if (found != report.steps.end()) return &*found;
    }
    return nullptr;
}

}  // namespace hermetic::validation
