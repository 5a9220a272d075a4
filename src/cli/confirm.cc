#include "cli/confirm.h"

#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/question.h"

namespace hermetic::cli {

std::optional<int> confirm(const std::string& question, Consent consent)
{
    if (consent == Consent::Given) return std::nullopt;
    if (!can_ask()) {
        complain({question +
                  " Nothing was changed: there is no terminal to ask on; --yes is the answer of "
                  "scripts."});
        return kUsage;
    }
    if (ask(question)) return std::nullopt;
    complain({"Nothing was changed."});
    return kFailed;
}

}  // namespace hermetic::cli
