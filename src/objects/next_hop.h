// Next hops as people write them.
#pragma once

#include "objects/objects.h"

#include <optional>
#include <string_view>

namespace hermetic::objects {

// "lmtp://host[:port]", "lmtp+unix:/path", "smtp://host[:port]", "smtps://host[:port]"; hosts are
// names or [addresses].
[[nodiscard]] std::optional<NextHopHost> parse_next_hop_host(std::string_view text);

// A smart host of a connector: "host", "host:port", "[address]", "[address]:port", SMTP; or with
// "smtps://" in front, in TLS from the first octet.
[[nodiscard]] std::optional<NextHopHost> parse_smart_host(std::string_view text);

inline constexpr std::string_view kNextHopHostForm =
    "\"lmtp://host:port\", \"lmtp+unix:/path\" or \"smtp://host[:port]\"";
inline constexpr std::string_view kNextHopForm =
    "\"mx\", or one or a list of \"lmtp://host:port\", \"lmtp+unix:/path\", \"smtp://host[:port]\"";
inline constexpr std::string_view kSmartHostForm =
    "\"host\", \"host:port\", \"[address]\" or \"[address]:port\", with \"smtps://\" in front for "
    "implicit TLS (port 465)";

}  // namespace hermetic::objects
