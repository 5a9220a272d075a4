#include "mail/tls_level.h"

#include "core/assert.h"

namespace hermetic::mail {

std::string_view name(TlsLevel level)
{
    switch (level) {
    case TlsLevel::None:
        return "none";
    case TlsLevel::Opportunistic:
        return "opportunistic";
    case TlsLevel::Encrypt:
        return "encrypt";
    case TlsLevel::VerifyCa:
        return "verify_ca";
    case TlsLevel::VerifyName:
        return "verify_name";
    case TlsLevel::Dane:
        return "dane";
    }
    unreachable("every TlsLevel is named above");
}

std::optional<RequiredTls> strongest(std::optional<RequiredTls> first,
                                     std::optional<RequiredTls> second)
{
    if (!first) return second;
    return second && second->level > first->level ? second : first;
}

}  // namespace hermetic::mail
