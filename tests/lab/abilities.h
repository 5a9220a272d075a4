// What each partner with a TLS behaviour is able to, distinguished from what any policy makes of
// it: the expectations of levels_test.cc and inputs_test.cc begin with it.
//
// Values only. "Ours" are the versions and ciphers that hermetic has a step for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hermetic::lab_test {

struct Ability {
    std::string_view partner;
    // The versions at which a handshake with some step of ours succeeds; "" for none.
    std::vector<std::string_view> versions;
    bool chain_verifies = true;
    std::string_view chain_reason = "tls.chain-not-verified";  // where it does not
    bool name_matches = true;
    bool weak_key = false;        // which no TLSA record makes good
    std::string_view weakness{};  // of its handshake: the reason where the policy does not take it
    bool takes_clear = true;
    // The reason where TLS does not come about, whatever the floor.
    std::string_view without_tls = "ladder.handshake-failed";
    // Whose key the level "pins" asks for; its own where it is empty.
    std::string_view pin_of{};
    // A host that proves that it can do better is never sent to in clear.
    bool bars_clear = false;

    [[nodiscard]] std::string_view pin() const { return pin_of.empty() ? partner : pin_of; }
};

// Names are those of lab/partners.h.
[[nodiscard]] const std::vector<Ability>& all_abilities();
// Of a row's test: the partner's, as an identifier.
[[nodiscard]] std::string test_name(const Ability& ability);

}  // namespace hermetic::lab_test
