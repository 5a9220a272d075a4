#include "facts/reason_reference.h"

#include "facts/reasons.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace hermetic::facts {
namespace {

std::string_view describe(Fixer fixer)
{
    return fixer == Fixer::Nobody ? std::string_view{} : name(fixer);
}

std::string format_row(const ReasonRow& row)
{
    const std::string status = row.status == EnhancedStatus{} ? "" : row.status.format();
    return fmt::format("| [{}](../policy/{}.md#{}) | {} | {} | {} | {} | {} |\n", row.id,
                       row.document.substr(0, row.document.find('#')),
                       row.document.substr(row.document.find('#') + 1),
                       row.stage ? name(*row.stage) : std::string_view{}, status, row.words,
                       row.fix, describe(row.fixer));
}

}  // namespace

std::vector<const ReasonRow*> reasons_by_id()
{
    std::vector<const ReasonRow*> rows;
    for (std::uint16_t i = 1; i <= kReasonCount; ++i) rows.push_back(&facts::describe(Reason{i}));
    std::ranges::sort(rows, {}, &ReasonRow::id);
    return rows;
}

std::string format_reason_reference()
{
    std::string text =
        "# Reasons\n\n"
        "Why something was decided, or how an attempt ended. Made by `hermetic reference reasons` "
        "from\n"
        "`src/facts/reasons.def`. An id leads to when it is given and what follows. A status 4.x "
        "becomes 5.x when\n"
        "the time to try is over. Without a stage: wherever the session was, or nowhere.\n\n"
        "| id | stage | status | what it means | what to do | who can |\n"
        "|---|---|---|---|---|---|\n";
    for (const ReasonRow* row : reasons_by_id()) text += format_row(*row);
    return text;
}

}  // namespace hermetic::facts
