#include "acme/hook.h"

#include "acme/challenges.h"

#include <filesystem>

namespace hermetic::acme {
namespace {

constexpr int kAccepted = 0;
constexpr int kDeclined = 1;

}  // namespace

int run_hook(const std::string& folder, std::span<const std::string> arguments)
{
    if (arguments.size() != 5) return kDeclined;
    const std::string& method = arguments[0];
    const std::string& identifier = arguments[2];
    const std::string& token = arguments[3];
    const Challenges challenges{folder};
    for (const Challenge each : {Challenge::Http01, Challenge::TlsAlpn01}) {
        if (arguments[1] != name(each)) continue;
        const std::string& subject = each == Challenge::Http01 ? token : identifier;
        if (method != "begin") {
            challenges.remove(each, subject);
            return kAccepted;
        }
        // Only the kind that an order is prepared for.
        return challenges.put(each, subject, arguments[4]) ? kAccepted : kDeclined;
    }
    return kDeclined;
}

}  // namespace hermetic::acme
