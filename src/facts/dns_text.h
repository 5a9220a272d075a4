// Answers that only an administrator's questions have (setup/): texts and names of addresses.
#pragma once

#include "facts/dns.h"

#include <string>
#include <vector>

namespace hermetic::facts {

struct TextAnswer : DnsFacts {
    // A record each, its character-strings joined (RFC 7208 §3.3); foreign octets.
    std::vector<std::string> texts;
};

// PTR: the names of an address, lower case, no trailing dot.
struct PointerAnswer : DnsFacts {
    std::vector<std::string> names;
};

}  // namespace hermetic::facts
