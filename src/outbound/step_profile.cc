#include "outbound/step_profile.h"

#include <string_view>
#include <utility>

namespace hermetic::outbound {
namespace {

// Everything OpenSSL has, however weak: only on the legacy step, which the floor must allow.
constexpr std::string_view kLegacyCiphers = "ALL:!aNULL:!eNULL:@SECLEVEL=0";

}  // namespace

tls::ClientProfile profile_of(const policy::StepPlan& plan,
                              std::shared_ptr<const tls::Certificate> certificate)
{
    tls::ClientProfile profile;
    profile.min = plan.min;
    profile.max = plan.max;
    profile.hello = plan.hello == policy::Hello::Minimal ? tls::Hello::Minimal : tls::Hello::Full;
    profile.fallback_scsv = plan.fallback_scsv;
    if (plan.weak) profile.weak = tls::WeakHandshakes::Accepted;
    if (plan.legacy_ciphers) profile.ciphers = kLegacyCiphers;
    if (!plan.weak) profile.client_certificate = std::move(certificate);
    return profile;
}

}  // namespace hermetic::outbound
