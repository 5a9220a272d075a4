// The table of the lab's partners.
#pragma once

#include "lab/behaviour.h"

#include <string>
#include <string_view>
#include <vector>

namespace hermetic::lab {

// Every partner, in the order in which people should read them. Names are unique.
[[nodiscard]] const std::vector<Behaviour>& all_partners();

// nullptr: none has this name.
[[nodiscard]] const Behaviour* find_partner(std::string_view name);

// "tls12" -> "tls12.lab.test" and "mx.tls12.lab.test".
[[nodiscard]] std::string domain_of(const Behaviour& behaviour);
[[nodiscard]] std::string host_of(const Behaviour& behaviour);

// Whether a server must run for it, or its zone is all there is.
[[nodiscard]] bool has_server(const Behaviour& behaviour);

inline constexpr std::string_view kLabZone = "lab.test";

// The name that servers under test take, so that Zone::LeadsBackToSender can point to it.
inline constexpr std::string_view kSenderHost = "sender.lab.test";

}  // namespace hermetic::lab
