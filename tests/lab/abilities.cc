#include "abilities.h"

#include <algorithm>

namespace hermetic::lab_test {
namespace {

// clang-format off
const std::vector<Ability> kAbilities = {
    {.partner = "modern",              .versions = {"1.2", "1.3"}},
    {.partner = "tls13",               .versions = {"1.3"}},
    {.partner = "tls12",               .versions = {"1.2"}},
    {.partner = "tls11",               .versions = {"1.1"}},
    {.partner = "tls10",               .versions = {"1.0"}},
    {.partner = "clear",               .versions = {}, .without_tls = "starttls.not-offered"},
    {.partner = "refused",             .versions = {}, .without_tls = "starttls.refused"},
    {.partner = "starttls-unknown",    .versions = {}, .without_tls = "starttls.refused"},
    {.partner = "starttls-closed",     .versions = {}, .without_tls = "starttls.refused"},
    {.partner = "tls-required",        .versions = {"1.2", "1.3"}, .takes_clear = false},
    {.partner = "injected",            .versions = {"1.2", "1.3"}},
    {.partner = "client-certificate",  .versions = {}},
    {.partner = "client-certificate-tls12", .versions = {}},
    {.partner = "closed-before-hello", .versions = {}},
    {.partner = "closed-after-hello",  .versions = {}},
    {.partner = "reset",               .versions = {}},
    {.partner = "version-alert",       .versions = {}},
    {.partner = "handshake-alert",     .versions = {}},
    {.partner = "garbage-hello",       .versions = {}},
    {.partner = "closed-in-flight",    .versions = {}},
    {.partner = "tls13-intolerant",    .versions = {"1.2"}},
    {.partner = "tls13-stripped",      .versions = {}, .bars_clear = true},
    {.partner = "ticket-intolerant",   .versions = {"1.2", "1.3"}},
    {.partner = "group-intolerant",    .versions = {"1.2", "1.3"}},
    {.partner = "sha1-handshake",      .versions = {"1.2"}, .weakness = "tls.weak-signature"},
    {.partner = "dh1024",              .versions = {"1.2"}, .weakness = "tls.weak-group"},
    {.partner = "no-rfc5746",          .versions = {"1.2"}, .weakness = "tls.no-secure-renegotiation"},
    {.partner = "expired",             .versions = {"1.2", "1.3"}, .chain_verifies = false, .chain_reason = "tls.certificate-expired"},
    {.partner = "not-yet-valid",       .versions = {"1.2", "1.3"}, .chain_verifies = false, .chain_reason = "tls.certificate-not-yet-valid"},
    {.partner = "self-signed",         .versions = {"1.2", "1.3"}, .chain_verifies = false, .chain_reason = "tls.self-signed"},
    {.partner = "wrong-name",          .versions = {"1.2", "1.3"}, .name_matches = false, .pin_of = "modern"},
    {.partner = "unknown-ca",          .versions = {"1.2", "1.3"}, .chain_verifies = false, .chain_reason = "tls.unknown-ca", .pin_of = "modern"},
    {.partner = "incomplete-chain",    .versions = {"1.2", "1.3"}, .chain_verifies = false, .chain_reason = "tls.incomplete-chain"},
    {.partner = "rsa1024",             .versions = {"1.2", "1.3"}, .chain_verifies = false, .chain_reason = "tls.weak-key", .weak_key = true},
    {.partner = "sha1",                .versions = {"1.2", "1.3"}, .chain_verifies = false, .chain_reason = "tls.weak-certificate-signature"},
    {.partner = "wildcard",            .versions = {"1.2", "1.3"}},
    {.partner = "common-name",         .versions = {"1.2", "1.3"}, .name_matches = false},
    {.partner = "revoked-stapled",     .versions = {"1.2", "1.3"}, .chain_verifies = false, .chain_reason = "tls.revoked"},
    {.partner = "stapled",             .versions = {"1.2", "1.3"}},
    {.partner = "many-names",          .versions = {"1.2", "1.3"}},
    {.partner = "huge-certificate",    .versions = {"1.2", "1.3"}},
    {.partner = "nul-in-name",         .versions = {"1.2", "1.3"}, .name_matches = false},
    {.partner = "wildcard-alone",      .versions = {"1.2", "1.3"}, .name_matches = false},
    {.partner = "wildcard-top-level",  .versions = {"1.2", "1.3"}, .name_matches = false},
    {.partner = "wildcard-inside",     .versions = {"1.2", "1.3"}, .name_matches = false},
    {.partner = "wildcard-partial",    .versions = {"1.2", "1.3"}, .name_matches = false},
    {.partner = "wildcard-double",     .versions = {"1.2", "1.3"}, .name_matches = false},
    {.partner = "unicode-name",        .versions = {"1.2", "1.3"}, .name_matches = false},
    {.partner = "address-only",        .versions = {"1.2", "1.3"}, .name_matches = false},
    {.partner = "expired-issuer",      .versions = {"1.2", "1.3"}, .chain_verifies = false, .chain_reason = "tls.certificate-expired"},
    {.partner = "long-chain",          .versions = {"1.2", "1.3"}},
    {.partner = "authority-as-leaf",   .versions = {"1.2", "1.3"}},
    {.partner = "client-usage",        .versions = {"1.2", "1.3"}, .chain_verifies = false, .chain_reason = "tls.wrong-purpose"},
};
// clang-format on

}  // namespace

const std::vector<Ability>& all_abilities()
{
    return kAbilities;
}

std::string test_name(const Ability& ability)
{
    std::string name{ability.partner};
    std::ranges::replace(name, '-', '_');
    return name;
}

}  // namespace hermetic::lab_test
