#include "acme/challenges.h"

#include "core/assert.h"

namespace hermetic::acme {

std::string_view name(Challenge challenge)
{
    switch (challenge) {
    case Challenge::Http01:
        return "http-01";
    case Challenge::TlsAlpn01:
        return "tls-alpn-01";
    }
    unreachable("every Challenge is named above");
}

}  // namespace hermetic::acme
