#include "policy/refusal.h"

namespace hermetic::policy {

bool speaks_for_itself(const TlsPolicy& policy, const std::optional<facts::TlsEvidence>& evidence)
{
    return judge_connection(policy, evidence).passes;
}

}  // namespace hermetic::policy
