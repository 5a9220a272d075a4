#include "cli/confirm.h"

#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/question.h"

namespace hermetic::cli {

std::optional<int> confirm(const std::string& question, Consent consent)
{
    if (consent == Consent::Given) return std::nullopt;
    Terminal* const terminal = find_terminal();
    if (terminal == nullptr) {
        complain({question +
                  " Nothing was changed: there is nobody to ask; --yes is the answer of scripts."});
        return kUsage;
    }
    if (ask_yes(*terminal, question) == Answer::Yes) return std::nullopt;
    complain({"Nothing was changed."});
    return kFailed;
}

}  // namespace hermetic::cli
