#include "queue/summary.h"

#include <algorithm>

namespace hermetic::queue {

namespace {

std::size_t column_of(Duration age)
{
    const auto end = std::find_if(kAgeEnds.begin(), kAgeEnds.end(),
                                  [age](std::chrono::minutes each) { return age < each; });
    return static_cast<std::size_t>(end - kAgeEnds.begin());
}

void add_to(SummaryRow& sum, const SummaryRow& row)
{
    sum.messages += row.messages;
    sum.octets += row.octets;
    sum.held += row.held;
    sum.oldest = std::min(sum.oldest, row.oldest);
    for (std::size_t i = 0; i < sum.by_age.size(); ++i) sum.by_age[i] += row.by_age[i];
}

}  // namespace

void Summary::add(const MessageView& message, WallTime now)
{
    SummaryRow one;
    one.messages = 1;
    one.octets = message.size;
    one.held = message.state == State::Held ? 1 : 0;
    one.oldest = message.accepted_at;
    one.by_age[column_of(now - message.accepted_at)] = 1;
    const auto reason = message.waits_for.empty() ? message.reason : message.waits_for;
    add_to(rows_[{std::string{message.destination}, std::string{reason}}], one);
}

Summary::Rows Summary::rows(std::size_t limit) const
{
    Rows result;
    for (const auto& [key, row] : rows_) {
        SummaryRow& each = result.rows.emplace_back(row);
        each.destination = key.first;
        each.reason = key.second;
        add_to(result.total, row);
    }
    std::stable_sort(
        result.rows.begin(), result.rows.end(),
        [](const SummaryRow& a, const SummaryRow& b) { return a.messages > b.messages; });
    while (result.rows.size() > limit) {
        add_to(result.others, result.rows.back());
        result.rows.pop_back();
        ++result.left_out;
    }
    return result;
}

}  // namespace hermetic::queue
