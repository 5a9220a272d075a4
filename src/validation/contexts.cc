#include "validation/contexts.h"

#include <utility>

namespace hermetic::validation {
namespace {

Result<Handshaking, std::string> make(const tls::ClientProfile& profile, tls::Trust trust)
{
    auto context = tls::make_client_context(profile);
    if (!context) return failure(context.error().what + "; expected: " + context.error().expected);
    return Handshaking{*std::move(context), std::move(trust)};
}

}  // namespace

Contexts::Contexts(tls::Trust trust) : trust_{std::move(trust)}
{
}

Result<Handshaking, std::string> Contexts::of_versions(facts::TlsVersion min,
                                                       facts::TlsVersion max) const
{
    tls::ClientProfile profile;
    profile.min = min;
    profile.max = max;
    return make(profile, trust_);
}

}  // namespace hermetic::validation
